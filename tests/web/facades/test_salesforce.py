"""The Salesforce door, by its cases, and by whatever anybody sends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import sync_playwright

from tailorbird.domain.errors import Unavailable
from tailorbird.engine import access, identities, people
from tailorbird.store import SqliteStore
from tailorbird.web.options import Options
from tests import chromium
from tests.web.conftest import Site
from tests.web.facades import campaigns, cases, mutations
from tests.web.facades.cases import basic
from tests.web.served import serving

CASES = cases.files("salesforce")
CREDENTIALS: dict[str, cases.Credentials] = {
    "the shop": lambda shop, key: {"authorization": basic(shop, key)},
    "a browser": lambda shop, key: {"authorization": basic(shop, key)},
    "another header": lambda shop, key: {"authentication": basic(shop, key)},
    "nobody": lambda shop, key: {},
    "a page": lambda shop, key: {},
    "a wrong key": lambda shop, key: {"authorization": basic(shop, "tb_wrong")},
    "another name": lambda shop, key: {"authorization": basic("other", key)},
    "our own API": lambda shop, key: {"authorization": f"Bearer {key}"},
}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_the_door_answers_as_the_case_says(site: Site, path: Path) -> None:
    await cases.run(site, cases.read(path), CREDENTIALS)


# -- what takes more than calls to show --------------------------------------------------------------------------------

SERVER = {"channel": "Server"}


async def send(site: Site, user: str | dict[str, Any] = "ada", **members: Any) -> dict[str, Any]:
    """The answer to an authenticated event."""
    assert site.project is not None
    told = {"action": "Looked", "user": {"id": user} if isinstance(user, str) else user, "source": SERVER, **members}
    head = {"authorization": basic(site.project.id, site.key)}
    answer = await site.ask("POST", "/api2/authevent/shop", key="", headers=head, json=told)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def from_page(site: Site, **members: Any) -> httpx.Response:
    return await site.ask("POST", "/api2/event/shop", key="", json={"user": {"anonId": "aa"}, **members})


async def orders(site: Site) -> None:
    await site.ask("POST", f"{campaigns.home(site)}/goals", json={"name": "Orders", "key": "orders", "event": "order"})


async def test_one_id_stands_for_a_person_and_a_merge_keeps_the_older_side_s(site: Site) -> None:
    await site.settings(identity_resolution=True)
    known = await send(site, {"id": "ada", "anonId": "aa"})
    anonymous = await send(site, {"anonId": "aa"})
    other = await send(site, "bob")
    assert known["resolvedUserId"] == anonymous["resolvedUserId"] != other["resolvedUserId"]
    await people.alias(site.runtime, "shop", "ada", "bob")
    assert (await send(site, "bob"))["resolvedUserId"] == known["resolvedUserId"]


async def test_encrypted_ids_outlive_a_rotation_until_the_key_is_retired(site: Site) -> None:
    assert site.project is not None
    await site.settings(event_api_open=True, publishable_events=["Looked"])
    first = (await send(site))["persistedUserId"]["entityId"]
    assert (await send(site))["persistedUserId"]["entityId"] == first
    (old,) = site.runtime.project("shop").source.signing_keys
    site.now += 1000
    await access.rotate_signing_key(site.runtime, site.project.id)
    second = (await send(site))["persistedUserId"]["entityId"]
    assert second != first
    for sealed in (first, second):
        told = await from_page(site, action="Looked", user={"encryptedId": sealed})
        assert (told.json()["errorCode"], told.json()["persistedUserId"]["entityId"]) == (0, second)
    await access.retire_signing_key(site.runtime, site.project.id, old.id)
    assert (await from_page(site, user={"encryptedId": first})).json()["errorCode"] == 2
    assert (await from_page(site, user={"encryptedId": second})).json()["errorCode"] == 0


async def test_an_encrypted_id_of_another_project_opens_nothing(site: Site) -> None:
    other, _ = await site.another_project("Other")
    await site.settings(event_api_open=True)
    theirs = identities.seal(site.runtime.project(other.id), "ada")
    assert (await from_page(site, user={"encryptedId": theirs})).json()["errorCode"] == 2


async def test_while_the_store_is_away_campaigns_that_do_without_come_with_code_3(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await orders(site)
    await campaigns.start(site, "hero", "shown")
    await campaigns.start(site, "gold", "shown", audience={"tier": "gold"})

    async def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("The store is away.")

    monkeypatch.setattr(SqliteStore, "commit", away)
    monkeypatch.setattr(SqliteStore, "find", away)
    found = await send(site)
    assert found["errorCode"] == 3
    assert [one["campaignName"] for one in found["campaignResponses"]] == ["hero"]


async def test_a_busy_key_is_429_with_code_3_and_the_wait(site: Site) -> None:
    assert site.project is not None
    slow = await site.make_key(site.project, "decide", "record", rate=0.5, burst=1)
    head = {"authorization": basic("shop", slow)}
    answers = [
        await site.ask("POST", "/api2/authevent/shop", key="", headers=head, json={"user": {"id": "a"}})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert (answers[1].json()["errorCode"], answers[1].headers["retry-after"]) == (3, "2")


async def test_a_key_that_may_not_decide_records_and_gets_no_campaigns(site: Site) -> None:
    assert site.project is not None
    await orders(site)
    await campaigns.start(site, "hero", "shown")
    for scopes, status, shown in (((), 200, 1), (("record",), 200, 0), (("decide",), 403, 0)):
        key = await site.make_key(site.project, *scopes, client=f"with {scopes}")
        told = {"action": "Looked", "user": {"id": "ada"}, "source": SERVER}
        head = {"authorization": basic("shop", key)}
        answer = await site.ask("POST", "/api2/authevent/shop", key="", headers=head, json=told)
        assert (answer.status_code, len(answer.json()["campaignResponses"])) == (status, shown)


async def test_items_are_written_together_and_only_where_they_say_something_new(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[list[str]] = []
    put = SqliteStore.put_items

    async def counted(self: SqliteStore, project: str, items: Any, *rest: Any, **named: Any) -> None:
        writes.append([item.id for item in items])
        await put(self, project, items, *rest, **named)

    monkeypatch.setattr(SqliteStore, "put_items", counted)
    things = [{"_id": f"p-{number}", "name": "Thing"} for number in range(20)]
    for _ in range(3):
        await send(site, catalog={"Product": things})
        await site.settled()
    assert len(writes) == 1
    assert len(writes[0]) == 20
    found = await send(site, catalog={"Product": {"_id": "p-1", "bad": "x" * 20_000}})
    assert found["errorCode"] == 5


async def test_forced_experiences_are_for_test_users_and_never_count(site: Site) -> None:
    await orders(site)
    made = (await campaigns.start(site, "hero", "shown", audience={"tier": "gold"}, test_users=["tess"]))["body"]
    await site.ask("POST", f"{campaigns.home(site)}/campaigns/hero/pause")
    (experience,) = made["rules"][0]["experiences"]
    debug = {"testMessages": f"abcde, {experience['id']}"}
    (forced,) = (await send(site, "tess", debug=debug))["campaignResponses"]
    assert (forced["state"], forced["payload"]["value"]) == ("Disabled", "shown")
    assert (await send(site, "ada", debug=debug))["campaignResponses"] == []
    assert (await send(site, "tess"))["campaignResponses"] == []
    await send(site, "tess", campaignStats=[{"experienceId": experience["id"], "stat": "Impression"}])
    seen = (await site.ask("GET", "/v1/profiles/tess")).json()
    assert (seen["events"]["impression"]["count"], seen["exposures"]) == (1, {})


async def test_a_campaign_that_counts_at_decision_counts_no_display_twice(site: Site) -> None:
    await orders(site)
    await campaigns.start(site, "hero", "shown", expose="decision", cap="once")
    (shown,) = (await send(site))["campaignResponses"]
    await send(site, campaignStats=[{"experienceId": shown["experienceId"], "stat": "Impression"}])
    seen = (await site.ask("GET", "/v1/profiles/ada")).json()
    assert [display["count"] for display in seen["displays"].values()] == [1]
    export = (await site.ask("GET", "/v1/profiles/ada/export")).json()
    assert [(row["door"], row["time"]) for row in export["exposures"]] == [("salesforce", site.now)]


async def test_a_report_answers_the_version_and_the_epoch_of_the_first_exposure(site: Site) -> None:
    await orders(site)
    made = (await campaigns.start(site, "hero", "shown"))["body"]
    (shown,) = (await send(site))["campaignResponses"]
    report = {"experienceId": shown["experienceId"], "stat": "Impression", "control": False}
    await send(site, campaignStats=[report])
    body = {**made, "rules": [{**made["rules"][0], "name": "renamed"}]}
    path = f"{campaigns.home(site)}/campaigns/hero"
    current = await site.ask("GET", path)
    again = await site.ask("PUT", path, json=body, headers={"if-match": current.headers["etag"]})
    assert again.status_code == 200, again.text
    await send(site, campaignStats=[{**report, "stat": "Click"}])
    export = (await site.ask("GET", "/v1/profiles/ada/export")).json()
    answered = [event["version"] for event in export["events"] if event["name"] in ("impression", "click")]
    assert len(answered) == 2
    assert answered[0] == answered[1]


# -- campaigns of the web ----------------------------------------------------------------------------------------------

BUNDLE = """(payload) => {
  const bar = document.createElement("p");
  bar.id = "bar";
  bar.textContent = payload.text;
  document.body.append(bar);
}"""


async def test_code_comes_at_the_version_that_the_experience_was_made_from(site: Site) -> None:
    await orders(site)
    home = campaigns.home(site)
    told = {"name": "Bar", "key": "bar", "content": {"body": {"text": "Sale"}}, "client_bundle": "one()"}
    made = await site.ask("POST", f"{home}/templates", json=told)
    await campaigns.start(
        site, "page", "", channel="web", experiences=[{"name": "One", "template": {"template": "bar"}}]
    )
    changed = {**told, "name": "New bar", "client_bundle": "two()"}
    version = made.headers["etag"]
    assert (await site.ask("PUT", f"{home}/templates/bar", json=changed, headers={"if-match": version})).is_success
    for _ in range(2):
        found = await send(site, source={"channel": "Web"})
        assert [one["templateNames"] for one in found["campaignResponses"]] == [["Bar"]]
        assert [(one["name"], one["bundle"]) for one in found["compiledCampaignTemplates"]] == [("Bar", "one()")]


async def test_pages_of_allowed_origins_may_read_the_answer(site: Site) -> None:
    await site.settings(event_api_open=True, allowed_origins=["https://shop.example"])
    asked = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    may = await site.ask("OPTIONS", "/api2/event/shop", key="", headers=asked)
    assert (may.status_code, may.headers["access-control-allow-origin"]) == (204, "https://shop.example")
    other = await site.ask("OPTIONS", "/api2/event/shop", key="", headers={**asked, "origin": "https://a.example"})
    assert other.status_code == 403
    for origin, allowed in (("https://shop.example", "https://shop.example"), ("https://a.example", None)):
        answer = await site.ask(
            "POST", "/api2/event/shop", key="", headers={"origin": origin}, json={"user": {"anonId": "aa"}}
        )
        assert answer.headers.get("access-control-allow-origin") == allowed
        wrong = await site.ask("POST", "/api2/event/shop", key="", headers={"origin": origin}, content=b"{")
        assert (wrong.status_code, wrong.headers.get("access-control-allow-origin")) == (400, allowed)


def test_a_page_renders_the_campaign_by_its_compiled_template(tmp_path: Path) -> None:
    program = chromium.path()
    if program is None:
        pytest.skip(chromium.MISSING)
    with serving(tmp_path, Options(access_log=False)) as served, page_server() as page:
        api = httpx.Client(base_url=served.url, headers={"authorization": f"Bearer {served.key}"})
        with api:
            told = {"name": "Bar", "key": "bar", "content": {"body": {"text": "Sale"}}, "client_bundle": BUNDLE}
            assert api.post("/v1/projects/shop/templates", json=told).is_success
            current = api.get("/v1/projects/shop/settings")
            settings = {**current.json()["body"], "event_api_open": True, "allowed_origins": [page]}
            head = {"if-match": current.headers["etag"]}
            written = api.put("/v1/projects/shop/settings", json=settings, headers=head)
            assert written.is_success, written.text
        experience = {"name": "One", "template": {"template": "bar"}}
        campaigns.start_on(served.url, served.key, "page", "", channel="web", experiences=[experience])
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            tab = browser.new_page()
            tab.goto(page)
            tab.evaluate(RENDER, f"{served.url}/api2/event/shop")
            assert tab.inner_text("#bar") == "Sale"
            browser.close()


RENDER = """async (address) => {
  const told = { user: { anonId: "0123456789abcdef" }, source: { channel: "Web" } };
  const event = btoa(JSON.stringify(told));
  const answer = await (await fetch(address, { method: "POST", body: new URLSearchParams({ event }) })).json();
  const shown = answer.campaignResponses.find((one) => one.userGroup === "Default" && one.templateNames.length);
  const template = answer.compiledCampaignTemplates.find((one) => one.name === shown.templateNames[0]);
  (0, eval)(template.bundle)(shown.payload);
}"""


class Blank(BaseHTTPRequestHandler):
    """A page of another origin, with nothing on it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Shop</title><body></body>")

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def page_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Blank) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


# -- whatever anybody sends --------------------------------------------------------------------------------------------

FULL = {
    "action": "Home page viewed",
    "itemAction": "Add To Cart",
    "debug": {"explanations": True, "testMessages": "true"},
    "flags": {"pageView": True},
    "consents": [{"purpose": "Mail", "provider": "Banner", "status": "Opt In"}],
    "source": {
        "channel": "Server",
        "application": "shop",
        "url": "https://shop.example/",
        "locale": "en_US",
        "contentZones": ["hero"],
        "time": 1_772_452_700_000,
    },
    "user": {"id": "ada", "anonId": "0123456789abcdef", "attributes": {"tier": "gold"}, "identities": {"email": "a"}},
    "account": {"id": "acme", "attributes": {"size": 3}},
    "catalog": {"Product": {"_id": "mug", "name": "Mug", "categories": [{"_id": "kitchen"}]}},
    "cart": {"singleLine": {"Product": {"_id": "mug", "price": 7, "quantity": 1}}},
    "campaignStats": [
        {"experienceId": "abcde", "stat": "Clickthrough", "control": "false", "catalog": {"Product": ["mug"]}}
    ],
}
ORDER = {
    "user": {"id": "ada"},
    "cart": {"complete": {"Product": [{"_id": "mug", "quantity": 2}]}},
    "order": {"Product": {"orderId": "o-1", "totalValue": 14, "currency": "EUR", "lineItems": [{"_id": "mug"}]}},
}
MEMBERS = {"campaignResponses", "compiledCampaignTemplates", "errorCode"}


async def test_whatever_is_sent_the_answer_has_the_protocols_form(site: Site) -> None:
    await orders(site)
    await campaigns.start(site, "hero", {"title": "Hello"})
    await campaigns.start(site, "page", {"title": "Hello"}, channel="web")
    await site.settings(event_api_open=True, publishable_events=["Home page viewed"])

    async def ask(method: str, path: str, content: bytes) -> int:
        head = {"authorization": basic("shop", site.key)} if "authevent" in path else {}
        if content.startswith(b'{"form"'):
            head["content-type"] = "application/x-www-form-urlencoded"
            content = b"event=" + quote(json.dumps(json.loads(content)["form"])).encode()
        answer = await site.ask(method, path, key="", headers=head, content=content)
        assert answer.status_code in (200, 400), (answer.status_code, answer.text, content)
        found = answer.json()
        assert found.keys() >= MEMBERS, content
        assert found["errorCode"] in range(6)
        assert answer.status_code == 200 or found["errorCode"] == 5, content
        return answer.status_code

    valid = [("POST", "/api2/authevent/shop", FULL), ("POST", "/api2/authevent/shop", ORDER)]
    valid += [("POST", "/api2/event/shop", FULL), ("POST", "/api2/event/shop", {"form": FULL})]
    await mutations.throw(ask, valid, 60)
