"""A condition declares what must be gathered for it, and nothing else."""

from typing import Any

import pytest

from tailorbird.domain.definitions import Audience
from tailorbird.domain.needs import EventNeed, Needs
from tailorbird.targeting import EMPTY_LIBRARY, EVERYONE, IdList, compile_audiences, compile_condition

DAY = 86_400_000
ORDER = {"name": "order"}
VIEW = {"event": "view", "property": "category", "is": "shoes"}
SUM = {"sum": {"of": "amount", "is": {"$gt": 1}}}
NOTHING, PROFILE = Needs(), Needs(profile=True)


def events(*needs: EventNeed) -> Needs:
    return Needs(events=frozenset(needs))


@pytest.mark.parametrize(
    ("tree", "needs"),
    [
        ({}, NOTHING),
        ({"plan": "gold"}, PROFILE),
        ({"$or": [{"@device": "mobile"}, {"@country": {"$ne": "GB"}}]}, NOTHING),
        ({"@query.utm_source": "mail", "@weekday": "monday", "@hour": 9, "@date": "2026-12-24"}, NOTHING),
        ({"@id": {"$regex": "^a"}, "@anonymous_id": "x", "@session": "s"}, NOTHING),
        ({"@returning": True}, PROFILE),
        ({"@new": True}, PROFILE),
        ({"@visits": 1}, PROFILE),
        ({"@first_seen": {"$gt": 5}}, PROFILE),
        ({"@days_since_last_seen": {"$gt": 5}}, PROFILE),
        ({"$not": {"$and": [{"@device": "mobile"}, {"plan": "gold"}]}}, PROFILE),
        ({"$event": ORDER}, PROFILE),
        ({"$event": {**ORDER, "where": {}}}, PROFILE),
        ({"$event": {**ORDER, **SUM}}, PROFILE),
        ({"$event": {**ORDER, "first": {"of": "amount", "is": 5}}}, PROFILE),
        ({"$event": {**ORDER, "first": {"of": "amount", "is": "x"}}}, events(EventNeed("order", properties=True))),
        (
            {"$event": {**ORDER, "first": {"of": "a", "is": {"$exists": True}}}},
            events(EventNeed("order", properties=True)),
        ),
        ({"$event": {**ORDER, "sum": {"of": "a.b.c.d.e", "is": 5}}}, events(EventNeed("order", properties=True))),
        (
            {"$event": {**ORDER, "count": 2, "last": {"of": "a", "is": "x"}}},
            Needs(True, frozenset({EventNeed("order", properties=True)})),
        ),
        ({"$event": {**ORDER, "within": {"days": 30}}}, events(EventNeed("order", 30 * DAY))),
        ({"$event": {**ORDER, "within": {"days": 0.5, "minutes": 1}}}, events(EventNeed("order", DAY // 2 + 60_000))),
        ({"$event": {**ORDER, "since": "2026-01-01"}}, events(EventNeed("order", since=1_767_225_600_000))),
        ({"$event": {**ORDER, "where": {"a": 1}}}, events(EventNeed("order", properties=True))),
        ({"$event": {**ORDER, "within": {"days": 1}, **SUM}}, events(EventNeed("order", DAY, properties=True))),
        ({"$affinity": VIEW}, events(EventNeed("view", properties=True))),
        ({"$affinity": {**VIEW, "within": {"hours": 1}}}, events(EventNeed("view", 3_600_000, properties=True))),
        (
            {"$or": [{"$event": {**ORDER, "within": {"days": 1}}}, {"$event": {**ORDER, "within": {"days": 2}}}]},
            events(EventNeed("order", DAY), EventNeed("order", 2 * DAY)),
        ),
    ],
)
def test_needs(tree: Any, needs: Needs) -> None:
    assert compile_condition(tree, EMPTY_LIBRARY).needs == needs


def test_everyone_needs_nothing() -> None:
    assert EVERYONE.needs == NOTHING
    assert not EVERYONE.needs.store


def test_audiences_bring_their_needs_and_names() -> None:
    library, broken = compile_audiences(
        [
            Audience(name="A", key="mobile", id="a1", condition={"@device": "mobile"}),
            Audience(name="B", key="buyers", id="b1", condition={"$event": {**ORDER, "within": {"days": 1}}}),
            Audience(name="C", key="both", id="c1", condition={"$audience": {"$all": ["mobile", "b1"]}}),
            Audience(name="L", key="friends", id="l1", type="list"),
        ],
        {"l1": IdList.of(["ada"])},
    )
    assert not broken
    mobile = compile_condition({"$audience": "mobile"}, library)
    assert (mobile.needs, mobile.audiences) == (NOTHING, frozenset({"a1"}))
    both = compile_condition({"$audience": "c1"}, library)
    assert (both.needs, both.audiences) == (events(EventNeed("order", DAY)), frozenset({"a1", "b1", "c1"}))
    friends = compile_condition({"$audience": "friends"}, library)
    assert (friends.needs, friends.audiences) == (PROFILE, frozenset({"l1"}))
    group = compile_condition({"@id": {"$inGroup": "friends"}}, library)
    assert (group.needs, group.audiences) == (NOTHING, frozenset({"l1"}))


def test_since_without_offset_is_in_the_given_zone() -> None:
    from zoneinfo import ZoneInfo

    condition = compile_condition(
        {"$event": {**ORDER, "since": "2026-01-01"}}, EMPTY_LIBRARY, zone=ZoneInfo("Europe/Vienna")
    )
    assert condition.needs == events(EventNeed("order", since=1_767_225_600_000 - 3_600_000))
