"""The database or the process of a lake is away or slow, and comes back; nobody needs the process for a while."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from shutil import copyfile

import psutil
import pytest
import structlog

from tailorbird.engine.lakes import exported
from tailorbird.engine.runtime import Runtime
from tailorbird.lake.client import Lake
from tailorbird.lake.queries.ask import Summary
from tailorbird.lake.wire import Hello, Rules
from tailorbird.store.contract import Store
from tailorbird.store.postgres import PostgresStore
from tests.lake import reading
from tests.lake.conftest import CHILD
from tests.lake.test_server import server
from tests.store.conftest import Backend
from tests.store.small_fold import SHOP, SmallFold, event, exposure
from tests.store.tcp import wire


async def becomes(true: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> float:
    """Wait for it; how long it took."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.02)
    return time.monotonic() - began


def lag(runtime: Runtime) -> float:
    return runtime.metrics.registry.get_sample_value("tailorbird_lake_lag_seconds") or 0.0


async def all_there(store: Store) -> bool:
    """Told by a line to the database that is never cut."""
    known, given = await exported(Runtime(store)), await store.fact_numbers()
    return known is not None and (known.numbers.events, known.numbers.exposures) == (given.events, given.exposures)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_a_store_that_comes_back_is_exported_from_soon(
    tmp_path: Path, store: Store, postgres_url: str, fold: SmallFold
) -> None:
    async with wire(postgres_url) as line, server(PostgresStore(line.url), line.url, tmp_path / "lake"):
        await store.commit([event("e1")], fold)
        await becomes(lambda: all_there(store))
        await line.cut()
        await store.commit([event("e2")], fold)
        with structlog.testing.capture_logs() as said:
            await asyncio.sleep(2)
        attempts = [one for one in said if one["event"] == "lake not kept"]
        assert 2 <= len(attempts) <= 12, "further apart after each failure: the interval is 0.05 s"
        await line.start()
        # tried as soon as the store answers, whatever the last pause was
        assert await becomes(lambda: all_there(store)) < 6
        assert [row["id"] for row in reading.rows(tmp_path / "lake", "events")] == ["e1", "e2"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
async def test_how_far_it_is_behind_is_told_while_a_turn_takes_long(
    tmp_path: Path, store: Store, database: str, fold: SmallFold
) -> None:
    async with server(store, database, tmp_path / "lake") as runtime:

        async def in_time() -> bool:
            return lag(runtime) == 0

        await store.commit([event("e1")], fold)
        await becomes(lambda: all_there(store))
        await becomes(in_time)  # the turn that exported it tells so at its end
        assert runtime.lake is not None
        assert runtime.lake.pid is not None
        os.kill(runtime.lake.pid, signal.SIGSTOP)
        await store.commit([event("e2")], fold)
        await asyncio.sleep(0.5)
        first = lag(runtime)
        await store.commit([event("e3")], fold)
        await asyncio.sleep(0.5)
        assert 0.2 < first < first + 0.4 < lag(runtime) < 10
        os.kill(runtime.lake.pid, signal.SIGCONT)
        await becomes(in_time)
        assert await all_there(store)


async def test_who_stops_lets_the_next_one_lead_at_once(
    tmp_path: Path, backend: Backend, fold: SmallFold, database: str
) -> None:
    for name in ("e1", "e2"):
        async with server(backend(), database, tmp_path / "lake") as runtime:
            await runtime.store.commit([event(name)], fold)
            await becomes(partial(all_there, runtime.store))
    assert [row["id"] for row in reading.rows(tmp_path / "lake", "events")] == ["e1", "e2"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
async def test_a_lake_of_another_database_is_tried_again_much_later(
    tmp_path: Path, store: Store, database: str, fold: SmallFold, migrated: Path
) -> None:
    await store.commit([event("e1")], fold)
    other = tmp_path / "other.db"
    copyfile(migrated, other)
    with sqlite3.connect(other) as connection:
        connection.execute("UPDATE meta SET value = 'stranger' WHERE name = 'incarnation'")
    connection.close()
    stranger = Lake(CHILD, Hello(database=str(other), lake=str(tmp_path / "lake"), threads=1, memory_mb=512))
    await stranger.keep(Rules())
    await stranger.close()
    with structlog.testing.capture_logs() as said:
        async with server(store, database, tmp_path / "lake"):

            async def told() -> bool:
                return any("another database" in one.get("error", "") for one in said)

            await becomes(told)
            await asyncio.sleep(1)
    assert len([one for one in said if one["event"] == "lake not kept"]) == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
async def test_a_process_that_nobody_needs_is_ended_and_started_again(
    tmp_path: Path, store: Store, database: str, fold: SmallFold
) -> None:
    await store.commit([exposure("ann")], fold)
    hello = Hello(database=database, lake=str(tmp_path / "lake"), threads=1, memory_mb=512)
    lake = Lake(CHILD, hello, idle_seconds=1)

    async def exposed() -> int:
        return sum(row["n"] for row in (await lake.run(SHOP, Summary()))["exposed"])

    async def ended() -> bool:
        return lake.pid is None

    with structlog.testing.capture_logs() as said:
        assert await exposed() == 1
        first = lake.pid
        assert first is not None
        for _ in range(3):
            await asyncio.sleep(0.5)
            assert await exposed() == 1
        assert lake.pid == first, "it is needed all the time"
        assert await becomes(ended) > 0.5
        assert await exposed() == 1
        assert lake.pid not in (None, first)
        assert not psutil.pid_exists(first)
        os.kill(lake.pid, signal.SIGSTOP)
        asked = asyncio.create_task(exposed())
        await asyncio.sleep(1.5)
        assert lake.pid is not None, "whoever waits needs it"
        os.kill(lake.pid, signal.SIGCONT)
        assert await asked == 1
        await lake.close()
    assert not said, "nothing of this is a failure"
