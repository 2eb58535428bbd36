"""Everybody who waits for events is served by one look at the store, on both backends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from tailorbird.engine import arrivals
from tailorbird.engine.arrivals import Arrivals
from tailorbird.store.contract import Store
from tailorbird.store.rows import EVENT_COLUMNS
from tests.store.conftest import Backend
from tests.store.small_fold import BLOG, SHOP, SmallFold, event

#: seconds that a test waits for what must come
PATIENCE = 20


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "LOOK_SECONDS", 0.02)


class Counting:
    """Counts how often the store is looked at."""

    def __init__(self, store: Store) -> None:
        self.looking = self
        self._store = store
        self.looks: list[str] = []

    async def settled(self) -> int:
        return await self._store.looking.settled()

    async def arrived(self, project: str, after: int, limit: int) -> list[dict[str, Any]]:
        self.looks.append(project)
        return await self._store.looking.arrived(project, after, limit)


async def heard(told: Arrivals, project: str, ready: asyncio.Semaphore) -> list[str]:
    async with told.of(project) as news, asyncio.timeout(PATIENCE):
        ready.release()
        found = await news.get()
        return [one["id"] for one in found.events] if found else []


async def test_many_who_wait_hear_the_same_and_cost_one_look(store: Store) -> None:
    await store.commit([event("before")], SmallFold())
    counting = Counting(store)
    told = Arrivals(counting)  # type: ignore[arg-type]
    ready = asyncio.Semaphore(0)
    waiting = [asyncio.create_task(heard(told, SHOP, ready)) for _ in range(50)]
    elsewhere = asyncio.create_task(heard(told, BLOG, ready))
    for _ in range(51):
        await ready.acquire()
    looks = len(counting.looks)
    assert looks <= 51  # the first of each project ask where it stands; nobody looks for events of their own
    await asyncio.sleep(0.2)
    assert len(counting.looks) - looks <= 2 * 11
    await store.commit([event("1"), event("2")], SmallFold(10))
    assert await asyncio.gather(*waiting) == [["2", "1"]] * 50
    assert not elsewhere.done()
    await store.commit([event("3", project=BLOG)], SmallFold(20))
    assert await elsewhere == ["3"]


async def test_nobody_looks_while_nobody_waits(store: Store) -> None:
    counting = Counting(store)
    told = Arrivals(counting)  # type: ignore[arg-type]
    async with told.of(SHOP):
        await asyncio.sleep(0.1)
    looks = len(counting.looks)
    assert looks >= 2
    await asyncio.sleep(0.1)
    assert len(counting.looks) == looks


async def test_what_another_process_writes_is_heard(backend: Backend, store: Store) -> None:
    other = backend()
    await other.open()
    told = Arrivals(other)
    ready = asyncio.Semaphore(0)
    waiting = asyncio.create_task(heard(told, SHOP, ready))
    await ready.acquire()
    await store.commit([event("1")], SmallFold())
    assert await waiting == ["1"]
    await other.close()


async def test_who_waits_is_told_that_the_server_stops(store: Store) -> None:
    told = Arrivals(store)
    async with told.of(SHOP) as news:
        told.close()
        assert await news.get() is None
    async with told.of(SHOP) as news:
        assert await news.get() is None


async def test_a_store_that_was_away_is_looked_at_again(store: Store, backend: Backend) -> None:
    told = Arrivals(store)
    async with told.of(SHOP) as news, asyncio.timeout(PATIENCE):
        await store.close()
        await asyncio.sleep(0.1)
        await store.open()
        await store.commit([event("1")], SmallFold())
        found = await news.get()
    assert found is not None
    assert [one["id"] for one in found.events] == ["1"]


@asynccontextmanager
async def held_open(url: str, event_id: str) -> AsyncIterator[asyncpg.transaction.Transaction]:
    """An event like ``1`` that has its number and is not committed."""
    columns = ", ".join(one for one in EVENT_COLUMNS if one != "id")
    connection = await asyncpg.connect(url)
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            f"INSERT INTO events (id, {columns}) SELECT $1, {columns} FROM events WHERE id = '1'",
            event_id,
        )
        yield transaction
    finally:
        await connection.close()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_an_event_that_is_committed_after_newer_ones_is_heard_as_well(store: Store, postgres_url: str) -> None:
    await store.commit([event("1")], SmallFold())
    told = Arrivals(store)
    async with told.of(SHOP) as news, asyncio.timeout(PATIENCE), held_open(postgres_url, "late") as late:
        await store.commit([event("2")], SmallFold(10))
        second = await news.get()
        assert second is not None
        assert [one["id"] for one in second.events] == ["2"]
        assert second.settled < second.events[0]["seq"]
        await late.commit()
        third = await news.get()
        assert third is not None
        assert [one["id"] for one in third.events] == ["late"]
        assert second.settled < third.events[0]["seq"] < second.events[0]["seq"]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_what_is_settled_waits_for_who_writes_and_for_nobody_else(store: Store, postgres_url: str) -> None:
    async def newest() -> int:
        return int((await store.looking.arrived(SHOP, 0, 1))[0]["seq"])

    await store.commit([event("1")], SmallFold())
    first = await newest()
    assert await store.looking.settled() == first
    reading = await asyncpg.connect(postgres_url)
    async with reading.transaction():
        await reading.fetchval("SELECT count(*) FROM events")
        await reading.execute("INSERT INTO meta (name, value) VALUES ('open', '')")
        async with held_open(postgres_url, "late") as late:
            await store.commit([event("2")], SmallFold(10))
            assert [await store.looking.settled() for _ in range(3)] == [first] * 3
            await late.rollback()
        await store.commit([event("3")], SmallFold(20))
        assert await store.looking.settled() == await newest()
    await reading.close()
