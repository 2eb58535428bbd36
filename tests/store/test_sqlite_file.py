"""What only a file has: its life, its neighbours in other processes, and everything that can happen to a disk."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import stat
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tailorbird.domain.access import ApiKey, Project, SigningKey
from tailorbird.domain.errors import Conflict, Damaged, TailorbirdError, Unavailable
from tailorbird.domain.facts import Verdict
from tailorbird.domain.visitor import Visitor
from tailorbird.store import SqliteStore, migrate
from tailorbird.store.sqlite import connection as driver
from tailorbird.store.sqlite import erase, lists, writer
from tailorbird.store.sqlite.file import ServerLock
from tests.store.small_fold import NOW, SHOP, SmallFold, event


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "tailorbird.db"


@asynccontextmanager
async def opened(store: SqliteStore, *, exclusive: bool = False) -> AsyncIterator[SqliteStore]:
    await store.open(exclusive=exclusive)
    try:
        yield store
    finally:
        await store.close()


async def add_project(store: SqliteStore) -> None:
    await store.create_project(
        Project(id=SHOP, key="shop", name="Shop", created_at=NOW),
        SigningKey(id="s1", project=SHOP, secret=b"s", created_at=NOW),
    )


async def ids_of(store: SqliteStore) -> list[str]:
    return [one["id"] async for one in store.stream_events(SHOP)]


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def says_nothing_private(error: TailorbirdError, path: Path) -> bool:
    text = f"{error} {error.detail}"
    return not any(word in text for word in (str(path.parent), path.name, "SELECT", "INSERT", "BEGIN", "PRAGMA"))


# -- life ------------------------------------------------------------------------------------------------------------


async def test_the_live_writer_is_durable_and_checkpoints_itself(path: Path) -> None:
    async with opened(SqliteStore(path)) as store:
        pragmas = {name: await store.writer_pragma(name) for name in ("synchronous", "journal_mode", "foreign_keys")}
        assert pragmas == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}
        assert await store.writer_pragma("wal_autocheckpoint") == 0


async def test_the_log_does_not_grow_without_end(path: Path, fold: SmallFold) -> None:
    async with opened(SqliteStore(path)) as store:
        for start in range(0, 4_000, 20):
            await store.commit([event(f"e{i}", f"v{i}") for i in range(start, start + 20)], fold)
        log = path.with_name(path.name + "-wal").stat().st_size
    assert log < 24_000_000, "two hundred commits of about 100 pages each would make 80 MB"


async def test_only_the_owner_may_read_the_file(path: Path) -> None:
    async with opened(SqliteStore(path), exclusive=True) as store:
        await store.ping()
        modes = modes_in(path.parent)
    assert modes == {"tailorbird.db" + end: 0o600 for end in ("", "-wal", "-shm", ".lock")}


async def test_closing_finishes_what_is_queued(path: Path, fold: SmallFold) -> None:
    store = SqliteStore(path)
    await store.open()
    calls = [asyncio.ensure_future(store.commit([event(f"e{i}")], fold)) for i in range(300)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*calls) == [[Verdict("accepted")]] * 300
    async with opened(SqliteStore(path)) as again:
        assert len(await ids_of(again)) == 300


async def test_a_closed_store_says_so_and_can_be_opened_again(path: Path, fold: SmallFold) -> None:
    store = SqliteStore(path)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await store.commit([event("e1")], fold)
        with pytest.raises(Unavailable):
            await store.find(SHOP, Visitor(id="ann"))
        with pytest.raises(Unavailable):
            await store.recent_events(SHOP)
        await store.open()
        await store.ping()
        await store.close()


async def test_a_name_with_odd_characters(tmp_path: Path, fold: SmallFold) -> None:
    path = tmp_path / "a b?c#d%20é" / "x?y.db"
    async with opened(SqliteStore(path)) as store:
        await store.commit([event("e1")], fold)
    async with opened(SqliteStore(path)) as again:
        assert await ids_of(again) == ["e1"]
    assert list(modes_in(path.parent)) == ["x?y.db"]


async def test_more_than_can_wait_is_refused(path: Path, fold: SmallFold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 50)
    async with opened(SqliteStore(path)) as store:
        calls = [asyncio.ensure_future(store.commit([event(f"e{i}")], fold)) for i in range(100)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, Unavailable)]
        assert len(refused) == 49
        assert len(await ids_of(store)) == 51
        assert await store.commit([event("later")], fold) == [Verdict("accepted")]


# -- the file --------------------------------------------------------------------------------------------------------


async def test_a_newer_schema_is_refused(path: Path) -> None:
    async with opened(SqliteStore(path)):
        pass
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(Conflict, match="newer Tailorbird") as caught:
        await SqliteStore(path).open()
    assert says_nothing_private(caught.value, path)


async def test_a_file_that_was_migrated_before_is_taken_as_it_is(path: Path, fold: SmallFold) -> None:
    path.parent.mkdir()
    migrate(f"sqlite:///{path}")
    async with opened(SqliteStore(path)) as store:
        assert await store.commit([event("e1")], fold) == [Verdict("accepted")]


async def test_a_database_of_another_program_is_refused(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    with pytest.raises(Conflict, match="another program"):
        await SqliteStore(path).open()


@pytest.mark.parametrize("content", [b"not a database at all, " * 500, b"SQLite format 3\0" + b"\xff" * 8_000])
async def test_a_damaged_file_is_refused_without_naming_it(path: Path, content: bytes) -> None:
    put(path, content)
    with pytest.raises(Unavailable, match="damaged") as caught:
        await SqliteStore(path).open()
    assert says_nothing_private(caught.value, path)


async def test_a_file_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot be opened"):
        await SqliteStore(tmp_path / "file" / "tailorbird.db").open()


# -- neighbours ------------------------------------------------------------------------------------------------------


async def test_a_second_server_is_refused_and_may_start_after_the_first(path: Path) -> None:
    first, second = SqliteStore(path), SqliteStore(path)
    async with opened(first, exclusive=True):
        with pytest.raises(Conflict, match="Another Tailorbird server"):
            await second.open(exclusive=True)
    async with opened(second, exclusive=True):
        await second.ping()


async def test_a_tool_writes_while_a_server_runs_and_the_server_notices(path: Path) -> None:
    async with opened(SqliteStore(path), exclusive=True) as server:
        await add_project(server)
        (before,) = await server.projects()
        async with opened(SqliteStore(path)) as tool:
            key = ApiKey(id="k1", project=SHOP, client="cli", digest=b"d", scopes=("manage",), created_at=NOW)
            await tool.add_key(key)
        (after,) = await server.projects()
        assert after.version > before.version
        assert await server.keys() == [key]


async def test_a_file_locked_by_another_process_can_be_read_and_recovers(path: Path, fold: SmallFold) -> None:
    async with opened(SqliteStore(path, busy_ms=30)) as store:
        await store.commit([event("e1")], fold)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked") as caught:
            await store.commit([event("e2")], fold)
        assert says_nothing_private(caught.value, path)
        assert (await store.find(SHOP, Visitor(id="ann"))).known is not None
        await store.ping()
        other.execute("ROLLBACK")
        other.close()
        assert await store.commit([event("e2")], fold) == [Verdict("accepted")]
        assert await ids_of(store) == ["e1", "e2"]


async def test_a_replaced_list_makes_a_neighbours_upload_fail_not_mix(path: Path) -> None:
    async with opened(SqliteStore(path)) as store, opened(SqliteStore(path)) as tool:
        await add_project(store)
        await store.put_members(SHOP, "vip", ["1"], replace=True, limit=9)
        upload = await tool._write(lists.begin, SHOP, "vip", False)
        await tool._write(lists.add, upload, ["2"])
        await store.put_members(SHOP, "vip", ["3"], replace=True, limit=9)
        with pytest.raises(Conflict):
            await tool._write(lists.finish, SHOP, "vip", upload, 2)
        assert await store.members(SHOP, "vip") == ["3"]


# -- what a crash leaves behind --------------------------------------------------------------------------------------


async def test_an_interrupted_erasure_is_finished_at_the_next_start(path: Path, fold: SmallFold) -> None:
    async with opened(SqliteStore(path)) as store:
        await add_project(store)
        await store.commit([event("e1"), event("e2", "bob")], fold)
        await store._write(erase.forget, SHOP, 1, NOW)  # and the server stops here
        assert await ids_of(store) == ["e1", "e2"]
    async with opened(SqliteStore(path)) as again:
        assert await ids_of(again) == ["e2"]
        assert again._read(erase.unfinished) == []


@pytest.mark.parametrize("replace", [True, False])
async def test_an_interrupted_upload_is_never_seen_and_cleared_later(path: Path, replace: bool) -> None:
    async with opened(SqliteStore(path)) as store:
        await add_project(store)
        await store.put_members(SHOP, "vip", ["1"], replace=True, limit=9)
        upload = await store._write(lists.begin, SHOP, "vip", replace)
        await store._write(lists.add, upload, ["2", "3"])  # and the server stops here
        assert await store.members(SHOP, "vip") == ["1"]
    async with opened(SqliteStore(path), exclusive=True) as again:
        assert await again.members(SHOP, "vip") == ["1"]
        assert await again.put_members(SHOP, "vip", ["4"], replace=False, limit=9) == 2
        assert await again.members(SHOP, "vip") == ["1", "4"]
        connection = sqlite3.connect(path)
        assert connection.execute("SELECT count(*) FROM list_members").fetchone() == (2,)
        connection.close()


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
