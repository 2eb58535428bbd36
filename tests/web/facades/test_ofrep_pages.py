"""The OpenFeature door as pages use it: origins, visitor tokens, publishable keys."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.web.conftest import NOON, Site
from tests.web.facades import campaigns
from tests.web.facades.flags import BULK, SHOP, TRACK, flags, orders

EVIL = "https://evil.example"
SIGNER = ECKey.generate_key("P-256", {"kid": "1"})
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
async def page(site: Site) -> Site:
    assert site.project is not None
    await orders(site)
    await campaigns.start(site, "hero", "shown")
    keys = {"keys": [SIGNER.as_dict(private=False)]}
    await site.settings(allowed_origins=[SHOP], publishable_events=["search"], visitor_keys=keys)
    site.key = await site.make_key(site.project, "decide", "record", client="page", kind="publishable")
    return site


@pytest.mark.parametrize(("path", "method"), [(BULK, "POST"), (f"{BULK}/hero", "POST"), (TRACK, "POST")])
async def test_a_preflight_passes_for_allowed_origins_only(page: Site, path: str, method: str) -> None:
    asked = {"access-control-request-method": method, "access-control-request-headers": "if-none-match,authorization"}
    granted = await page.ask("OPTIONS", path, key="", headers={"origin": SHOP, **asked})
    assert granted.status_code == 204
    assert granted.headers["access-control-allow-origin"] == SHOP
    assert granted.headers["access-control-allow-methods"] == method
    allowed = granted.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "if-none-match", "x-api-key", "x-visitor-token"} <= set(allowed)
    refused = await page.ask("OPTIONS", path, key="", headers={"origin": EVIL, **asked})
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers
    assert (await page.ask("OPTIONS", path, key="")).headers["allow"] == f"{method}, OPTIONS"


async def test_pages_of_allowed_origins_read_answers_errors_and_etags(page: Site) -> None:
    told = {"targetingKey": "device-1"}
    found = await flags(page, told, origin=SHOP)
    same = await flags(page, told, origin=SHOP, **{"if-none-match": found.headers["etag"]})
    wrong = await flags(page, {}, origin=SHOP)
    assert [answer.status_code for answer in (found, same, wrong)] == [200, 304, 400]
    for answer in (found, same, wrong):
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert "etag" in answer.headers["access-control-expose-headers"]
        assert answer.headers["vary"] == "origin"
    elsewhere = await flags(page, told, origin=EVIL)
    assert "access-control-allow-origin" not in elsewhere.headers
    assert elsewhere.headers["vary"] == "origin"


async def test_a_page_speaks_for_a_known_visitor_only_with_a_visitor_token(page: Site) -> None:
    def signed(subject: str) -> str:
        claims = {"sub": subject, "exp": NOON // 1000 + 600}
        return jwt.encode({"alg": "ES256", "kid": "1"}, claims, SIGNER)

    async def ask(context: Any, token: str = "") -> int:
        headers = {"user-agent": FIREFOX, **({"x-visitor-token": token} if token else {})}
        answer = await page.ask("POST", f"{BULK}/hero", json={"context": context}, headers=headers)
        return answer.status_code

    assert await ask({"targetingKey": "ada", "anonymousId": "device-1"}, signed("ada")) == 200
    assert await ask({"targetingKey": "bob"}, signed("ada")) == 403
    assert await ask({"targetingKey": "ada"}, "made.up.token") == 401
    assert await ask({"targetingKey": "device-2"}) == 200
    await page.settled()
    secret = await page.make_key(page.project) if page.project else ""
    ada = (await page.ask("GET", "/v1/profiles/ada", key=secret)).json()
    device = (await page.ask("GET", "/v1/profiles/device-2", key=secret)).json()
    assert (ada["ids"], ada["anonymous_ids"]) == (["ada"], ["device-1"])
    assert (device["ids"], device["anonymous_ids"]) == ([], ["device-2"])
