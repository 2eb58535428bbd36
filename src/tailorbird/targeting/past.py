"""What a visitor did before: ``$event`` counts and adds up past events, ``$affinity`` asks what they are mostly about.

Look-backs are exact to the millisecond. What looks back for ever without a condition on properties is answered from the
counters in the profile; everything else declares an ``EventNeed`` and reads the gathered history. The history may reach
further back than one condition asks, because it was gathered for all at once, so each applies its own look-back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import fsum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from tailorbird.domain.errors import Invalid
from tailorbird.domain.needs import EventNeed, Needs, PastEvent
from tailorbird.domain.profile import Aggregate, Counter
from tailorbird.targeting.moments import LookBack, look_back
from tailorbird.targeting.operators import is_number
from tailorbird.targeting.predicate import Predicate, predicate
from tailorbird.targeting.reading import itself, member
from tailorbird.targeting.tree import Leaf, Node, Read, World, every

if TYPE_CHECKING:
    from tailorbird.targeting.parse import Parser
    from tailorbird.targeting.subject import Subject

MAX_EVENT_NAME = 256
#: numbers further from zero are no quantities: the profile's counters leave them out, and so does everything here
LARGEST = 1e200
#: how deep the profile's counters look for numbers inside objects
COUNTED_DEPTH = 4
_NUMERIC = frozenset({"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$not"})
_TIMING = ("within", "since")
_time_of = attrgetter("time")

#: From a subject to the events that count.
Select = Callable[["Subject"], Sequence[PastEvent]]


# -- $event -----------------------------------------------------------------------------------------------------------
def event_condition(parser: Parser, tree: Any, path: str) -> Node:
    """``{"name": "order", "where": {…}, "within": {"days": 30}, "count": {"$gte": 3}, "sum": {"of": …, "is": …}}``."""
    _only(tree, path, ("name", "where", *_TIMING, "count", *AGGREGATES))
    name = event_name(tree.get("name"), f"{path}.name")
    span = look_back(tree, path, parser.zone)
    where = _where(parser, tree, path)
    select = _select(name, span, where)
    folded = span.ever and where is None
    asked = [aggregate for aggregate in AGGREGATES if aggregate in tree]
    parts: list[Node] = []
    if "count" in tree or not asked:
        read = _counted(name) if folded else (lambda subject: len(select(subject)))
        _need(parser, name, span, folded, properties=where is not None)
        parts.append(parser.value(tree.get("count", {"$gte": 1}), f"{path}.count", read, None))
    for aggregate in asked:
        parts.append(_aggregate(parser, aggregate, tree[aggregate], f"{path}.{aggregate}", name, span, select, folded))
    return every(path, parts)


def _aggregate(
    parser: Parser, aggregate: str, tree: Any, path: str, name: str, span: LookBack, select: Select, folded: bool
) -> Node:
    _only(tree, path, ("of", "is"))
    of = tree.get("of")
    if not isinstance(of, str) or not of:
        raise Invalid.field(f"{path}.of", "the name of an event property", of)
    if "is" not in tree:
        raise Invalid.field(f"{path}.is", 'what the value must be, e.g. {"$gt": 500}', "nothing")
    wanted = predicate(parser.value(tree["is"], f"{path}.is", itself, None))
    numbers = aggregate not in _ENDS or _asks_numbers(tree["is"])
    folded = folded and numbers and of.count(".") < COUNTED_DEPTH
    _need(parser, name, span, folded, properties=True)
    read = _folded(name, of, aggregate) if folded else _computed(select, of, aggregate, numbers)
    return Leaf(path, read, lambda value: value is not None and wanted(value), tree["is"])


def _asks_numbers(tree: Any) -> bool:
    """Whether everything that a value is compared with is a number, so that only numbers can be meant."""
    if isinstance(tree, dict):
        return bool(tree) and all(name in _NUMERIC and _asks_numbers(operand) for name, operand in tree.items())
    if isinstance(tree, list):
        return bool(tree) and all(map(is_number, tree))
    return is_number(tree)


def _computed(select: Select, of: str, aggregate: str, numbers: bool) -> Read:
    value_of = member(of)
    combine = AGGREGATES[aggregate]
    wanted = _quantity if numbers else (lambda value: value is not None)

    def read(subject: Subject) -> Any:
        return combine([value for event in select(subject) if wanted(value := value_of(event.properties))])

    return read


def _quantity(value: Any) -> bool:
    return is_number(value) and -LARGEST <= value <= LARGEST


def _average(values: list[Any]) -> Any:
    return fsum(values) / len(values) if values else None


#: how the values of a property, oldest first, become one; of none there is none, except that their sum is 0
AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "sum": fsum,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "average": _average,
    "first": lambda values: values[0] if values else None,
    "last": lambda values: values[-1] if values else None,
}
#: these take values of any type
_ENDS = frozenset({"first", "last"})

_FOLDED: dict[str, Callable[[Aggregate], float]] = {
    "sum": lambda folded: folded.total,
    "min": lambda folded: folded.low,
    "max": lambda folded: folded.high,
    "average": lambda folded: folded.total / folded.count,
    "first": lambda folded: folded.first[2],
    "last": lambda folded: folded.last[2],
}


def _folded(name: str, of: str, aggregate: str) -> Read:
    value_of = _FOLDED[aggregate]
    nothing = 0.0 if aggregate == "sum" else None

    def read(subject: Subject) -> Any:
        counter = _counter(subject, name)
        numbers = counter.numbers.get(of) if counter is not None else None
        return value_of(numbers) if numbers is not None and numbers.count else nothing

    return read


def _counted(name: str) -> Read:
    def read(subject: Subject) -> int:
        counter = _counter(subject, name)
        return 0 if counter is None else counter.count

    return read


def _counter(subject: Subject, name: str) -> Counter | None:
    return None if subject.profile is None else subject.profile.counters.get(name)


# -- $affinity --------------------------------------------------------------------------------------------------------
def affinity_condition(parser: Parser, tree: Any, path: str) -> Node:
    """``{"event": "view", "property": "category", "is": "shoes", "share": 0.4, "minimum": 5, "within": {"days": 30}}``.

    With ``share``: at least that share of the events is about a value that passes ``is``. Without: the most frequent
    value passes it; of equally frequent ones the most recent counts. With fewer than ``minimum`` events it never holds.
    """
    _only(tree, path, ("event", "property", "is", "share", "minimum", "where", *_TIMING))
    name = event_name(tree.get("event"), f"{path}.event")
    of = tree.get("property")
    if not isinstance(of, str) or not of:
        raise Invalid.field(f"{path}.property", "the name of an event property", of)
    if "is" not in tree:
        raise Invalid.field(f"{path}.is", "what the value must be", "nothing")
    minimum = tree.get("minimum", 1)
    if isinstance(minimum, bool) or not isinstance(minimum, int) or minimum < 1:
        raise Invalid.field(f"{path}.minimum", "a whole number from 1", minimum)
    wanted = predicate(parser.value(tree["is"], f"{path}.is", itself, None))
    span = look_back(tree, path, parser.zone)
    values = _values(_select(name, span, _where(parser, tree, path)), of)
    _need(parser, name, span, folded=False, properties=True)
    if "share" in tree:
        return _share(tree["share"], path, values, minimum, wanted)

    def favourite(subject: Subject) -> Any:
        found = values(subject)
        return _most_frequent(found) if len(found) >= minimum else None

    return Leaf(f"{path}.is", favourite, lambda value: value is not None and wanted(value), tree["is"])


def _share(
    share: Any, path: str, values: Callable[[Subject], list[list[Any]]], minimum: int, wanted: Predicate
) -> Node:
    if not is_number(share) or not 0 < share <= 1:
        raise Invalid.field(f"{path}.share", "a number above 0, up to 1", share)
    # 0.29 of 100 events is 29 events: the text of the number is what was meant, not its binary neighbour
    whole, part = 10**12, round(share * 10**12)

    def read(subject: Subject) -> dict[str, int]:
        found = values(subject)
        return {"matching": sum(any(map(wanted, each)) for each in found), "of": len(found)}

    def test(found: Any) -> bool:
        return bool(found["of"] >= minimum and found["matching"] * whole >= part * found["of"])

    return Leaf(f"{path}.share", read, test, share)


def _values(select: Select, of: str) -> Callable[[Subject], list[list[Any]]]:
    """For each event that has the property: its value, or the values of its list."""
    value_of = member(of)

    def read(subject: Subject) -> list[list[Any]]:
        found = []
        for event in select(subject):
            value = value_of(event.properties)
            parts = [part for part in (value if isinstance(value, list) else [value]) if _countable(part)]
            if parts:
                found.append(parts)
        return found

    return read


def _countable(value: Any) -> bool:
    return isinstance(value, str | bool) or (is_number(value) and value == value)


def _most_frequent(found: list[list[Any]]) -> Any:
    """Of equally frequent values the one that was met last."""
    seen: dict[Any, list[Any]] = {}
    for position, parts in enumerate(found):
        for key in {(isinstance(part, bool), part): part for part in parts}:
            tally = seen.setdefault(key, [0, position, key[1]])
            tally[0] += 1
            tally[1] = position
    return max(seen.values(), key=lambda tally: (tally[0], tally[1]))[2]


# -- both -------------------------------------------------------------------------------------------------------------
def _only(tree: Any, path: str, names: tuple[str, ...]) -> None:
    expected = "an object with " + ", ".join(names)
    if not isinstance(tree, dict):
        raise Invalid.field(path, expected, tree)
    for name in tree:
        if name not in names:
            raise Invalid.field(f"{path}.{name}", expected, name)


def event_name(name: Any, path: str) -> str:
    """The name of an event, or ``Invalid``."""
    if not isinstance(name, str) or not 0 < len(name) <= MAX_EVENT_NAME:
        raise Invalid.field(path, f"the name of an event, 1 to {MAX_EVENT_NAME} characters", name)
    return name


def _where(parser: Parser, tree: dict[str, Any], path: str) -> Predicate | None:
    if "where" not in tree or tree["where"] == {}:
        return None
    return predicate(parser.condition(tree["where"], f"{path}.where", World.MAPPING))


def _need(parser: Parser, name: str, span: LookBack, folded: bool, *, properties: bool) -> None:
    if folded:
        parser.note(Needs(profile=True))
    else:
        parser.note(Needs(events=frozenset({EventNeed(name, span.within, span.since, properties)})))


def _select(name: str, span: LookBack, where: Predicate | None) -> Select:
    def select(subject: Subject) -> Sequence[PastEvent]:
        events: Sequence[PastEvent] = subject.history.get(name, ())
        if not events:
            return events
        if not span.ever:
            events = events[bisect_left(events, span.earliest(subject.context.now), key=_time_of) :]
        return events if where is None else [event for event in events if where(event.properties)]

    return select
