"""What was acknowledged survives a power cut: shown on a disk that loses what was not synced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from tailorbird.domain.errors import Unavailable
from tailorbird.store import SqliteStore
from tests.store.power_cut import Disk
from tests.store.small_fold import SHOP, SmallFold, event

PRODUCERS = 8


@asynccontextmanager
async def opened(store: SqliteStore) -> AsyncIterator[SqliteStore]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def acknowledged_until_the_cut(
    path: Path, seed: int, synchronous: str, cut_at_sync: int = 0
) -> tuple[set[str], Disk]:
    """Send events until the power goes: at a sync, else after some; returns the ids that were acknowledged."""
    async with opened(SqliteStore(path)):
        pass  # the schema is there before the power fails
    disk, fold, numbers = Disk(seed, cut_at_sync), SmallFold(), count()
    acknowledged: set[str] = set()
    enough = 40 + 17 * seed

    async def produce(store: SqliteStore) -> None:
        while len(acknowledged) < enough + 200:
            batch = [event(f"e{next(numbers)}", f"v{seed}") for _ in range(1 + seed % 3)]
            try:
                verdicts = await store.commit(batch, fold)
            except Unavailable:
                return
            assert {verdict.outcome for verdict in verdicts} == {"accepted"}
            acknowledged.update(one.id for one in batch)
            if len(acknowledged) >= enough and not cut_at_sync and not disk.is_cut:
                disk.cut()

    async with opened(SqliteStore(path, connect=disk.connect, synchronous=synchronous)) as store:
        await asyncio.gather(*(produce(store) for _ in range(PRODUCERS)))
    assert disk.is_cut
    return acknowledged, disk


async def kept(path: Path) -> list[str]:
    async with opened(SqliteStore(path)) as store:
        return [one["id"] async for one in store.stream_events(SHOP)]


@pytest.mark.parametrize("seed", range(6))
async def test_a_power_cut_between_commits_loses_no_acknowledged_entry(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "tailorbird.db"
    acknowledged, _ = await acknowledged_until_the_cut(path, seed, "FULL")
    assert len(acknowledged) >= 40
    assert acknowledged <= set(await kept(path))


@pytest.mark.parametrize("cut_at_sync", [7, 8, 9, 10, 11, 20])
async def test_a_power_cut_within_a_commit_loses_no_acknowledged_entry(tmp_path: Path, cut_at_sync: int) -> None:
    path = tmp_path / "tailorbird.db"
    acknowledged, disk = await acknowledged_until_the_cut(path, cut_at_sync, "FULL", cut_at_sync)
    assert acknowledged, "the power went before anything was acknowledged"
    assert disk.lost_writes > 0, "nothing was in flight"
    found = await kept(path)
    assert acknowledged <= set(found)
    assert len(found) == len(set(found))


async def test_without_syncing_acknowledged_entries_are_lost(tmp_path: Path) -> None:
    """The control: the same cut does harm when the writer does not sync, so the disk really forgets."""
    path = tmp_path / "tailorbird.db"
    acknowledged, _ = await acknowledged_until_the_cut(path, 1, "OFF")
    try:
        found = set(await kept(path))
    except Unavailable:
        found = set()  # the file did not even survive
    assert len(acknowledged - found) > 0


async def test_the_live_writer_syncs_every_commit(tmp_path: Path) -> None:
    async with opened(SqliteStore(tmp_path / "tailorbird.db")) as store:
        assert await store.writer_pragma("synchronous") == 2
        assert await store.writer_pragma("journal_mode") == "wal"
