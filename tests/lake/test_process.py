"""The process beside a server: it dies, it is stopped, it is asked too much."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tailorbird.domain.errors import Unavailable
from tailorbird.domain.exports import OpenFacts
from tailorbird.lake import session as sessions
from tailorbird.lake.client import MOST_WAITING, Lake
from tailorbird.lake.place import Place
from tailorbird.lake.queries.ask import Summary
from tailorbird.lake.session import Cancelled, Limits, Session
from tailorbird.lake.wire import Rules
from tailorbird.store.contract import Store
from tests.architecture.sources import ROOT
from tests.store.small_fold import SHOP, SmallFold, exposure

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


async def exposed(lake: Lake) -> int:
    return sum(row["n"] for row in (await lake.run(SHOP, Summary()))["exposed"])


@pytest.fixture
async def shop(store: Store, fold: SmallFold) -> Store:
    await store.commit([exposure("ann"), exposure("bob")], fold)
    return store


async def stopped(lake: Lake) -> int:
    """The process, which hears nothing until it is told to go on."""
    assert await exposed(lake) == 2
    assert lake.pid is not None
    os.kill(lake.pid, signal.SIGSTOP)
    return lake.pid


async def test_one_that_dies_is_started_again(shop: Store, lake: Lake) -> None:
    first = await stopped(lake)
    asked = asyncio.create_task(lake.run(SHOP, Summary()))
    await asyncio.sleep(0.05)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(Unavailable, match="ended"):
        await asked
    async with asyncio.timeout(30):
        while True:
            try:
                assert await exposed(lake) == 2
                break
            except Unavailable:
                await asyncio.sleep(0.1)
    assert lake.pid != first


async def test_who_waits_can_stop_waiting(shop: Store, lake: Lake) -> None:
    process = await stopped(lake)
    asked = asyncio.create_task(lake.run(SHOP, Summary()))
    await asyncio.sleep(0.05)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    os.kill(process, signal.SIGCONT)
    assert await exposed(lake) == 2


async def test_no_more_wait_than_may(shop: Store, lake: Lake) -> None:
    process = await stopped(lake)
    asked = [asyncio.create_task(lake.run(SHOP, Summary())) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable, match="Too many"):
        await lake.run(SHOP, Summary())
    os.kill(process, signal.SIGCONT)
    answers = await asyncio.gather(*asked)
    assert all(answer == answers[0] for answer in answers)
    assert await exposed(lake) == 2


async def test_it_yields_to_the_server(shop: Store, lake: Lake) -> None:
    await exposed(lake)
    assert lake.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, lake.pid) > os.getpriority(os.PRIO_PROCESS, 0)


async def test_it_ends_with_the_server(shop: Store, database: str, tmp_path: Path) -> None:
    code = (
        "import asyncio, os, signal, sys\n"
        "from tailorbird.engine.lakes import open_lake\n"
        "async def main():\n"
        f"    lake = open_lake({database!r}, {str(tmp_path / 'lake')!r}, memory_mb=512)\n"
        "    await lake.status()\n"
        "    sys.stdout.write(str(lake.pid)); sys.stdout.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    assert server.stdout is not None
    pid = int(await server.stdout.read())
    assert await server.wait() == -signal.SIGKILL
    async with asyncio.timeout(30):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_what_goes_wrong_with_one_request_is_told_and_the_next_is_answered(
    shop: Store, lake: Lake, tmp_path: Path
) -> None:
    assert (await lake.keep(Rules())).exported == 4
    (manifest,) = [path for path in (tmp_path / "lake" / "manifests").iterdir() if path.name == "000000000002.json"]
    whole = manifest.read_bytes()
    manifest.write_bytes(b"{")
    with pytest.raises(Unavailable, match="Manifest 2 of the lake cannot be read"):
        await exposed(lake)
    manifest.write_bytes(whole)
    assert await exposed(lake) == 2


async def test_a_question_that_runs_is_interrupted(
    shop: Store, open_facts: OpenFacts, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(tables: Any, question: Any) -> Iterator[tuple[str, Any]]:
        import ibis

        began.set()
        many = ibis.range(10**7).unnest().as_table()
        yield "endless", many.cross_join(many.view()).aggregate(ibis._.count().name("n"))

    began = threading.Event()
    session = Session(place, open_facts, Limits(threads=1, memory_mb=512))
    monkeypatch.setattr(sessions, "expressions", endless)
    asked = asyncio.create_task(asyncio.to_thread(session.run, SHOP, Summary()))
    await asyncio.to_thread(began.wait)
    await asyncio.sleep(0.2)
    session.interrupt()
    with pytest.raises(Cancelled):
        await asked
    monkeypatch.undo()
    assert sum(row["n"] for row in session.run(SHOP, Summary())["exposed"]) == 2
    session.close()


async def test_a_tail_that_is_too_long_is_no_answer(
    shop: Store, open_facts: OpenFacts, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(place, open_facts, Limits(threads=1, memory_mb=512))
    monkeypatch.setattr(sessions, "MOST_IN_TAIL", 1)
    with pytest.raises(Unavailable, match="catching up"):
        session.run(SHOP, Summary())
    monkeypatch.setattr(sessions, "MOST_IN_TAIL", 2)
    assert sum(row["n"] for row in session.run(SHOP, Summary())["exposed"]) == 2
    session.close()


def test_a_server_imports_nothing_of_it_at_its_start(backend: object) -> None:
    code = (
        "import sys, tailorbird.cli.server, tailorbird.engine.lakes, tailorbird.engine.refresh, tailorbird.web.serve\n"
        "print(*sys.modules)"
    )
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"duckdb", "fsspec", "ibis", "pandas", "pyarrow", "scipy", "sqlglot"}
    assert "tailorbird.lake.client" in modules
    assert not heavy.intersection(modules)
