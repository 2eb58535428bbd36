"""What a fact may be compared with, checked and converted when the condition is compiled.

A weekday that is misspelt would never match and nobody would notice; so facts with few possible values refuse others.
"""

from __future__ import annotations

from datetime import date, tzinfo
from typing import Any

from tailorbird.domain.errors import Invalid
from tailorbird.targeting.facts import WEEKDAYS, FactKind
from tailorbird.targeting.moments import parse_moment

_COMPARING = frozenset({"$eq", "$ne", "$gt", "$gte", "$lt", "$lte"})
_LISTING = frozenset({"$in", "$nin"})


def literal(kind: FactKind | None, operator: str, operand: Any, path: str, zone: tzinfo) -> Any:
    """The operand as the fact's own values are: a moment in milliseconds for times, otherwise unchanged."""
    if kind not in {"time", "date", "weekday"}:
        return operand
    if operator in _COMPARING:
        return _one(kind, operand, path, zone)
    if operator in _LISTING and isinstance(operand, list):
        return [_one(kind, value, f"{path}[{index}]", zone) for index, value in enumerate(operand)]
    return operand


def _one(kind: str | None, value: Any, path: str, zone: tzinfo) -> Any:
    if value is None:
        return None
    if kind == "time":
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        return parse_moment(value, zone, path)
    if kind == "weekday":
        if value not in WEEKDAYS:
            raise Invalid.field(path, "one of " + ", ".join(WEEKDAYS), value)
        return value
    return _day(value, path)


def _day(value: Any, path: str) -> str:
    try:
        if isinstance(value, str) and date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise Invalid.field(path, "a date as YYYY-MM-DD", value)
