"""Leases: of several processes one does a job."""

from __future__ import annotations

import asyncio
import time

from tailorbird.store.contract import Store

MINUTE = 60_000


def now() -> int:
    """Where servers share a database its own clock decides, so these tests live in the present."""
    return time.time_ns() // 1_000_000


async def test_a_lease_is_held_by_one(store: Store) -> None:
    at = now()
    assert await store.lease("prune", "a", at, at + MINUTE)
    assert not await store.lease("prune", "b", at, at + MINUTE)
    assert await store.lease("other", "b", at, at + MINUTE)


async def test_the_holder_may_keep_it_for_longer(store: Store) -> None:
    at = now()
    assert await store.lease("prune", "a", at, at + 100)
    assert await store.lease("prune", "a", at + 50, at + MINUTE)
    await asyncio.sleep(0.15)
    assert not await store.lease("prune", "b", now(), now() + MINUTE)


async def test_a_lease_that_ran_out_is_anybodys(store: Store) -> None:
    at = now()
    assert await store.lease("prune", "a", at, at + 20)
    await asyncio.sleep(0.05)
    assert await store.lease("prune", "b", now(), now() + MINUTE)
    assert not await store.lease("prune", "a", now(), now() + MINUTE)


async def test_of_many_who_ask_at_once_one_gets_it(store: Store) -> None:
    at = now()
    answers = await asyncio.gather(*(store.lease("prune", f"holder {i}", at, at + MINUTE) for i in range(10)))
    assert sum(answers) == 1
