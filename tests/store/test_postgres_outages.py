"""What can happen between a server and its database: refused, silent, slow, restarted, full, read-only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import asyncpg
import pytest

from tailorbird.domain.access import Project, SigningKey
from tailorbird.domain.errors import Damaged, Unavailable
from tailorbird.domain.facts import Verdict
from tailorbird.domain.visitor import Visitor
from tailorbird.store.postgres import PostgresStore, connections, database
from tailorbird.store.postgres.connections import connect
from tailorbird.store.postgres.errors import Again
from tailorbird.store.postgres.transaction import transact_in_turn
from tests import postgres
from tests.store.small_fold import NOW, SHOP, SmallFold, event
from tests.store.tcp import Wire, wire

ANN = Visitor(id="ann")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(url)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def other(url: str) -> AsyncIterator[Any]:
    """A connection of somebody else's."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def kill_backends(url: str) -> int:
    """Like a restart, for everybody who is connected."""
    async with other(url) as connection:
        rows = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'tailorbird'"
        )
        return len(rows)


def says_nothing_private(error: Unavailable, url: str) -> bool:
    text = f"{error} {error.detail}".lower()
    private = ("127.0.0.1", "5432", "localhost", "postgres@", "select", "insert", postgres.name_of(url))
    return not any(word in text for word in private)


async def ids_of(store: PostgresStore) -> list[str]:
    return [one["id"] async for one in store.stream_events(SHOP)]


async def test_the_connection_that_writes_is_durable(postgres_url: str) -> None:
    name = postgres.name_of(postgres_url)
    await postgres.execute(postgres_url, f"ALTER DATABASE {name} SET synchronous_commit = off")
    try:
        async with opened(postgres_url) as store:
            assert await store.setting("synchronous_commit") == "on"
    finally:
        await postgres.execute(postgres_url, f"ALTER DATABASE {name} RESET synchronous_commit")


async def test_a_database_that_is_not_there_is_told_at_once(postgres_url: str) -> None:
    async with wire(postgres_url) as cut:
        await cut.cut()
        started = time.monotonic()
        with pytest.raises(Unavailable, match="cannot be reached") as caught:
            await PostgresStore(cut.url).open()
        assert time.monotonic() - started < 1
        assert says_nothing_private(caught.value, postgres_url)


async def test_a_database_of_another_name_is_told(postgres_url: str) -> None:
    with pytest.raises(Unavailable, match="no database of that name") as caught:
        await PostgresStore(postgres.at(postgres_url, "tailorbird_test_none")).open()
    assert says_nothing_private(caught.value, postgres_url)


async def test_backends_that_are_killed_lose_nothing_acknowledged(postgres_url: str, fold: SmallFold) -> None:
    acknowledged: list[str] = []
    told: list[Unavailable] = []
    numbers = count()

    async with opened(postgres_url) as store:
        stop = asyncio.Event()

        async def send() -> None:
            while not stop.is_set():
                batch = [event(f"e{next(numbers)}", f"v{next(numbers) % 7}") for _ in range(3)]
                while True:
                    try:
                        verdicts = await store.commit(batch, fold)
                    except Unavailable as error:
                        told.append(error)
                        await asyncio.sleep(0.01)
                        continue
                    # sent again after a commit whose answer was lost, it is known already
                    assert {verdict.outcome for verdict in verdicts} <= {"accepted", "duplicate"}
                    acknowledged.extend(one.id for one in batch)
                    break

        senders = [asyncio.ensure_future(send()) for _ in range(6)]
        killed = 0
        for _ in range(10):
            await asyncio.sleep(0.05)
            killed += await kill_backends(postgres_url)
        stop.set()
        await asyncio.gather(*senders)
        assert killed >= 10
        assert all(says_nothing_private(error, postgres_url) for error in told)
        kept = await ids_of(store)
        assert sorted(kept) == sorted(acknowledged)
        assert len(kept) > 30
        assert (await store.counts(SHOP))["events"] == len(kept)


async def test_a_read_survives_a_connection_that_was_lost(postgres_url: str, fold: SmallFold) -> None:
    async with opened(postgres_url) as store:
        await store.commit([event("e1")], fold)
        for _ in range(3):
            assert await kill_backends(postgres_url) > 0
            assert (await store.find(SHOP, ANN)).known is not None
            await store.ping()


async def test_an_outage_is_told_while_it_lasts_and_ends_by_itself(postgres_url: str, fold: SmallFold) -> None:
    async with wire(postgres_url) as cut, opened(cut.url) as store:
        await store.commit([event("e1")], fold)
        await cut.cut()
        for _ in range(3):
            started = time.monotonic()
            for work in (store.find(SHOP, ANN), store.commit([event("lost")], fold), store.recent_events(SHOP)):
                with pytest.raises(Unavailable) as caught:
                    await work
                assert says_nothing_private(caught.value, postgres_url)
            assert time.monotonic() - started < 0.5, "nobody waits for what is not there"
        await cut.start()
        await recovered(store)
        assert await store.commit([event("e2")], fold) == [Verdict("accepted")]
        assert await ids_of(store) == ["e1", "e2"]


async def recovered(store: PostgresStore) -> None:
    """Wait for the longest pause between two attempts."""
    async with asyncio.timeout(5):
        while True:
            try:
                await store.find(SHOP, ANN)
                return await store.ping()
            except Unavailable:
                await asyncio.sleep(0.05)


async def test_a_silent_database_is_given_up_and_found_again(
    postgres_url: str, fold: SmallFold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_READ_SECONDS", 0.2)
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 0.3)
    async with wire(postgres_url) as silent, opened(silent.url) as store:
        await store.commit([event("e1")], fold)
        silent.block()
        started = time.monotonic()
        with pytest.raises(Unavailable, match="in time"):
            await store.find(SHOP, ANN)
        with pytest.raises(Unavailable):  # and here nobody even answers the door
            await store.find(SHOP, ANN)
        assert time.monotonic() - started < 2
        silent.drop()
        silent.unblock()
        await recovered(store)
        assert (await store.find(SHOP, ANN)).known is not None


async def test_a_caller_without_patience_spoils_nothing(postgres_url: str, fold: SmallFold) -> None:
    async with wire(postgres_url) as slow, opened(slow.url) as store:
        await store.commit([event("e1")], fold)
        slow.delay = 0.3
        for _ in range(6):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await store.find(SHOP, ANN)
        slow.delay = 0.0
        for _ in range(10):
            assert (await store.find(SHOP, ANN)).known is not None
        assert await store.commit([event("e2")], fold) == [Verdict("accepted")]


async def test_a_slow_database_is_slow_and_loses_nothing(postgres_url: str, fold: SmallFold) -> None:
    async with wire(postgres_url) as slow, opened(slow.url) as store:
        slow.delay = 0.05
        verdicts = await asyncio.gather(*(store.commit([event(f"e{i}")], fold) for i in range(20)))
        assert verdicts == [[Verdict("accepted")]] * 20
        assert len(await ids_of(store)) == 20


async def test_a_read_only_database_keeps_answering_and_takes_more_later(
    postgres_server: str, postgres_url: str, fold: SmallFold
) -> None:
    name = postgres.name_of(postgres_url)
    async with opened(postgres_url) as store:
        await store.commit([event("e1")], fold)
        await postgres.execute(postgres_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            await kill_backends(postgres_url)
            with pytest.raises(Unavailable, match="read-only"):
                await eventually(lambda: store.commit([event("lost")], fold), "cannot be reached")
            assert (await store.find(SHOP, ANN)).known is not None
        finally:
            await postgres.execute(postgres_server, f"ALTER DATABASE {name} RESET default_transaction_read_only")
            await kill_backends(postgres_url)
        assert await eventually(lambda: store.commit([event("e2")], fold), "read-only") == [Verdict("accepted")]
        assert await ids_of(store) == ["e1", "e2"]


async def eventually(work: Any, passing: str) -> Any:
    """What ``work`` gives once it no longer complains of something that passes."""
    for _ in range(20):
        try:
            return await work()
        except Unavailable as error:
            if passing not in error.detail:
                raise
            await asyncio.sleep(0.02)
    raise AssertionError("it did not pass")


async def test_what_somebody_else_holds_is_waited_for_and_then_given_up(
    postgres_url: str, fold: SmallFold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "COMMIT_SECONDS", 2.0)
    async with opened(postgres_url) as store, other(postgres_url) as blocker:
        await store.commit([event("e1")], fold)
        held = blocker.transaction()
        await held.start()
        await blocker.execute("SELECT 1 FROM profiles FOR UPDATE")
        with pytest.raises(Unavailable, match="too busy"):
            await store.commit([event("lost")], fold)
        waiting = asyncio.ensure_future(store.commit([event("e2")], fold))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await held.rollback()
        assert await waiting == [Verdict("accepted")]
        assert await ids_of(store) == ["e1", "e2"]


async def test_too_many_connections_are_told(postgres_url: str) -> None:
    name = postgres.name_of(postgres_url)
    role = f"{name}_guest"
    await postgres.execute(postgres_url, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    try:
        async with wire(postgres_url) as guest:
            user = guest.url.partition("://")[2].partition("@")[0]
            url = guest.url.replace(f"{user}@", f"{role}@", 1)
            with pytest.raises(Unavailable, match="no connection left"):
                await PostgresStore(url).open()
    finally:
        await postgres.execute(postgres_url, f"DROP ROLE {role}")


async def test_a_closed_store_says_so_and_can_be_opened_again(postgres_url: str, fold: SmallFold) -> None:
    store = PostgresStore(postgres_url)
    for _ in range(2):
        for work in (store.commit([event("e1")], fold), store.find(SHOP, ANN), store.recent_events(SHOP)):
            with pytest.raises(Unavailable, match="closed"):
                await work
        await store.open()
        await store.ping()
        await store.close()


async def test_closing_finishes_what_is_queued(postgres_url: str, fold: SmallFold) -> None:
    store = PostgresStore(postgres_url)
    await store.open()
    calls = [asyncio.ensure_future(store.commit([event(f"e{i}")], fold)) for i in range(300)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*calls) == [[Verdict("accepted")]] * 300
    async with opened(postgres_url) as again:
        assert len(await ids_of(again)) == 300


async def test_an_interrupted_erasure_is_finished_at_the_next_start(postgres_url: str, fold: SmallFold) -> None:
    from tailorbird.store.postgres import erase

    async with opened(postgres_url) as store:
        await store.create_project(
            Project(id=SHOP, key="shop", name="Shop", created_at=NOW),
            SigningKey(id="s1", project=SHOP, secret=b"s", created_at=NOW),
        )
        await store.commit([event("e1"), event("e2", "bob")], fold)
        await store._write(erase.forget, SHOP, 1, NOW)  # and the server stops here
        assert await ids_of(store) == ["e1", "e2"]
    async with opened(postgres_url) as again:
        assert await ids_of(again) == ["e2"]
        assert await again._scan(erase.unfinished) == []


async def test_a_person_that_cannot_be_read_is_their_own_trouble(postgres_url: str, fold: SmallFold) -> None:
    async with opened(postgres_url) as store:
        await store.commit([event("e1"), event("e2", "bob")], fold)
        await postgres.execute(postgres_url, "UPDATE profiles SET body = 'no JSON' WHERE person = 1")
        with pytest.raises(Damaged):
            await store.find(SHOP, ANN)
        assert (await store.find(SHOP, Visitor(id="bob"))).known is not None
        calls = [store.commit([event(f"f{i}", name)], fold) for i, name in enumerate(("ann", "bob", "eve"))]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(answers[0], Damaged)
        assert answers[1:] == [[Verdict("accepted")]] * 2


async def test_who_is_overtaken_again_and_again_gets_to_run_alone(postgres_url: str) -> None:
    mine, theirs = [await connect(postgres_url, seconds=5) for _ in range(2)]
    neighbours = []

    async def neighbour(connection: Any) -> None:
        return None

    async def overtaken(connection: Any) -> int:
        neighbours.append(asyncio.ensure_future(transact_in_turn(theirs, neighbour)))
        done, _ = await asyncio.wait(neighbours[-1:], timeout=0.3)
        if done:
            raise Again
        return len(neighbours)

    assert await transact_in_turn(mine, overtaken) == 4
    await neighbours[-1]
    await mine.close()
    await theirs.close()


async def test_a_wire_that_was_cut_can_be_mended(postgres_url: str) -> None:
    """The control of the tests above: the wire itself changes nothing."""
    async with wire(postgres_url) as whole:
        assert isinstance(whole, Wire)
        for _ in range(2):
            async with other(whole.url) as connection:
                assert await connection.fetchval("SELECT 1") == 1
            await whole.cut()
            with pytest.raises(OSError, match=r"Connect|refused"):
                await asyncpg.connect(whole.url)
            await whole.start()
