"""Several servers on one database: what they write about the same people at once comes out as if one had written it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
import pytest

from tailorbird.domain.errors import Conflict, TooLarge
from tailorbird.domain.facts import Entry, Event, Exposure
from tailorbird.domain.ids import PersonNumbers
from tailorbird.domain.visitor import Visitor
from tailorbird.profiles import fold_batch
from tailorbird.store.contract import Fold
from tailorbird.store.postgres import PostgresStore
from tests.store.small_fold import ARM, DAY, NOW, SHOP, SmallFold, alias, event, exposure, link
from tests.store.test_definitions import api_key, definition


@asynccontextmanager
async def servers(url: str, number: int) -> AsyncIterator[list[PostgresStore]]:
    """As many stores as servers would have, over a project."""
    from tailorbird.domain.access import Project, SigningKey

    stores = [PostgresStore(url, readers=1) for _ in range(number)]
    for store in stores:
        await store.open(exclusive=True)
    await stores[0].create_project(
        Project(id=SHOP, key="key-shop", name="Shop", created_at=1),
        SigningKey(id="s", project=SHOP, secret=b"s" * 32, created_at=1),
    )
    try:
        yield stores
    finally:
        for store in stores:
            await store.close()


def real_fold(seed: int) -> Fold:
    return partial(fold_batch, new_person=PersonNumbers(random.Random(seed).getrandbits).next)


async def deadlocks(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(
            await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        )
    finally:
        await connection.close()


def traffic(chance: random.Random, writer: int, length: int) -> list[Entry]:
    """A few people on many devices, met by everybody at once; some events are sent by two writers."""
    entries: list[Entry] = []
    for number in range(length):
        who = chance.randrange(60)
        known, device = f"u{who}", f"d{chance.randrange(90)}"
        visitor = Visitor(id=known, anonymous_id=chance.choice((None, device)))
        common: dict[str, Any] = {"time": NOW + number, "received_at": NOW + number}
        match chance.randrange(12):
            case 0:
                entries.append(alias(known, f"u{who ^ 1}", **common))
            case 1:
                entries.append(link(known, device, **common))
            case 2 | 3:
                entries.append(Exposure(project=SHOP, visitor=visitor, answers=ARM, bucket_id=known, **common))
            case 4 | 5:
                shared = f"shared-{writer // 2}-{number}"
                entries.append(event(shared, visitor=f"u{number % 60}", **common))
            case _:
                entries.append(event(f"{writer}-{number}", visitor, properties={"price": 1}, **common))
    return entries


async def write_all(store: PostgresStore, entries: Sequence[Entry], fold: Fold, chance: random.Random) -> Counter[str]:
    """Send them in calls of all sizes, several at a time; how often each verdict came back."""
    calls, start = [], 0
    while start < len(entries):
        size = chance.choice((1, 1, 3, 20, 120))
        calls.append(entries[start : start + size])
        start += size
    outcomes: Counter[str] = Counter()
    for at in range(0, len(calls), 10):
        for verdicts in await asyncio.gather(*(store.commit(call, fold) for call in calls[at : at + 10])):
            outcomes.update(verdict.outcome for verdict in verdicts)
    return outcomes


async def test_eight_writers_on_the_same_people(postgres_url: str) -> None:
    before = await deadlocks(postgres_url)
    plans = [traffic(random.Random(writer), writer, 500) for writer in range(8)]
    async with servers(postgres_url, 8) as stores:
        outcomes = await asyncio.gather(
            *(
                write_all(store, plan, real_fold(seed), random.Random(seed))
                for seed, (store, plan) in enumerate(zip(stores, plans, strict=True))
            )
        )
        ids = {entry.id for plan in plans for entry in plan if isinstance(entry, Event)}
        sent = sum(isinstance(entry, Event) for plan in plans for entry in plan)
        kept = [one["id"] async for one in stores[0].stream_events(SHOP)]
        assert sorted(kept) == sorted(ids)
        repeats = sum(outcome["duplicate"] + outcome["conflict"] for outcome in outcomes)
        assert repeats == sent - len(ids) > 0

        people = await stores[0].people(SHOP, limit=1_000)
        assert len(people) >= 30, "aliases join pairs"
        assert sum(one.counters["view"].count for one in people if "view" in one.counters) == len(ids)
        assert sum(one.counters["view"].numbers["price"].total for one in people if _sold(one)) == sum(
            isinstance(entry, Event) and "price" in entry.properties for plan in plans for entry in plan
        )
        listed = Counter(("u", name) for one in people for name in one.ids)
        listed.update(("a", name) for one in people for name in one.anonymous_ids)
        assert set(listed.values()) == {1}, "an id is of one person"
        leads = {(kind, name): person for kind, name, person in await stores[0].id_page(SHOP)}
        assert set(leads) == set(listed)
        for one in people:
            assert {leads["u", name] for name in one.ids} | {leads["a", name] for name in one.anonymous_ids} == {
                one.person
            }
    assert await deadlocks(postgres_url) == before


def _sold(profile: Any) -> bool:
    return "view" in profile.counters and "price" in profile.counters["view"].numbers


async def test_a_new_visitor_met_by_two_servers_at_once_is_one_person(postgres_url: str) -> None:
    async with servers(postgres_url, 2) as stores:
        folds = [real_fold(1), real_fold(2)]
        for number in range(30):
            visitor = Visitor(id=f"v{number}", anonymous_id=f"d{number}")
            calls = [
                store.commit([event(f"{number}-{side}", visitor)], fold)
                for side, (store, fold) in enumerate(zip(stores, folds, strict=True))
            ]
            assert [verdict.outcome for (verdict,) in await asyncio.gather(*calls)] == ["accepted"] * 2
        people = await stores[0].people(SHOP, limit=1_000)
        assert len(people) == 30
        assert {profile.counters["view"].count for profile in people} == {2}
        assert len(await stores[1].id_page(SHOP)) == 60


async def test_a_cap_is_consumed_once_by_all_servers_together(postgres_url: str) -> None:
    async with servers(postgres_url, 3) as stores:
        folds = [real_fold(seed) for seed in range(3)]
        for number in range(15):
            shown = exposure(f"v{number}", cap="once", bucket_id=f"v{number}")
            calls = [store.commit([shown], fold) for store, fold in zip(stores, folds, strict=True) for _ in range(3)]
            outcomes = sorted(verdict.outcome for (verdict,) in await asyncio.gather(*calls))
            assert outcomes == ["accepted"] + ["capped"] * 8
        people = await stores[0].people(SHOP)
        assert {profile.displays[ARM.rule].count for profile in people} == {1}
        exposures = await stores[0].exposures_of(SHOP, [profile.person for profile in people])
        assert len(exposures) == 15
        assert {tuple(row["days"]["exp1"]) for row in exposures} == {(NOW // DAY,)}


async def test_the_same_event_sent_to_two_servers_is_counted_once(postgres_url: str) -> None:
    async with servers(postgres_url, 2) as stores:
        for number in range(20):
            calls = [store.commit([event(f"e{number}")], real_fold(9)) for store in stores]
            outcomes = sorted(verdict.outcome for (verdict,) in await asyncio.gather(*calls))
            assert outcomes == ["accepted", "duplicate"]
        (person,) = await stores[0].people(SHOP)
        assert person.counters["view"].count == 20


async def test_erasing_while_others_write_leaves_a_whole_person_or_none(postgres_url: str) -> None:
    async with servers(postgres_url, 3) as stores:
        fold = real_fold(3)
        for turn in range(10):
            visitor = Visitor(id="ann", anonymous_id="phone")
            await stores[0].commit([event(f"{turn}-first", visitor)], fold)
            found = await stores[0].find(SHOP, visitor)
            assert found.known is not None
            writes = [
                store.commit([event(f"{turn}-{side}-{number}", visitor)], real_fold(turn * 10 + side))
                for side, store in enumerate(stores[1:])
                for number in range(3)
            ]
            await asyncio.gather(stores[0].erase(SHOP, found.known.person, NOW), *writes)
            after = await stores[1].find(SHOP, visitor)
            ids = await stores[1].id_page(SHOP)
            if after.known is None:
                assert ids == []
                assert [one async for one in stores[0].stream_events(SHOP)] == []
            else:
                assert after.known is after.anonymous
                assert after.known.person != found.known.person
                assert {person for _, _, person in ids} == {after.known.person}
                events = [one["id"] async for one in stores[0].stream_events(SHOP)]
                assert after.known.counters["view"].count == len(events)
                assert f"{turn}-first" not in events
                await stores[0].erase(SHOP, after.known.person, NOW)


async def test_of_definitions_written_by_two_servers_one_wins(postgres_url: str) -> None:
    async with servers(postgres_url, 2) as stores:
        await stores[0].write_definitions([(definition(), 0)])
        writes = [store.write_definitions([(definition(version=2), 1)]) for store in stores for _ in range(3)]
        answers = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(answer) for answer in answers].count(Conflict) == 5
        assert len(await stores[1].versions(SHOP, "campaign", "abcde")) == 2


async def test_a_client_gets_no_third_key_from_another_server(postgres_url: str) -> None:
    async with servers(postgres_url, 2) as stores:
        adds = [store.add_key(api_key(f"k{side}{i}")) for side, store in enumerate(stores) for i in range(3)]
        answers = await asyncio.gather(*adds, return_exceptions=True)
        assert [type(answer) for answer in answers].count(Conflict) == 4
        assert len(await stores[0].keys(SHOP)) == 2


async def test_uploads_to_one_list_from_two_servers_are_all_kept(postgres_url: str) -> None:
    async with servers(postgres_url, 2) as stores:
        uploads = [
            store.put_members(SHOP, "vip", [f"{side}{i:05}" for i in range(12_000)], replace=False, limit=30_000)
            for side, store in enumerate(stores)
        ]
        assert max(await asyncio.gather(*uploads)) == 24_000
        assert len(await stores[0].members(SHOP, "vip")) == 24_000
        with pytest.raises(TooLarge):
            await stores[1].put_members(SHOP, "vip", map(str, range(30_000)), replace=False, limit=30_000)
        assert (await stores[0].list_sizes(SHOP))["vip"][0] == 24_000


async def test_change_numbers_of_items_miss_nothing_while_others_write(postgres_url: str) -> None:
    """Who reads on from the largest number seen has read everything below it."""
    from tailorbird.domain.definitions import Item

    async with servers(postgres_url, 3) as stores:
        writing = [
            asyncio.ensure_future(store.put_items(SHOP, [Item(id=f"{side}-{number}")], NOW))
            for number in range(20)
            for side, store in enumerate(stores[:2])
        ]
        seen: set[str] = set()
        after = 0
        while True:
            done = all(task.done() for task in writing)
            for item_id, _, change in await stores[2].items(SHOP, changed_after=after):
                seen.add(item_id)
                after = max(after, change)
            if done:
                break
        assert seen == {f"{side}-{number}" for number in range(20) for side in range(2)}


async def test_what_one_server_remembers_another_finds(postgres_url: str, fold: SmallFold) -> None:
    async with servers(postgres_url, 2) as stores:
        kept = [store.remember_answer(SHOP, "r1", body, NOW) for store, body in zip(stores, (b"1", b"2"), strict=True)]
        await asyncio.gather(*kept)
        answers = [await store.remembered_answer(SHOP, "r1", NOW) for store in stores]
        assert answers[0] == answers[1] is not None
