"""How many of the people who are known match a condition, and which values an attribute has: for people who write
conditions.

Exact up to ``EXACT`` people; of more a random sample is asked, and the answer tells its standard error. What only a
request tells (device, country, page) is unknown here, as for a visitor of whom nothing was told.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from tailorbird.domain.needs import History
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.engine.people import view
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot
from tailorbird.targeting import Condition, Subject, canonical, compile_condition

EXACT = 50_000
#: people of a sample, about
SAMPLE = 20_000
#: people whose values are looked at for suggestions
SUGGESTED_FROM = 2_000
#: people in one bite; between two bites everybody else gets their turn
BITE = 200
#: values that are counted apart
MOST_VALUES = 10_000
_NO_HISTORY: History = {}


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many people match."""

    #: of ``people``; of a sample the best guess
    count: int
    #: standard error of ``count``, in people; 0 where every one was asked
    error: float
    #: whether every one was asked
    exact: bool
    #: how many are known at all
    people: int
    #: how many were asked
    asked: int
    #: some who match, as `readProfile` tells them
    examples: list[Any]


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A value that an attribute has."""

    value: str | int | float | bool
    #: how many of those who were looked at have it
    count: int


class Suggestions(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one attribute, the most frequent first."""

    values: list[Suggestion]
    #: how many people were looked at
    looked_at: int


async def count(runtime: Runtime, project: str, tree: Any, examples: int = 10) -> Counted:
    """Count the people who match ``tree``; ``Invalid`` with paths under ``condition`` for what is no condition."""
    snapshot = runtime.project(project)
    condition = compile_condition(tree, snapshot.library, "condition", zone=snapshot.zone)
    people = await runtime.store.looking.count_people(snapshot.project.id)
    one_in = _one_in(people, SAMPLE) if people > EXACT else 1
    asked = matching = 0
    shown: list[Any] = []
    now = runtime.clock()
    async for bite in _bites(runtime, snapshot, one_in):
        for profile, history in zip(bite, await _histories(runtime, snapshot, condition, bite, now), strict=True):
            asked += 1
            if condition.match(_subject(runtime, snapshot, profile, history, now)):
                matching += 1
                if len(shown) < examples:
                    shown.append(view(snapshot, profile))
        await asyncio.sleep(0)
    return _counted(people, asked, matching, shown, exact=one_in == 1)


def _counted(people: int, asked: int, matching: int, shown: list[Any], *, exact: bool) -> Counted:
    if exact:
        return Counted(count=matching, error=0.0, exact=True, people=asked, asked=asked, examples=shown)
    share = matching / asked if asked else 0.0
    # of a sample without replacement: Cochran, Sampling Techniques, 2.13
    spread = math.sqrt(share * (1 - share) / asked * max(0.0, 1 - asked / people)) if asked else 0.0
    return Counted(
        count=round(people * share),
        error=round(people * spread, 1),
        exact=False,
        people=people,
        asked=asked,
        examples=shown,
    )


async def suggest(runtime: Runtime, project: str, attribute: str, limit: int = 50) -> Suggestions:
    """The most frequent values of an attribute (a dotted path leads into objects) among a sample of people."""
    snapshot = runtime.project(project)
    people = await runtime.store.looking.count_people(snapshot.project.id)
    counts: dict[str, list[Any]] = {}
    looked_at = 0
    async for bite in _bites(runtime, snapshot, _one_in(people, SUGGESTED_FROM)):
        for profile in bite:
            looked_at += 1
            for value in _values(profile.attributes, attribute):
                name = canonical(value)
                if name is not None and (name in counts or len(counts) < MOST_VALUES):
                    counts.setdefault(name, [value, 0])[1] += 1
        if looked_at >= 2 * SUGGESTED_FROM:
            break
        await asyncio.sleep(0)
    found = sorted(counts.values(), key=lambda one: (-one[1], str(one[0])))[:limit]
    return Suggestions(values=[Suggestion(value=value, count=n) for value, n in found], looked_at=looked_at)


def _values(attributes: dict[str, Any], path: str) -> list[str | int | float | bool]:
    """The plain values at a path; each member of a list counts by itself."""
    at: Any = attributes
    if path in attributes:
        at = attributes[path]
    else:
        for part in path.split("."):
            at = at.get(part) if isinstance(at, dict) else None
    told = at if isinstance(at, list) else [at]
    return [one for one in told if isinstance(one, str | int | float | bool)]


def _one_in(people: int, wanted: int) -> int:
    """The power of 2 that leaves about ``wanted`` people, and not fewer where there are as many."""
    return 1 << max(0, (people // max(wanted, 1)).bit_length() - 1)


async def _bites(runtime: Runtime, snapshot: Snapshot, one_in: int) -> AsyncIterator[list[Profile]]:
    after = 0
    while bite := await runtime.store.looking.sample(snapshot.project.id, one_in, after, BITE):
        yield bite
        after = bite[-1].person


async def _histories(
    runtime: Runtime, snapshot: Snapshot, condition: Condition, bite: list[Profile], now: int
) -> list[History]:
    if not condition.needs.events:
        return [_NO_HISTORY] * len(bite)
    persons = [(profile.person, *profile.merged) for profile in bite]
    return await runtime.store.looking.histories(snapshot.project.id, persons, condition.needs.events, now)


def _subject(runtime: Runtime, snapshot: Snapshot, profile: Profile, history: History, now: int) -> Subject:
    visitor = Visitor(
        id=profile.ids[0] if profile.ids else None,
        anonymous_id=profile.anonymous_ids[0] if profile.anonymous_ids else None,
    )
    context = Context(visitor=visitor, now=now)
    return Subject(context, profile, zone=snapshot.zone, locate=runtime.locate, history=history)
