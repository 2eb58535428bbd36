"""PostgreSQL gives numbers out before it commits: what is settled, and what is not yet."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from tailorbird.domain.visitor import Visitor
from tailorbird.lake.queries.ask import Summary
from tailorbird.lake.wire import Rules
from tailorbird.store.contract import Store
from tests.lake import reading
from tests.lake.threaded import Threaded
from tests.store.small_fold import NOW, SHOP, SmallFold, event, exposure

RULES = Rules(grace=0)
HELD_OPEN = (
    "INSERT INTO events (project, person, id, name, time, received_at, source)"
    f" VALUES ('shop', 1, 'slow', 'view', {NOW}, {NOW}, 'api')"
)
HELD_EXPOSURE = (
    "INSERT INTO exposures (project, person, campaign, version, rule, arm, epoch, time, door)"
    f" VALUES ('shop', 1, 'camp1', 3, 'rule1', 'exp1', 2, {NOW}, 'api')"
)

pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


def ids(folder: Path) -> list[str]:
    return [row["id"] for row in reading.rows(folder, "events")]


async def test_a_transaction_that_stays_open_across_exports_loses_nothing(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded, session: Threaded, postgres_url: str
) -> None:
    async def exposed() -> int:
        return sum(row["n"] for row in (await session.run(SHOP, Summary()))["exposed"])

    await store.commit([event("before"), exposure("before")], fold)
    slow = await asyncpg.connect(postgres_url)
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(HELD_OPEN)
    await slow.execute(HELD_EXPOSURE)
    for name in ("after1", "after2"):
        await store.commit([event(name), exposure(name)], fold)
        await keeper.turn(RULES)
    # "before" has a lower number, but nobody can tell yet that nothing else has
    assert set(ids(tmp_path / "lake")) <= {"before"}
    assert await exposed() == 3, "what waits is part of every answer"
    await transaction.commit()
    await slow.close()
    await keeper.turn(RULES)
    assert ids(tmp_path / "lake") == ["before", "slow", "after1", "after2"]
    assert await exposed() == 4
    assert (await keeper.turn(RULES)).exported == 0


async def test_an_erasure_that_is_rolled_back_is_not_waited_for(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded, postgres_url: str
) -> None:
    await store.commit([event("e1"), event("e2", "bob")], fold)
    database = await asyncpg.connect(postgres_url)
    before = (await store.fact_numbers()).erasures
    await database.execute("SELECT nextval('erasures_seq_seq'), nextval('erasures_seq_seq')")
    await database.close()
    turn = await keeper.turn(RULES)
    assert turn.numbers.erasures == (await store.fact_numbers()).erasures == before + 2
    assert (await keeper.turn(RULES)).version == turn.version, "once is enough"
    ann = (await store.find(SHOP, Visitor(id="ann"))).known
    assert ann is not None
    await store.erase(SHOP, ann.person, NOW)
    assert (await keeper.turn(RULES)).erased == 1
    assert ids(tmp_path / "lake") == ["e2"]


async def test_a_transaction_that_is_rolled_back_leaves_only_a_gap(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded, postgres_url: str
) -> None:
    slow = await asyncpg.connect(postgres_url)
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(HELD_OPEN)
    await store.commit([event("after")], fold)
    await keeper.turn(RULES)
    assert not (tmp_path / "lake" / "facts").exists()
    await transaction.rollback()
    await slow.close()
    await keeper.turn(RULES)
    assert ids(tmp_path / "lake") == ["after"]


async def test_many_writers_and_one_leader(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded, postgres_url: str
) -> None:
    """Transactions of several connections that overlap, of any length, while the leader exports."""

    async def write(number: int) -> None:
        connection = await asyncpg.connect(postgres_url)
        for step in range(12):
            async with connection.transaction():
                for part in range(3):
                    await connection.execute(HELD_OPEN.replace("'slow'", f"'{number}-{step}-{part}'"))
                    await asyncio.sleep((number * step % 5) / 200)
        await connection.close()

    writers = asyncio.gather(*map(write, range(6)))
    while not writers.done():
        await keeper.turn(RULES)
    await writers
    await keeper.turn(RULES)
    found = ids(tmp_path / "lake")
    stored = [one["id"] async for one in store.stream_events(SHOP)]
    assert found == stored
    assert len(set(found)) == 6 * 12 * 3
