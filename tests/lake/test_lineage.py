"""What a database knows of its incarnations, and of its lake."""

from __future__ import annotations

import asyncio

from tailorbird.domain.exports import Exported, Facts, Incarnation, Numbers
from tailorbird.domain.visitor import Visitor
from tailorbird.store.contract import INCARNATION, Store
from tests.store.small_fold import DAY, NOW, SHOP, SmallFold, event, exposure, link


async def test_a_database_that_was_never_restored_has_one_incarnation(store: Store, facts: Facts) -> None:
    (only,) = await asyncio.to_thread(facts.lineage)
    assert only == Incarnation(name=await store.meta(INCARNATION))


async def test_each_incarnation_begins_where_the_one_before_it_ended(
    store: Store, fold: SmallFold, facts: Facts
) -> None:
    await store.commit([event("e1"), event("e2"), exposure("ann")], fold)
    first, numbers = await store.meta(INCARNATION), await store.fact_numbers()
    await asyncio.to_thread(facts.note_exported, Exported(lake="lake", numbers=numbers))
    assert await store.lease("lake", "gone", 1, DAY)
    await store.begin_incarnation("second")
    assert await store.lease("lake", "here", 2, DAY), "who held a lease is gone"
    await store.commit([event("e3")], fold)
    later = await store.fact_numbers()
    await asyncio.to_thread(facts.note_exported, Exported(lake="lake", numbers=later))
    await store.begin_incarnation("third")
    lineage = await asyncio.to_thread(facts.lineage)
    assert [one.name for one in lineage] == [first, "second", "third"]
    assert [(one.since.events, one.since.exposures) for one in lineage] == [
        (0, 0),
        (numbers.events, numbers.exposures),
        (later.events, later.exposures),
    ]
    assert await store.meta(INCARNATION) == "third"


async def test_facts_that_left_the_database_belong_to_the_incarnation_before(
    store: Store, fold: SmallFold, facts: Facts
) -> None:
    await store.commit([event("e1", received_at=NOW - 40 * DAY)], fold)
    numbers = await store.fact_numbers()
    exported = Exported(lake="lake", numbers=Numbers(events=numbers.events))
    await asyncio.to_thread(facts.note_exported, exported)
    assert (await store.prune(NOW, {}, {SHOP: 30 * DAY}, exported=numbers.events))["events"] == 1
    await store.begin_incarnation("second")
    assert (await asyncio.to_thread(facts.lineage))[-1].since.events == numbers.events
    assert await asyncio.to_thread(facts.exported) == exported


async def test_every_kind_of_fact_moves_its_number(store: Store, fold: SmallFold, facts: Facts) -> None:
    before = await store.fact_numbers()
    await store.commit([event("e1"), exposure("ann"), event("e2", Visitor(anonymous_id="phone"))], fold)
    await store.commit([link("ann", "phone")], fold)
    found = await store.find(SHOP, Visitor(id="ann"))
    assert found.known is not None
    await store.erase(SHOP, found.known.person, NOW)
    after = await store.fact_numbers()
    for name in ("events", "exposures", "sightings", "links", "erasures"):
        assert getattr(after, name) > getattr(before, name), name
    assert await asyncio.to_thread(facts.settled) == after
