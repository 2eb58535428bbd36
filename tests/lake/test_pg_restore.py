"""A PostgreSQL database that is restored by its own tools, as the guide says; the lake follows it."""

from __future__ import annotations

import asyncio
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tailorbird.engine.lakeprocess import facts as facts_of
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.place import Place
from tailorbird.lake.wire import Rules
from tailorbird.store.contract import Store
from tailorbird.store.postgres import PostgresStore
from tests import postgres
from tests.cli.commands import Server, serving, tailorbird, told
from tests.guides.test_moving import prepared, tools_for
from tests.lake import reading
from tests.lake.test_postgres import HELD_OPEN
from tests.lake.threaded import Threaded
from tests.store.small_fold import SmallFold, event

BASE = "/v1/projects/my-shop"
GOAL = {"name": "Order", "key": "order", "event": "order"}
HERO = {
    "name": "Hero",
    "key": "hero",
    "control": 50,
    "goals": [{"goal": "order", "role": "primary"}],
    "rules": [{"name": "All", "audience": "everyone", "experiences": [{"name": "A", "content": {"body": {"t": "A"}}}]}],
}
RESULTS = f"{BASE}/campaigns/hero/results"


@pytest.fixture
def tools(postgres_server: str, tmp_path: Path) -> Path:
    """Where pg_dump and pg_restore are."""
    found = tools_for(postgres_server, tmp_path)
    if found is None:
        pytest.skip("There is no pg_dump here that is as new as the server.")
    return found


def dump(tools: Path, url: str, file: Path) -> None:
    subprocess.run([tools / "pg_dump", "--format=custom", f"--file={file}", url], check=True)


def restore(tools: Path, url: str, file: Path) -> None:
    subprocess.run([tools / "pg_restore", "--no-owner", f"--dbname={url}", file], check=True)


class Visitors:
    """People who are exposed and order, one after the other."""

    def __init__(self, server: Server, secret: str) -> None:
        self._server = server
        self._secret = secret

    def come(self, name: str, first: int, last: int) -> None:
        """Half of them see A, and every third orders."""
        people = range(first, last)
        when = {"time": "2026-01-10"}
        exposures = [
            {"visitor": {"id": f"{name}-{n}"}, "campaign": "hero", "experience": "A" if n % 2 else "control", **when}
            for n in people
        ]
        events = [
            {"id": f"{name}-{n}", "name": "order", "visitor": {"id": f"{name}-{n}"}, "time": "2026-01-11"}
            for n in people
            if n % 3 == 0
        ]
        self._server.good("POST", "/v1/exposures:import", self._secret, {"exposures": exposures})
        if events:
            self._server.good("POST", "/v1/events", self._secret, {"events": events})

    def figures(self) -> Any:
        """What does not change while nobody comes."""
        report = self._server.good("GET", RESULTS, self._secret)
        return report["people"], report["arms"], report["goals"], report["crossed"]


def waited(folder: Path, events: int) -> None:
    """Until so many events are in the lake."""
    for _ in range(300):
        if len(reading.rows(folder, "events")) >= events:
            return
        time.sleep(0.1)
    pytest.fail("the lake does not catch up")


async def stored(url: str) -> dict[str, list[int]]:
    """The numbers of a database's own rows."""
    connection = await asyncpg.connect(url)
    try:
        tables = {"events": "events", "exposures": "exposures", "sightings": "exposure_days"}
        return {
            name: [row[0] for row in await connection.fetch(f"SELECT seq FROM {table} ORDER BY seq")]
            for name, table in tables.items()
        }
    finally:
        await connection.close()


def test_results_are_those_of_the_restored_database(tmp_path: Path, postgres_server: str, tools: Path) -> None:
    """Dumped while many come and the lake is kept; more come, and are lost; others come after."""
    data, lake = tmp_path / "one", tmp_path / "one" / "lake"
    words = ("--data", str(data), "--lake-seconds", "0.1")
    with postgres.database(postgres_server) as database, postgres.database(postgres_server) as restored:
        secret = prepared(database, tmp_path)
        with serving("--database", database, *words) as server:
            server.good("POST", f"{BASE}/goals", secret, GOAL)
            server.good("POST", f"{BASE}/campaigns", secret, HERO)
            server.good("POST", f"{BASE}/campaigns/hero/start", secret)
            shop = Visitors(server, secret)
            shop.come("before", 0, 90)
            waited(lake, 30)
            with coming(shop):
                dump(tools, database, tmp_path / "shop.dump")
            shop.come("lost", 0, 300)
            waited(lake, 130)
            left = shop.figures()
            assert server.stop() == 0
        restore(tools, restored, tmp_path / "shop.dump")
        told("restore", "--database", restored, "--data", str(data), "--json")
        with serving("--database", restored, *words) as server:
            shop = Visitors(server, secret)
            kept = followed(server, secret)
            assert 90 <= kept < left[0] - 300 + 1
            shop.come("after", 0, 60)
            waited(lake, 20 + 30)
            found = shop.figures()
            assert found[0] == kept + 60
            assert server.stop() == 0
        assert tidied(lake, restored)
        anew = ("--data", str(data), "--lake-url", str(tmp_path / "anew"))
        assert tailorbird("lake", "rebuild", "--database", restored, *anew).code == 0
        with serving("--database", restored, *anew) as server:
            assert Visitors(server, secret).figures() == found
            server.stop()


class coming:  # noqa: N801 - a block in which they come
    """People come as long as the block lasts, in small groups."""

    def __init__(self, shop: Visitors) -> None:
        self._shop = shop
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._all)

    def _all(self) -> None:
        for group in range(1000):
            self._shop.come(f"meanwhile-{group}", 0, 4)
            if self._over.is_set():
                return

    def __enter__(self) -> None:
        self._thread.start()
        time.sleep(0.3)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def followed(server: Server, secret: str) -> int:
    """How many people there are once the lake has followed; until then no question is answered."""
    for _ in range(300):
        status, answer = server.call("GET", RESULTS, secret)
        if status == 200:
            return int(answer["people"])
        assert status == 503, answer
        time.sleep(0.1)
    pytest.fail("the lake does not follow")


def tidied(lake: Path, url: str) -> bool:
    """Whether the lake holds exactly the rows of the database, each once."""
    held = asyncio.run(stored(url))
    return all([row["seq"] for row in reading.rows(lake, table)] == numbers for table, numbers in held.items())


@pytest.fixture
def restored(postgres_server: str) -> Iterator[str]:
    """A database to restore into."""
    with postgres.database(postgres_server) as url:
        yield url


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_what_was_under_way_when_the_dump_began_is_lost_with_its_number_below_others(
    tmp_path: Path,
    store: Store,
    fold: SmallFold,
    place: Place,
    keeper: Threaded,
    postgres_url: str,
    restored: str,
    tools: Path,
) -> None:
    """A transaction has a number, another one with a higher number ends, the dump is made, the first one ends."""
    await store.commit([event("before")], fold)
    await keeper.turn(Rules(grace=0))
    slow = await asyncpg.connect(postgres_url)
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(HELD_OPEN)
    await store.commit([event("in the dump")], fold)
    await asyncio.to_thread(dump, tools, postgres_url, tmp_path / "shop.dump")
    await transaction.commit()
    await slow.close()
    await keeper.turn(Rules(grace=0))
    assert [row["id"] for row in reading.rows(tmp_path / "lake", "events")] == ["before", "slow", "in the dump"]
    await asyncio.to_thread(restore, tools, restored, tmp_path / "shop.dump")
    gone = PostgresStore(restored)
    await gone.open()
    await gone.begin_incarnation("second")
    await gone.commit([event("after")], fold)
    await gone.close()
    facts = facts_of(restored)()
    await asyncio.to_thread(Keeper(place, facts).turn, Rules(grace=0))
    await asyncio.to_thread(facts.close)
    assert [row["id"] for row in reading.rows(tmp_path / "lake", "events")] == ["before", "in the dump", "after"]
