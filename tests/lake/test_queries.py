"""The figures of a campaign, against the same facts counted one by one."""

from __future__ import annotations

import random
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailorbird.lake.queries import ask
from tests.lake.query_world import World, by_cell

PEOPLE = ask.People(campaign="C", names=("hero",), rules={"A": "R1", "B": "R1", "X": "R2"})
ORDER = ask.Measure(event="order")
WINDOW = 1000


def goal(aggregate: str = "occurrence", cap: ask.Cap | None = None, **more: Any) -> ask.Counted:
    told = {"property": "amount"} if aggregate not in ("occurrence", "count") else {}
    measure = ask.Measure(event="order", aggregate=aggregate, **told, **more)  # type: ignore[arg-type]
    return ask.Counted(id="g", value=measure, window_ms=WINDOW, cap=cap or ask.Cap())


def counted(world: World, *goals: ask.Counted, people: ask.People = PEOPLE, **more: Any) -> dict[str, Any]:
    return world.asked(ask.Campaign(people=people, goals=goals, **more))


def crowd(seed: int, size: int = 60) -> World:
    """People with several ids, several exposures and orders around their windows."""
    chance = random.Random(seed)
    world = World()
    merged = {chance.randrange(size): chance.randrange(size) for _ in range(8)}
    for person, target in merged.items():
        if target not in merged and person != target:
            world.link(person, target)
    for person in range(size):
        if chance.random() < 0.9:
            rule = chance.choice(["R1", "R1", "R2"])
            arm = chance.choice(["control", "A", "B"] if rule == "R1" else ["control", "X"])
            world.expose(person, arm, chance.randrange(5000), rule=rule, facts={"device": chance.choice("md")})
        for _ in range(chance.choice([0, 0, 1, 3])):
            value = chance.choice([chance.randrange(-20, 500), 1.5, "x", None, True])
            world.happen(person, "order", chance.randrange(7000), {"amount": value, "c": chance.choice("ab")})
        world.happen(person, "view", 10)
    return world


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.sampled_from(get_args(ask.Aggregate)), st.sampled_from([None, {"c": "a"}]))
def test_totals_are_those_of_counting_one_by_one(seed: int, aggregate: str, where: Any) -> None:
    world = crowd(seed)
    asked = goal(aggregate, where=where)
    found = by_cell(counted(world, asked)["goal:g"], "contributing", "total", "squares")
    expected = world.moments(asked)
    assert found.keys() == expected.keys()
    for cell, sums in expected.items():
        assert found[cell] == pytest.approx(sums, rel=1e-9, abs=1e-9)


def test_everybody_exposed_is_counted_in_the_arm_of_their_first_exposure() -> None:
    world = crowd(3)
    found = by_cell(counted(world)["people"], "n")
    expected: dict[tuple[str, str], int] = {}
    for row in world.people().values():
        cell = (row["rule"], row["arm"])
        expected[cell] = expected.get(cell, 0) + 1
    assert {cell: n for cell, (n,) in found.items()} == expected


def test_ids_that_turn_out_to_be_one_person_are_one_with_the_earlier_exposure() -> None:
    world = World()
    world.expose(1, "A", 200)
    world.expose(2, "control", 100)
    world.happen(2, "order", 150)
    assert by_cell(counted(world, goal())["people"], "n") == {("R1", "A"): (1,), ("R1", "control"): (1,)}
    world.link(1, 2)
    found = counted(world, goal())
    assert by_cell(found["people"], "n") == {("R1", "control"): (1,)}
    assert by_cell(found["goal:g"], "total") == {("R1", "control"): (1.0,)}
    assert found["conflicts"] == [{"people": 1}]


def test_the_window_begins_with_the_exposure_and_ends_before_its_length_is_over() -> None:
    world = World()
    for person, time in enumerate((99, 100, 100 + WINDOW - 1, 100 + WINDOW)):
        world.expose(person, "AB"[person in (1, 2)], 100)
        world.happen(person, "order", time)
    assert by_cell(counted(world, goal())["goal:g"], "total") == {("R1", "B"): (2.0,)}


def test_totals_above_the_pooled_percentile_count_as_it() -> None:
    world = World()
    for person in range(1000):
        world.expose(person, "A" if person % 2 else "control", 0)
        if person < 100:
            world.happen(person, "order", 1, {"amount": person + 1})
    asked = goal("sum", cap=ask.Cap(percentile=99.0))
    found = counted(world, asked)
    assert found["cap:g"] == [{"column": "y", "cap": 90.0}]  # ten of a thousand people are above it
    assert by_cell(found["goal:g"], "contributing", "total", "squares") == world.moments(asked, 90.0)
    at_value = counted(world, goal("sum", cap=ask.Cap(value=5.0)))
    assert by_cell(at_value["goal:g"], "contributing", "total", "squares") == world.moments(asked, 5.0)


def test_a_percentile_that_would_cut_everything_off_is_one_of_those_who_did_something() -> None:
    world = World()
    for person in range(1000):
        world.expose(person, "A", 0)
    world.happen(1, "order", 1, {"amount": 7})
    assert counted(world, goal("sum", cap=ask.Cap(percentile=99.0)))["cap:g"] == [{"column": "y", "cap": 7.0}]


def test_a_ratio_has_the_sums_of_both_parts_and_of_their_product() -> None:
    world = World()
    for person, amounts in enumerate(([2.0, 4.0], [6.0], [])):
        world.expose(person, "A", 0)
        for amount in amounts:
            world.happen(person, "order", 1, {"amount": amount})
    asked = ask.Counted(
        id="g",
        value=ask.Measure(event="order", aggregate="sum", property="amount"),
        per=ask.Measure(event="order", aggregate="count"),
        window_ms=WINDOW,
    )
    (row,) = counted(world, asked)["goal:g"]
    assert (row["total"], row["squares"], row["contributing"]) == (12.0, 72.0, 2)
    assert (row["per_total"], row["per_squares"], row["product"]) == (3.0, 5.0, 18.0)


def test_the_value_before_the_exposure_stands_beside_the_one_after_it() -> None:
    world = World()
    for person, (before, after) in enumerate(((3, 5), (2, 0), (0, 7))):
        world.expose(person, "A", 1000)
        for time, amount in ((900, before), (1100, after), (100, 50)):
            if amount:
                world.happen(person, "order", time, {"amount": amount})
    asked = ask.Counted(
        id="g",
        value=ask.Measure(event="order", aggregate="sum", property="amount"),
        window_ms=WINDOW,
        before_ms=500,
    )
    (row,) = counted(world, asked)["goal:g"]
    assert (row["total"], row["squares"], row["contributing"]) == (12.0, 74.0, 2)
    assert (row["pre_total"], row["pre_squares"], row["pre_product"]) == (5.0, 13.0, 15.0)


def test_events_in_another_currency_are_left_out() -> None:
    world = World()
    world.expose(1, "A", 0)
    for amount, currency in ((1, "GBP"), (10, "EUR"), (100, "gbp"), (1000, None)):
        told = {"amount": amount} | ({"currency": currency} if currency else {})
        world.happen(1, "order", 1, told)
    (row,) = counted(world, goal("sum", currency="GBP"))["goal:g"]
    assert row["total"] == 1101.0


def test_only_events_of_the_named_doors_and_channels_count() -> None:
    world = World()
    for person, (source, channel) in enumerate((("api", "shop"), ("import", "shop"), ("api", "app"))):
        world.expose(person, "A", 0)
        world.happen(person, "order", 1, source=source, channel=channel)
    (row,) = counted(world, goal(sources=("api",), channels=("shop",)))["goal:g"]
    assert row["total"] == 1.0
    (row,) = counted(world, goal())["goal:g"]
    assert row["total"] == 3.0


def test_by_click_only_what_follows_a_click_within_the_window_counts() -> None:
    world = World()
    for person, (clicked, ordered) in enumerate(((2000, 2500), (2000, 1900), (2000, 3000), (None, 50))):
        world.expose(person, "A", 0)
        if clicked is not None:
            world.happen(person, "click", clicked, campaign="C", rule="R1", arm="A")
        world.happen(person, "order", ordered)
    by_click = counted(world, goal(), attribution="click")
    assert by_cell(by_click["goal:g"], "total") == {("R1", "A"): (1.0,)}
    assert by_cell(by_click["people"], "n") == {("R1", "A"): (4,)}
    assert by_cell(counted(world, goal())["goal:g"], "total") == {("R1", "A"): (1.0,)}  # by view: the last one


def test_impressions_and_clicks_count_in_the_arm_of_their_token_or_else_in_the_persons_own() -> None:
    world = World()
    world.expose(1, "A", 0)
    world.expose(2, "control", 0)
    for name in ("impression", "impression", "click", "dismissal"):
        world.happen(1, name, 1, campaign="C", rule="R1", arm="A")
    world.happen(2, "click", 1, {"campaign": "hero"})
    world.happen(2, "click", 1, {"experience": "B"})
    world.happen(2, "click", 1, {"campaign": "other"})
    world.happen(2, "click", 1, campaign="D", rule="R9", arm="Z")
    world.happen(3, "click", 1, {"campaign": "hero"})
    found = by_cell(counted(world)["touches"], "impressions", "clicks", "dismissals", "clickers")
    assert found == {("R1", "A"): (2, 1, 1, 1), ("R1", "control"): (0, 2, 0, 1)}


def test_crossed_people_met_control_and_an_experience_or_two_of_one_rule() -> None:
    world = World()
    for person, rule, first, then in (
        (1, "R1", "control", "A"),
        (2, "R1", "A", "B"),
        (3, "R1", "A", "X"),
        (4, "R1", "A", "A"),
        (5, "R2", "control", "control"),
    ):
        world.expose(person, first, 0, rule=rule)
        world.see(person, then, day=2)
    found = counted(world)["crossed"]
    assert by_cell(found, "torn", "moved") == {("R1", "control"): (1, 0), ("R1", "A"): (1, 1)}
    without = counted(world, people=ask.People(campaign="C", rules=PEOPLE.rules, exclude_crossed=True))
    assert sum(row["n"] for row in without["people"]) == 3


def test_a_period_takes_people_by_their_first_exposure_and_ends_their_events() -> None:
    world = World()
    for person, at in enumerate((50, 100, 199, 200)):
        world.expose(person, "A", at)
        world.happen(person, "order", at + 1)
        world.happen(person, "order", 250)
    people = ask.People(campaign="C", since=100, until=200)
    found = counted(world, goal("count"), people=people)
    assert by_cell(found["people"], "n") == {("R1", "A"): (2,)}
    assert by_cell(found["goal:g"], "total") == {("R1", "A"): (1.0,)}  # at 101; 200 and 250 are not before its end


def test_only_people_whose_window_is_over_are_mature() -> None:
    world = World()
    for person, at in enumerate((0, 500)):
        world.expose(person, "A", at)
        world.happen(person, "order", at)
    found = counted(world, goal(), mature=True, now=WINDOW)
    assert by_cell(found["people:g"], "n") == {("R1", "A"): (1,)}
    assert by_cell(found["goal:g"], "total") == {("R1", "A"): (1.0,)}
    assert by_cell(found["people"], "n") == {("R1", "A"): (2,)}


DETAILS: dict[str, Any] = {
    "device": "mobile",
    "country": "GB",
    "returning": True,
    "audiences": ["vip", "new"],
    "attributes": {"plan": "gold", "level": 3, "paying": False},
}


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (ask.By(dimension="device"), {"mobile": 1, None: 1}),
        (ask.By(dimension="country"), {"GB": 1, None: 1}),
        (ask.By(dimension="visitor"), {"returning": 1, None: 1}),
        (ask.By(dimension="audience"), {"vip": 1, "new": 1, None: 1}),
        (ask.By(dimension="attribute", name="plan"), {"gold": 1, None: 1}),
        (ask.By(dimension="attribute", name="level"), {"3": 1, None: 1}),
        (ask.By(dimension="attribute", name="paying"), {"false": 1, None: 1}),
        (ask.By(dimension="click", name="widget"), {"buy": 1, None: 1}),
    ],
)
def test_breakdowns_and_filters_go_by_what_was_known_at_the_exposure(by: ask.By, groups: dict[Any, int]) -> None:
    world = World()
    world.expose(1, "A", 0, facts=DETAILS)
    world.expose(2, "A", 0, facts={})
    for person in (1, 2):
        world.happen(person, "order", 1)
    for time, widget in ((5, "buy"), (9, "more")):
        world.happen(1, "click", time, {"widget": widget}, campaign="C", rule="R1", arm="A")
    found = counted(world, goal(), by=by)
    assert {row["group"]: row["n"] for row in found["people by"]} == groups
    assert {row["group"]: row["total"] for row in found["goal by:g"]} == groups
    assert by_cell(found["people"], "n") == by_cell(found["goal:g"], "contributing") == {("R1", "A"): (2,)}
    value = next(iter(groups))
    only = counted(world, goal(), people=ask.People(campaign="C", only=(ask.Only(by=by, values=(value, "x")),)))
    assert by_cell(only["people"], "n") == {("R1", "A"): (1,)}
    none = counted(world, goal(), people=ask.People(campaign="C", only=(ask.Only(by=by, values=("x",)),)))
    assert none["people"] == []


def test_a_campaign_that_nobody_met_has_empty_tables() -> None:
    asked = (goal(), goal("sum", cap=ask.Cap(percentile=99.9)))
    found = counted(World(), asked[0], asked[1], by=ask.By(dimension="audience"), attribution="click")
    assert (found["people"], found["touches"], found["goal:g"], found["crossed"]) == ([], [], [], [])
