"""What clients of the doors report in their own way is in the results."""

from __future__ import annotations

from typing import Any

import pytest

from tests.results.conftest import BASE, Shop, goal_of, rule
from tests.web.facades.test_exposures_by_door import WAYS, told

EVERYBODY: dict[str, Any] = {"control": 0, "rules": [rule("All", "A")]}


@pytest.mark.parametrize("way", ["MoEngage, named", "MoEngage, all", "Salesforce", "OFREP, single", "OFREP, bulk"])
async def test_impressions_reported_through_a_door_are_in_the_results_once(shop: Shop, way: str) -> None:
    await shop.campaign("hero", **EVERYBODY)
    await shop.campaign("held", control=100)
    await shop.campaign("once", control=0, rules=[rule("All", "A", cap="once")])
    _, ask, report, _ = WAYS[way]
    handles = await ask(shop)
    for _ in range(2):
        await report(shop, handles, "i1")
    await shop.settled()
    results = await shop.results()
    (arm,) = (arm for arm in results["arms"] if arm["people"])
    assert (results["people"], arm["impressions"], arm["clicks"]) == (1, 1, 0)


async def test_a_salesforce_shop_reads_lift_and_items_of_the_orders_that_it_reports(shop: Shop) -> None:
    await shop.make("goals", name="Bought", key="bought", event="Purchase", aggregate="sum", property="value")
    await shop.campaign("hero", **EVERYBODY, goals=[{"goal": "bought", "role": "primary"}])
    event = {"user": {"id": "ada"}, "source": {"channel": "Server"}}
    answer = await told(shop, "/api2/authevent/shop", event)
    (one,) = answer["campaignResponses"]
    stats: list[dict[str, Any]] = [
        {"experienceId": one["experienceId"], "stat": stat, "catalog": {"Product": ["mug"]}}
        for stat in ("Impression", "Clickthrough")
    ]
    await told(shop, "/api2/authevent/shop", {**event, "campaignStats": stats})
    shop.now += 1000
    lines = [{"_id": "mug", "price": 2.5, "quantity": 2}, {"_id": "cup", "price": 9, "quantity": 1}]
    order = {"Product": {"orderId": "o-1", "totalValue": 14, "lineItems": lines}}
    await told(shop, "/api2/authevent/shop", {**event, "itemAction": "Purchase", "order": order})
    results = await shop.results()
    (arm,) = (arm for arm in results["arms"] if arm["people"])
    assert (arm["impressions"], arm["clicks"], arm["click_through"]) == (1, 1, 1.0)
    (reached,) = (one["reached"] for one in goal_of(results, "bought")["arms"] if one["reached"]["people"])
    assert (reached["conversions"], reached["total"]) == (1, 14.0)
    items = (await shop.ask("GET", f"{BASE}/results/items", params={"purchase": "Purchase"})).json()["items"]
    assert [(item["item"], item["shown"], item["clicked"], item["bought"], item["revenue"]) for item in items] == [
        ("mug", 1, 1, 1, 5.0)
    ]


async def test_a_moengage_shop_tells_clicks_apart_by_widget(shop: Shop) -> None:
    await shop.campaign("hero", **EVERYBODY)
    found = await told(shop, "/v1/experiences/fetch", {"customer_id": "ada", "experience_key": ["hero"]})
    context = found["experiences"]["hero"]["experience_context"]
    action = {
        "action": "MOE_PERSONALIZATION_MESSAGE_CLICKED",
        "moe_event_uuid": "e-1",
        "event_time": shop.now // 1000,
        "attributes": context | {"widget_id": "buy"},
    }
    await shop.settled()
    await told(shop, "/v1/experiences/events", {"elements": [{"customer_id": "ada", "actions": [action]}]})
    results = await shop.results(by="click:widget_id")
    assert [(group["value"], group["people"]) for group in results["groups"]] == [("buy", 1)]
