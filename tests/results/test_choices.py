"""What a reader or a campaign may choose changes what is counted and compared, over HTTP: goal, attribution, window,
period, segment, device, baseline."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from tests.results.conftest import DAY, Shop, arms_of, crowd, goal_of, orders, rule
from tests.web.conftest import NOON

ONE_ARM: dict[str, Any] = {"control": 0, "rules": [rule("All", "A")]}


def reached(report: dict[str, Any], goal: str = "order") -> dict[str, Any]:
    """What the people of the only experience did."""
    told: dict[str, Any] = arms_of(report, goal)["All", "A"]["reached"]
    return told


@pytest.mark.parametrize(
    ("aggregate", "total"),
    [
        ("occurrence", 2.0),
        ("count", 4.0),
        ("sum", 12.0 + 5.0),
        ("average", 4.0 + 5.0),
        ("min", 1.0 + 5.0),
        ("max", 8.0 + 5.0),
        ("first", 3.0 + 5.0),
        ("last", 1.0 + 5.0),
    ],
)
async def test_a_goal_adds_a_persons_events_up_in_the_way_it_names(shop: Shop, aggregate: str, total: float) -> None:
    counts = aggregate in ("occurrence", "count")
    of = {} if counts else {"property": "amount", "capping": {"percentile": 100}}
    await shop.make("goals", name="Spent", event="order", aggregate=aggregate, **of)
    await shop.campaign(**ONE_ARM, goals=[{"goal": "spent", "role": "primary"}])
    at = NOON - DAY
    placed = [
        orders("a", [0], at=at - 1, amount=100),  # before the exposure
        *(orders("a", [0], at=at + n, amount=amount) for n, amount in enumerate((3, 8, 1), start=1)),
        orders("a", [1], amount=5),
    ]
    await shop.bring(crowd("a", 4, "A"), chain.from_iterable(placed))
    told = reached(await shop.results(), "spent")
    assert (told["people"], told["conversions"], told["total"]) == (4, 2, total)
    assert told["value"] == pytest.approx(total / 4)


async def test_by_view_everybody_exposed_can_convert_and_by_click_only_who_clicked_before(shop: Shop) -> None:
    await shop.campaign(control=0, rules=[rule("All", "A", "B")])
    clicked = NOON - DAY + 10

    def click(who: str) -> dict[str, Any]:
        told = {"name": "click", "visitor": {"id": who}, "properties": {"campaign": "hero"}}
        return {"id": f"k-{who}", "time": clicked, **told}

    await shop.bring(
        crowd("a", 10, "A") + crowd("b", 10, "B"),
        [
            *(click(who) for who in ("a-0", "a-1", "b-0")),
            *orders("a", [0, 2], at=clicked + 1),  # one after a click, one without
            *orders("a", [1], at=clicked - 1),  # before the click
            *orders("b", [0], at=clicked + 1),
        ],
    )
    by_view, by_click = [arms_of(await shop.results(attribution=how)) for how in ("view", "click")]
    assert {name: arm["reached"]["conversions"] for (_, name), arm in by_view.items()} == {"A": 3, "B": 1}
    assert {name: arm["reached"]["conversions"] for (_, name), arm in by_click.items()} == {"A": 1, "B": 1}
    assert {name: arm["reached"]["people"] for (_, name), arm in by_click.items()} == {"A": 10, "B": 10}


async def test_another_window_counts_other_orders(shop: Shop) -> None:
    await shop.campaign(**ONE_ARM)
    early = NOON - 20 * DAY
    await shop.bring(
        crowd("a", 10, "A", at=early),
        orders("a", [0], at=early) + orders("a", [1], at=early + 7 * DAY - 1) + orders("a", [2], at=early + 7 * DAY),
    )
    assert reached(await shop.results())["conversions"] == 2
    assert goal_of(await shop.results())["window_days"] == 7.0
    for days, conversions in ((1, 1), (7, 2), (7.5, 3), (30, 3)):
        report = await shop.results(window_days=days)
        assert (goal_of(report)["window_days"], reached(report)["conversions"]) == (days, conversions)


async def test_a_period_holds_who_was_first_exposed_in_it_and_what_they_did_until_its_end(shop: Shop) -> None:
    await shop.campaign(**ONE_ARM)
    start, end = NOON - 4 * DAY, NOON - 2 * DAY
    await shop.bring(
        crowd("before", 3, "A", at=start - 1) + crowd("in", 5, "A", at=start) + crowd("after", 7, "A", at=end),
        orders("before", [0], at=start + 1)
        + orders("in", [0], at=start)
        + orders("in", [1], at=end - 1)
        + orders("in", [2], at=end)
        + orders("after", [0], at=end),
    )
    choices: list[tuple[dict[str, Any], int, int]] = [
        ({}, 15, 5),
        ({"since": start}, 12, 4),
        ({"until": end}, 8, 3),
        ({"since": start, "until": end}, 5, 2),
    ]
    for view, people, conversions in choices:
        report = await shop.results(**view)
        assert (report["people"], reached(report)["conversions"]) == (people, conversions), view


async def test_segments_are_those_of_the_moment_of_the_exposure(shop: Shop) -> None:
    await shop.make("audiences", name="Vip", key="vip", condition={"plan": "gold"})
    await shop.make("audiences", name="London", key="london", condition={"city": "London"})
    await shop.campaign(**ONE_ARM)
    people = {
        "ada": {"plan": "gold", "city": "London"},
        "bob": {"plan": "gold"},
        "eve": {"city": "London"},
        "joe": {},
    }
    for who, attributes in people.items():
        visitor = {"id": who}
        context = {"attributes": attributes}
        answer = await shop.decide({"visitor": visitor, "campaigns": ["hero"], "context": context})
        assert answer.json()["decisions"][0]["experience"] == "A"
    await shop.settled()
    shop.now += 1000
    # who orders has another plan by then: it changes nothing
    await shop.send(
        *(
            {"id": f"o-{who}", "name": "order", "visitor": {"id": who}, "attributes": {"plan": plan}}
            for who, plan in (("ada", "none"), ("joe", "gold"))
        )
    )
    report = await shop.results(by="audience")
    groups = {group["value"]: (group["people"], reached(group)["conversions"]) for group in report["groups"]}
    assert groups == {"vip": (2, 1), "london": (2, 1), None: (1, 1)}
    for told, count in (("audience=vip", 2), ("audience=vip,london", 3), ("audience=nobody", 0)):
        assert (await shop.results(filter=told))["people"] == count, told
    both = await shop.results(filter=["audience=vip", "audience=london"])
    assert (both["people"], reached(both)["conversions"]) == (1, 1)


async def test_devices_countries_and_new_or_returning_visitors_apart(shop: Shop) -> None:
    await shop.campaign(**ONE_ARM)
    await shop.bring(
        crowd("a", 5, "A", facts={"device": "mobile", "country": "GB", "returning": False})
        + crowd("b", 3, "A", facts={"device": "tablet", "country": "FR", "returning": True})
        + crowd("c", 2, "A"),
        orders("a", [0]) + orders("b", [0, 1]),
    )
    for by, groups in (
        ("device", {"mobile": (5, 1), "tablet": (3, 2), None: (2, 0)}),
        ("country", {"GB": (5, 1), "FR": (3, 2), None: (2, 0)}),
        ("visitor", {"new": (5, 1), "returning": (3, 2), None: (2, 0)}),
    ):
        report = await shop.results(by=by)
        found = {group["value"]: (group["people"], reached(group)["conversions"]) for group in report["groups"]}
        assert found == groups


async def test_clicks_on_one_page_are_told_apart_by_what_was_clicked(shop: Shop) -> None:
    await shop.campaign(**ONE_ARM)
    clicks = [(0, "buy"), (1, "buy"), (1, "more"), (2, "more"), (2, "buy")]
    await shop.bring(
        crowd("a", 5, "A"),
        [
            {"id": f"k{n}", "name": "click", "visitor": {"id": f"a-{who}"}, "time": NOON - DAY + n,
             "properties": {"campaign": "hero", "widget_id": widget}}
            for n, (who, widget) in enumerate(clicks)
        ]
        + orders("a", [0, 2, 4], at=NOON),
    )  # fmt: skip
    report = await shop.results(by="click:widget_id")
    # a person belongs to the first one clicked
    found = {group["value"]: (group["people"], reached(group)["conversions"]) for group in report["groups"]}
    assert found == {"buy": (2, 1), "more": (1, 1), None: (2, 1)}
    assert (await shop.results(filter="click:widget_id=more"))["people"] == 2
    (arm,) = (arm for arm in report["arms"] if arm["people"])
    assert (arm["clicks"], arm["clickers"]) == (5, 3)


async def test_without_control_experiences_are_compared_with_the_first_of_their_rule(shop: Shop) -> None:
    await shop.campaign(control=0, rules=[rule("All", "A", "B")])
    await shop.bring(crowd("a", 600, "A") + crowd("b", 600, "B"), orders("a", range(90)) + orders("b", range(180)))
    report = await shop.results()
    arms = arms_of(report)
    assert (report["baseline"], report["exploratory"]) == ("first", [])
    assert arms["All", "A"]["lift"] is None
    assert arms["All", "B"]["lift"]["lift"] == pytest.approx(1.0)
    assert arms["All", "B"]["lift"]["verdict"]["outcome"] == "better"
    assert "Experiences are compared with the first one of their rule." in report["notes"]
    shop.now += DAY
    await shop.write("campaigns", "hero", control=5)
    later = await shop.results()
    assert (later["baseline"], later["restarts"], later["people"]) == ("first", [], 1200)


async def test_control_that_is_given_up_in_the_end_stays_the_baseline(shop: Shop) -> None:
    await shop.campaign()
    await shop.bring(crowd("a", 40, "A") + crowd("c", 40, "control"), orders("a", range(8)) + orders("c", range(4)))
    shop.now += DAY
    await shop.write("campaigns", "hero", control=0)
    report = await shop.results()
    assert (report["baseline"], report["restarts"], report["people"]) == ("control", [], 80)
    assert goal_of(report)["campaign"]["lift"] == pytest.approx(1.0)
