"""Turning what an expression found into plain JSON, or into the text that stands for it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from tailorbird.templates.limits import MAX_DEPTH, MAX_LIST, Budget, LimitReached

#: what msgspec writes as a JSON integer
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(?P<fraction>\.[0-9]*)?)(?P<exponent>[eE][+-]?[0-9]+)?\s*")
_LONGEST_NUMBER = 400


class Nothing:
    """Stands in for a value that is not there, and knows which path did not find it."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path


def plain(value: Any, budget: Budget, depth: int = 0) -> Any:
    """``value`` as JSON that always encodes: text is valid Unicode, numbers are finite, the rest is plain.

    Numbers beyond 64 bits are rounded to a double, as JSON readers would; what no JSON number can hold becomes null.
    """
    if isinstance(value, str):
        budget.write(len(value) + 2)
        return unicode(value)
    budget.write(1)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if depth >= MAX_DEPTH:
        raise LimitReached(f"a value nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {unicode(str(key)): plain(part, budget, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple | range | set | frozenset):
        if len(value) > MAX_LIST:
            raise LimitReached(f"a list of more than {MAX_LIST:,} elements")
        return [plain(part, budget, depth + 1) for part in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return None


def text(value: Any, budget: Budget) -> str:
    """``value`` as Liquid prints it. Lists print their elements one after the other, objects print as JSON."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    if isinstance(value, list | tuple):
        return "".join([text(part, budget) for part in value])
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Mapping):
        return msgspec.json.encode(plain(value, budget)).decode()
    return str(value) if isinstance(value, date) else ""


def unicode(value: str) -> str:
    """``value`` with every half of a broken surrogate pair replaced, so that UTF-8 can hold it."""
    if value.isascii():
        return str(value)
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return str(value)


def number(value: Any) -> int | float | None:
    """``value`` as a JSON number, or None when it is none. Text is read as Liquid writes numbers."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER or not (match := _NUMBER.fullmatch(value)):
        return None
    return _number(float(value) if match["fraction"] or match["exponent"] else int(value))


def _number(value: float | Decimal) -> int | float | None:
    if isinstance(value, int):
        if _LOWEST <= value <= _HIGHEST:
            return int(value)
        try:
            return float(value)
        except OverflowError:
            return None
    as_float = float(value)
    return as_float if math.isfinite(as_float) else None
