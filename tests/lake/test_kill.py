"""The leader is killed at any point: each fact is in the lake once."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
from pathlib import Path

import pytest

from tailorbird.engine.lakeprocess import facts as facts_of
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.manifest import Log
from tailorbird.lake.place import Place
from tailorbird.lake.sweeping import Sweeper
from tailorbird.lake.wire import Rules
from tailorbird.store.contract import Store
from tests.architecture.sources import ROOT
from tests.lake import reading
from tests.store.small_fold import DAY, NOW, SHOP, SmallFold, event, exposure

#: spread over the first steps, and over merging later
CALLS = (1, 2, 3, 5, 7, 9, 12, 15, 18, 22, 26, 31, 37, 50, 70, 100)


async def write(store: Store, fold: SmallFold, number: int) -> None:
    """Forty events and exposures, of three days."""
    entries = [
        event(f"e{number}-{index}", f"v{number}-{index % 7}", time=NOW - (index % 3) * DAY, properties={"n": index})
        for index in range(40)
    ]
    await store.commit([*entries, *(exposure(f"v{number}-{index}") for index in range(7))], fold)


@pytest.mark.slow
async def test_each_fact_is_in_the_lake_once(tmp_path: Path, store: Store, fold: SmallFold, database: str) -> None:
    folder = tmp_path / "lake"
    numbers = itertools.count()
    left_behind: set[int] = set()
    for call in CALLS:
        await write(store, fold, next(numbers))
        leader = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.lake.leader", database, str(folder), str(call), cwd=ROOT
        )
        ended = asyncio.create_task(leader.wait())
        while not ended.done():
            await write(store, fold, next(numbers))
            await asyncio.sleep(0.02)
        assert ended.result() == -signal.SIGKILL
        if (folder / "manifests").exists():
            left_behind.add(len(reading.everything(folder)) - len(reading.counted(folder)))
    assert len(left_behind) > 3, "no kill struck between a file and its manifest"

    def last_turns() -> None:
        facts = facts_of(database)()
        keeper = Keeper(Place(str(folder)), facts)
        while keeper.turn(Rules(grace=0, compact=True)).more:
            pass
        facts.close()

    await asyncio.to_thread(last_turns)
    stored = [one async for one in store.stream_events(SHOP)]
    found = reading.rows(folder, "events")
    assert [row["id"] for row in found] == [one["id"] for one in stored]
    assert [row["seq"] for row in found] == [one["seq"] for one in stored]
    assert [row["person"] for row in found] == [one["person"] for one in stored]
    batches = next(numbers)
    assert len(found) == batches * 40
    exposures, sightings = reading.rows(folder, "exposures"), reading.rows(folder, "sightings")
    assert len({row["person"] for row in exposures}) == len(exposures) == batches * 7
    assert len({(row["person"], row["day"]) for row in sightings}) == len(sightings) == batches * 7


async def test_what_a_killed_leader_left_behind_goes(
    tmp_path: Path, store: Store, fold: SmallFold, open_facts: object, database: str
) -> None:
    folder = tmp_path / "lake"
    await write(store, fold, 0)

    def turn() -> None:
        facts = facts_of(database)()
        Keeper(Place(str(folder)), facts).turn(Rules(grace=0))
        facts.close()

    await asyncio.to_thread(turn)
    counted = reading.everything(folder)
    stray = folder / Path(counted[0]).with_name("half-written.parquet")
    stray.write_bytes(b"PAR1")
    place, clock = Place(str(folder)), [1_000.0]
    state = Log(place).load()
    assert state is not None
    sweeper = Sweeper(place, lambda: clock[0])
    sweeper.sweep(state, grace=0)
    assert stray.exists(), "somebody may just be writing it"
    clock[0] += 901
    sweeper.sweep(state, grace=0)
    assert not stray.exists()
    assert reading.everything(folder) == counted
