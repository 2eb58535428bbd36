"""The lake in an object store: an S3 server, reached as any other is."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tailorbird.domain.exports import OpenFacts
from tailorbird.lake.client import Lake
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.manifest import Log
from tailorbird.lake.place import Overtaken, Place
from tailorbird.lake.queries.ask import Campaign, People, Summary
from tailorbird.lake.wire import Hello, Rules
from tailorbird.store.contract import Store
from tests.lake.conftest import CHILD
from tests.lake.standing_world import Asking
from tests.lake.threaded import Threaded
from tests.store.small_fold import NOW, SHOP, SmallFold, event, exposure

RULES = Rules(grace=0)

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a folder in an empty bucket."""
    import fsspec
    from moto.server import ThreadedMotoServer

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    filesystem = fsspec.filesystem("s3", skip_instance_cache=True)
    filesystem.mkdir(f"facts-{port}")
    yield f"s3://facts-{port}/lake"
    server.stop()


@pytest.fixture
def place(bucket: str) -> Place:
    return Place(bucket)


def rows(place: Place, table: str) -> list[dict[str, Any]]:
    from pyarrow import parquet

    state = Log(place).load()
    assert state is not None
    found: list[dict[str, Any]] = []
    for file in state.of(SHOP, table):  # type: ignore[arg-type]
        with place.open(file.path) as source:
            found += parquet.read_table(source).to_pylist()
    return sorted(found, key=lambda row: row["seq"])


async def test_export_merge_and_erase(store: Store, fold: SmallFold, place: Place, keeper: Threaded) -> None:
    for name in ("ann", "bob", "cat"):
        await store.commit([event(f"e-{name}", name), exposure(name)], fold)
        await keeper.turn(RULES)
    assert [row["id"] for row in rows(place, "events")] == ["e-ann", "e-bob", "e-cat"]
    await keeper.turn(Rules(grace=0, compact=True))
    await store.erase(SHOP, rows(place, "exposures")[0]["person"], NOW)
    await keeper.turn(RULES)
    state = Log(place).load()
    assert state is not None
    assert [row["id"] for row in rows(place, "events")] == ["e-bob", "e-cat"]
    assert [one.name for one in place.walk("facts")] == sorted(state.files)


async def test_the_process_computes_from_it(
    store: Store, fold: SmallFold, bucket: str, keeper: Threaded, database: str
) -> None:
    await store.commit([exposure("ann"), exposure("bob")], fold)
    await keeper.turn(RULES)
    await store.commit([exposure("cat")], fold)
    lake = Lake(CHILD, Hello(database=database, lake=bucket, threads=1, memory_mb=512))
    try:
        answer = await lake.run(SHOP, Summary())
        assert sum(row["n"] for row in answer["exposed"]) == 3
    finally:
        await lake.close()


async def test_a_standing_answer_outlives_its_process(
    store: Store, fold: SmallFold, place: Place, keeper: Threaded, open_facts: OpenFacts
) -> None:
    asking = Asking(place, open_facts)
    await store.commit([exposure("ann"), exposure("bob")], fold)
    await keeper.turn(RULES)
    asked = Campaign(people=People(campaign="camp1"))
    await asking.same(asked)
    await asking.tend()
    asking.restart()
    await store.commit([exposure("cat")], fold)
    await keeper.turn(RULES)
    answer = await asking.same(asked)
    asking.close()
    assert sum(row["n"] for row in answer["people"]) == 3
    assert asking.computed == 1


async def test_of_two_that_write_the_same_manifest_one_wins(place: Place, store: Store) -> None:
    place.create("manifests/000000000001.json", b"{}")
    with pytest.raises(Overtaken):
        place.create("manifests/000000000001.json", b"[]")
    assert place.read("manifests/000000000001.json") == b"{}"


async def test_two_leaders_at_once_do_no_harm(
    store: Store, fold: SmallFold, place: Place, keeper: Threaded, open_facts: OpenFacts, bucket: str
) -> None:
    facts = open_facts()
    other = Threaded(Keeper(Place(bucket), facts))
    for number in range(6):
        await store.commit([event(f"e{number}")], fold)
        await (keeper if number % 2 else other).turn(RULES)
    facts.close()
    assert [row["id"] for row in rows(place, "events")] == [f"e{number}" for number in range(6)]


async def test_a_store_that_is_away_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from tailorbird.domain.errors import Unavailable

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Unavailable, match="lake's folder"):
        Place("s3://facts/away").names("manifests")
