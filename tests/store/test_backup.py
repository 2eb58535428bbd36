"""Copies of a SQLite file: whole, checked, and no burden on who writes meanwhile."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tailorbird.domain.errors import Unavailable
from tailorbird.store import SqliteStore
from tailorbird.store.migrate import HEAD
from tailorbird.store.sqlite import backup, writer
from tailorbird.store.sqlite.connection import connect
from tests.store.small_fold import NOW, SHOP, SmallFold, event


def quiet(done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture
def source(tmp_path: Path, migrated: Path) -> Path:
    path = tmp_path / "tailorbird.db"
    path.write_bytes(migrated.read_bytes())
    return path


def count(path: Path) -> int:
    connection = sqlite3.connect(path)
    (number,) = connection.execute("SELECT count(*) FROM events").fetchone()
    connection.close()
    return int(number)


async def test_a_copy_made_while_many_write_is_one_moment_of_the_data(
    source: Path, tmp_path: Path, fold: SmallFold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_INSTRUCTIONS", 1_000)
    store = SqliteStore(source)
    await store.open(exclusive=True)
    await store.commit([event(f"first{i}", f"v{i}", properties={"text": "x" * 200}) for i in range(2_000)], fold)
    steps: list[int] = []
    during: list[int] = []

    def step(done: int, _: int) -> None:
        """Somebody writes between any two steps."""
        steps.append(done)
        before = len(during)
        while len(during) == before:
            time.sleep(0.001)

    async def write() -> None:
        number = 0
        while not copying.done():
            number += 1
            await store.commit([event(f"more{number}", f"v{number}")], fold)
            during.append(number)

    copying = asyncio.create_task(asyncio.to_thread(backup.back_up, source, tmp_path / "copy.db", step))
    await write()
    made = await copying
    await store.close()
    assert len(during) >= len(steps) - 1, "they did write meanwhile"
    assert steps == sorted(steps)
    assert len(steps) > 20
    copied = count(tmp_path / "copy.db")
    assert 2_000 <= copied < 2_000 + len(during)
    connection = sqlite3.connect(tmp_path / "copy.db")
    counted = connection.execute("SELECT sum(value) FROM counters WHERE name = 'events'").fetchone()
    connection.close()
    assert counted == (copied,), "each transaction is in it as a whole or not at all"
    assert made.schema == HEAD
    assert backup.expected_sha256(tmp_path / "copy.db") == made.sha256 == backup.sha256(tmp_path / "copy.db")


def test_a_copy_is_one_file_that_only_its_owner_reads(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "copy.db"
    target.parent.mkdir()
    backup.back_up(source, target, quiet)
    assert sorted(path.name for path in target.parent.iterdir()) == ["copy.db", "copy.db.sha256"]
    assert target.stat().st_mode & 0o077 == 0
    backup.check(target)
    assert sorted(path.name for path in target.parent.iterdir()) == ["copy.db", "copy.db.sha256"]


def test_a_copy_that_fails_leaves_nothing_and_what_was_there(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / "copy.db"
    target.parent.mkdir()
    target.write_text("the backup of yesterday")

    def full(path: Path) -> backup.Backup:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "check", full)
    with pytest.raises(OSError, match="No space"):
        backup.back_up(source, target, quiet)
    assert [path.name for path in target.parent.iterdir()] == ["copy.db"]
    assert target.read_text() == "the backup of yesterday"


def careless(path: str) -> sqlite3.Connection:
    """As SQLite is built in most places: what is deleted stays in free pages."""
    connection = connect(path)
    connection.execute("PRAGMA secure_delete = 0")
    return connection


async def test_nothing_that_was_erased_is_left_in_the_file_or_a_copy(
    source: Path, tmp_path: Path, fold: SmallFold
) -> None:
    store = SqliteStore(source, connect=careless)
    await store.open()
    people = [event(f"e{n}", f"v{n}", properties={"text": f"secret-{n}-" + "x" * 200}) for n in range(300)]
    await store.commit(people, fold)
    await store.close()
    await store.open()
    for profile in await store.people(SHOP, limit=1_000):
        if profile.ids[0] != "v7":
            await store.erase(SHOP, profile.person, NOW)
    await store.close()
    assert secrets(source) == {b"secret-7-"}
    backup.back_up(source, tmp_path / "copy.db", quiet)
    assert secrets(tmp_path / "copy.db") == {b"secret-7-"}


async def test_what_another_program_left_in_free_pages_is_not_in_a_copy(
    source: Path, tmp_path: Path, fold: SmallFold
) -> None:
    store = SqliteStore(source)
    await store.open()
    await store.commit(
        [event(f"e{n}", f"v{n}", properties={"text": f"secret-{n}-" + "x" * 200}) for n in range(300)], fold
    )
    await store.close()
    connection = careless(str(source))
    connection.execute("DELETE FROM events")
    connection.close()
    assert len(secrets(source)) > 10, "SQLite leaves them in free pages"
    backup.back_up(source, tmp_path / "copy.db", quiet)
    assert secrets(tmp_path / "copy.db") == set()


def secrets(path: Path) -> set[bytes]:
    return set(re.findall(rb"secret-\d+-", path.read_bytes()))


def spoil(path: Path) -> None:
    """Overwrite the heads of some pages."""
    data = bytearray(path.read_bytes())
    for page in range(60, 90):
        data[page * 4096 : page * 4096 + 40] = b"\xff" * 40
    path.write_bytes(data)


async def test_a_damaged_database_gives_no_backup(source: Path, tmp_path: Path, fold: SmallFold) -> None:
    store = SqliteStore(source)
    await store.open()
    await store.commit([event(f"e{i}", properties={"text": "x" * 300}) for i in range(500)], fold)
    await store.close()
    spoil(source)
    with pytest.raises(Unavailable, match=r"damaged|no usable"):
        backup.back_up(source, tmp_path / "copy.db", quiet)
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"once upon a time", "no usable database"),
        (b"SQLite format 3\x00" + b"\x00" * 200, "no usable database|damaged|empty"),
    ],
)
def test_what_is_no_database_is_not_believed(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "odd.db"
    path.write_bytes(content)
    with pytest.raises(Unavailable, match=why):
        backup.check(path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE alembic_version SET version_num = '9999'; DELETE FROM meta", "newer Tailorbird"),
        ("DROP TABLE alembic_version", "another program"),
    ],
)
def test_another_s_database_is_not_believed(source: Path, change: str, why: str) -> None:
    backup.check(source)
    connection = sqlite3.connect(source)
    connection.executescript(change)
    connection.close()
    with pytest.raises(Unavailable, match=why):
        backup.check(source)


def test_a_swap_keeps_what_was_there_with_its_log(source: Path, tmp_path: Path, migrated: Path) -> None:
    prepared = tmp_path / "prepared.db"
    prepared.write_bytes(migrated.read_bytes())
    busy = sqlite3.connect(source)
    busy.execute("PRAGMA journal_mode = WAL")
    busy.execute("INSERT INTO meta VALUES ('colour', 'green')")
    busy.commit()
    kept = backup.swap(prepared, source)
    busy.close()
    assert kept == tmp_path / "tailorbird.db.replaced"
    assert not prepared.exists()
    for path, words in ((source, []), (kept, [("green",)])):
        connection = sqlite3.connect(path)
        assert connection.execute("SELECT value FROM meta WHERE name = 'colour'").fetchall() == words
        connection.close()


async def test_a_long_reader_does_not_hold_the_writer_up(
    source: Path, fold: SmallFold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 16)
    monkeypatch.setattr(writer, "LOG_PAGES", 50)
    cuts: list[str] = []

    class Listening(sqlite3.Connection):
        def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> sqlite3.Cursor:  # type: ignore[override]
            if "TRUNCATE" in sql:
                cuts.append(sql)
            return super().execute(sql, parameters)

    def listening(path: str) -> sqlite3.Connection:
        return sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=Listening, cached_statements=512
        )

    store = SqliteStore(source, connect=listening)
    await store.open()
    reader = connect(str(source))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM events").fetchone()
    for number in range(60):
        batch = [event(f"e{number}-{i}", properties={"text": "x" * 500}) for i in range(20)]
        await store.commit(batch, fold)
    held = list(cuts)
    reader.execute("COMMIT")
    reader.close()
    for number in range(20):
        await store.commit([event(f"f{number}-{i}", properties={"text": "x" * 500}) for i in range(20)], fold)
    await store.close()
    assert held == []
    assert cuts, "once nobody needs it, the log is cut"
