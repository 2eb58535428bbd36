"""Intempt's door, by its cases, and by whatever anybody sends."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tailorbird.web import observe
from tailorbird.web.options import Options
from tests.architecture.sources import ROOT
from tests.web.conftest import Site
from tests.web.facades import campaigns, cases, mutations
from tests.web.facades.cases import basic

CASES = cases.files("intempt")
CREDENTIALS: dict[str, cases.Credentials] = {
    "the shop": lambda shop, key: {"authorization": basic(shop, key)},
    "a browser": lambda shop, key: {"authorization": basic(shop, key)},
    "ApiKey": lambda shop, key: {"authorization": f"ApiKey {shop}.{key}"},
    "the query": lambda shop, key: {},
    "nobody": lambda shop, key: {},
    "a wrong key": lambda shop, key: {"authorization": basic(shop, "tb_wrong")},
    "a wrong prefix": lambda shop, key: {"authorization": basic("other", key)},
}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_the_door_answers_as_the_case_says(site: Site, path: Path) -> None:
    await cases.run(site, cases.read(path), CREDENTIALS)


BASE = "/v1/acme/projects/shop"
CHOOSE, TRACK, CONSENTS = f"{BASE}/optimization/choose-api", f"{BASE}/sources/1/track", f"{BASE}/consents/data"


class TestLog:
    @pytest.fixture
    def options(self) -> Iterator[Options]:
        self.stream = io.StringIO()
        observe.configure("info", self.stream)
        yield Options()
        structlog.reset_defaults()

    async def test_keys_in_the_query_are_never_logged(self, site: Site) -> None:
        told = {"identification": {"userId": "ada@example.org"}}
        answer = await site.ask("POST", f"{CHOOSE}?apiKey=shop.{site.key}", key="", json=told)
        assert answer.status_code == 200
        (line,) = [json.loads(text) for text in self.stream.getvalue().splitlines()]
        assert (line["route"], line["status"]) == ("/v1/{org}/projects/{project}/optimization/choose-api", 200)
        for secret in (site.key, "apiKey", "ada", "acme"):
            assert secret not in self.stream.getvalue()


async def test_a_withdrawal_is_kept_where_recording_needs_consent(site: Site) -> None:
    await site.settings(consent_for_recording="marketing")
    head = {"authorization": basic("shop", site.key)}

    async def tracks(n: int) -> int:
        told = {"track": [{"name": "view", "payload": [{"eventId": f"e{n}", "userId": "ada"}]}]}
        return (await site.ask("POST", TRACK, key="", headers=head, json=told)).status_code

    async def says(action: str) -> None:
        told = {"action": action, "userId": "ada", "category": "marketing"}
        assert (await site.ask("POST", CONSENTS, key="", headers=head, json=told)).status_code == 200

    assert await tracks(1) == 400
    await says("accept")
    assert await tracks(2) == 201
    await says("reject")
    assert await tracks(3) == 400


async def test_scopes_hold(site: Site) -> None:
    assert site.project is not None
    decides = await site.make_key(site.project, "decide")
    head = {"authorization": basic("shop", decides)}
    told = {"identification": {"userId": "ada"}}
    assert (await site.ask("POST", CHOOSE, key="", headers=head, json=told)).status_code == 200
    assert (await site.ask("POST", TRACK, key="", headers=head, json={"track": []})).status_code == 403


async def test_the_prefix_may_be_the_keys_own_id(site: Site) -> None:
    assert site.project is not None
    keys = f"/v1/projects/{site.project.id}/keys"
    made = (await site.ask("POST", keys, json={"client": "sdk", "scopes": ["decide"]})).json()
    head = {"authorization": basic(made["id"], made["secret"])}
    told = {"identification": {"userId": "ada"}}
    assert (await site.ask("POST", CHOOSE, key="", headers=head, json=told)).status_code == 200


RECORDED = ROOT / "spec" / "facades" / "intempt" / "client_requests.jsonl"
#: by the last word of the path
EXPECTED = {"track": 201, "data": 200, "choose-api": 200}


async def test_recorded_requests_of_the_published_client_are_accepted_as_they_are(site: Site) -> None:
    await site.ask("POST", f"{campaigns.home(site)}/templates", json=FEED)
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        path, headers = told["path"].replace("/my-project/", "/shop/"), told["headers"]
        headers["Authorization"] = basic("shop", site.key)
        answer = await site.ask(
            told["method"], path, key="", headers=headers, content=json.dumps(told["body"]).encode()
        )
        assert answer.status_code == EXPECTED[path.rpartition("/")[2]], answer.text


# -- whatever anybody sends --------------------------------------------------------------------------------------------

ITEM = {
    "eventId": "e1",
    "timestamp": 1772452800000,
    "userId": "u1",
    "profileId": "d1",
    "accountId": "acme",
    "anotherUserId": "u2",
    "data": {"productId": "s1"},
    "userAttributes": {"plan": "pro"},
    "accountAttributes": {"plan": "pro"},
}
CONSENT = {
    "action": "accept",
    "timestamp": 1772452800,
    "userId": "u1",
    "category": "marketing",
    "validUntil": "unlimited",
}
ROWS = [{"name": "products", "type": "items", "value": "$items"}]
FEED = {"name": "Best", "key": "5292", "content": {"messages": [{"target": "a", "items": ["s1"], "rows": ROWS}]}}
IDENTIFIED = {"identification": {"userId": "u1", "profileId": "d1", "sourceId": "684508596718616576"}}
VALID: tuple[tuple[str, str, Any], ...] = (
    ("POST", CHOOSE, {**IDENTIFIED, "names": ["hero"], "device": "all", "sessionId": "s1", "url": "https://a.example"}),
    ("POST", CHOOSE, {**IDENTIFIED, "groups": ["home"], "optimizationType": "personalization"}),
    ("POST", TRACK, {"track": [{"name": "Identify", "type": "alias", "payload": [ITEM]}]}),
    ("POST", CONSENTS, CONSENT),
    ("POST", f"{BASE}/feeds/5292/data", {"id": "u1", "type": "user", "fields": ["id"], "limit": 5, "offset": 0}),
    ("GET", f"{BASE}/feeds", None),
)


async def test_whatever_is_sent_the_answer_has_the_protocols_form(site: Site) -> None:
    head = {"authorization": basic("shop", site.key)}
    await site.ask("POST", f"{campaigns.home(site)}/goals", json={"name": "Orders", "key": "orders", "event": "order"})
    await campaigns.start(site, "hero", {"Title": "Hello"}, groups=["home"])

    async def ask(method: str, path: str, content: bytes) -> int:
        answer = await site.ask(method, path, key="", headers=head, content=content)
        assert answer.status_code in (200, 201, 400), (answer.status_code, content)
        if answer.status_code == 400:
            body = answer.json()
            assert body.keys() == {"errors"}
            assert body["errors"]
            assert all(error.keys() == {"message"} and error["message"] for error in body["errors"])
        return answer.status_code

    await site.ask("POST", f"{campaigns.home(site)}/templates", json=FEED)
    await mutations.throw(ask, VALID)
