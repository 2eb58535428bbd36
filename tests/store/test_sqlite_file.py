"""What only a file has: its life, its neighbours in other processes, and what a crash leaves behind."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tailorbird.domain.access import ApiKey
from tailorbird.domain.errors import Conflict, Unavailable
from tailorbird.domain.facts import Verdict
from tailorbird.domain.visitor import Visitor
from tailorbird.store import SqliteStore, migrate
from tailorbird.store.migrate import HEAD, RUNS_WITH
from tailorbird.store.revision import Revision
from tailorbird.store.sqlite import erase, lists, writer
from tailorbird.store.sqlite.file import revision
from tests.store.small_fold import NOW, SHOP, SmallFold, event
from tests.store.sqlite_files import add_project, ids_of, modes_in, opened, put, says_nothing_private


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "tailorbird.db"


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


async def with_a_newer_schema(path: Path, runs_with: str | None) -> SqliteStore:
    async with opened(SqliteStore(path)):
        pass
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("DELETE FROM meta WHERE name = ?", (RUNS_WITH,))
        if runs_with is not None:
            connection.execute("INSERT INTO meta VALUES (?, ?)", (RUNS_WITH, runs_with))
    connection.close()
    return SqliteStore(path)


@pytest.mark.parametrize(
    ("runs_with", "told"),
    [(None, r"its schema is 9999, this one knows"), ("9998", r"schema is 9999, which runs with 9998 or newer; this")],
)
async def test_a_newer_schema_is_refused(path: Path, runs_with: str | None, told: str) -> None:
    store = await with_a_newer_schema(path, runs_with)
    with pytest.raises(Conflict, match=f"newer Tailorbird.*{told}") as caught:
        await store.open()
    assert says_nothing_private(caught.value, path)


@pytest.mark.parametrize("runs_with", ["0001", HEAD])
async def test_a_newer_schema_that_runs_with_this_code_is_taken_as_it_is(
    path: Path, runs_with: str, fold: SmallFold
) -> None:
    async with opened(await with_a_newer_schema(path, runs_with)) as store:
        assert await store.commit([event("e1")], fold) == [Verdict("accepted")]
    assert revision(path) == Revision(version="9999", runs_with=runs_with)


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
