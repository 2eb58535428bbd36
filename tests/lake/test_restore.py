"""A database that was restored goes another way; the lake follows it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from shutil import copyfile

import pytest

from tailorbird.domain.errors import Conflict, Unavailable
from tailorbird.domain.exports import Incarnation, Numbers
from tailorbird.engine.lakeprocess import facts as facts_of
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.place import Place
from tailorbird.lake.queries.ask import Summary
from tailorbird.lake.restoring import parting
from tailorbird.lake.session import Limits, Session
from tailorbird.lake.wire import Rules
from tailorbird.store import SqliteStore
from tailorbird.store.sqlite.backup import back_up
from tests.lake import reading
from tests.store.small_fold import SHOP, SmallFold, event, exposure

RULES = Rules(grace=0)


class Shop:
    """One SQLite file, its backups, and the lake beside it."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self.folder = folder
        self.file = folder / "shop.db"
        copyfile(empty, self.file)
        self.lake = folder / "lake"
        self.place = Place(str(self.lake))
        self.fold = SmallFold()
        self.written = 0

    async def write(self, *names: str) -> None:
        store = SqliteStore(self.file)
        await store.open()
        for name in names:
            # another fold than before a restore: person numbers of the lost future may come again
            await store.commit([event(name, f"visitor of {name}"), exposure(f"visitor of {name}")], self.fold)
        await store.close()

    def back_up(self, name: str) -> None:
        back_up(self.file, self.folder / name, lambda done, of: None)

    async def restore(self, name: str, incarnation: str) -> None:
        for beside in self.folder.glob("shop.db*"):
            beside.unlink()
        copyfile(self.folder / name, self.file)
        store = SqliteStore(self.file)
        await store.open()
        await store.begin_incarnation(incarnation)
        await store.close()

    def turn(self) -> None:
        facts = facts_of(str(self.file))()
        Keeper(self.place, facts).turn(RULES)
        facts.close()

    def session(self) -> Session:
        return Session(self.place, facts_of(str(self.file)), Limits(memory_mb=512))

    def events(self) -> list[str]:
        return [row["id"] for row in reading.rows(self.lake, "events")]

    async def stored(self) -> list[str]:
        store = SqliteStore(self.file)
        await store.open()
        found = [one["id"] async for one in store.stream_events(SHOP)]
        await store.close()
        return found


@pytest.fixture
def shop(tmp_path: Path, migrated: Path) -> Shop:
    return Shop(tmp_path, migrated)


async def test_a_lost_future_is_counted_no_more(shop: Shop) -> None:
    await shop.write("a", "b")
    shop.turn()
    shop.back_up("monday")
    await shop.write("lost1", "lost2")
    shop.turn()
    assert shop.events() == ["a", "b", "lost1", "lost2"]
    await shop.restore("monday", "second")
    await shop.write("c")
    shop.turn()
    assert shop.events() == await shop.stored() == ["a", "b", "c"]
    assert len(reading.rows(shop.lake, "exposures")) == len(reading.rows(shop.lake, "sightings")) == 3


async def test_a_merged_file_on_both_sides_is_written_anew(shop: Shop) -> None:
    await shop.write("a", "b")
    shop.back_up("monday")
    await shop.write("lost")
    facts = facts_of(str(shop.file))()
    keeper = Keeper(shop.place, facts)
    keeper.turn(Rules(grace=0, compact=True))
    facts.close()
    assert len(reading.counted(shop.lake)) == 3
    await shop.restore("monday", "second")
    shop.turn()
    assert shop.events() == ["a", "b"]


async def test_what_is_behind_the_backup_but_was_never_exported_comes(shop: Shop) -> None:
    await shop.write("a")
    shop.turn()
    await shop.write("b")
    shop.back_up("monday")
    await shop.restore("monday", "second")
    await shop.write("c")
    shop.turn()
    assert shop.events() == ["a", "b", "c"]


async def test_an_older_backup_after_a_newer_one(shop: Shop) -> None:
    await shop.write("a")
    shop.back_up("monday")
    await shop.write("b")
    shop.back_up("tuesday")
    shop.turn()
    await shop.restore("monday", "second")
    await shop.write("c", "d", "e")
    shop.turn()
    assert shop.events() == ["a", "c", "d", "e"]
    await shop.restore("tuesday", "third")
    await shop.write("f")
    shop.turn()
    assert shop.events() == await shop.stored() == ["a", "b", "f"]


async def test_a_backup_of_before_the_lake(shop: Shop) -> None:
    await shop.write("a")
    shop.back_up("monday")
    await shop.write("b")
    shop.turn()
    await shop.restore("monday", "second")
    shop.turn()
    assert shop.events() == ["a"]


async def test_nothing_is_answered_before_the_lake_has_followed(shop: Shop) -> None:
    await shop.write("a")
    shop.back_up("monday")
    await shop.write("lost")
    shop.turn()
    await shop.restore("monday", "second")
    session = shop.session()
    with pytest.raises(Unavailable, match="has not followed"):
        session.run(SHOP, Summary())
    shop.turn()
    assert sum(row["n"] for row in session.run(SHOP, Summary())["exposed"]) == 1
    session.close()


async def test_the_lake_of_another_database_is_refused(shop: Shop, tmp_path: Path, migrated: Path) -> None:
    await shop.write("a")
    shop.turn()
    other = tmp_path / "other"
    other.mkdir()

    stranger = Shop(other, migrated)
    with sqlite3.connect(stranger.file) as connection:
        connection.execute("UPDATE meta SET value = 'stranger' WHERE name = 'incarnation'")
    connection.close()
    facts = facts_of(str(stranger.file))()
    with pytest.raises(Conflict, match="another database"):
        Keeper(shop.place, facts).turn(RULES)
    facts.close()
    assert shop.events() == ["a"]


async def test_a_database_does_not_begin_a_second_lake_by_itself(shop: Shop, tmp_path: Path) -> None:
    await shop.write("a")
    shop.turn()
    facts = facts_of(str(shop.file))()
    with pytest.raises(Conflict, match="elsewhere"):
        Keeper(Place(str(tmp_path / "empty")), facts).turn(RULES)
    facts.close()
    session = Session(Place(str(tmp_path / "empty")), facts_of(str(shop.file)), Limits(memory_mb=512))
    with pytest.raises(Unavailable, match="elsewhere"):
        session.run(SHOP, Summary())
    session.close()
    assert not (tmp_path / "empty").exists()


FIRST, SECOND, THIRD = (
    Incarnation(name="1"),
    Incarnation(name="2", since=Numbers(events=10)),
    Incarnation(name="3", since=Numbers(events=5)),
)


@pytest.mark.parametrize(
    ("lake", "database", "at", "left"),
    [
        ((FIRST,), (FIRST,), 20, 20),
        ((FIRST,), (FIRST, SECOND), 20, 10),
        ((FIRST,), (FIRST, SECOND), 7, 7),
        ((FIRST, SECOND), (FIRST, THIRD), 20, 5),
        ((FIRST, THIRD), (FIRST, SECOND), 20, 5),
        ((FIRST, SECOND), (FIRST,), 20, 10),
    ],
    ids=["same", "went on", "not there yet", "older backup", "newer backup", "an old database"],
)
def test_where_ways_part(lake: tuple[Incarnation, ...], database: tuple[Incarnation, ...], at: int, left: int) -> None:
    assert parting(lake, database, Numbers(events=at)).events == left
