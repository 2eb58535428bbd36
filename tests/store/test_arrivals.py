"""Everybody who waits for events is served by one look at the store, on both backends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tailorbird.engine import arrivals
from tailorbird.engine.arrivals import Arrivals
from tailorbird.store.contract import Store
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

    async def arrived(self, project: str, after: int, limit: int) -> list[dict[str, Any]]:
        self.looks.append(project)
        return await self._store.looking.arrived(project, after, limit)


async def heard(told: Arrivals, project: str, ready: asyncio.Semaphore) -> list[str]:
    async with told.of(project) as news, asyncio.timeout(PATIENCE):
        ready.release()
        found = await news.get()
        return [one["id"] for one in found or []]


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
    assert [one["id"] for one in found or []] == ["1"]
