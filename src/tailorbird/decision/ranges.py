"""Which slots belong to which experience of a rule, and how few of them move when weights change.

Ranges are half-open pairs ``(low, high)`` out of 0 … 10,000 and are stored with the campaign's version. Changing the
weights takes slots only from experiences whose share shrinks and gives them only to those whose share grows, so exactly
½·Σ|before − after| slots change hands and nobody else's visitors notice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeVar

from tailorbird.decision.bucket import SLOTS

#: ``[low, high)`` pairs by experience id: the form of ``Rule.ranges``.
Ranges = dict[str, tuple[tuple[int, int], ...]]

Owner = TypeVar("Owner")


class Span(NamedTuple):
    """A run of slots with one owner, or with none."""

    low: int
    high: int
    owner: str | None

    @property
    def size(self) -> int:
        """How many slots it holds."""
        return self.high - self.low


def apportion(shares: Mapping[str, float]) -> dict[str, int]:
    """Whole slots in proportion to ``shares``, 10,000 in all: largest remainder first, ties in the order given.

    Empty when no share is positive. Shares are finite and at least 0.
    """
    total = sum((Fraction(share) for share in shares.values()), Fraction(0))
    if total <= 0:
        return {}
    exact = {name: Fraction(share) * SLOTS / total for name, share in shares.items()}
    slots = {name: int(quota) for name, quota in exact.items()}
    by_remainder = sorted(exact, key=lambda name: slots[name] - exact[name])
    for name in by_remainder[: SLOTS - sum(slots.values())]:
        slots[name] += 1
    return slots


def allocate(previous: Mapping[str, Sequence[Sequence[int]]], shares: Mapping[str, float]) -> Ranges:
    """The ranges for ``shares`` (0 for paused experiences) that move the fewest slots away from ``previous``.

    The result covers every slot exactly once; experiences without a slot are left out; no positive share gives no
    ranges at all. Slots that ``previous`` leaves open are filled.
    """
    wanted = apportion(shares)
    if not wanted:
        return {}
    spans = _spans(previous)
    held = _held(spans)
    surplus = {name: count - wanted.get(name, 0) for name, count in held.items() if count > wanted.get(name, 0)}
    lack = {name: count - held.get(name, 0) for name, count in wanted.items() if count > held.get(name, 0)}
    for name in list(surplus):
        spans = _release(spans, name, surplus, lack)
    spans = _fill(spans, lack)
    return _as_ranges(spans, shares)


def moved(before: Mapping[str, Sequence[Sequence[int]]], after: Mapping[str, Sequence[Sequence[int]]]) -> int:
    """How many slots have another owner ``after`` than ``before``; slots that had or have none do not count."""
    old, new = _spans(before), _spans(after)
    kept_or_open = 0
    index = 0
    for span in old:
        while index < len(new) and new[index].high <= span.low:
            index += 1
        at = index
        while at < len(new) and new[at].low < span.high:
            shared = min(span.high, new[at].high) - max(span.low, new[at].low)
            if span.owner is None or new[at].owner is None or span.owner == new[at].owner:
                kept_or_open += shared
            at += 1
    return SLOTS - kept_or_open


def is_partition(ranges: Mapping[str, Sequence[Sequence[int]]]) -> bool:
    """Whether ``ranges`` own every slot exactly once."""
    position = 0
    for low, high in sorted((pair[0], pair[1]) for pairs in ranges.values() for pair in pairs):
        if low != position or high <= low:
            return False
        position = high
    return position == SLOTS


def boundaries(ranges: Mapping[str, Sequence[Sequence[int]]]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """``ranges`` of all slots in the form that ``lookup`` reads: lower bounds but the first, and the owners."""
    spans = sorted((pair[0], name) for name, pairs in ranges.items() for pair in pairs)
    return tuple(low for low, _ in spans[1:]), tuple(name for _, name in spans)


def lookup(bounds: Sequence[int], owners: Sequence[Owner], slot: int) -> Owner:
    """Who owns ``slot``; ``owners`` has one entry more than ``bounds``."""
    return owners[bisect_right(bounds, slot)]


def _spans(ranges: Mapping[str, Sequence[Sequence[int]]]) -> list[Span]:
    """All 10,000 slots in order. Where two ranges overlap (an import by hand), the lower one keeps the slots."""
    spans: list[Span] = []
    position = 0
    for low, high, name in sorted((pair[0], pair[1], name) for name, pairs in ranges.items() for pair in pairs):
        low, high = max(low, position), min(high, SLOTS)
        if high <= low:
            continue
        if low > position:
            spans.append(Span(position, low, None))
        spans.append(Span(low, high, name))
        position = high
    if position < SLOTS:
        spans.append(Span(position, SLOTS, None))
    return _merge(spans)


def _merge(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        if merged and merged[-1].owner == span.owner:
            merged[-1] = Span(merged[-1].low, span.high, span.owner)
        elif span.size:
            merged.append(span)
    return merged


def _held(spans: Iterable[Span]) -> dict[str, int]:
    held: dict[str, int] = {}
    for span in spans:
        if span.owner is not None:
            held[span.owner] = held.get(span.owner, 0) + span.size
    return held


def _release(spans: list[Span], name: str, surplus: dict[str, int], lack: Mapping[str, int]) -> list[Span]:
    """Take the surplus of ``name`` away: its smallest runs whole, the rest from the end that makes the fewest runs."""
    excess = surplus[name]
    for span in sorted((s for s in spans if s.owner == name), key=lambda s: (s.size, s.low)):
        if excess == 0:
            break
        at = spans.index(span)
        freed = min(excess, span.size)
        below, above = (_welcome(spans, near, surplus, lack) for near in (at - 1, at + 1))
        if freed == span.size:
            parts = [span._replace(owner=None)]
        elif below > above:
            parts = [Span(span.low, span.low + freed, None), Span(span.low + freed, span.high, name)]
        else:
            parts = [Span(span.low, span.high - freed, name), Span(span.high - freed, span.high, None)]
        spans = _merge([*spans[:at], *parts, *spans[at + 1 :]])
        excess -= freed
    return spans


def _welcome(spans: list[Span], at: int, surplus: Mapping[str, int], lack: Mapping[str, int]) -> int:
    """How well freed slots would join the run at ``at``: 2 it is open or grows, 1 it shrinks too, 0 neither."""
    if not 0 <= at < len(spans):
        return 0
    owner = spans[at].owner
    if owner is None or owner in lack:
        return 2
    return 1 if owner in surplus else 0


def _fill(spans: list[Span], lack: Mapping[str, int]) -> list[Span]:
    """Give the open slots to those who lack some, next to what they hold wherever that is possible."""
    open_needs = {name: count for name, count in lack.items() if count}
    while open_needs:
        at, name, from_below = _best_gift(spans, open_needs)
        span = spans[at]
        given = min(open_needs[name], span.size)
        cut = span.low + given if from_below else span.high - given
        parts = [Span(span.low, cut, name), Span(cut, span.high, None)]
        if not from_below:
            parts = [Span(span.low, cut, None), Span(cut, span.high, name)]
        spans = _merge([*spans[:at], *(part for part in parts if part.size), *spans[at + 1 :]])
        open_needs[name] -= given
        if not open_needs[name]:
            del open_needs[name]
    return spans


def _best_gift(spans: list[Span], needs: Mapping[str, int]) -> tuple[int, str, bool]:
    """An open run, who gets slots of it, and whether from its lower end: a neighbour first, else the first in need."""
    first_open = -1
    for at, span in enumerate(spans):
        if span.owner is not None:
            continue
        if first_open < 0:
            first_open = at
        below = spans[at - 1].owner if at else None
        if below in needs:
            return at, str(below), True
        above = spans[at + 1].owner if at + 1 < len(spans) else None
        if above in needs:
            return at, str(above), False
    return first_open, next(iter(needs)), True


def _as_ranges(spans: Iterable[Span], order: Iterable[str]) -> Ranges:
    found: dict[str, list[tuple[int, int]]] = {}
    for span in spans:
        if span.owner is not None:
            found.setdefault(span.owner, []).append((span.low, span.high))
    return {name: tuple(found[name]) for name in order if name in found}
