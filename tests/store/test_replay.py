"""Backup, erase, restore, on every store: what was erased after the copy was made is erased in the copy too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from shutil import copyfile
from urllib.parse import urlsplit

import pytest

from tailorbird.domain.access import Project, SigningKey
from tailorbird.domain.erasure import Erasure
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.erasures import Replayed, replay
from tailorbird.store import SqliteStore, migrate
from tailorbird.store.contract import Store
from tailorbird.store.postgres import PostgresStore
from tests import postgres
from tests.store.conftest import BACKENDS
from tests.store.small_fold import DAY, NOW, SHOP, SmallFold, event, link

#: opens the database, and a copy of how it is now
Open = Callable[[], Store]


class Pair:
    """A database, and one that is restored from a backup of it."""

    def __init__(self, original: Open, restored: Open, back_up: Callable[[], object]) -> None:
        self._original = original
        self._restored = restored
        self._back_up = back_up

    async def back_up(self) -> None:
        """Make the copy; nobody may have the database open."""
        await asyncio.to_thread(self._back_up)

    @asynccontextmanager
    async def original(self) -> AsyncIterator[Store]:
        async with opened(self._original()) as store:
            if not await store.projects():
                await store.create_project(
                    Project(id=SHOP, key="shop", name="Shop", created_at=1_000),
                    SigningKey(id="sign", project=SHOP, secret=b"s" * 32, created_at=1_000),
                )
            yield store

    @asynccontextmanager
    async def restored(self) -> AsyncIterator[Store]:
        async with opened(self._restored()) as store:
            yield store


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[Store]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(params=BACKENDS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    if request.param == "postgresql":
        yield from _postgres_pair(request.getfixturevalue("postgres_server"))
    else:
        original, restored = tmp_path / "original.db", tmp_path / "restored.db"
        copyfile(request.getfixturevalue("migrated"), original)
        copy = partial(copyfile, original, restored)
        yield Pair(lambda: SqliteStore(original), lambda: SqliteStore(restored), copy)


def _postgres_pair(server: str) -> Iterator[Pair]:
    with postgres.database(server) as original:
        migrate(original)
        source = urlsplit(original).path[1:]
        target = f"{source}_restored"
        copy = f"CREATE DATABASE {target} TEMPLATE {source}"
        url = postgres.at(server, target)
        try:
            yield Pair(
                lambda: PostgresStore(original),
                lambda: PostgresStore(url),
                lambda: asyncio.run(postgres.execute(server, copy)),
            )
        finally:
            asyncio.run(postgres.execute(server, f"DROP DATABASE IF EXISTS {target} WITH (FORCE)"))


def fold_at(now: int) -> SmallFold:
    """Whose person numbers are made at a time, as real ones are."""
    return SmallFold(now << 22)


async def known(store: Store, *names: str) -> list[bool]:
    return [(await store.find(SHOP, Visitor(id=name))).known is not None for name in names]


async def erase(store: Store, name: str, at: int) -> None:
    found = await store.find(SHOP, Visitor(id=name))
    assert found.known is not None
    assert await store.erase(SHOP, found.known.person, at) > 0


async def test_the_person_stays_erased_and_the_neighbour_stays(pair: Pair) -> None:
    async with pair.original() as store:
        await store.commit([link("ann", "phone"), event("a", "ann"), event("b", "bob")], fold_at(NOW))
    await pair.back_up()
    async with pair.original() as store:
        await erase(store, "ann", NOW + DAY)
        told = await store.erasures()
    async with pair.restored() as store:
        assert await known(store, "ann", "bob") == [True, True]
        assert await replay(store, told) == Replayed(unknown=1, people=1)
        assert await known(store, "ann", "bob") == [False, True]
        assert (await store.find(SHOP, Visitor(anonymous_id="phone"))).anonymous is None
        assert [one["visitor_id"] async for one in store.stream_events(SHOP)] == ["bob"]
        assert await replay(store, told) == Replayed()
        assert [one.name for one in await store.erasures()] == [one.name for one in told]


async def test_who_came_back_after_the_erasure_stays(pair: Pair) -> None:
    async with pair.original() as store:
        await store.commit([event("a", "ann")], fold_at(NOW))
        await erase(store, "ann", NOW + DAY)
        await store.commit([event("again", "ann", time=NOW + 2 * DAY)], fold_at(NOW + 2 * DAY))
        told = await store.erasures()
    await pair.back_up()
    async with pair.restored() as store:
        assert await replay(store, told) == Replayed()
        elsewhere = [Erasure(project=SHOP, person=7, at=one.at, key=one.key, ids=one.ids) for one in told]
        assert await replay(store, elsewhere) == Replayed(unknown=1)
        assert await known(store, "ann") == [True]
        later = [Erasure(project=SHOP, person=7, at=NOW + 3 * DAY, key=one.key, ids=one.ids) for one in told]
        assert await replay(store, later) == Replayed(unknown=1, people=1)
        assert await known(store, "ann") == [False]


async def test_an_id_leads_to_the_person_whatever_their_number_is_here(pair: Pair) -> None:
    async with pair.original() as store:
        pass
    await pair.back_up()
    async with pair.original() as store:
        await store.commit([event("a", "ann")], fold_at(NOW))
        await erase(store, "ann", NOW + DAY)
        told = await store.erasures()
    async with pair.restored() as store:
        await store.commit([event("other", "zoe"), event("a", "ann")], fold_at(NOW + 1))
        assert await known(store, "ann", "zoe") == [True, True]
        assert await replay(store, told) == Replayed(unknown=1, people=1)
        assert await known(store, "ann", "zoe") == [False, True]


async def test_many_erasures_over_pages_of_ids(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailorbird.engine.erasures._PAGE", 7)
    async with pair.original() as store:
        people = [event(f"e{n}", Visitor(id=f"v{n}", anonymous_id=f"d{n}")) for n in range(40)]
        await store.commit(people, fold_at(NOW))
    await pair.back_up()
    async with pair.original() as store:
        for number in range(0, 40, 2):
            await erase(store, f"v{number}", NOW + DAY + number)
        told = await store.erasures()
    async with pair.restored() as store:
        renumbered = [
            Erasure(project=one.project, person=number, at=one.at, key=one.key, ids=one.ids)
            for number, one in enumerate(told)
        ]
        assert await replay(store, renumbered) == Replayed(unknown=20, people=20)
        assert await known(store, *(f"v{number}" for number in range(40))) == [False, True] * 20


async def test_a_replay_that_breaks_off_is_begun_again(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    async with pair.original() as store:
        await store.commit([event(f"e{n}", f"v{n}") for n in range(6)], fold_at(NOW))
    await pair.back_up()
    async with pair.original() as store:
        for number in range(6):
            await erase(store, f"v{number}", NOW + DAY)
        told = await store.erasures()
    async with pair.restored() as store:
        whole, calls = store.erase, []

        async def breaking(project: str, person: int, at: int) -> int:
            calls.append(person)
            if len(calls) == 3:
                raise ConnectionError("pulled the plug")
            return await whole(project, person, at)

        monkeypatch.setattr(store, "erase", breaking)
        with pytest.raises(ConnectionError):
            await replay(store, told)
        monkeypatch.undo()
        assert (await replay(store, told)).people == 4
        assert await known(store, *(f"v{number}" for number in range(6))) == [False] * 6
