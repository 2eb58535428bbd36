"""Who is behind an id, what they did, and that a person can be forgotten."""

from __future__ import annotations

import pytest

from tailorbird.domain.facts import Entry
from tailorbird.domain.needs import EventNeed, PastEvent
from tailorbird.domain.visitor import Visitor
from tailorbird.store.contract import Found, Store
from tests.store.conftest import Backend
from tests.store.small_fold import BLOG, DAY, NOW, SHOP, SmallFold, alias, event, exposure, link

HOUR = 3_600_000


async def person_of(store: Store, visitor_id: str, project: str = SHOP) -> int:
    found = await store.find(project, Visitor(id=visitor_id))
    assert found.known is not None
    return found.known.person


# -- find ------------------------------------------------------------------------------------------------------------


async def test_nobody_is_found_where_nobody_was(store: Store) -> None:
    assert await store.find(SHOP, Visitor(id="ann", anonymous_id="device")) == Found()
    assert await store.find(SHOP, Visitor()) == Found()


async def test_a_profile_is_found_by_the_kind_of_id_it_has(store: Store, fold: SmallFold) -> None:
    await store.commit([event("e1", Visitor(id="x", anonymous_id="y"))], fold)
    assert (await store.find(SHOP, Visitor(id="x"))).known is not None
    assert (await store.find(SHOP, Visitor(anonymous_id="y"))).anonymous is not None
    assert await store.find(SHOP, Visitor(id="y")) == Found()
    assert await store.find(SHOP, Visitor(anonymous_id="x")) == Found()


async def test_both_ids_of_one_person_are_one_object(store: Store, fold: SmallFold) -> None:
    await store.commit([link("ann", "device")], fold)
    found = await store.find(SHOP, Visitor(id="ann", anonymous_id="device"))
    assert found.known is not None
    assert found.known is found.anonymous


async def test_ids_of_two_people_are_two_profiles(store: Store, fold: SmallFold) -> None:
    await store.commit([event("e1", "ann"), event("e2", Visitor(anonymous_id="device"))], fold)
    found = await store.find(SHOP, Visitor(id="ann", anonymous_id="device"))
    assert found.known is not None
    assert found.anonymous is not None
    assert found.known.person != found.anonymous.person
    alone = await store.find(SHOP, Visitor(id="nobody", anonymous_id="device"))
    assert alone == Found(None, found.anonymous)


async def test_the_same_id_in_another_project_is_another_person(store: Store, fold: SmallFold) -> None:
    await store.commit([event("e1", attributes={"a": 1}), event("e1", project=BLOG, attributes={"a": 2})], fold)
    shop, blog = [(await store.find(project, Visitor(id="ann"))).known for project in (SHOP, BLOG)]
    assert shop is not None
    assert blog is not None
    assert (shop.attributes, blog.attributes) == ({"a": 1}, {"a": 2})
    assert await store.profile_ids(BLOG, shop.person) == []
    assert await store.events_of(BLOG, [shop.person]) == []
    assert await store.history(BLOG, shop.person, (), [EventNeed("view")], NOW) == {"view": ()}


async def test_merged_people_are_found_by_every_id(store: Store, fold: SmallFold) -> None:
    await store.commit([event("e1", "ann"), event("e2", "anna"), event("e3", "annie")], fold)
    await store.commit([alias("anna", "annie")], fold)
    await store.commit([alias("ann", "anna")], fold)
    ann = await person_of(store, "ann")
    assert await person_of(store, "anna") == await person_of(store, "annie") == ann
    assert await store.profile_ids(SHOP, ann) == [(SHOP, "u", name) for name in ("ann", "anna", "annie")]
    assert [profile.person for profile in await store.people(SHOP)] == [ann]


async def test_people_met_and_merged_within_one_batch(store: Store, fold: SmallFold) -> None:
    batch: list[Entry] = [event("e1", "ann"), event("e2", "anna"), event("e3", "annie")]
    batch += [alias("anna", "annie"), alias("ann", "anna")]
    await store.commit(batch, fold)
    (profile,) = await store.people(SHOP)
    assert set(profile.ids) == {"ann", "anna", "annie"}
    for name in profile.ids:
        assert await person_of(store, name) == profile.person
    needs = [EventNeed("view")]
    past = await store.history(SHOP, profile.person, profile.merged, needs, NOW)
    assert [one.id for one in past["view"]] == ["e1", "e2", "e3"]


async def test_people_are_listed_in_pages(store: Store, fold: SmallFold) -> None:
    await store.commit([event(f"e{i}", f"v{i}") for i in range(25)] + [event("other", project=BLOG)], fold)
    seen, after = [], 0
    while page := await store.people(SHOP, after=after, limit=10):
        seen += [profile.ids[0] for profile in page]
        after = page[-1].person
    assert sorted(seen) == sorted(f"v{i}" for i in range(25))


# -- history ---------------------------------------------------------------------------------------------------------


async def test_history_is_exact_at_its_bounds(store: Store, fold: SmallFold) -> None:
    times = {"before": NOW - HOUR - 1, "at": NOW - HOUR, "after": NOW - HOUR + 1, "now": NOW, "ahead": NOW + 1}
    await store.commit([event(name, time=time) for name, time in times.items()], fold)
    ann = await person_of(store, "ann")

    async def ids(need: EventNeed) -> list[str]:
        return [one.id for one in (await store.history(SHOP, ann, (), [need], NOW))["view"]]

    assert await ids(EventNeed("view", within=HOUR)) == ["at", "after", "now", "ahead"]
    assert await ids(EventNeed("view", since=NOW - HOUR + 1)) == ["after", "now", "ahead"]
    assert await ids(EventNeed("view", within=HOUR, since=NOW)) == ["now", "ahead"]
    assert await ids(EventNeed("view")) == ["before", "at", "after", "now", "ahead"]


async def test_history_ascends_by_time_then_id_whatever_the_order_of_arrival(store: Store, fold: SmallFold) -> None:
    await store.commit([event("b", time=2_000), event("c", time=1_000), event("a", time=2_000)], fold)
    past = await store.history(SHOP, await person_of(store, "ann"), (), [EventNeed("view")], NOW)
    assert past == {
        "view": (PastEvent("view", 1_000, "c"), PastEvent("view", 2_000, "a"), PastEvent("view", 2_000, "b"))
    }


async def test_history_reads_properties_only_where_asked(store: Store, fold: SmallFold) -> None:
    await store.commit([event("a", name=name, properties={"price": 3}) for name in ("view",)], fold)
    await store.commit([event("b", name="buy", properties={"price": 4}), event("c", name="other")], fold)
    needs = [EventNeed("view"), EventNeed("buy", properties=True), EventNeed("never")]
    past = await store.history(SHOP, await person_of(store, "ann"), (), needs, NOW)
    assert {name: [one.properties for one in events] for name, events in past.items()} == {
        "view": [{}],
        "buy": [{"price": 4}],
        "never": [],
    }


async def test_two_needs_of_one_name_get_the_wider_of_both(store: Store, fold: SmallFold) -> None:
    await store.commit([event("a", time=NOW - 5 * HOUR, properties={"p": 1}), event("b", properties={"p": 2})], fold)
    needs = [EventNeed("view", within=HOUR, properties=True), EventNeed("view", within=9 * HOUR)]
    past = await store.history(SHOP, await person_of(store, "ann"), (), needs, NOW)
    assert [(one.id, one.properties) for one in past["view"]] == [("a", {"p": 1}), ("b", {"p": 2})]


async def test_history_of_merged_people_is_one(store: Store, fold: SmallFold) -> None:
    await store.commit([event("a", "ann", time=3), event("b", "bob", time=2), event("c", "eve", time=1)], fold)
    bob = await person_of(store, "bob")
    await store.commit([alias("ann", "bob")], fold)
    ann = await person_of(store, "ann")
    past = await store.history(SHOP, ann, (bob,), [EventNeed("view")], NOW)
    assert [one.id for one in past["view"]] == ["b", "a"]
    assert [one["id"] for one in await store.events_of(SHOP, [ann, bob])] == ["b", "a"]
    assert [one["id"] for one in await store.events_of(SHOP, [ann])] == ["a"]


@pytest.mark.parametrize("size", [499, 500, 501, 3_000])
async def test_history_of_any_length(store: Store, fold: SmallFold, size: int) -> None:
    await store.commit([event(f"e{i:05}", time=NOW - i, properties={"i": i}) for i in range(size)], fold)
    needs = [EventNeed("view", properties=True)]
    past = await store.history(SHOP, await person_of(store, "ann"), (), needs, NOW)
    assert [one.properties["i"] for one in past["view"]] == list(range(size))[::-1]


async def test_history_of_more_names_and_persons_than_a_statement_takes(store: Store, fold: SmallFold) -> None:
    names = [f"name {i}" for i in range(120)]
    await store.commit([event(name, name=name) for name in names], fold)
    past = await store.history(
        SHOP,
        await person_of(store, "ann"),
        tuple(range(10**6, 10**6 + 1_500)),
        [EventNeed(name) for name in names],
        NOW,
    )
    assert {name: [one.id for one in past[name]] for name in names} == {name: [name] for name in names}


async def test_no_needs_no_history(store: Store, fold: SmallFold) -> None:
    await store.commit([event("a")], fold)
    assert await store.history(SHOP, await person_of(store, "ann"), (), [], NOW) == {}


async def test_events_of_a_person_newest_first_in_pages(store: Store, fold: SmallFold) -> None:
    await store.commit([event(f"e{i}") for i in range(7)] + [event("bob", "bob")], fold)
    ann = await person_of(store, "ann")
    first = await store.events_of(SHOP, [ann], limit=3)
    second = await store.events_of(SHOP, [ann], limit=3, before=first[-1]["seq"])
    third = await store.events_of(SHOP, [ann], limit=3, before=second[-1]["seq"])
    assert [one["id"] for one in first + second + third] == [f"e{i}" for i in reversed(range(7))]
    assert await store.events_of(SHOP, []) == []


async def test_events_of_a_person_by_name(store: Store, fold: SmallFold) -> None:
    names = ("view", "order", "view", "order", "view")
    await store.commit([event(f"e{i}", name=name) for i, name in enumerate(names)], fold)
    await store.commit([event("bob", "bob", name="order")], fold)
    ann = await person_of(store, "ann")
    assert [one["id"] for one in await store.events_of(SHOP, [ann], name="order")] == ["e3", "e1"]
    newest = await store.events_of(SHOP, [ann], limit=1, name="view")
    later = await store.events_of(SHOP, [ann], before=newest[0]["seq"], name="view")
    assert [one["id"] for one in newest + later] == ["e4", "e2", "e0"]
    assert await store.events_of(SHOP, [ann], name="letter") == []


# -- erase -----------------------------------------------------------------------------------------------------------


async def test_an_erased_person_is_gone_and_their_neighbour_is_not(store: Store, fold: SmallFold) -> None:
    device = Visitor(id="ann", anonymous_id="device")
    await store.commit([event("a1", device), exposure("ann"), event("b1", "bob"), exposure("bob")], fold)
    await store.remember_answer(SHOP, "request-a", b"for ann", NOW, device)
    await store.remember_answer(SHOP, "request-b", b"for bob", NOW, Visitor(id="bob"))
    await store.put_members(SHOP, "vip", ['"ann"', '"bob"', '"device"', "1"], replace=True, limit=10)
    ann, bob = await person_of(store, "ann"), await person_of(store, "bob")

    assert await store.erase(SHOP, ann, NOW) >= 7

    assert await store.find(SHOP, device) == Found()
    assert await store.events_of(SHOP, [ann]) == await store.exposures_of(SHOP, [ann]) == []
    assert await store.profile_ids(SHOP, ann) == []
    assert await store.members(SHOP, "vip") == ['"bob"', "1"]
    assert (await store.list_sizes(SHOP))["vip"][0] == 2
    assert await store.remembered_answer(SHOP, "request-a", 0) is None

    assert await person_of(store, "bob") == bob
    assert len(await store.events_of(SHOP, [bob])) == len(await store.exposures_of(SHOP, [bob])) == 1
    assert await store.remembered_answer(SHOP, "request-b", 0) == b"for bob"
    assert [one["id"] async for one in store.stream_events(SHOP)] == ["b1"]


async def test_an_erased_event_that_is_sent_again_stays_a_duplicate(store: Store, fold: SmallFold) -> None:
    await store.commit([event("a1")], fold)
    await store.erase(SHOP, await person_of(store, "ann"), NOW)
    (verdict,) = await store.commit([event("a1")], fold)
    assert verdict.outcome == "duplicate"
    assert await store.find(SHOP, Visitor(id="ann")) == Found()


async def test_an_erased_person_comes_back_as_somebody_new(store: Store, fold: SmallFold) -> None:
    await store.commit([event("a1", attributes={"secret": 1})], fold)
    ann = await person_of(store, "ann")
    await store.erase(SHOP, ann, NOW)
    await store.commit([event("a2")], fold)
    found = await store.find(SHOP, Visitor(id="ann"))
    assert found.known is not None
    assert found.known.attributes == {}
    assert found.known.person != ann


@pytest.mark.parametrize("by", ["person now", "person merged away"])
async def test_erasing_takes_everyone_merged_along(store: Store, fold: SmallFold, by: str) -> None:
    await store.commit([event("a1", "ann"), event("b1", "bob"), exposure("bob"), event("c1", "eve")], fold)
    bob = await person_of(store, "bob")
    await store.commit([alias("ann", "bob"), event("b2", "bob")], fold)
    ann = await person_of(store, "ann")
    await store.erase(SHOP, ann if by == "person now" else bob, NOW)
    assert [one["id"] async for one in store.stream_events(SHOP)] == ["c1"]
    assert await store.find(SHOP, Visitor(id="ann")) == await store.find(SHOP, Visitor(id="bob")) == Found()
    assert await store.exposures_of(SHOP, [ann, bob]) == []


async def test_erasing_a_person_of_many_events(store: Store, fold: SmallFold) -> None:
    await store.commit([event(f"a{i}") for i in range(4_500)] + [event("b", "bob")], fold)
    removed = await store.erase(SHOP, await person_of(store, "ann"), NOW)
    assert removed == 4_500 + 2  # with the profile and the id
    assert [one["id"] async for one in store.stream_events(SHOP)] == ["b"]


async def test_erasing_nobody_removes_nothing(store: Store, fold: SmallFold) -> None:
    await store.commit([event("a1")], fold)
    ann = await person_of(store, "ann")
    assert await store.erase(SHOP, 424242, NOW) == 0
    assert await store.erase(BLOG, ann, NOW) == 0
    assert await person_of(store, "ann") == ann


# -- restart ---------------------------------------------------------------------------------------------------------


async def test_people_and_events_survive_a_restart(backend: Backend, store: Store, fold: SmallFold) -> None:
    await store.commit([event("a1", attributes={"x": 1}), link("ann", "device"), exposure()], fold)
    before = await store.find(SHOP, Visitor(id="ann", anonymous_id="device"))
    await store.close()
    again = backend()
    await again.open()
    try:
        assert await again.find(SHOP, Visitor(id="ann", anonymous_id="device")) == before
        assert before.known is not None
        assert before.known.attributes == {"x": 1}
        (verdict,) = await again.commit([event("a1")], fold)
        assert verdict.outcome == "duplicate"
        assert len(await again.exposures_of(SHOP, [before.known.person])) == 1
    finally:
        await again.close()


# -- prune -----------------------------------------------------------------------------------------------------------


async def test_prune_removes_what_is_older_than_its_time_and_nothing_else(store: Store, fold: SmallFold) -> None:
    old, fresh = NOW - 10 * DAY, NOW - DAY
    batch = [event(f"old{i}", received_at=old, time=old) for i in range(3)]
    batch += [event("imported", received_at=fresh, time=old), event("fresh", received_at=fresh)]
    batch += [event("old", project=BLOG, received_at=old)]
    await store.commit(batch, fold)
    removed = await store.prune(NOW, {SHOP: 10 * DAY}, {SHOP: 5 * DAY})
    assert removed == {"ledger": 0, "events": 3, "rejected": 0, "answers": 0}
    assert [one["id"] async for one in store.stream_events(SHOP)] == ["imported", "fresh"]
    assert [one["id"] async for one in store.stream_events(BLOG)] == ["old"]
    outcomes = [verdict.outcome for verdict in await store.commit(batch, fold)]
    assert outcomes == ["duplicate"] * 6


async def test_identities_are_forgotten_after_the_horizon_of_their_project(store: Store, fold: SmallFold) -> None:
    batch = [
        event("e1", received_at=NOW - 10 * DAY),
        event("e2"),
        event("e1", project=BLOG, received_at=NOW - 10 * DAY),
    ]
    await store.commit(batch, fold)
    assert (await store.prune(NOW, {SHOP: 9 * DAY, BLOG: 11 * DAY}, {}))["ledger"] == 1
    outcomes = [verdict.outcome for verdict in await store.commit(batch, fold)]
    assert outcomes == ["accepted", "duplicate", "duplicate"]


async def test_prune_works_in_bites_of_any_number(store: Store, fold: SmallFold) -> None:
    long_ago = NOW - 100 * DAY
    await store.commit([event(f"e{i}", f"v{i % 9}", received_at=long_ago) for i in range(11_000)], fold)
    await store.commit([event(f"new{i}") for i in range(100)], fold)
    removed = await store.prune(NOW, {SHOP: 50 * DAY}, {SHOP: 50 * DAY})
    assert (removed["ledger"], removed["events"]) == (11_000, 11_000)
    assert len([one async for one in store.stream_events(SHOP)]) == 100
    assert (await store.prune(NOW, {SHOP: 50 * DAY}, {SHOP: 50 * DAY}))["events"] == 0


async def test_sequence_numbers_are_not_given_twice(store: Store, fold: SmallFold) -> None:
    await store.commit([event("e1"), event("e2")], fold)
    last = (await store.recent_events(SHOP))[0]["seq"]
    await store.erase(SHOP, await person_of(store, "ann"), NOW)
    await store.commit([event("e3", "bob")], fold)
    assert (await store.recent_events(SHOP))[0]["seq"] > last
