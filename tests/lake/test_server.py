"""A server keeps its lake by itself, and one of several does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import structlog

from tailorbird.domain.definitions import ProjectSettings
from tailorbird.engine import jobs
from tailorbird.engine.lakes import exported, open_lake
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.lake.queries.ask import Summary
from tailorbird.lake.wire import Rules
from tailorbird.store.contract import Store
from tests.cli.commands import serving, told
from tests.lake import reading
from tests.store.conftest import Backend
from tests.store.small_fold import DAY, NOW, SHOP, SmallFold, event, exposure


@asynccontextmanager
async def server(store: Store, database: str, folder: Path) -> AsyncIterator[Runtime]:
    lake = open_lake(database, str(folder), memory_mb=512)
    async with running(Runtime(store, lake=lake, lake_seconds=0.05)) as runtime:
        yield runtime


async def until(true: Callable[[], Awaitable[bool]], runtime: Runtime) -> None:
    """Wait for it; a failure tells what the server said meanwhile, and how far its lake is."""
    with structlog.testing.capture_logs() as said:
        try:
            async with asyncio.timeout(60):
                while not await true():  # noqa: ASYNC110 - what is waited for happens in another process
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"{said} given={await runtime.store.fact_numbers()} exported={await exported(runtime)}")


async def test_facts_come_into_the_lake_by_themselves(
    tmp_path: Path, backend: Backend, database: str, fold: SmallFold
) -> None:
    async with server(backend(), database, tmp_path / "lake") as runtime:
        await runtime.store.commit([event("e1"), exposure("ann")], fold)

        async def there() -> bool:
            known, given = await exported(runtime), await runtime.store.fact_numbers()
            return known is not None and known.numbers.exposures == given.exposures

        await until(there, runtime)
        assert [row["id"] for row in reading.rows(tmp_path / "lake", "events")] == ["e1"]

        async def in_time() -> bool:
            return runtime.metrics.registry.get_sample_value("tailorbird_lake_lag_seconds") == 0

        await until(in_time, runtime)
        assert runtime.lake is not None
        answer = await runtime.lake.run(SHOP, Summary())
        assert sum(row["n"] for row in answer["exposed"]) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_one_of_several_servers_leads(tmp_path: Path, backend: Backend, database: str, fold: SmallFold) -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(server(backend(), database, tmp_path / "lake")) for _ in range(2)]
        for number in range(4):
            await servers[number % 2].store.commit([event(f"e{number}")], fold)
            await asyncio.sleep(0.2)

        async def all_there() -> bool:
            known, given = await exported(servers[0]), await servers[0].store.fact_numbers()
            return known is not None and known.numbers.events == given.events

        await until(all_there, servers[0])
        assert [row["id"] for row in reading.rows(tmp_path / "lake", "events")] == [f"e{n}" for n in range(4)]
        leaders = [one for one in servers if one.lake is not None and one.lake.pid is not None]
        assert len(leaders) == 1


async def test_housekeeping_prunes_only_what_is_exported(
    tmp_path: Path, store: Store, database: str, fold: SmallFold
) -> None:
    settings = ProjectSettings(retention_days=30)
    snapshot = SimpleNamespace(project=SimpleNamespace(id=SHOP), settings=settings)
    lake = open_lake(database, str(tmp_path / "lake"), memory_mb=512)
    runtime = Runtime(store, lake=lake, clock=lambda: NOW)
    runtime.snapshots = {SHOP: snapshot}  # type: ignore[dict-item]
    await store.commit([event("old", received_at=NOW - 40 * DAY)], fold)
    assert (await jobs.prune(runtime))["events"] == 0
    await lake.keep(Rules())
    assert (await jobs.prune(runtime))["events"] == 1
    await lake.close()


def test_a_server_that_is_told_to_stop_leaves_no_process_behind(tmp_path: Path) -> None:
    told("project", "create", "Shop", "--data", str(tmp_path), "--json")
    key = told("key", "create", "shop", "--scope", "record", "--data", str(tmp_path))
    with serving("--data", str(tmp_path), "--lake-seconds", "0.1") as opened:
        opened.good(
            "POST", "/v1/events", key["secret"], {"events": [{"name": "view", "visitor": {"id": "ann"}, "id": "e1"}]}
        )
        for _ in range(600):
            if reading.counted(tmp_path / "lake"):
                break
            time.sleep(0.1)
        children = psutil.Process(opened.process.pid).children()
        assert [row["id"] for row in reading.rows(tmp_path / "lake", "events")] == ["e1"]
        assert len(children) == 1
        assert opened.stop() == 0
    assert not children[0].is_running()
