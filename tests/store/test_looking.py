"""Reads for people who look at data, on both backends."""

from __future__ import annotations

import pytest

from tailorbird.domain.needs import EventNeed
from tailorbird.domain.visitor import Visitor
from tailorbird.store.contract import Store
from tests.store.small_fold import BLOG, NOW, SHOP, SmallFold, alias, event
from tests.store.test_with_profiles import real_fold


async def test_people_are_counted_and_sampled_project_by_project(store: Store) -> None:
    events = [event(f"e{n}", f"v{n:03}") for n in range(100)]
    await store.commit([*events, event("b", "v001", project=BLOG)], SmallFold())  # numbered from 1
    looking = store.looking
    assert [await looking.count_people(place) for place in (SHOP, BLOG, "nowhere")] == [100, 1, 0]
    everybody = [one.person for one in await looking.sample(SHOP, 1, limit=1_000)]
    fourth = [one.person for one in await looking.sample(SHOP, 4, limit=1_000)]
    assert len(everybody) == 100
    assert fourth == [number for number in everybody if number % 4 == 0]
    paged = [one.person for one in await looking.sample(SHOP, 4, fourth[2], limit=3)]
    assert paged == fourth[3:6]
    assert [one.person for one in await looking.newest_people(SHOP, 2)] == everybody[:-3:-1]


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("an", [["ann", "anton"], ["anders"]]),
        ("ann", [["ann", "anton"]]),
        ("phone-", [["ann", "anton"], ["ben"]]),
        ("%", []),
        ("A", []),
        ("ü", [["über"]]),
        ("z", []),
    ],
)
async def test_people_are_found_by_the_beginning_of_an_id(store: Store, prefix: str, found: list[list[str]]) -> None:
    fold = real_fold()
    await store.commit(
        [
            event("1", Visitor(id="ann", anonymous_id="phone-1")),
            event("2", Visitor(id="ben", anonymous_id="phone-2")),
            event("3", "anton"),
            event("4", "anders"),
            event("5", "über"),
            event("6", "zoe", project=BLOG),
        ],
        fold,
    )
    await store.commit([alias("ann", "anton")], fold)
    people = await store.looking.search(SHOP, prefix)
    assert sorted(sorted(one.ids) for one in people) == sorted(found)
    assert len(await store.looking.search(SHOP, prefix, limit=1)) == min(1, len(found))


async def test_the_past_of_many_is_read_at_once_as_that_of_each(store: Store) -> None:
    fold = real_fold()
    await store.commit(
        [
            event("1", "ann", name="order", properties={"total": 5}, time=NOW - 500),
            event("2", "ann", name="view"),
            event("3", "ben", name="order", time=NOW - 5_000),
            event("4", "anton", name="order", time=NOW - 100),
            event("5", "cid", name="order", project=BLOG),
        ],
        fold,
    )
    await store.commit([alias("ann", "anton")], fold)
    people = sorted(await store.people(SHOP), key=lambda one: one.ids)
    persons = [(one.person, *one.merged) for one in people]
    assert any(len(one) == 2 for one in persons)
    needs = [EventNeed("order", within=1_000, properties=True)]
    told = await store.looking.histories(SHOP, persons, needs, NOW)
    assert told == [await store.history(SHOP, one[0], one[1:], needs, NOW) for one in persons]
    assert [[e.id for e in one["order"]] for one in told] == [["1", "4"], []]


async def test_events_of_a_name_are_found_newest_first(store: Store) -> None:
    names = ["view", "order", "view", "order", "view"]
    await store.commit([event(f"e{n}", name=name) for n, name in enumerate(names)], SmallFold())
    orders = await store.looking.events_named(SHOP, "order")
    assert [one["id"] for one in orders] == ["e3", "e1"]
    assert [one["id"] for one in await store.looking.events_named(SHOP, "order", after=orders[1]["seq"])] == ["e3"]
    assert [one["id"] for one in await store.looking.events_named(SHOP, "order", limit=1)] == ["e3"]
    assert await store.looking.events_named(BLOG, "order") == []
