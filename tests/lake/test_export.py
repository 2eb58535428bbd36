"""Facts leave the store whole and once."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tailorbird.domain.facts import Arm
from tailorbird.domain.visitor import Visitor
from tailorbird.lake.client import Lake
from tailorbird.lake.queries.ask import Summary
from tailorbird.lake.wire import Rules
from tailorbird.store.contract import Store
from tests.lake import reading
from tests.lake.threaded import Threaded
from tests.store.small_fold import ARM, BLOG, DAY, NOW, SHOP, SmallFold, event, exposure, link

RULES = Rules(grace=0)


def ids(folder: Path) -> list[str]:
    return [row["id"] for row in reading.rows(folder, "events")]


async def test_every_column_of_an_event_arrives(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded
) -> None:
    arm = Arm(campaign="camp1", version=3, rule="rule1", arm="exp1", epoch=2)
    properties = {"price": 9.5, "name": "Grüße", "tags": ["a"]}
    await store.commit(
        [
            event(
                "e1",
                name="order",
                session_id="s1",
                properties=properties,
                channel="server",
                answers=arm,
                answers_at=NOW - 5,
                marks=("late",),
            ),
            event("e2", "bob", project=BLOG),
        ],
        fold,
    )
    await keeper.turn(RULES)
    full, bare = reading.rows(tmp_path / "lake", "events")
    assert msgspec.json.decode(full.pop("properties")) == properties
    person, seq = full.pop("person"), full.pop("seq")
    assert person > 0
    assert full == {
        "project": SHOP,
        "_day": "2027-01-15",
        "id": "e1",
        "name": "order",
        "time": NOW,
        "received_at": NOW,
        "source": "api",
        "session_id": "s1",
        "channel": "server",
        "campaign": "camp1",
        "version": 3,
        "rule": "rule1",
        "arm": "exp1",
        "epoch": 2,
        "answers_at": NOW - 5,
        "marks": "late",
    }
    assert bare["project"] == BLOG
    assert bare["seq"] > seq
    assert bare["properties"] is bare["campaign"] is bare["marks"] is None


async def test_exposures_and_sightings_arrive(tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded) -> None:
    await store.commit([exposure("ann", facts={"device": "phone"}), exposure("bob", time=NOW + DAY)], fold)
    await keeper.turn(RULES)
    await store.commit([exposure("ann", time=NOW + 2 * DAY)], fold)
    await keeper.turn(RULES)
    first, second = reading.rows(tmp_path / "lake", "exposures")
    assert (first["campaign"], first["arm"], first["epoch"], first["door"]) == (ARM.campaign, "exp1", 2, "api")
    assert (first["facts"], second["facts"]) == ('{"device":"phone"}', None)
    assert second["_day"] == "2027-01-16"
    seen = [
        (row["person"], row["campaign"], row["arm"], row["day"]) for row in reading.rows(tmp_path / "lake", "sightings")
    ]
    today = NOW // DAY
    ann, bob = first["person"], second["person"]
    assert sorted(seen) == sorted(
        [(ann, "camp1", "exp1", today), (bob, "camp1", "exp1", today + 1), (ann, "camp1", "exp1", today + 2)]
    )


async def test_what_is_in_the_lake_is_not_exported_again(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded
) -> None:
    for number in range(5):
        await store.commit([event(f"e{number}")], fold)
        assert (await keeper.turn(RULES)).exported == 1
        assert (await keeper.turn(RULES)).exported == 0
    assert ids(tmp_path / "lake") == [f"e{number}" for number in range(5)]


async def test_an_answer_holds_what_is_not_exported_yet(
    store: Store, fold: SmallFold, keeper: Threaded, session: Threaded
) -> None:
    async def exposed() -> int:
        return sum(row["n"] for row in (await session.run(SHOP, Summary()))["exposed"])

    assert await exposed() == 0
    await store.commit([exposure("ann")], fold)
    assert await exposed() == 1
    await keeper.turn(RULES)
    assert await exposed() == 1
    await store.commit([exposure("bob"), exposure("cat", project=BLOG)], fold)
    assert await exposed() == 2


async def test_people_who_were_linked_count_once(
    store: Store, fold: SmallFold, keeper: Threaded, session: Threaded
) -> None:
    device = Visitor(anonymous_id="phone")
    await store.commit([exposure("ann"), event("e1", device)], fold)
    await store.commit([link("ann", "phone")], fold)
    await keeper.turn(RULES)
    assert sum(row["n"] for row in (await session.run(SHOP, Summary()))["exposed"]) == 1


async def test_the_process_answers_and_keeps(store: Store, fold: SmallFold, lake: Lake) -> None:
    await store.commit([exposure("ann"), exposure("bob")], fold)
    heard: list[tuple[int, int]] = []
    before = await lake.run(SHOP, Summary(), lambda done, of: heard.append((done, of)))
    turn = await lake.keep(RULES)
    assert turn.exported == 4
    assert await lake.run(SHOP, Summary()) == before
    assert heard
    status = await lake.status()
    assert (status.held["exposures"].rows, status.waiting_since) == (2, 0)
