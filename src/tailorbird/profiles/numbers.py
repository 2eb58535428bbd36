"""What is added up of an event: how often, and its numbers. Nothing here depends on the order of events.

Floating-point sums depend on it, so a sum keeps the part that rounding took away beside its rounded total.
"""

from __future__ import annotations

from math import fsum
from typing import Any

from tailorbird.domain.facts import Event
from tailorbird.domain.profile import Aggregate, Counter

#: Event names counted per person, and numbers added up per event name, first come first kept. What comes beyond is
#: stored as an event but not added up (``Profile.uncounted``). A merge of two people keeps all that both had.
MAX_NAMES, MAX_NUMBERS = 200, 32
#: Numbers further from zero are no quantities, and their sum could leave the range.
LARGEST = 1e200
#: How deep numbers are looked for inside objects.
DEEPEST = 4


def once(event: Event) -> Counter:
    """The counter of a name that was met for the first time."""
    return Counter(1, event.time, event.time, _with_numbers({}, event))


def again(counter: Counter, event: Event) -> Counter:
    """The counter after one more event."""
    time = event.time
    return Counter(
        counter.count + 1,
        time if time < counter.first_at else counter.first_at,
        time if time > counter.last_at else counter.last_at,
        _with_numbers(counter.numbers, event) if event.properties else counter.numbers,
    )


def both(one: Counter, other: Counter) -> Counter:
    """The counter of two people who turn out to be one."""
    numbers = dict(one.numbers)
    for name, aggregate in other.numbers.items():
        mine = numbers.get(name)
        numbers[name] = aggregate if mine is None else _joined(mine, aggregate)
    return Counter(one.count + other.count, min(one.first_at, other.first_at), max(one.last_at, other.last_at), numbers)


def numbers_of(properties: dict[str, Any], prefix: str = "", depth: int = 1) -> list[tuple[str, float]]:
    """Every number in the properties with its dotted path. Names that contain a dot themselves have no path."""
    found: list[tuple[str, float]] = []
    for name, value in properties.items():
        kind = type(value)
        if kind is float or kind is int:
            if -LARGEST <= value <= LARGEST and "." not in name:
                found.append((prefix + name, value + 0.0))
        elif kind is dict and depth < DEEPEST and "." not in name:
            found += numbers_of(value, f"{prefix}{name}.", depth + 1)
    return found


def _with_numbers(numbers: dict[str, Aggregate], event: Event) -> dict[str, Aggregate]:
    found = numbers_of(event.properties)
    if not found:
        return numbers
    numbers = dict(numbers)
    for name, value in found:
        mark = (event.time, event.id, value)
        known = numbers.get(name)
        if known is not None:
            numbers[name] = _one_more(known, value, mark)
        elif len(numbers) < MAX_NUMBERS:
            numbers[name] = Aggregate(1, value, value, value, mark, mark)
    return numbers


def _one_more(known: Aggregate, value: float, mark: tuple[int, str, float]) -> Aggregate:
    total, rest = _sum(known.total, known.rest, value)
    return Aggregate(
        known.count + 1,
        total,
        value if value < known.low else known.low,
        value if value > known.high else known.high,
        mark if mark < known.first else known.first,
        mark if mark > known.last else known.last,
        rest,
    )


def _joined(one: Aggregate, other: Aggregate) -> Aggregate:
    total, rest = _exact([one.total, *one.rest, other.total, *other.rest])
    return Aggregate(
        one.count + other.count,
        total,
        min(one.low, other.low),
        max(one.high, other.high),
        min(one.first, other.first),
        max(one.last, other.last),
        rest,
    )


def _sum(total: float, rest: tuple[float, ...], value: float) -> tuple[float, tuple[float, ...]]:
    rounded, lost = _two(total, value)
    if rest:
        # Mostly what was lost before and now fit into one float: then two additions are exact, and twice as fast.
        more, left = _two(lost, rest[0])
        if left or len(rest) > 1:
            return _exact([total, *rest, value])
        rounded, lost = _two(rounded, more)
    return rounded, (lost,) if lost else ()


def _two(one: float, other: float) -> tuple[float, float]:
    """The sum of two floats, and exactly what rounding it took away."""
    rounded = one + other
    back = rounded - one
    return rounded, (one - (rounded - back)) + (other - back)


def _exact(parts: list[float]) -> tuple[float, tuple[float, ...]]:
    """The sum as its nearest float, then the nearest float of what is missing, and so on: one form for each sum."""
    total = fsum(parts)
    rest = []
    parts.append(-total)
    while missing := fsum(parts):
        rest.append(missing)
        parts.append(-missing)
    return total, tuple(rest)
