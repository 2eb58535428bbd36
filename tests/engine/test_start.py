"""A start while the store is slow, away or broken: the copy on disk decides until the store is there."""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from tailorbird.domain.errors import Conflict, Unavailable
from tailorbird.engine import access, decide, disk
from tailorbird.engine import refresh as refreshing
from tailorbird.engine.calls import Answer, DecideCall
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store.sqlite.store import SqliteStore
from tests.engine.conftest import NOON, Engine, Severed


async def ask(runtime: Runtime, engine: Engine) -> Answer:
    call = DecideCall(context=engine.context(), campaigns=("hero",))
    return await decide.decide(runtime, engine.project.id, call)


async def until(true: Any) -> None:
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true")


@pytest.fixture
async def another(engine: Engine, tmp_path: Path) -> Runtime:
    """A second process on the same database, with a copy on disk of its own."""
    await engine.campaign()
    folder = tmp_path / "another"
    folder.mkdir()
    copied = disk.read(tmp_path)
    assert copied is not None
    disk.write(folder, copied)
    line = Severed(SqliteStore(tmp_path / "test.db"))
    line.open = lambda exclusive: line._store.open()  # type: ignore[attr-defined]  # not the only one here
    return Runtime(line, data_dir=folder, clock=lambda: NOON, poll_seconds=0.02)


async def test_a_slow_store_is_not_waited_for(another: Runtime, engine: Engine) -> None:
    line: Any = another.store
    there, opened = asyncio.Event(), line.open

    async def slow(exclusive: bool) -> None:
        await there.wait()
        await opened(exclusive)

    line.open = slow
    began = time.perf_counter()
    async with running(another):
        assert time.perf_counter() - began < refreshing.START_SECONDS + 2
        assert (await ask(another, engine)).degraded, "the store is not ready to be asked"
        assert (await ask(another, engine)).decisions[0].experience == "A"
        there.set()
        await until(lambda: not another.breaker.is_open)
        assert not (await ask(another, engine)).degraded


async def test_nobody_is_served_from_the_store_before_erasures_were_compared(
    another: Runtime, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    line: Any = another.store
    attempts = 0

    async def erasures(*_: Any) -> Any:
        nonlocal attempts
        attempts += 1
        if attempts < 4:
            raise Unavailable("away again")
        return []

    line.erasures = erasures
    async with running(another):
        assert another.store_open
        assert (await ask(another, engine)).degraded
        await until(lambda: attempts >= 4)
        await until(lambda: not another.breaker.is_open)
        assert not (await ask(another, engine)).degraded


async def test_what_waiting_would_not_mend_ends_the_start(another: Runtime) -> None:
    async def newer(exclusive: bool) -> None:
        raise Conflict("The database was written by a newer Tailorbird.")

    line: Any = another.store
    line.open = newer
    with pytest.raises(Conflict):
        async with running(another):
            raise AssertionError("it started")


async def test_a_store_that_came_first_is_not_replaced_by_an_older_copy(another: Runtime, engine: Engine) -> None:
    assert another.data_dir is not None
    old = disk.read(another.data_dir)
    assert old is not None
    await engine.campaign("Later")
    async with running(another):
        await refreshing.adopt(another, old)
        assert "later" in another.project(engine.project.id).by_name


async def test_the_poll_survives_whatever_happens(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    made, secret = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    failed = 0
    load = refreshing._load

    async def broken(*_: Any) -> Any:
        nonlocal failed
        failed += 1
        raise ZeroDivisionError

    monkeypatch.setattr(refreshing, "_load", broken)
    await engine.runtime.store.revoke_key(engine.project.id, made.id, NOON)
    await until(lambda: failed > 2)
    assert engine.runtime.keys[hashlib.sha256(secret.encode()).digest()].revoked_at, "keys come before definitions"
    monkeypatch.setattr(refreshing, "_load", load)
    await engine.campaign()
    assert (await engine.one()).experience == "A"


async def test_a_project_that_does_not_load_disturbs_no_other(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    load = refreshing._load

    async def broken(runtime: Runtime, project: Any) -> Any:
        if project.key == "broken":
            raise ZeroDivisionError
        return await load(runtime, project)

    monkeypatch.setattr(refreshing, "_load", broken)
    await access.create_project(engine.runtime, "Broken", key="broken")
    await engine.campaign()
    assert (await engine.one()).experience == "A"
    assert set(engine.runtime.project_ids) == {"shop"}
