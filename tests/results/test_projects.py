"""Campaigns over time, beside each other, and the items that they showed, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.results.conftest import BASE, DAY, Shop, crowd, orders, rule
from tests.web.conftest import NOON

HOUR = 3_600_000


async def told(shop: Shop, path: str, **view: Any) -> dict[str, Any]:
    answer = await shop.ask("GET", f"{BASE}/{path}", params=view)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_campaign_over_time_by_day_and_hour_period_by_period_and_added_up(shop: Shop) -> None:
    await shop.campaign()
    days = [NOON - 4 * DAY, NOON - 4 * DAY + HOUR, NOON - 2 * DAY]
    for number, at in enumerate(days):
        await shop.bring(
            crowd(f"a{number}", 3, "A", at=at),
            orders(f"a{number}", [0], at=at + HOUR) + orders(f"a{number}", [0], at=at + 2 * HOUR),
        )
    series = await told(shop, "campaigns/hero/results/series")
    (line,) = series["lines"]
    assert (series["goal"], series["time_zone"], line["name"], len(line["points"])) == ("order", "UTC", "A", 3)
    periods = [point["period"] for point in line["points"]]
    assert [(one["people"], one["conversions"], one["events"]) for one in periods] == [(6, 2, 4), (0, 0, 0), (3, 1, 2)]
    last = line["points"][-1]["cumulative"]
    assert (last["people"], last["conversions"], last["events"]) == (9, 3, 6)
    assert line["points"][0]["at"] == days[0] // DAY * DAY
    hours = (await told(shop, "campaigns/hero/results/series", step="hour"))["lines"][0]["points"]
    assert [point["period"]["people"] for point in hours][:3] == [3, 3, 0]
    assert len(hours) == 51
    assert len((await shop.ask("GET", f"{BASE}/campaigns/hero/results/series/csv")).text.splitlines()) == 4


async def test_days_are_those_of_the_projects_zone_through_a_change_of_clocks(shop: Shop) -> None:
    await shop.settings(time_zone="Europe/London")
    await shop.campaign()
    midnight = 1_743_292_800_000  # 30 March 2025, 00:00 in London and in UTC; that day has 23 hours
    for number, at in enumerate((midnight - 1, midnight, midnight + 23 * HOUR - 1, midnight + 23 * HOUR)):
        await shop.bring(crowd(f"p{number}", 1, "A", at=at))
    (line,) = (await told(shop, "campaigns/hero/results/series"))["lines"]
    assert [(point["at"], point["period"]["people"]) for point in line["points"]] == [
        (midnight - DAY, 1),
        (midnight, 2),
        (midnight + 23 * HOUR, 1),
    ]


async def test_the_summary_has_every_campaign_with_the_figures_of_its_own_report(shop: Shop) -> None:
    amount = {"event": "order", "aggregate": "sum", "property": "amount", "capping": {"percentile": 90}}
    await shop.make("goals", name="Revenue", **amount)
    await shop.campaign("one")
    await shop.campaign("two", goals=[{"goal": "revenue", "role": "primary"}], rules=[rule("All", "A", "B")])
    await shop.campaign("idle", start=False)
    for key in ("one", "two"):
        await shop.bring(
            crowd(f"{key}-a", 60, "A", campaign=key) + crowd(f"{key}-c", 60, "control", campaign=key),
            orders(f"{key}-a", range(30), amount=7) + orders(f"{key}-a", range(5), at=NOON, amount=500)
            + orders(f"{key}-c", range(20), amount=5),
        )  # fmt: skip
    await shop.send({"id": "i", "name": "impression", "visitor": {"id": "x"}, "properties": {"campaign": "one"}})
    lines = {line["key"]: line for line in (await told(shop, "results"))["campaigns"]}
    assert {key: line["people"] for key, line in lines.items()} == {"one": 120, "two": 120, "idle": 0}
    assert lines["two"]["control_people"] == 60
    for key in ("one", "two"):
        report = await told(shop, f"campaigns/{key}/results")
        (goal,) = report["goals"]
        for name in ("lift", "chance_to_beat", "e_value", "value", "baseline_value"):
            assert lines[key]["lift"][name] == pytest.approx(goal["campaign"][name])
        assert lines[key]["lift"]["verdict"]["reasons"] == goal["campaign"]["verdict"]["reasons"]
    assert (lines["idle"]["lift"]["lift"], lines["idle"]["goal"]) == (None, "order")
    table = (await shop.ask("GET", f"{BASE}/results/csv")).text.splitlines()
    assert len(table) == 4
    some = (await told(shop, "results", campaign=["two", "idle"]))["campaigns"]
    assert [(line["key"], line) for line in some] == [("two", lines["two"]), ("idle", lines["idle"])]
    assert await shop.refused("results", campaign="nope") == (400, "campaign[0]")
    later = (await told(shop, "results", since=NOON))["campaigns"]
    assert {line["people"] for line in later} == {0}


async def test_overlap_counts_the_people_of_both_campaigns(shop: Shop) -> None:
    for key in ("one", "two", "three"):
        await shop.campaign(key)
    await shop.bring(crowd("p", 10, "A", campaign="one") + crowd("p", 4, "A", campaign="two"))
    await shop.bring(crowd("q", 3, "A", campaign="three"))
    found = await told(shop, "results/overlap")
    assert found["people"] == {"one": 10, "two": 4, "three": 3}
    (pair,) = found["pairs"]
    assert {pair["one"], pair["other"]} == {"one", "two"}
    assert pair["people"] == 4
    assert sorted((pair["share_of_one"], pair["share_of_other"])) == [0.4, 1.0]
    assert (await told(shop, "results/overlap", campaign=["one", "three"]))["pairs"] == []
    assert await shop.refused("results/overlap", campaign="nope") == (400, "campaign[0]")


async def test_items_are_counted_as_shown_clicked_and_bought_after_by_the_same_person(shop: Shop) -> None:
    await shop.ask("POST", f"{BASE}/items", json={"items": [{"id": "mug", "attributes": {"title": "Blue mug"}}]})

    def event(who: str, name: str, at: int, **properties: Any) -> dict[str, Any]:
        told = {"visitor": {"id": who}, "name": name, "time": at, "properties": properties}
        return {"id": f"{who}-{name}-{at}", **told}

    lines = [{"item": "mug", "price": 2.5, "quantity": 2}, {"item": "cup", "price": 9}]
    await shop.bring(
        [],
        [
            event("ada", "impression", NOON, items=["mug", "cup"]),
            event("ada", "impression", NOON + 1, item="mug"),
            event("ada", "click", NOON + 2, items={"Product": ["mug"]}),
            event("ada", "order", NOON + 3, items=lines),
            event("bob", "order", NOON + 3, items=lines),
            event("eve", "impression", NOON + 9, items=[{"id": "mug"}]),
            event("eve", "order", NOON + 3, items=lines),
        ],
    )
    found = {one["item"]: one for one in (await told(shop, "results/items"))["items"]}
    assert found["mug"] == {
        "item": "mug", "title": "Blue mug", "shown": 3, "clicked": 1, "click_through": pytest.approx(1 / 3),
        "bought": 1, "revenue": 5.0,
    }  # fmt: skip
    assert (found["cup"]["shown"], found["cup"]["bought"], found["cup"]["revenue"]) == (1, 1, 9.0)
    table = (await shop.ask("GET", f"{BASE}/results/items/csv")).text.splitlines()
    assert table[0].startswith("item,title,shown")
    assert await shop.refused("results/items", property="a'b") == (400, "property")
