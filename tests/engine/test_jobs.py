"""Housekeeping: what one of several processes does, the others leave to it."""

from __future__ import annotations

from tailorbird.engine.jobs import LEASE_MS, prune_in_turn
from tests.engine.conftest import DAY, Engine


async def test_one_of_several_processes_prunes(engine: Engine) -> None:
    await engine.runtime.store.remember_answer(engine.project.id, "r1", b"{}", engine.now - DAY)
    assert await prune_in_turn(engine.runtime, "first")
    assert await engine.runtime.store.remembered_answer(engine.project.id, "r1", 0) is None

    await engine.runtime.store.remember_answer(engine.project.id, "r2", b"{}", engine.now - DAY)
    assert not await prune_in_turn(engine.runtime, "second")
    assert await engine.runtime.store.remembered_answer(engine.project.id, "r2", 0) == b"{}"

    engine.now += LEASE_MS
    assert await prune_in_turn(engine.runtime, "second")
    assert await engine.runtime.store.remembered_answer(engine.project.id, "r2", 0) is None


async def test_who_pruned_an_hour_ago_prunes_again(engine: Engine) -> None:
    assert await prune_in_turn(engine.runtime, "first")
    assert await prune_in_turn(engine.runtime, "first")
