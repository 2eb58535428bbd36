"""A preview as each door returns it: the same as the door itself says."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from tests.web.conftest import Site

PLACE = "/v1/projects/shop/campaigns/home-hero/preview/doors"
ROWS = {
    "name": "Rows",
    "key": "rows",
    "control": 0,
    "goals": [{"goal": "orders", "role": "primary"}],
    "rules": [
        {
            "experiences": [
                {
                    "name": "A",
                    "content": {
                        "messages": [
                            {
                                "target": "hero",
                                "rows": [
                                    {"name": "headline", "value": "Hello {{ attribute.plan }}", "type": "text"},
                                    {"name": "price", "value": "7.5", "type": "number"},
                                ],
                            }
                        ]
                    },
                }
            ]
        }
    ],
}


async def shown(shop: Site, place: str = PLACE, **body: Any) -> dict[str, Any]:
    answer = await shop.ask("POST", place, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_one_body_is_told_by_every_door(shop: Site) -> None:
    told = await shown(shop, attributes={"plan": "gold"}, experience="Discount")
    doors, headline = told["doors"], "10 % off your next order"
    assert told["preview"]["payload"] == {"headline": headline}
    (decision,) = doors["own"]["decisions"]
    assert (decision["experience"], decision["payload"]) == ("Discount", {"headline": headline})
    (response,) = doors["salesforce"]["campaignResponses"]
    assert (response["experienceName"], response["payload"]["headline"]) == ("Discount", headline)
    assert doors["intempt"] == {"choices": [{"name": "home-hero", "group": "home", "body": {"headline": headline}}]}
    payload = doors["moengage"]["experiences"]["home-hero"]["payload"]
    assert payload == {"headline": {"value": headline, "data_type": "string"}}
    assert (doors["ofrep"]["variant"], doors["ofrep"]["value"]) == ("Discount", {"headline": headline})


async def test_rows_stand_under_data_map(shop: Site) -> None:
    assert (await shop.ask("POST", "/v1/projects/shop/campaigns", json=ROWS)).status_code == 201
    told = await shown(
        shop, "/v1/projects/shop/campaigns/rows/preview/doors", attributes={"plan": "gold"}, experience="A"
    )
    (message,) = told["doors"]["salesforce"]["campaignResponses"][0]["serverSideMessages"]
    assert (message["targetName"], message["dataMap"]) == ("hero", {"headline": "Hello gold", "price": 7.5})


async def test_what_is_not_shown_is_told_as_each_door_tells_it(shop: Site) -> None:
    told = (await shown(shop, attributes={"plan": "free"}))["doors"]
    assert told["own"]["decisions"][0]["payload"] is None
    assert (told["salesforce"], told["intempt"], told["moengage"]) == (
        {"campaignResponses": []},
        {"choices": []},
        {"experiences": {}},
    )
    assert "value" not in told["ofrep"]


@pytest.mark.parametrize("plan", ["gold", "free"])
async def test_a_door_says_the_same_when_it_is_asked(shop: Site, plan: str) -> None:
    who = {"id": f"visitor-{plan}"}
    await shop.send({"id": f"e-{plan}", "name": "visit", "visitor": who, "attributes": {"plan": plan}})
    told = (await shown(shop, visitor=who))["doors"]
    own = (await shop.decide({"visitor": who, "campaigns": ["home-hero"]})).json()
    for one in (told["own"], own):
        one["decisions"][0].pop("token", None)
        one["decisions"][0].pop("explanation", None)
    assert told["own"] == own
    basic = b64encode(f"shop:{shop.key}".encode()).decode()
    headers = {"authorization": f"Basic {basic}"}
    path = "/v1/any/projects/shop/optimization/choose-api"
    body = {"identification": {"userId": who["id"]}, "names": ["home-hero"]}
    asked = await shop.ask("POST", path, key="", json=body, headers=headers)
    assert (asked.status_code, asked.json()) == (200, told["intempt"])
    flag = await shop.ask("POST", "/ofrep/v1/evaluate/flags/home-hero", json={"context": {"targetingKey": who["id"]}})
    asked_flag = flag.json()
    for one in (asked_flag, told["ofrep"]):
        one["metadata"].pop("token", None)
    assert asked_flag == told["ofrep"]
