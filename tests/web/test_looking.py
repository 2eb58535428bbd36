"""How many match, which values there are, who has such an id, and what arrives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tailorbird.engine import counting
from tests.web.conftest import Site

BASE = "/v1/projects/shop"


@pytest.fixture
async def crowd(site: Site) -> Site:
    """600 people: every third has the plan gold, every tenth ordered, a few twice."""
    events: list[dict[str, Any]] = []
    for number in range(600):
        plan = ("gold", "silver", "free")[number % 3]
        who = {"id": f"user-{number:03}"}
        told = {"plan": plan, "tags": ["a", plan], "address": {"city": "Leeds"}, "age": number % 5}
        events.append({"id": f"v{number}", "name": "visit", "visitor": who, "attributes": told})
        if number % 10 == 0:
            events.append({"id": f"o{number}", "name": "order", "visitor": who, "properties": {"total": number}})
    for start in range(0, len(events), 500):
        assert (await site.send(*events[start : start + 500])).status_code == 200
    return site


async def count(site: Site, condition: Any, **more: Any) -> dict[str, Any]:
    answer = await site.ask("POST", f"{BASE}/audiences:count", json={"condition": condition, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"plan": "gold"}, 200),
        ({"plan": {"$in": ["gold", "silver"]}}, 400),
        ({"$not": {"plan": "gold"}}, 400),
        ({"$event": {"name": "order"}}, 60),
        ({"$event": {"name": "order", "count": 0}}, 540),
        ({"$event": {"name": "order", "where": {"total": {"$gte": 500}}, "within": {"days": 1}}}, 10),
        ({"plan": "gold", "$event": {"name": "order"}}, 20),
        ({"plan": "lead"}, 0),
    ],
)
async def test_everybody_is_asked_where_they_are_few(crowd: Site, condition: Any, expected: int) -> None:
    told = await count(crowd, condition)
    assert (told["count"], told["exact"], told["error"], told["people"], told["asked"]) == (expected, True, 0, 600, 600)
    assert len(told["examples"]) == min(10, expected)


async def test_examples_are_people_who_match(crowd: Site) -> None:
    told = await count(crowd, {"plan": "gold"}, examples=3)
    assert [one["attributes"]["plan"] for one in told["examples"]] == ["gold"] * 3
    assert (await count(crowd, {"plan": "gold"}, examples=0))["examples"] == []


async def test_of_many_a_sample_is_asked_and_says_how_sure_it_is(crowd: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "EXACT", 500)
    monkeypatch.setattr(counting, "SAMPLE", 150)
    told = await count(crowd, {"plan": "gold"})
    assert (told["exact"], told["people"]) == (False, 600)
    assert 60 < told["asked"] < 300
    assert 0 < told["error"] < 60
    assert abs(told["count"] - 200) < 6 * told["error"]


async def test_what_is_no_condition_is_named(crowd: Site) -> None:
    answer = await crowd.ask("POST", f"{BASE}/audiences:count", json={"condition": {"plan": {"$like": "x"}}})
    assert (answer.status_code, answer.json()["errors"][0]["field"].startswith("condition.plan")) == (400, True)


async def test_a_count_leaves_the_others_their_turn(crowd: Site) -> None:
    counting_ = asyncio.create_task(count(crowd, {"$event": {"name": "order"}}))
    turns = 0
    while not counting_.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 3
    assert (await counting_)["count"] == 60


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("plan", [("free", 200), ("gold", 200), ("silver", 200)]),
        ("tags", [("a", 600), ("free", 200), ("gold", 200), ("silver", 200)]),
        ("address.city", [("Leeds", 600)]),
        ("age", [(0, 120), (1, 120), (2, 120), (3, 120), (4, 120)]),
        ("address", []),
        ("nothing", []),
    ],
)
async def test_values_are_suggested_the_most_frequent_first(crowd: Site, attribute: str, values: Any) -> None:
    told = (await crowd.ask("GET", f"{BASE}/schema/values", params={"attribute": attribute})).json()
    assert [(one["value"], one["count"]) for one in told["values"]] == values
    assert told["looked_at"] == 600


async def test_people_are_found_by_the_beginning_of_an_id(crowd: Site) -> None:
    found = (await crowd.ask("GET", f"{BASE}/people?search=user-01")).json()["items"]
    assert [one["ids"] for one in found] == [[f"user-01{n}"] for n in range(10)]
    newest = (await crowd.ask("GET", f"{BASE}/people?limit=2")).json()["items"]
    assert [one["ids"] for one in newest] == [["user-599"], ["user-598"]]


async def test_events_are_filtered_by_name_and_by_who(crowd: Site) -> None:
    async def names(query: str) -> list[str]:
        return [one["id"] for one in (await crowd.ask("GET", f"{BASE}/events?{query}")).json()["items"]]

    assert await names("name=order&limit=2") == ["o590", "o580"]
    assert await names("visitor=user-010") == ["o10", "v10"]
    assert await names("visitor=user-010&name=visit") == ["v10"]
    assert await names("visitor=nobody") == []


async def test_events_are_waited_for(crowd: Site) -> None:
    newest = (await crowd.ask("GET", f"{BASE}/events?limit=1")).json()["items"][0]["seq"]
    waiting = asyncio.create_task(crowd.ask("GET", f"{BASE}/events?after={newest}&wait=20"))
    await asyncio.sleep(0)
    await crowd.send({"id": "late", "name": "visit", "visitor": {"id": "x"}})
    told = (await waiting).json()["items"]
    assert [one["id"] for one in told] == ["late"]
    assert "person" not in told[0]
    assert (await crowd.ask("GET", f"{BASE}/events?after={newest + 1}&wait=0.1")).json()["items"] == []


async def test_what_is_asked_after_next_is_new(crowd: Site) -> None:
    told = (await crowd.ask("GET", f"{BASE}/events?limit=3")).json()
    assert told["next"] == str(told["items"][0]["seq"])
    waiting = asyncio.create_task(crowd.ask("GET", f"{BASE}/events?after={told['next']}&wait=20"))
    await asyncio.sleep(0)
    await crowd.send({"id": "late", "name": "visit", "visitor": {"id": "x"}})
    found = (await waiting).json()
    assert [one["id"] for one in found["items"]] == ["late"]
    empty = (await crowd.ask("GET", f"{BASE}/events?after={found['items'][0]['seq']}")).json()
    assert empty == {"items": [], "next": str(found["items"][0]["seq"])}


async def test_only_the_events_that_are_asked_for_end_the_wait(crowd: Site) -> None:
    newest = (await crowd.ask("GET", f"{BASE}/events?limit=1")).json()["items"][0]["seq"]
    await crowd.send({"id": "login", "name": "visit", "visitor": {"id": "user-010", "anonymous_id": "phone"}})
    queries = (
        "name=order",
        "visitor=user-010&name=order",
        "visitor=new",
        "name=order&visitor=new",
        "name=order&limit=1",
    )
    waiting = [
        asyncio.create_task(crowd.ask("GET", f"{BASE}/events?after={newest + 1}&wait=20&{query}")) for query in queries
    ]
    await asyncio.sleep(0.1)
    await crowd.send({"id": "no", "name": "visit", "visitor": {"id": "user-011"}})
    await crowd.send({"id": "new-1", "name": "visit", "visitor": {"id": "new"}})
    told = (await waiting[2]).json()["items"]  # somebody whom nobody knew when the wait began
    assert [one["id"] for one in told] == ["new-1"]
    assert [one.done() for one in waiting] == [False, False, True, False, False]
    await crowd.send(
        {"id": "by-phone", "name": "order", "visitor": {"anonymous_id": "phone"}},
        {"id": "new-2", "name": "order", "visitor": {"id": "new"}},
    )
    found = [[one["id"] for one in (await one).json()["items"]] for one in waiting]
    assert found == [["new-2", "by-phone"], ["by-phone"], ["new-1"], ["new-2"], ["new-2"]]


async def test_who_waits_for_events_is_let_go_when_the_server_stops(crowd: Site) -> None:
    newest = (await crowd.ask("GET", f"{BASE}/events?limit=1")).json()["items"][0]["seq"]
    waiting = asyncio.create_task(crowd.ask("GET", f"{BASE}/events?after={newest}&wait=25"))
    await asyncio.sleep(0.1)
    crowd.app.close()
    async with asyncio.timeout(10):
        assert (await waiting).json()["items"] == []
        assert (await crowd.ask("GET", f"{BASE}/events?after={newest}&wait=25")).json()["items"] == []


async def test_the_first_decision_and_the_newest_event_are_told(shop: Site) -> None:
    async def told(key: str | None = None, project: str = "shop") -> Any:
        return (await shop.ask("GET", f"/v1/projects/{project}/connection", key=key)).json()

    assert (await told())["decided_at"] is None
    assert (await told())["event"]["name"] == "order"
    first = shop.now
    await shop.ask("POST", f"{BASE}/campaigns/home-hero/preview", json={"attributes": {"plan": "gold"}})
    assert (await told())["decided_at"] is None  # nobody asked for it
    assert (await shop.decide({"visitor": {"id": "x"}, "campaigns": ["home-hero"]})).status_code == 200
    shop.now += 5_000
    await shop.decide({"visitor": {"id": "x"}, "campaigns": ["home-hero"]})
    await shop.settled()
    assert (await told())["decided_at"] == first
    shop.runtime.decided.clear()  # as another process sees it
    await shop.decide({"visitor": {"id": "x"}})
    await shop.settled()
    assert (await told())["decided_at"] == first
    _, other = await shop.another_project("Second")
    assert await told(other, "second") == {"decided_at": None, "event": None}


async def test_several_campaigns_are_paused_each_by_itself(shop: Site) -> None:
    body = {"campaigns": ["home-hero", "nowhere", "resting"]}
    told = (await shop.ask("POST", f"{BASE}/campaigns:pause", json=body)).json()["items"]
    assert [(one["campaign"], one["paused"], bool(one["detail"])) for one in told] == [
        ("home-hero", True, False),
        ("nowhere", False, True),
        ("resting", False, True),
    ]
    assert (await shop.ask("GET", f"{BASE}/campaigns/home-hero")).json()["body"]["status"] == "paused"
