"""The store with the fold it is made for: however entries are grouped into commits, the same people come out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
import pytest

from tailorbird.domain.facts import Alias, Changes, Entry, Event, Exposure, Link, State
from tailorbird.domain.ids import PersonNumbers
from tailorbird.domain.needs import EventNeed
from tailorbird.domain.visitor import Visitor
from tailorbird.profiles import fold_batch
from tailorbird.store.contract import Fold, Store
from tests.store.small_fold import ARM, BLOG, NOW, SHOP, alias, event

KNOWN, DEVICES = ("ann", "bob", "eve"), ("phone", "laptop", "tv", "tablet")


def real_fold() -> Fold:
    return partial(fold_batch, new_person=PersonNumbers(random.Random(0).getrandbits).next)


def journey(seed: int, project: str, length: int = 40) -> list[Entry]:
    """What a few people with several devices might do."""
    chance = random.Random(seed)
    entries: list[Entry] = []
    for number in range(length):
        known, device = chance.choice((None, *KNOWN)), chance.choice((None, *DEVICES))
        visitor = Visitor(id=known or (None if device else "ann"), anonymous_id=device)
        common: dict[str, Any] = {"project": project, "time": NOW + number * 1_000, "received_at": NOW + number * 1_000}
        match chance.randrange(10):
            case 0:
                entries.append(alias(*chance.sample(KNOWN, 2), **common))
            case 1 | 2:
                entries.append(Exposure(visitor=visitor, answers=ARM, bucket_id=visitor.bucket_id, **common))
            case 3 | 4:
                entries.append(Link(visitor=Visitor(id=known or "ann", anonymous_id=device or "tv"), **common))
            case _:
                attributes = {f"a{number % 3}": number}
                entries.append(event(f"{seed}-{number}", visitor, attributes=attributes, **common))
    return entries


async def picture(store: Store, project: str) -> list[Any]:
    """All people without their numbers, each with the ids that lead to them and the events that are theirs."""
    people = []
    for profile in await store.people(project, limit=1_000):
        ids = [(kind, name) for _, kind, name in await store.profile_ids(project, profile.person)]
        past = await store.history(project, profile.person, profile.merged, [EventNeed("view")], NOW + 10**9)
        exposures = await store.exposures_of(project, [profile.person, *profile.merged])
        plain = msgspec.to_builtins(msgspec.structs.replace(profile, person=0, merged=()))
        days = sorted((row["campaign"], row["arm"], row["time"]) for row in exposures)
        people.append([sorted(ids), [one.id for one in past["view"]], days, plain])
    return sorted(people, key=repr)


@pytest.mark.parametrize("seed", range(15))
async def test_one_commit_or_many_the_same_people(store: Store, seed: int) -> None:
    fold, chance = real_fold(), random.Random(seed)
    whole, pieces = journey(seed, SHOP), journey(seed, BLOG)
    await store.commit(whole, fold)
    while pieces:
        size = chance.randrange(1, 6)
        await store.commit(pieces[:size], fold)
        del pieces[:size]
    people = await picture(store, SHOP)
    assert people == await picture(store, BLOG)
    assert len(people) >= 1
    events = [one.id for one in whole if isinstance(one, Event)]
    assert sorted(name for person in people for name in person[1]) == sorted(events)


async def test_every_id_leads_to_the_person_who_lists_it(store: Store) -> None:
    fold = real_fold()
    for seed in range(10):
        await store.commit(journey(seed, SHOP), fold)
    ids = 0
    for profile in await store.people(SHOP, limit=1_000):
        for name in profile.ids:
            assert (await store.find(SHOP, Visitor(id=name))).known == profile
        for name in profile.anonymous_ids:
            assert (await store.find(SHOP, Visitor(anonymous_id=name))).anonymous == profile
        ids += len(profile.ids) + len(profile.anonymous_ids)
    assert ids == len(KNOWN) + len(DEVICES)


async def test_callers_at_the_same_time_count_everything_once(store: Store) -> None:
    batches: list[int] = []
    bound = real_fold()

    def fold(entries: Sequence[Entry], state: State) -> Changes:
        batches.append(len(entries))
        return bound(entries, state)

    entries = [entry for seed in range(20) for entry in journey(seed, SHOP) if not isinstance(entry, Alias)]
    twice = entries + [entry for entry in entries if isinstance(entry, Event)]
    random.Random(1).shuffle(twice)
    await asyncio.gather(*(store.commit([entry], fold) for entry in twice))
    events = {entry.id for entry in entries if isinstance(entry, Event)}
    assert sorted([one["id"] async for one in store.stream_events(SHOP)]) == sorted(events)
    counted = sum(profile.counters["view"].count for profile in await store.people(SHOP) if "view" in profile.counters)
    assert counted == len(events)
    assert max(batches) > 10
