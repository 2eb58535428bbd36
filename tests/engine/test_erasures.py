"""Backup, erase, restore: the person stays erased; whoever came back after the erasure stays."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tailorbird.domain.erasure import Erasure
from tailorbird.domain.errors import NotFound, Unavailable
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import erasurelog, erasures, people
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store.sqlite.store import SqliteStore
from tests.engine.conftest import DAY, HOUR, NOON, Engine


def copy(source: Path, target: Path) -> None:
    """A consistent copy of the database, as a backup makes it."""
    with sqlite3.connect(source) as reading, sqlite3.connect(target) as writing:
        reading.backup(writing)
    reading.close()
    writing.close()


async def known(engine: Engine, visitor_id: str) -> bool:
    found = await engine.runtime.store.find(engine.project.id, Visitor(id=visitor_id, anonymous_id=visitor_id))
    return (found.known or found.anonymous) is not None


class Copies:
    """Other copies of the engine's data, each in a folder with a log of its own."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.log = folder / erasurelog.FILE

    def take(self, name: str) -> Path:
        path = self.folder / f"{name}.db"
        copy(self.folder / "test.db", path)
        return path

    async def restored(self, backup: Path, work: Any, now: int | None = None) -> Any:
        """What ``work`` makes of a server that starts on a copy, beside the log as it is now."""
        folder = self.folder / f"from-{backup.stem}"
        folder.mkdir(exist_ok=True)
        if self.log.exists():
            (folder / erasurelog.FILE).write_bytes(self.log.read_bytes())
        if not (folder / "test.db").exists():
            copy(backup, folder / "test.db")
        clock = self.engine.now if now is None else now
        runtime = Runtime(SqliteStore(folder / "test.db"), data_dir=folder, clock=lambda: clock)
        async with running(runtime):
            return await work(Engine(runtime, self.engine.line, self.engine.project))


@pytest.fixture
def copies(engine: Engine, tmp_path: Path) -> Copies:
    return Copies(engine, tmp_path)


async def test_a_restored_backup_does_not_bring_an_erased_person_back(engine: Engine, copies: Copies) -> None:
    await engine.did("order", "ann", anonymous_id="device")
    await engine.did("order", "bob")
    backup = copies.take("before")
    engine.now += HOUR
    await people.erase(engine.runtime, "shop", "ann")

    async def who(restored: Engine) -> list[bool]:
        return [await known(restored, name) for name in ("ann", "device", "bob")]

    assert await copies.restored(backup, who) == [False, False, True]
    copies.log.unlink()
    assert await copies.restored(copies.take("anew"), who) == [False, False, True], "the database noted it too"


async def test_without_the_log_the_backup_brings_them_back(engine: Engine, copies: Copies) -> None:
    await engine.did("order", "ann")
    backup = copies.take("before")
    engine.now += HOUR
    await people.erase(engine.runtime, "shop", "ann")
    copies.log.unlink()
    assert await copies.restored(backup, lambda restored: known(restored, "ann"))


async def test_the_erased_person_s_events_are_gone_from_the_copy_too(engine: Engine, copies: Copies) -> None:
    for number in range(5):
        await engine.did("order", "ann", properties={"n": number}, time=NOON + number)
    backup = copies.take("before")
    engine.now += HOUR
    await people.erase(engine.runtime, "shop", "ann")

    async def left(restored: Engine) -> int:
        return len([one async for one in restored.runtime.store.stream_events(engine.project.id)])

    assert await copies.restored(backup, left) == 0


async def test_who_comes_back_after_the_erasure_stays(engine: Engine, copies: Copies) -> None:
    await engine.did("order", "ann")
    engine.now += HOUR
    await people.erase(engine.runtime, "shop", "ann")
    engine.now += HOUR
    await engine.did("order", "ann", time=NOON + 2 * HOUR)
    backup = copies.take("after")
    assert await copies.restored(backup, lambda restored: known(restored, "ann"))
    noted = erasurelog.read(copies.log).erasures[0]
    other = Erasure(project=noted.project, person=1, at=noted.at, key=noted.key, ids=noted.ids)
    erasurelog.append(copies.log, [other])
    assert await copies.restored(backup, lambda restored: known(restored, "ann")), "erased before they came"
    erasurelog.append(
        copies.log, [Erasure(project=noted.project, person=2, at=engine.now, key=noted.key, ids=noted.ids)]
    )
    assert not await copies.restored(backup, lambda restored: known(restored, "ann")), "erased after they came"


async def test_who_comes_back_after_the_replay_stays_through_restarts(engine: Engine, copies: Copies) -> None:
    await engine.did("order", "ann")
    backup = copies.take("before")
    engine.now += HOUR
    await people.erase(engine.runtime, "shop", "ann")

    async def back(restored: Engine) -> None:
        assert not await known(restored, "ann")
        await restored.did("order", "ann", time=engine.now + DAY)

    await copies.restored(backup, back, now=engine.now + DAY)
    assert await copies.restored(backup, lambda restored: known(restored, "ann"), now=engine.now + 2 * DAY)


async def test_an_erasure_reaches_a_copy_in_which_the_person_has_another_number(engine: Engine, copies: Copies) -> None:
    empty = copies.take("empty")
    await engine.did("order", "ann")
    with_ann = copies.take("with-ann")

    async def again(restored: Engine) -> Erasure:
        """The same visitor in a history that began anew without them, erased there."""
        await restored.did("order", "ann", time=NOON + 5)
        await people.erase(restored.runtime, "shop", "ann")
        (noted,) = erasurelog.read(copies.folder / "from-empty" / erasurelog.FILE).erasures
        return noted

    noted = await copies.restored(empty, again, now=NOON + HOUR)
    found = await engine.runtime.store.find(engine.project.id, Visitor(id="ann"))
    assert found.known is not None
    assert found.known.person != noted.person
    erasurelog.append(copies.log, [noted])
    assert not await copies.restored(with_ann, lambda restored: known(restored, "ann"), now=NOON + 2 * HOUR)


async def test_a_shared_device_does_not_take_its_former_owner_along(engine: Engine, copies: Copies) -> None:
    await engine.did("order", "ann", anonymous_id="tablet")
    backup = copies.take("before")
    engine.now += HOUR
    await engine.did("order", "bob", anonymous_id="tablet", time=engine.now)
    await people.erase(engine.runtime, "shop", "bob")

    async def who(restored: Engine) -> list[bool]:
        return [await known(restored, name) for name in ("ann", "bob")]

    assert await copies.restored(backup, who) == [True, False]


async def test_a_device_that_nobody_logged_in_on_is_erased_by_its_id(engine: Engine, copies: Copies) -> None:
    await engine.did("view", None, anonymous_id="tablet")
    backup = copies.take("before")
    found = await engine.runtime.store.find(engine.project.id, Visitor(anonymous_id="tablet"))
    assert found.anonymous is not None
    engine.now += HOUR
    await people.erase(engine.runtime, "shop", "tablet", "a")
    (noted,) = erasurelog.read(copies.log).erasures
    copies.log.unlink()
    erasurelog.append(copies.log, [Erasure(project=noted.project, person=3, at=noted.at, key=noted.key, ids=noted.ids)])
    assert not await copies.restored(backup, lambda restored: known(restored, "tablet"))


async def test_the_log_names_nobody_and_only_its_owner_reads_it(engine: Engine, copies: Copies) -> None:
    await engine.did("order", "ann@example.org", anonymous_id="device-4711")
    await people.erase(engine.runtime, "shop", "ann@example.org")
    text = copies.log.read_text()
    assert "example" not in text
    assert "4711" not in text
    assert copies.log.stat().st_mode & 0o077 == 0
    assert len(erasurelog.read(copies.log).erasures) == 1


async def test_the_log_learns_what_only_the_database_knows(engine: Engine, copies: Copies) -> None:
    await engine.did("order", "ann")
    await people.erase(engine.runtime, "shop", "ann")
    told = erasurelog.read(copies.log)
    copies.log.unlink()
    await erasures.reconcile(engine.runtime)
    assert erasurelog.read(copies.log) == told
    before = copies.log.read_bytes()
    await erasures.reconcile(engine.runtime)
    assert copies.log.read_bytes() == before


async def test_an_erasure_that_cannot_be_noted_is_not_acknowledged_and_noted_later(
    engine: Engine, copies: Copies
) -> None:
    await engine.did("order", "ann")
    copies.log.unlink(missing_ok=True)
    copies.log.mkdir()
    with pytest.raises(Unavailable, match="log of erasures"):
        await people.erase(engine.runtime, "shop", "ann")
    owed = [engine.runtime.erasures_owed]
    copies.log.rmdir()
    with pytest.raises(NotFound):
        await people.erase(engine.runtime, "shop", "ann")
    await erasures.reconcile(engine.runtime)
    owed.append(engine.runtime.erasures_owed)
    assert owed == [True, False]
    assert len(erasurelog.read(copies.log).erasures) == 1


async def test_a_log_that_cannot_be_read_keeps_no_server_from_starting(engine: Engine, copies: Copies) -> None:
    copies.log.unlink(missing_ok=True)
    copies.log.mkdir()
    assert await erasures.reconcile(engine.runtime) == erasures.Replayed()
    assert engine.runtime.erasures_owed


async def test_hashes_of_a_key_that_is_not_there_are_counted(engine: Engine) -> None:
    told = [Erasure(project=engine.project.id, person=9, at=NOON, key="unknown", ids=("00",))]
    elsewhere = [Erasure(project="elsewhere", person=9, at=NOON, key="unknown", ids=("00",))]
    assert await erasures.replay(engine.runtime.store, told) == erasures.Replayed(unknown=1, unreadable=1)
    assert await erasures.replay(engine.runtime.store, elsewhere) == erasures.Replayed(unknown=1)
    assert await erasures.replay(engine.runtime.store, told + elsewhere) == erasures.Replayed()


# -- the file --------------------------------------------------------------------------------------------------------

ONE, TWO = (Erasure(project="shop", person=number, at=NOON, key="k", ids=("ab",)) for number in (1, 2))


def test_a_log_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert erasurelog.read(tmp_path / "none") == erasurelog.Told()
    erasurelog.append(tmp_path / "none", [])
    assert not (tmp_path / "none").exists()


def test_what_a_crash_cut_off_is_no_damage_and_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    erasurelog.append(path, [ONE])
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    assert erasurelog.read(path) == erasurelog.Told((ONE,))
    erasurelog.append(path, [TWO, ONE])
    assert erasurelog.read(path).erasures == (ONE, TWO)


def test_a_line_that_cannot_be_read_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    erasurelog.append(path, [ONE])
    path.write_bytes(path.read_bytes() + b'{"project": "sh\xff\n\n[]\n')
    erasurelog.append(path, [TWO])
    assert erasurelog.read(path) == erasurelog.Told((ONE, TWO), (2, 4))


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    erasurelog.append(path, [ONE])
    before = path.read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:10]))
    with pytest.raises(OSError, match="No space"):
        erasurelog.append(path, [TWO])
    assert path.read_bytes() == before
