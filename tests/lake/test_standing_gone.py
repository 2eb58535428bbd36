"""Standing answers: what is erased or leaves the lake leaves them, and a restored database has its own."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tailorbird.domain.exports import OpenFacts
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.lakeprocess import facts as facts_of
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.place import Place
from tailorbird.lake.queries import ask
from tailorbird.lake.standing import touched
from tailorbird.lake.wire import Rules as Turning
from tailorbird.store.contract import Store
from tests.lake.standing_world import (
    ARM,
    QUESTIONS,
    TURN,
    Asking,
    begun,
    bought,
    order,
)
from tests.lake.test_restore import Shop
from tests.lake.threaded import Threaded
from tests.store.small_fold import BLOG, DAY, NOW, SHOP, SmallFold, alias, exposure

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@on_sqlite
async def test_who_is_erased_is_in_no_answer_and_in_no_file_of_one(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking, tmp_path: Path
) -> None:
    await begun(store, fold, keeper, asking)
    found = await store.find(SHOP, Visitor(id="cid"))
    assert found.known is not None
    await store.erase(SHOP, found.known.person, NOW)
    await keeper.turn(TURN)
    assert not [*(tmp_path / "lake" / "answers").rglob("*.msgpack")]
    after = await asking.same(QUESTIONS[0])
    assert (bought(after), sum(row["n"] for row in after["people"])) == (0, 2)
    assert asking.computed == 2


@on_sqlite
async def test_an_erasure_in_another_project_takes_nothing_from_it(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking
) -> None:
    await store.commit([order("zoe", project=BLOG)], fold)
    await begun(store, fold, keeper, asking)
    found = await store.find(BLOG, Visitor(id="zoe"))
    assert found.known is not None
    await store.erase(BLOG, found.known.person, NOW)
    await keeper.turn(TURN)
    await asking.same(QUESTIONS[0])
    assert asking.computed == 1


@on_sqlite
async def test_facts_that_leave_the_lake_leave_the_answer(
    store: Store, fold: SmallFold, place: Place, open_facts: OpenFacts, asking: Asking
) -> None:
    facts = open_facts()
    keeper = Threaded(Keeper(place, facts, now=lambda: NOW / 1000))
    await begun(store, fold, keeper, asking)
    await keeper.turn(Turning(grace=0, keep_days={SHOP: 3}))
    after = await asking.same(QUESTIONS[0])
    assert after["people"] == []
    assert asking.computed == 2
    facts.close()


@on_sqlite
async def test_when_too_much_is_new_everything_is_computed_and_kept_anew(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(store, fold, keeper, asking)
    monkeypatch.setattr(touched, "MOST_NEW", 5)
    await store.commit([order(f"visitor {number}") for number in range(6)], fold)
    await keeper.turn(TURN)
    for _ in range(2):
        await asking.same(QUESTIONS[0])
        assert asking.computed == 2


@on_sqlite
async def test_a_first_exposure_that_is_taken_away_is_looked_for_among_all(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking
) -> None:
    await store.commit([exposure("old", answers=msgspec.structs.replace(ARM, arm="B"), time=NOW - 9 * DAY)], fold)
    before = await begun(store, fold, keeper, asking)
    await store.commit([alias("old", "ann")], fold)
    await keeper.turn(TURN)
    after = await asking.same(QUESTIONS[0])
    firsts = [{row["arm"]: row["first_at"] for row in told["people"]} for told in (before, after)]
    assert firsts[0]["A"] < firsts[1]["A"]
    assert asking.computed == 2


async def test_a_restored_database_has_answers_of_its_own(tmp_path: Path, migrated: Path) -> None:
    shop = Shop(tmp_path, migrated)
    await shop.write("a")
    shop.turn()
    shop.back_up("backup.db")
    await shop.write("b", "c")
    shop.turn()
    asking = Asking(shop.place, facts_of(str(shop.file)))
    asked = ask.Campaign(people=ask.People(campaign="camp1"), recent_since=0)
    assert sum(row["n"] for row in (await asking.same(asked))["people"]) == 3
    await asking.tend()
    asking.close()
    await shop.restore("backup.db", "2" * 32)
    shop.turn()
    await shop.write("d")
    asking = Asking(shop.place, facts_of(str(shop.file)))
    for _ in range(2):
        assert sum(row["n"] for row in (await asking.same(asked))["people"]) == 2
        assert asking.computed == 1
    asking.close()
