"""The filters that content may use: python-liquid's, replaced where theirs read the clock or may take too long."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from dateutil import parser as dates  # type: ignore[import-untyped]
from dateutil import tz
from liquid import Environment
from liquid.exceptions import FilterArgumentError
from liquid.filter import sequence_filter, string_filter, with_context
from liquid.undefined import is_undefined

from tailorbird.templates.limits import MAX_TEXT, LimitReached
from tailorbird.templates.plain import number

#: Escaping for pages is off in JSON, so that ``safe`` would promise what it does not do.
_LEFT_OUT = ("safe",)
_LONGEST_DATE = 100
_DATE_STEPS = 50
#: every directive, so that the ``s`` of ``%%s`` is not taken for one
_DIRECTIVE = re.compile(r"%.", re.DOTALL)
_LONGEST_FORMAT = 200
#: a number above this counts milliseconds: as seconds it would be after the year 5000
_MILLISECONDS_FROM = 100_000_000_000
#: how many objects and lists ``uniq`` compares with each other
_MAX_UNIQ = 500
#: elements whose text is not shown by strip_html
_SILENT = re.compile(r"<(?P<name>script|style)\b", re.IGNORECASE)
_END_TAGS = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style")}


def register(environment: Environment) -> None:
    """Put our filters in the place of those that python-liquid registered."""
    for name in _LEFT_OUT:
        environment.filters.pop(name, None)
    for name, function in _REPLACED.items():
        environment.add_filter(name, function)


@with_context
def date(value: Any, form: Any, *, context: Any) -> object:
    """A date or time written with ``strftime`` directives, in the visitor's zone. What is no date stays as it is."""
    if is_undefined(value) or value is None:
        return ""
    if is_undefined(form) or form is None:
        return value
    form = str(form)
    if len(form) > _LONGEST_FORMAT:
        raise LimitReached(f"a date format of more than {_LONGEST_FORMAT} characters")
    context.run.budget.spend(_DATE_STEPS)
    moment = _moment(value, context.run.now, context.run.zone)
    return value if moment is None else moment.strftime(_DIRECTIVE.sub(lambda sign: _epoch(sign[0], moment), form))


def _epoch(sign: str, moment: datetime) -> str:
    """``%s`` as the moment's seconds since 1970: the platform's own would read them in the server's zone."""
    return str(int(moment.timestamp())) if sign == "%s" else sign


def _moment(value: object, now: datetime, zone: tzinfo) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, dt.date):
        return datetime(value.year, value.month, value.day, tzinfo=zone)
    if isinstance(value, str):
        return _parsed(value.strip(), now, zone)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value, zone)
    raise FilterArgumentError(f"date: expected a date, a text or a number, found {type(value).__name__}", token=None)


def _parsed(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    if text in ("now", "today"):
        return now
    if not text or len(text) > _LONGEST_DATE:
        return None
    if text.isascii() and text.isdigit():
        return _from_number(int(text), zone)
    try:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        read = dates.parse(text, default=midnight, tzinfos=_named_zone)
    except (ValueError, OverflowError, TypeError):
        return None
    if not isinstance(read, datetime):
        return None
    return read.replace(tzinfo=zone) if read.tzinfo is None else read.astimezone(zone)


def _named_zone(name: str | None, offset: int | None) -> tzinfo | None:
    """Zones that a text names by letters are not guessed at, beyond UTC."""
    return None if offset is None else tz.tzoffset(name, offset)


def _from_number(number: float, zone: tzinfo) -> datetime | None:
    seconds = number / 1000 if abs(number) > _MILLISECONDS_FROM else number
    try:
        return datetime.fromtimestamp(seconds, zone)
    except (OverflowError, OSError, ValueError):
        return None


@string_filter
def replace(value: str, old: object, new: object = "") -> str:
    """Every ``old`` replaced, unless the result would be too long."""
    old, new = _text(old), _text(new)
    growth = len(new) - len(old)
    if growth > 0 and len(value) + value.count(old) * growth > MAX_TEXT:
        raise LimitReached(f"a text of more than {MAX_TEXT:,} characters")
    return value.replace(old, new)


@sequence_filter
def join(values: Iterable[object], separator: object = " ") -> str:
    """The elements as text with ``separator`` between them, unless the result would be too long."""
    between = _text(separator)
    parts = [_text(value) for value in values]
    if sum(map(len, parts)) + len(between) * len(parts) > MAX_TEXT:
        raise LimitReached(f"a text of more than {MAX_TEXT:,} characters")
    return between.join(parts)


@sequence_filter
def uniq(values: Iterable[Any], key: object = None) -> list[Any]:
    """The first of all equal elements, or of all whose property ``key`` is equal."""
    seen: set[object] = set()
    compared: list[object] = []
    kept = []
    for value in values:
        mark = value if key is None or is_undefined(key) else _property(value, key)
        try:
            new = mark not in seen
            seen.add(mark)
        except TypeError:
            new = mark not in compared
            if new:
                compared.append(mark)
            if len(compared) > _MAX_UNIQ:
                raise LimitReached(f"uniq of more than {_MAX_UNIQ} different objects") from None
        if new:
            kept.append(value)
    return kept


def _property(value: Any, key: Any) -> object:
    try:
        return value[key]
    except KeyError:
        return _property
    except TypeError as error:
        raise FilterArgumentError(f"uniq: can't read {key!r} of a {type(value).__name__}", token=None) from error


@sequence_filter
def sum_(values: Iterable[Any], key: object = None) -> int | float:
    """The sum of all numbers, also of those written as text. Decimal fractions add up without rounding errors."""
    numbers = [number(value if key is None or is_undefined(key) else _member(value, key)) or 0 for value in values]
    if all(isinstance(one, int) for one in numbers):
        return sum(numbers)
    return float(sum(Decimal(str(one)) for one in numbers))


def _member(value: Any, key: Any) -> object:
    if isinstance(value, Mapping):
        return value.get(key)
    raise FilterArgumentError(f"sum: can't read {key!r} of a {type(value).__name__}", token=None)


@string_filter
def strip_html(value: str) -> str:
    """The text without tags, comments, scripts and styles. One pass: broken markup cannot make it slow."""
    kept: list[str] = []
    #: elements of which no end tag follows, so that it is not looked for again
    open_ended: set[str] = set()
    at = 0
    while (start := value.find("<", at)) >= 0:
        kept.append(value[at:start])
        end = _end_of_markup(value, start, open_ended)
        if end < 0:
            kept.append(value[start:])
            return "".join(kept)
        at = end
    kept.append(value[at:])
    return "".join(kept)


def _end_of_markup(value: str, start: int, open_ended: set[str]) -> int:
    """Where the markup that begins at ``start`` ends; negative when it does not."""
    if value.startswith("<!--", start):
        end = value.find("-->", start + 4)
        return end + 3 if end >= 0 else -1
    opening = _SILENT.match(value, start)
    if opening is not None and (name := opening["name"].lower()) not in open_ended:
        closing = _END_TAGS[name].search(value, opening.end())
        if closing is not None:
            start = closing.start()
        else:
            open_ended.add(name)
    return value.find(">", start) + 1 or -1


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


_REPLACED: dict[str, Callable[..., Any]] = {
    "date": date,
    "join": join,
    "replace": replace,
    "strip_html": strip_html,
    "sum": sum_,
    "uniq": uniq,
}
