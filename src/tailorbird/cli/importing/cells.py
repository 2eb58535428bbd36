"""What the text of a CSV cell stands for. Decided per column, from its first rows: a column of postal codes stays text
even where some of them look like numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Literal, get_args

import msgspec

from tailorbird.domain.errors import Invalid

Type = Literal["text", "number", "boolean", "json"]
TYPES: tuple[Type, ...] = get_args(Type)

#: as JSON writes numbers, and not longer than a double tells apart: what looks otherwise (007, +49) is no amount
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?([eE][+-]?\d{1,2})?")
_BOOLEAN = {"true": True, "false": False}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: whole numbers below are seconds since 1970, from here on milliseconds: it is 1973 in one and 5138 in the other
_SECONDS_BELOW = 100_000_000_000
_TIME_EXPECTED = "an ISO 8601 time, or seconds or milliseconds since 1970"


def type_of_column(cells: Iterable[str]) -> Type:
    """The type that all cells have which are not empty; text where they differ, or where there is none."""
    left: list[Type] = ["number", "boolean", "json"]
    seen = False
    for cell in cells:
        if cell == "":
            continue
        seen = True
        left = [kind for kind in left if _is(kind, cell)]
        if not left:
            return "text"
    return left[0] if seen else "text"


def _is(kind: Type, cell: str) -> bool:
    if kind == "number":
        return _NUMBER.fullmatch(cell.strip()) is not None
    if kind == "boolean":
        return cell.strip().lower() in _BOOLEAN
    return cell.lstrip()[:1] in ("{", "[") and _json(cell) is not None


def value_of(cell: str, kind: Type, field: str) -> Any:
    """The value of a cell in a column of this type; ``Invalid`` for what is none."""
    if kind == "number":
        text = cell.strip()
        if _NUMBER.fullmatch(text):
            return msgspec.json.decode(text)
        raise Invalid.field(field, "a number, as all before it in its column", cell)
    if kind == "boolean":
        found = _BOOLEAN.get(cell.strip().lower())
        if found is None:
            raise Invalid.field(field, "true or false, as all before it in its column", cell)
        return found
    if kind == "json":
        told = _json(cell)
        if told is None:
            raise Invalid.field(field, "JSON", cell)
        return told
    return cell


def _json(cell: str) -> Any:
    try:
        return msgspec.json.decode(cell)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def text_of(value: Any, field: str) -> str:
    """An id or a name. Whole numbers are taken as the text that they are written with; nothing else is."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Invalid.field(field, "text", value)


def moment_of(value: Any, zone: tzinfo, field: str) -> int:
    """UTC milliseconds of a time in any of the usual forms; without an offset it is in ``zone``."""
    if isinstance(value, str):
        value = _from_text(value.strip(), field)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return round(value * 1000) if abs(value) < _SECONDS_BELOW else round(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise Invalid.field(field, _TIME_EXPECTED, value)
    since = (value if value.tzinfo else value.replace(tzinfo=zone)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def _from_text(text: str, field: str) -> Any:
    if _NUMBER.fullmatch(text):
        return msgspec.json.decode(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Invalid.field(field, _TIME_EXPECTED, text) from None


def plain(value: Any, zone: tzinfo) -> Any:
    """A value as JSON has it: times and dates of Parquet become text, times with their offset."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): plain(member, zone) for name, member in value.items()}
    return [plain(member, zone) for member in value] if isinstance(value, list) else value
