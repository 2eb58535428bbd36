"""``POST /v1/events`` over HTTP: verdicts item by item."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import NOON, Site

WHO = {"id": "ben"}


async def test_one_bad_item_does_not_lose_the_others(site: Site) -> None:
    answer = await site.send(
        {"id": "e1", "name": "visit", "visitor": WHO},
        {"id": "e2", "name": "visit", "visitor": {"id": 7}},
        "what is this",
        {"id": "e3", "visitor": WHO},
        {"id": "e4", "name": "visit", "visitor": WHO, "time": "soon"},
        {"id": "e5", "name": "visit", "visitor": {}},
        {"id": "e6", "name": "visit", "visitor": WHO, "time": "1999-12-31T00:00:00Z"},
        {"id": "e7", "name": "visit", "visitor": WHO, "token": "forged"},
        {"id": "e8", "name": "visit", "visitor": WHO, "properties": {"deep": nested(70)}},
        {"id": "e1", "name": "visit", "visitor": WHO},
        {"id": "e9", "name": "visit", "visitor": WHO, "time": NOON - 1000},
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["accepted"], body["duplicates"]) == (2, 1)
    assert [(item["index"], item["field"]) for item in body["rejected"]] == [
        (1, "visitor.id"),
        (2, ""),
        (3, "name"),
        (4, "time"),
        (5, "visitor"),
        (6, "time"),
        (7, "token"),
        (8, ""),
    ]
    assert all(item["error"] for item in body["rejected"])
    stored = (await site.ask("GET", "/v1/projects/shop/events")).json()["items"]
    assert sorted(event["id"] for event in stored) == ["e1", "e9"]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"in": value}
    return value


async def test_a_batch_holds_a_thousand_events(site: Site) -> None:
    events = [{"id": f"e{n}", "name": "visit", "visitor": WHO} for n in range(1001)]
    full = await site.send(*events[:1000])
    assert full.json() == {"accepted": 1000, "duplicates": 0, "rejected": []}
    over = await site.send(*events)
    assert (over.status_code, over.json()["title"]) == (413, "Too large")


async def test_nothing_sent_is_nothing_recorded(site: Site) -> None:
    assert (await site.send()).json() == {"accepted": 0, "duplicates": 0, "rejected": []}


@pytest.mark.parametrize("body", [{}, {"events": {}}, {"events": None}, []])
async def test_a_body_without_a_list_of_events_is_refused(site: Site, body: Any) -> None:
    answer = await site.ask("POST", "/v1/events", json=body)
    assert answer.status_code == 400


async def test_attributes_come_with_an_event(site: Site) -> None:
    await site.send({"name": "signup", "visitor": WHO, "attributes": {"plan": "gold", "tags": ["a", "b"]}})
    person = (await site.ask("GET", "/v1/profiles/ben")).json()
    assert person["attributes"] == {"plan": "gold", "tags": ["a", "b"]}


async def test_a_token_comes_back(shop: Site) -> None:
    body = {"visitor": {"id": "cid"}, "campaigns": ["home-hero"], "context": {"attributes": {"plan": "gold"}}}
    (decision,) = (await shop.decide(body)).json()["decisions"]
    answer = await shop.send({"name": "click", "visitor": {"id": "cid"}, "token": decision["token"]})
    assert answer.json()["accepted"] == 1
    (event,) = (await shop.ask("GET", "/v1/projects/shop/events?limit=1")).json()["items"]
    assert (event["name"], event["version"]) == ("click", 2)


@pytest.mark.parametrize(
    ("came", "shown"),
    [
        (
            '{"name": "order", "visitor": {"id": "ann@example.org"}, "properties": ["4111 1111"]}',
            {"name": "order", "masked": {"name": "text(5)", "visitor": {"id": "text(15)"}, "properties": ["text(9)"]}},
        ),
        ('{"visitor": {"id": 4111}}', {"name": "", "masked": {"visitor": {"id": "number"}}}),
        ('["4111 1111", 41111111, true]', {"beginning": "[text(9), …, true]"}),
        (
            '{"name": "order", "properties": {"card": "4111", "n": ' + "[" * 80 + '"4111"' + "]" * 80 + "}}",
            {"name": "order", "beginning": '{"name": text(5), "properties": {"card": text(4), "n": ' + "[" * 80},
        ),
        (
            '{"name": "order", "properties": {"card": "4111", "long": "' + "4111" * 5_000 + '"}, "time": []}',
            {"name": "order", "beginning": '{"name": text(5), "properties": {"card": text(4), "long": text('},
        ),
    ],
)
async def test_a_refused_event_that_could_not_be_decoded_is_listed_with_what_can_be_told(
    site: Site, came: str, shown: dict[str, Any]
) -> None:
    body = f'{{"events": [{came}, {{"name": "view", "visitor": {{"id": "ben"}}}}]}}'
    told = (await site.ask("POST", "/v1/events", content=body.encode())).json()
    assert (told["accepted"], [one["index"] for one in told["rejected"]]) == (1, [0])
    await site.settled()
    (refused,) = (await site.ask("GET", "/v1/projects/shop/events/rejected")).json()["items"]
    assert (refused["source"], refused["size"]) == ("api", len(came))
    assert refused["beginning"].startswith(shown.pop("beginning", ""))
    assert {name: refused[name] for name in shown} == shown
    assert "4111" not in str(refused)
    assert "ann@" not in str(refused)


async def test_refused_events_are_listed_without_their_values(site: Site) -> None:
    await site.send({"name": "order", "visitor": WHO, "properties": {"card": "4111 1111"}, "token": "forged"})
    await site.settled()
    (refused,) = (await site.ask("GET", "/v1/projects/shop/events/rejected")).json()["items"]
    assert refused["field"] == "token"
    assert "4111" not in str(refused["masked"])
