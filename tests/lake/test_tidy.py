"""Merging, what outlived its time, and who was erased."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.domain.exports import Facts, OpenFacts
from tailorbird.domain.visitor import Visitor
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.merging import FAN_IN
from tailorbird.lake.place import Place
from tailorbird.lake.queries.ask import Summary
from tailorbird.lake.wire import Rules
from tailorbird.store.contract import Store
from tests.lake import reading
from tests.lake.threaded import Threaded
from tests.store.small_fold import BLOG, DAY, NOW, SHOP, SmallFold, event, exposure, link

RULES = Rules(grace=0)


#: a keeper whose clock says so many milliseconds
At = Callable[[int], Threaded]


@pytest.fixture
def at(place: Place, open_facts: OpenFacts) -> Iterator[At]:
    opened: list[Facts] = []

    def make(now: int) -> Threaded:
        opened.append(open_facts())
        return Threaded(Keeper(place, opened[-1], now=lambda: now / 1000))

    yield make
    for facts in opened:
        facts.close()


async def write_days(store: Store, fold: SmallFold, keeper: Threaded, *, batches: int = 3) -> None:
    for number in range(batches):
        days = [event(f"e{number}-{day}", f"v{number}", time=NOW - day * DAY) for day in range(3)]
        await store.commit([*days, exposure(f"v{number}")], fold)
        await keeper.turn(RULES)


def everything(folder: Path) -> list[dict[str, Any]]:
    return [row for table in ("events", "exposures", "sightings") for row in reading.rows(folder, table)]


async def test_small_files_are_merged_as_they_gather(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded
) -> None:
    most = 0
    for number in range(2 * FAN_IN + 3):
        await store.commit([event(f"e{number}")], fold)
        await keeper.turn(RULES)
        most = max(most, len(reading.counted(tmp_path / "lake")))
    assert most <= FAN_IN + 1
    assert reading.everything(tmp_path / "lake") == reading.counted(tmp_path / "lake")
    assert [row["id"] for row in reading.rows(tmp_path / "lake", "events")] == [f"e{n}" for n in range(2 * FAN_IN + 3)]


async def test_once_a_day_every_past_day_becomes_one_file(
    tmp_path: Path, store: Store, fold: SmallFold, at: At
) -> None:
    folder = tmp_path / "lake"
    today = at(NOW)
    await write_days(store, fold, today)
    before = everything(folder)
    # the day on which the lake was begun has had its turn already
    assert len([path for path in reading.counted(folder) if "/events/" in path]) == 9
    await at(NOW + DAY + 1).turn(RULES)
    assert len([path for path in reading.counted(folder) if "/events/" in path]) == 3
    assert everything(folder) == before


async def test_compacting_now_merges_today_too(tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded) -> None:
    await write_days(store, fold, keeper)
    before = everything(tmp_path / "lake")
    await keeper.turn(Rules(grace=0, compact=True))
    assert len(reading.counted(tmp_path / "lake")) == 5
    assert everything(tmp_path / "lake") == before


async def test_a_merged_file_is_sorted_by_what_is_asked_for(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded
) -> None:
    from pyarrow import parquet

    for name in ("view", "add", "view", "buy"):
        await store.commit([event(f"{name}{fold}", name=name)], fold)
        await keeper.turn(RULES)
    await keeper.turn(Rules(grace=0, compact=True))
    (path,) = reading.counted(tmp_path / "lake")
    names = parquet.read_table(tmp_path / "lake" / path, partitioning=None)["name"].to_pylist()
    assert names == sorted(names)


async def test_merged_files_wait_for_who_still_reads_them(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded
) -> None:
    await write_days(store, fold, keeper)
    before = reading.everything(tmp_path / "lake")
    await keeper.turn(Rules(grace=60, compact=True))
    after = reading.everything(tmp_path / "lake")
    assert set(before) < set(after)
    await keeper.turn(RULES)
    assert reading.everything(tmp_path / "lake") == reading.counted(tmp_path / "lake")


async def test_facts_leave_the_lake_after_the_days_of_their_project(
    tmp_path: Path, store: Store, fold: SmallFold, at: At
) -> None:
    keeper = at(NOW)
    old = [
        event(f"{project}-{days}", time=NOW - days * DAY, project=project)
        for project in (SHOP, BLOG)
        for days in (0, 5, 6)
    ]
    await store.commit(old, fold)
    await keeper.turn(Rules(grace=0, keep_days={SHOP: 5}))
    ids = {row["id"] for row in reading.rows(tmp_path / "lake", "events")}
    assert ids == {"shop-0", "shop-5", "blog-0", "blog-5", "blog-6"}


# -- erasing ----------------------------------------------------------------------------------------------------------


async def person_of(store: Store, visitor: Visitor, project: str = SHOP) -> int:
    found = await store.find(project, visitor)
    profile = found.known or found.anonymous
    assert profile is not None
    return profile.person


def people(folder: Path, paths: list[str]) -> set[int]:
    return {
        row["person"] for table in ("events", "exposures", "sightings") for row in reading.rows(folder, table, paths)
    }


async def test_who_is_erased_is_in_no_file(tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded) -> None:
    folder = tmp_path / "lake"
    phone = Visitor(anonymous_id="phone")
    await store.commit([event("e1"), event("e2", time=NOW - 3 * DAY), exposure("ann"), event("e3", "bob")], fold)
    await store.commit([event("e4", phone)], fold)
    ann, device, bob = [await person_of(store, one) for one in (Visitor(id="ann"), phone, Visitor(id="bob"))]
    await store.commit([link("ann", "phone")], fold)
    await keeper.turn(RULES)
    assert people(folder, reading.everything(folder)) == {ann, device, bob}
    await store.erase(SHOP, ann, NOW)
    turn = await keeper.turn(RULES)
    assert turn.erased == 2, "the person, and the device that was merged into them"
    assert people(folder, reading.everything(folder)) == {bob}
    assert [row["id"] for row in reading.rows(folder, "events")] == ["e3"]


async def test_the_same_number_in_another_project_stays(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded
) -> None:
    await store.commit([event("e1"), event("e2", project=BLOG)], fold)
    await keeper.turn(RULES)
    await store.erase(SHOP, await person_of(store, Visitor(id="ann")), NOW)
    await keeper.turn(RULES)
    assert [row["id"] for row in reading.rows(tmp_path / "lake", "events")] == ["e2"]


async def test_facts_that_were_never_exported_do_not_come_after_an_erasure(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded
) -> None:
    await store.commit([event("e1"), event("e2", "bob")], fold)
    await store.erase(SHOP, await person_of(store, Visitor(id="ann")), NOW)
    await keeper.turn(RULES)
    await store.commit([event("e3")], fold)  # somebody new under the same id
    await keeper.turn(RULES)
    assert [row["id"] for row in reading.rows(tmp_path / "lake", "events")] == ["e2", "e3"]


async def test_an_erasure_that_is_not_finished_is_waited_for(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded, open_facts: OpenFacts
) -> None:
    """The database removes events in bites. Those that are still there when the lake looks must not stay in it."""
    await store.commit([event("e1"), event("e2", "bob")], fold)
    ann = await person_of(store, Visitor(id="ann"))
    inner = keeper.inner
    assert isinstance(inner, Keeper)
    facts = inner._facts
    told = facts.erased

    def unfinished(after: int, upto: int, limit: int) -> Any:
        return [msgspec.structs.replace(one, finished=False) for one in told(after, upto, limit)]

    facts.erased = unfinished  # type: ignore[method-assign]
    await store.erase(SHOP, ann, NOW)
    assert (await keeper.turn(RULES)).erased == 0
    facts.erased = told  # type: ignore[method-assign]
    assert (await keeper.turn(RULES)).erased == 1
    assert (await keeper.turn(RULES)).erased == 0


# -- retention --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exported", [False, True])
async def test_only_what_is_exported_leaves_the_store(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded, session: Threaded, exported: bool
) -> None:
    await store.commit([event("old", received_at=NOW - 40 * DAY), exposure("ann")], fold)
    if exported:
        await keeper.turn(RULES)
    await store.commit([event("later", received_at=NOW - 40 * DAY)], fold)
    before = await session.run(SHOP, Summary())
    facts = session.inner._facts
    known = await asyncio.to_thread(facts.exported)
    removed = await store.prune(NOW, {}, {SHOP: 30 * DAY}, exported=known.numbers.events if known else 0)
    assert removed["events"] == int(exported)
    assert [one["id"] async for one in store.stream_events(SHOP)] == (["later"] if exported else ["old", "later"])
    assert await session.run(SHOP, Summary()) == before
    await keeper.turn(RULES)
    assert [row["id"] for row in reading.rows(tmp_path / "lake", "events")] == ["old", "later"]
