"""Calls from web pages: origins, publishable keys, visitor tokens."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tailorbird.engine.calls import DecideCall
from tailorbird.engine.decide import decide_json
from tailorbird.engine.runtime import Runtime
from tailorbird.web import hot
from tailorbird.web.http import Proxies
from tailorbird.web.options import Options
from tests.web.conftest import NOON, Site

SHOP, EVIL = "https://shop.example", "https://evil.example"
SIGNER = ECKey.generate_key("P-256", {"kid": "1"})
DEVICE = {"anonymous_id": "device-9"}
ASK = {"visitor": DEVICE, "campaigns": ["home-hero"], "context": {"attributes": {"plan": "gold"}}}


@pytest.fixture
async def page(shop: Site) -> Site:
    """The shop with a publishable key, for pages of one origin."""
    assert shop.project is not None
    await shop.settings(
        allowed_origins=[SHOP],
        publishable_events=["search"],
        visitor_keys={"keys": [SIGNER.as_dict(private=False)]},
    )
    shop.key = await shop.make_key(shop.project, "decide", "record", client="page", kind="publishable")
    return shop


def signed(subject: Any, *, key: ECKey = SIGNER, expires: int = NOON // 1000 + 600) -> str:
    return jwt.encode({"alg": "ES256", "kid": "1"}, {"sub": subject, "exp": expires}, key)


@pytest.mark.parametrize("path", ["/v1/decide", "/v1/events"])
async def test_a_preflight_passes_for_allowed_origins_only(page: Site, path: str) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    granted = await page.ask("OPTIONS", path, key="", headers={"origin": SHOP, **asked})
    assert granted.status_code == 204
    assert granted.headers["access-control-allow-origin"] == SHOP
    assert granted.headers["access-control-allow-methods"] == "POST"
    assert "authorization" in granted.headers["access-control-allow-headers"]
    assert "origin" in granted.headers["vary"]
    refused = await page.ask("OPTIONS", path, key="", headers={"origin": EVIL, **asked})
    assert refused.status_code == 403
    for answer in (granted, refused):
        assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-origin" not in refused.headers


async def test_only_pages_of_the_key_s_project_read_the_answer(page: Site) -> None:
    own = await page.decide(ASK, headers={"origin": SHOP})
    assert own.headers["access-control-allow-origin"] == SHOP
    other = await page.decide(ASK, headers={"origin": EVIL})
    assert "access-control-allow-origin" not in other.headers
    _, stranger = await page.another_project("Theirs")
    theirs = await page.decide(ASK, key=stranger, headers={"origin": SHOP})
    assert "access-control-allow-origin" not in theirs.headers
    assert {own.headers["vary"], other.headers["vary"], theirs.headers["vary"]} == {"origin"}


async def test_a_page_reads_what_was_wrong(page: Site) -> None:
    wrong = await page.decide({"visitor": {}}, headers={"origin": SHOP})
    assert (wrong.status_code, wrong.headers["access-control-allow-origin"]) == (400, SHOP)


async def test_a_publishable_key_decides_for_anonymous_ids(page: Site) -> None:
    answer = await page.decide(ASK)
    assert answer.json()["decisions"][0]["reason"] in ("SPLIT", "CONTROL")


@pytest.mark.parametrize("place", ["header", "body"])
async def test_a_known_id_needs_the_backend_s_word(page: Site, place: str) -> None:
    who = {"id": "anna@example.org", **DEVICE}
    body: dict[str, Any] = {**ASK, "visitor": who}
    assert (await page.decide(body)).status_code == 403
    token = signed("anna@example.org")
    if place == "header":
        vouched = await page.decide(body, headers={"x-visitor-token": token})
    else:
        vouched = await page.decide({**body, "visitor": {**who, "token": token}})
    assert vouched.status_code == 200, vouched.text
    other = await page.decide({**body, "visitor": {"id": "ben"}}, headers={"x-visitor-token": token})
    assert other.status_code == 403


@pytest.mark.parametrize(
    "token",
    [
        signed("anna@example.org", key=ECKey.generate_key("P-256", {"kid": "1"})),
        signed("anna@example.org", expires=NOON // 1000 - 600),
        signed(17),
        "not.a.token",
    ],
    ids=["other key", "expired", "no text", "no token"],
)
async def test_a_flawed_visitor_token_opens_nothing(page: Site, token: str) -> None:
    body = {**ASK, "visitor": {"id": "anna@example.org"}}
    assert (await page.decide(body, headers={"x-visitor-token": token})).status_code == 401
    good = signed("anna@example.org")
    assert (await page.decide(body, headers={"x-visitor-token": good})).status_code == 200


async def test_explanations_are_not_for_pages(page: Site) -> None:
    assert (await page.decide({**ASK, "explain": True})).status_code == 403


async def test_a_page_may_send_answers_and_named_events_only(page: Site) -> None:
    token = (await page.decide(ASK)).json()["decisions"][0]["token"]
    answer = await page.send(
        {"name": "impression", "visitor": DEVICE, "token": token},
        {"name": "search", "visitor": DEVICE},
        {"name": "impression", "visitor": DEVICE},
        {"name": "order", "visitor": DEVICE},
        {"name": "search", "visitor": {"id": "anna@example.org"}},
        {"name": "search", "visitor": DEVICE, "attributes": {"plan": "gold"}},
        headers={"origin": SHOP},
    )
    body = answer.json()
    assert body["accepted"] == 2
    assert [(r["index"], r["field"]) for r in body["rejected"]] == [
        (2, "token"),
        (3, "name"),
        (4, "visitor.id"),
        (5, "attributes"),
    ]


async def test_a_beacon_brings_its_key_in_the_address_and_its_body_as_text(page: Site) -> None:
    beacon = await page.ask(
        "POST",
        f"/v1/events?key={page.key}",
        key="",
        content=b'{"events": [{"name": "search", "visitor": {"anonymous_id": "device-9"}}]}',
        headers={"content-type": "text/plain;charset=UTF-8", "origin": SHOP},
    )
    assert beacon.json()["accepted"] == 1


@pytest.mark.parametrize("path", ["/v1/projects", "/v1/profiles/anna@example.org", "/v1/projects/shop/campaigns"])
async def test_a_publishable_key_manages_nothing(page: Site, path: str) -> None:
    assert (await page.ask("GET", path)).status_code == 403


class TestBehindProxies:
    """The address of a page's visitor is the caller's own, or what a trusted proxy says it is."""

    @pytest.fixture
    def options(self) -> Options:
        return Options(access_log=False, trusted_proxies=("127.0.0.1", "10.0.0.0/8"))

    @pytest.mark.parametrize(
        ("peer", "told", "expected"),
        [
            ("203.0.113.9", "192.0.2.1", "203.0.113.9"),
            ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
            ("127.0.0.1", "192.0.2.66, 192.0.2.1, 10.1.2.3", "192.0.2.1"),
            ("127.0.0.1", "", "127.0.0.1"),
            ("10.9.9.9", "10.1.1.1", "10.1.1.1"),
        ],
    )
    def test_only_trusted_ones_are_believed(self, options: Options, peer: str, told: str, expected: str) -> None:
        scope: Any = {"client": (peer, 1), "headers": [(b"x-forwarded-for", told.encode())]}
        assert Proxies(options.trusted_proxies).client(scope) == expected

    async def test_pages_cannot_say_where_they_are(self, page: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str | None] = []

        async def noting(runtime: Runtime, project: str, call: DecideCall) -> bytes:
            asked.append(call.context.ip)
            return await decide_json(runtime, project, call)

        monkeypatch.setattr(hot, "decide_json", noting)
        lying = {**ASK, "context": {"attributes": {"plan": "gold"}, "ip": "198.51.100.7"}}
        await page.decide(lying, headers={"x-forwarded-for": "192.0.2.1"})
        assert asked == ["192.0.2.1"]
        assert page.project is not None
        backend = await page.make_key(page.project, "decide", client="backend")
        await page.decide(lying, key=backend, headers={"x-forwarded-for": "192.0.2.1"})
        assert asked[1] == "198.51.100.7"
