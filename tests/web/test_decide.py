"""``POST /v1/decide`` over HTTP: what goes in, what comes out, what is refused and how."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tailorbird.web.api import specimens
from tests.web.conftest import NOON, Site

ANNA = {"visitor": {"id": "anna@example.org"}, "campaigns": ["home-hero"], "context": {"attributes": {"plan": "gold"}}}


def problem(answer: Any) -> dict[str, Any]:
    """The first field that a problem document names."""
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()["errors"][0]
    return told


async def test_an_answer_holds_what_the_wire_promises(shop: Site) -> None:
    answer = await shop.decide(ANNA)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["decisions", "degraded"]
    (decision,) = body["decisions"]
    assert list(decision) == ["campaign", "experience", "group", "reason", "payload", "token"]
    payloads = {"Delivery": "Free delivery on your next order", "Discount": "10 % off your next order"}
    shown = None if decision["group"] == "control" else {"headline": payloads[decision["experience"]]}
    assert decision["payload"] == shown


async def test_an_explanation_comes_when_asked_for(shop: Site) -> None:
    (explained,) = (await shop.decide({**ANNA, "explain": True})).json()["decisions"]
    assert explained["explanation"]["gate"] in ("experience", "control")


async def test_named_campaigns_come_first_then_groups_by_key_and_unknown_ones_say_so(shop: Site) -> None:
    body = {"visitor": {"id": "x"}, "campaigns": ["nope", "to-delete"], "groups": ["home"]}
    decisions = (await shop.decide(body)).json()["decisions"]
    assert [d["campaign"] for d in decisions] == ["nope", "to-delete", "checkout-upsell", "home-hero", "resting"]
    assert decisions[0]["reason"] == "UNKNOWN"
    everything = (await shop.decide({"visitor": {"id": "x"}})).json()["decisions"]
    assert [d["campaign"] for d in everything] == ["home-hero"]


async def test_the_same_request_id_gets_the_same_bytes(shop: Site) -> None:
    body = {**ANNA, "request_id": "r-1"}
    first, again = await shop.decide(body), await shop.decide(body)
    assert first.content == again.content


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ({"visitor": {"id": 12}}, "visitor.id", "text or null"),
        ({"visitor": {"id": ""}}, "visitor.id", "text of length at least 1"),
        ({"visitor": {"id": "x" * 257}}, "visitor.id", "text of length at most 256"),
        ({"visitor": {"id": "a\nb"}}, "visitor.id", "text without control characters"),
        ({"visitor": {"anonymous_id": "a\x00"}}, "visitor.anonymous_id", "text without control characters"),
        ({"visitor": {}}, "visitor", "an id or an anonymous_id"),
        ({}, "visitor", "a value"),
        ({"visitor": {"id": "x"}, "campaigns": "home"}, "campaigns", "a list"),
        ({"visitor": {"id": "x"}, "campaigns": [1]}, "campaigns[0]", "text"),
        (
            {"visitor": {"id": "x"}, "context": {"time": "soon"}},
            "context.time",
            "an ISO 8601 time or epoch milliseconds",
        ),
        ({"visitor": {"id": "x"}, "context": {"time": True}}, "context.time", "a whole number or text or null"),
        (
            {"visitor": {"id": "x"}, "context": {"time": 10**18}},
            "context.time",
            "an ISO 8601 time or epoch milliseconds",
        ),
        ({"visitor": {"id": "x"}, "context": {"device": "phone"}}, "context.device", "one of the values"),
        ({"visitor": {"id": "x"}, "context": {"hour": 24}}, "context.hour", "a whole number up to 23"),
        (
            {"visitor": {"id": "x"}, "context": {"attributes": {"@device": 1}}},
            "context.attributes",
            "names that do not",
        ),
        ({"visitor": {"id": "x"}, "explain": "yes"}, "explain", "true or false"),
    ],
)
async def test_what_is_wrong_is_named(shop: Site, body: Any, field: str, expected: str) -> None:
    answer = await shop.decide(body)
    assert answer.status_code == 400, answer.text
    told = problem(answer)
    assert told["field"] == field
    assert told["expected"].startswith(expected)
    assert told["detail"]


async def test_what_came_is_shown(shop: Site) -> None:
    told = problem(await shop.decide({"visitor": {"id": 12}}))
    assert told["got"] == "12"


@pytest.mark.parametrize("visitor_id", ["x" * 256, "ünï cødé ✓", " ", "a/b?c#d", "日本語"])
async def test_ids_may_be_any_text(shop: Site, visitor_id: str) -> None:
    assert (await shop.decide({"visitor": {"id": visitor_id}})).status_code == 200


async def test_unknown_members_are_ignored(shop: Site) -> None:
    assert (await shop.decide({**ANNA, "later": 1, "context": {"new": 2, "attributes": {"plan": "gold"}}})).is_success


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"visitor":{"id":"\\ud800"}}', b"[" * 100_000]
)
async def test_what_is_not_json_of_this_form_is_refused(shop: Site, body: bytes) -> None:
    answer = await shop.ask("POST", "/v1/decide", content=body)
    assert answer.status_code == 400
    assert answer.json()["type"] == "/docs/errors#invalid"


@pytest.mark.parametrize(("depth", "status"), [(61, 200), (62, 400)])
async def test_nesting_has_a_limit(shop: Site, depth: int, status: int) -> None:
    nested: Any = 1
    for _ in range(depth):
        nested = [nested]
    body = {"visitor": {"id": "x"}, "later": {"deep": {"er": nested}, "text": "[[[[{{{{" * 40}}
    assert (await shop.decide(body)).status_code == status


@pytest.mark.parametrize(
    ("time", "matches"),
    [
        ("2026-03-02T21:30:00+09:30", True),
        ("2026-03-02T21:30:00", True),
        ("2026-03-02T20:30:00+01:00", False),
        (NOON + 9 * 3_600_000, True),
        (NOON, False),
    ],
)
async def test_context_time_moves_the_hour_and_its_offset_is_the_visitor_s(
    shop: Site, time: Any, matches: bool
) -> None:
    rules = [{"audience": {"@hour": 21}, "experiences": [{"name": "Evening", "content": {"body": "evening"}}]}]
    goals = [{"goal": "orders", "role": "primary"}]
    made = await shop.ask(
        "POST", "/v1/projects/shop/campaigns", json={"name": "Evening", "control": 0, "goals": goals, "rules": rules}
    )
    assert made.status_code == 201, made.text
    await shop.ask("POST", "/v1/projects/shop/campaigns/evening/start")
    body = {"visitor": {"id": "x"}, "campaigns": ["evening"], "context": {"time": time}}
    (decision,) = (await shop.decide(body)).json()["decisions"]
    assert (decision["payload"] == "evening") is matches


async def test_a_given_offset_wins_over_that_of_the_time(shop: Site) -> None:
    from tailorbird.domain.visitor import Visitor
    from tailorbird.web import wire

    told = msgspec.convert({"time": "2026-03-02T12:00:00+09:30", "utc_offset": 3600}, wire.ContextIn)
    context = wire.context(told, Visitor(id="x"), NOON)
    assert (context.time, context.utc_offset) == (NOON - 34_200_000, 3600)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "application/json"}, 200),
        ({"content-type": "Application/JSON; charset=utf-8"}, 200),
        ({"content-type": "text/plain;charset=UTF-8"}, 200),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "application/json", "content-encoding": "gzip"}, 415),
        ({"content-type": "application/json", "content-encoding": "identity"}, 200),
    ],
)
async def test_bodies_are_plain_json(shop: Site, headers: dict[str, str], status: int) -> None:
    body = msgspec.json.encode(specimens.DECIDE)
    assert (await shop.ask("POST", "/v1/decide", content=body, headers=headers)).status_code == status


async def test_a_body_over_its_limit_is_refused(shop: Site) -> None:
    long = {"visitor": {"id": "x"}, "context": {"attributes": {"text": "x" * (1024 * 1024)}}}
    answer = await shop.decide(long)
    assert (answer.status_code, answer.json()["title"]) == (413, "Too large")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(shop: Site, method: str) -> None:
    answer = await shop.ask(method, "/v1/decide")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer", "Bearer ", "Bearer \xff"])
async def test_a_key_is_asked_for(shop: Site, header: str) -> None:
    answer = await shop.decide(ANNA, key="", headers={"authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="tailorbird"'


async def test_a_secret_key_is_not_taken_from_the_query(shop: Site) -> None:
    answer = await shop.ask("POST", f"/v1/decide?key={shop.key}", key="", json=ANNA)
    assert answer.status_code == 401


async def test_a_key_that_is_used_too_often_is_told_when_to_come_back(shop: Site) -> None:
    assert shop.project is not None
    slow = await shop.make_key(shop.project, "decide", client="slow", rate=0.5, burst=2)
    answers = [await shop.decide(ANNA, key=slow) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "2"
    assert (await shop.decide(ANNA)).status_code == 200
