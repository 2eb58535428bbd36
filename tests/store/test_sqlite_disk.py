"""Everything that can happen to the disk under a SQLite file."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Awaitable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tailorbird.domain.errors import Conflict, Damaged, Unavailable
from tailorbird.domain.facts import Verdict
from tailorbird.domain.visitor import Visitor
from tailorbird.store import SqliteStore
from tailorbird.store.sqlite import connection as driver
from tailorbird.store.sqlite.file import ServerLock
from tests.store.small_fold import SHOP, SmallFold, event
from tests.store.sqlite_files import ids_of, opened, says_nothing_private


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "tailorbird.db"


# -- the disk --------------------------------------------------------------------------------------------------------


class Faulty:
    """A connection on which statements fail with an error of SQLite as long as ``faults`` holds them."""

    def __init__(self, connection: driver.Connection, faults: dict[str, int]) -> None:
        self._connection = connection
        self._faults = faults

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> driver.Rows:
        for start, code in self._faults.items():
            if sql.startswith(start):
                error = sqlite3.OperationalError(f"failed: {sql}")
                error.sqlite_errorcode = code
                raise error
        return self._connection.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        return self._connection.executemany(sql, parameters)

    def close(self) -> None:
        self._connection.close()


DISK_FAULTS = {
    "I/O error": (sqlite3.SQLITE_IOERR_FSYNC, "cannot be read or written"),
    "full": (sqlite3.SQLITE_FULL, "full"),
    "read-only": (sqlite3.SQLITE_READONLY_DBMOVED, "read-only"),
    "corrupt": (sqlite3.SQLITE_CORRUPT, "damaged"),
    "anything else": (sqlite3.SQLITE_ERROR, "cannot be used"),
}


@pytest.mark.parametrize("fault", DISK_FAULTS)
@pytest.mark.parametrize("statement", ["BEGIN", "SELECT group_concat", "COMMIT"])
async def test_a_failing_disk_acknowledges_nothing_and_recovers_by_itself(
    path: Path, fold: SmallFold, fault: str, statement: str
) -> None:
    code, sentence = DISK_FAULTS[fault]
    faults: dict[str, int] = {}
    store = SqliteStore(path, connect=lambda file: Faulty(driver.connect(file), faults))
    async with opened(store):
        await store.commit([event("e1")], fold)
        faults[statement] = code
        calls = [store.commit([event(f"lost{i}")], fold) for i in range(5)]
        for answer in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(answer, Unavailable)
            assert sentence in answer.detail
            assert says_nothing_private(answer, path)
        faults.clear()
        assert await store.commit([event("e2")], fold) == [Verdict("accepted")]
        assert await ids_of(store) == ["e1", "e2"]


async def test_a_failing_read_says_so_and_recovers(path: Path, fold: SmallFold) -> None:
    faults: dict[str, int] = {}
    store = SqliteStore(path, connect=lambda file: Faulty(driver.connect(file), faults))
    async with opened(store):
        await store.commit([event("e1")], fold)
        faults["SELECT"] = sqlite3.SQLITE_IOERR_READ
        with pytest.raises(Unavailable, match="cannot be read"):
            await store.find(SHOP, Visitor(id="ann"))
        with pytest.raises(Unavailable, match="cannot be read"):
            await store.recent_events(SHOP)
        with pytest.raises(Unavailable):
            await store.ping()
        faults.clear()
        assert (await store.find(SHOP, Visitor(id="ann"))).known is not None
        assert await ids_of(store) == ["e1"]


async def test_a_full_disk_keeps_what_was_there_and_takes_more_when_there_is_room(path: Path, fold: SmallFold) -> None:
    full = [False]

    def connect(file: str) -> sqlite3.Connection:
        connection = driver.connect(file)
        if full[0]:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    store = SqliteStore(path, connect=connect)
    async with opened(store):
        await store.commit([event("e1")], fold)
    full[0] = True
    async with opened(store):
        large = [event(f"large{i}", properties={"text": "x" * 5_000}) for i in range(50)]
        with pytest.raises(Unavailable, match="full"):
            await store.commit(large, fold)
        assert await ids_of(store) == ["e1"]
        full[0] = False
        assert await store.commit(large, fold) == [Verdict("accepted")] * 50


async def test_a_read_only_file_is_refused(path: Path) -> None:
    async with opened(SqliteStore(path)):
        pass

    def read_only(file: str) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)

    store = SqliteStore(path, connect=read_only)
    with pytest.raises(Unavailable, match="read-only"):
        await store.open(exclusive=True)
    async with opened(SqliteStore(path), exclusive=True) as again:  # the lock was let go
        await again.ping()


async def test_nothing_is_acknowledged_once_somebody_met_damage(path: Path, fold: SmallFold) -> None:
    """The writer's own pages are still good in its memory, so by itself it would notice nothing."""
    async with opened(SqliteStore(path)) as store:
        await store.commit([event(f"e{i}", f"v{i}") for i in range(50)], fold)
    store = SqliteStore(path)
    async with opened(store):
        await store.commit([event("before", "v1")], fold)
        good = overwrite(path, b"\xa5")
        await store.commit([event("unnoticed", "v1")], fold)
        with pytest.raises(Unavailable, match="damaged"):
            await store.find(SHOP, Visitor(id="v7"))
        for number in range(3):
            with pytest.raises(Unavailable, match="damaged"):
                await store.commit([event(f"lost{number}", "v1")], fold)
        heal(path, good, b"\xa5")
        await asyncio.sleep(1.1)  # it is looked at again
        await store.commit([event("after", "v1")], fold)
        assert [one for one in await ids_of(store) if one[0] != "e"] == ["before", "unnoticed", "after"]


def overwrite(path: Path, with_: bytes) -> bytes:
    """Put something else in the place of every page but the first; what was there."""
    good = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(with_ * (len(good) - 4096))
    return good


def heal(path: Path, good: bytes, with_: bytes) -> None:
    """Put the pages back that are still overwritten: others were written anew meanwhile."""
    with path.open("r+b") as file:
        for at in range(4096, len(good), 4096):
            file.seek(at)
            if file.read(4096) == with_ * 4096:
                file.seek(at)
                file.write(good[at : at + 4096])


async def test_what_cannot_be_read_of_one_person_is_that_person_s_alone(path: Path, fold: SmallFold) -> None:
    store = SqliteStore(path)
    async with opened(store):
        await store.commit([event("e1", "ann"), event("e2", "bob")], fold)
        connection = sqlite3.connect(path)
        connection.execute("UPDATE profiles SET body = x'7b22ff' WHERE person = (SELECT min(person) FROM profiles)")
        connection.commit()
        connection.close()
        broken = [
            name for name in ("ann", "bob") if isinstance(await tried(store.find(SHOP, Visitor(id=name))), Damaged)
        ]
        assert len(broken) == 1
        answers = await asyncio.gather(*(tried(store.commit([event(f"{n}2", n)], fold)) for n in ("ann", "bob", "eve")))
        assert {n: isinstance(a, Damaged) for n, a in zip(("ann", "bob", "eve"), answers, strict=True)} == {
            "ann": "ann" in broken, "bob": "bob" in broken, "eve": False
        }  # fmt: skip


async def tried(work: Awaitable[Any]) -> Any:
    try:
        return await work
    except Unavailable as error:
        return error


async def test_an_open_that_fails_half_way_lets_go_of_everything(path: Path, fold: SmallFold) -> None:
    faults: dict[str, int] = {}
    store = SqliteStore(path, connect=lambda file: Faulty(driver.connect(file), faults))
    faults["SELECT"] = sqlite3.SQLITE_IOERR_READ
    with pytest.raises(Unavailable):
        await store.open(exclusive=True)
    faults.clear()
    await store.open(exclusive=True)
    assert await store.commit([event("e1")], fold) == [Verdict("accepted")]
    await store.close()


def test_a_lock_file_on_a_read_only_disk_can_be_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir()
    ServerLock(path).release()
    opened_by = os.open

    def read_only(name: str, flags: int, mode: int = 0o777) -> int:
        if flags & (os.O_CREAT | os.O_RDWR):
            raise OSError(errno.EROFS, "Read-only file system", name)
        return opened_by(name, flags, mode)

    monkeypatch.setattr(os, "open", read_only)
    first = ServerLock(path)
    with pytest.raises(Conflict):
        ServerLock(path)
    first.release()
    Path(f"{path}.lock").unlink()
    with pytest.raises(Unavailable, match="cannot be locked"):
        ServerLock(path)
