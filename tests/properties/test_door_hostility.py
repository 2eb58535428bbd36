"""Whatever is sent to a door, the answer has that protocol's own form, is no fault, and the next caller is served."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailorbird.domain.definitions import Item
from tailorbird.engine.catalogue import upsert
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store import SqliteStore
from tailorbird.web.app import build_app
from tailorbird.web.options import Options
from tests.properties.door_mutations import Sent, mutants, raw, valid
from tests.web.conftest import NOON, Site
from tests.web.facades import campaigns
from tests.web.facades.cases import basic

#: bytes that an error takes at most
LIMIT = 16_384
ROWS = [{"name": "t", "value": "{{ attribute.name }}"}, {"name": "p", "type": "items", "value": "$items"}]
FEED = {"name": "Best", "key": "5292", "content": {"messages": [{"target": "a", "items": ["p-1"], "rows": ROWS[1:]}]}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Site]]:
    """One server for all examples: what an earlier one did to it must not matter."""
    folder: Path = tmp_path_factory.mktemp("hostility")
    runtime = Runtime(SqliteStore(folder / "test.db"), data_dir=folder, clock=lambda: NOON)
    runtime.breaker.patience = 60.0
    with asyncio.Runner() as runner:
        life = running(runtime)
        runner.run(life.__aenter__())
        try:
            site = Site(runtime, build_app(runtime, Options(access_log=False)))
            runner.run(_open(site))
            yield runner, site
        finally:
            runner.run(life.__aexit__(None, None, None))


async def _open(site: Site) -> None:
    site.project, _ = await site.another_project("Shop")
    site.key = await site.make_key(site.project, rate=1e6, burst=1_000_000)
    await upsert(site.runtime, site.project.id, [Item(id="p-1", attributes={"title": "Mug"})])
    await site.settings(event_api_open=True, publishable_events=["Looked"], consent_for_recording=None)
    home = campaigns.home(site)
    for path, body in (("goals", {"name": "Orders", "key": "orders", "event": "order"}), ("templates", FEED)):
        assert (await site.ask("POST", f"{home}/{path}", json=body)).status_code == 201
    rows = [{"name": "Rows", "content": {"messages": [{"target": "a", "items": ["p-1"], "rows": ROWS}]}}]
    await campaigns.start(site, "hero", {"title": "Hello {{ attribute.name | default: 'you' }}"}, groups=["home"])
    await campaigns.start(site, "gold", 1.5, audience={"plan": "gold"}, kind="experiment")
    await campaigns.start(site, "once", True, cap="once", control=50)
    await campaigns.start(site, "rows", "", experiences=rows)
    await campaigns.start(site, "page", {"a": [1]}, channel="web")
    await site.ask("POST", f"{home}/campaigns/gold/pause")
    taken = {"hero", "gold", "once", "rows", "page", "flags", "track"}
    for key in {sent.path.rpartition("/")[2] for sent in valid("ofrep")} - taken:
        await campaigns.start(site, key, 2)


# -- forms -------------------------------------------------------------------------------------------------------------


def moengage(status: int, told: Any) -> None:
    if status == 200:
        assert told.keys() & {"experiences", "status", "metadata"}
        return
    assert status in (400, 401, 405)
    assert {"title", "description"} <= told.keys() <= {"title", "description", "code"}
    assert all(isinstance(text, str) and text for text in told.values())


def intempt(status: int, told: Any) -> None:
    if status in (200, 201):
        assert told is None or told.keys() & {"choices", "products", "feeds"}
        return
    assert status in (400, 401, 404, 405, 413)
    assert told.keys() == {"errors"}
    assert told["errors"]
    assert all(error.keys() == {"message"} and error["message"] for error in told["errors"])


def salesforce(status: int, told: Any) -> None:
    assert status in (200, 204, 400, 401, 403, 405)
    if status == 204:
        return
    assert told.keys() >= {"campaignResponses", "compiledCampaignTemplates", "errorCode"}
    assert told["errorCode"] in range(6)
    if status != 200:
        assert (told["errorCode"], told["campaignResponses"]) == (5, [])
        assert told["message"]


CODES = ("PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "GENERAL", "FLAG_NOT_FOUND")


def ofrep(status: int, told: Any) -> None:
    assert status in (200, 204, 304, 400, 401, 403, 404, 405)
    if status >= 400:
        assert {"errorCode", "errorDetails"} <= told.keys() <= {"key", "errorCode", "errorDetails"}
        assert told["errorCode"] in CODES
        assert told["errorDetails"]


FORMS: dict[str, Callable[[int, Any], None]] = {
    "moengage": moengage,
    "intempt": intempt,
    "salesforce": salesforce,
    "ofrep": ofrep,
}


def head(site: Site, protocol: str) -> dict[str, str]:
    if protocol == "ofrep":
        return {"authorization": f"Bearer {site.key}"}
    return {"authorization": basic("shop", site.key), "moe-appkey": "shop"}


async def send(site: Site, protocol: str, sent: Sent) -> httpx.Response:
    headers = {"content-type": "application/json", **head(site, protocol), **sent.headers}
    path, _, query = sent.path.partition("?")
    url = quote(path, safe="/%") + (f"?{quote(query, safe='=&%')}" if query else "")
    told = [(name.encode(), value.encode("latin-1")) for name, value in headers.items() if value]
    return await site.ask(sent.method, url, key="", headers=dict(told), content=sent.body)


def judge(protocol: str, answer: httpx.Response) -> None:
    """No fault, no trace of the code, no more than a page, and the protocol's own form."""
    assert answer.status_code < 500, answer.text
    for trace in (b"Traceback", b'.py"', b"tailorbird/", b"msgspec"):
        assert trace not in answer.content
    if answer.status_code >= 400:
        assert len(answer.content) <= LIMIT
    FORMS[protocol](answer.status_code, json.loads(answer.content) if answer.content else None)


def hero(protocol: str) -> Sent:
    """A request that every visitor is shown something by."""
    return {
        "moengage": Sent("POST", "/v1/experiences/fetch", b'{"experience_key":"hero"}'),
        "intempt": Sent("POST", f"{SHOP}/optimization/choose-api", b'{"identification":{"userId":"a"}}'),
        "salesforce": Sent("POST", "/api2/authevent/shop", b'{"user":{"id":"a"},"source":{"channel":"server"}}'),
        "ofrep": Sent("POST", "/ofrep/v1/evaluate/flags/hero", b'{"context":{"targetingKey":"a"}}'),
    }[protocol]


async def check(site: Site, protocol: str, sent: Sent) -> None:
    judge(protocol, await send(site, protocol, sent))
    after = await send(site, protocol, hero(protocol))
    assert after.status_code == 200, after.text
    assert "Hello" in after.text


SHOP = "/v1/acme/projects/shop"
MANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize("protocol", FORMS)
def test_what_the_mutants_are_made_of_is_valid(server: tuple[asyncio.Runner, Site], protocol: str) -> None:
    """Statuses of all of them are good ones, so that what follows begins with requests that mean something."""
    runner, site = server
    assert len(valid(protocol)) > 25
    good = 0
    for sent in valid(protocol):
        answer = runner.run(send(site, protocol, sent))
        judge(protocol, answer)
        good += answer.status_code < 300
    assert good > 0.8 * len(valid(protocol))


@pytest.mark.parametrize("protocol", FORMS)
@MANY
@given(data=st.data())
def test_a_request_with_anything_wrong_gets_the_protocols_own_error(
    server: tuple[asyncio.Runner, Site], protocol: str, data: st.DataObject
) -> None:
    runner, site = server
    runner.run(check(site, protocol, data.draw(mutants(protocol))))


PATHS = {
    "moengage": ["/v1/experiences/fetch", "/v1/experiences/events", "/v1/experiences/metadata"],
    "intempt": [f"{SHOP}/{end}" for end in ("optimization/choose-api", "track", "consents/data", "feeds/5292/data")],
    "salesforce": ["/api2/event/shop", "/api2/authevent/shop"],
    "ofrep": ["/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/hero", "/ofrep/v1/track"],
}


@pytest.mark.parametrize("protocol", FORMS)
@MANY
@given(data=st.data())
def test_arbitrary_json_gets_the_protocols_own_error(
    server: tuple[asyncio.Runner, Site], protocol: str, data: st.DataObject
) -> None:
    runner, site = server
    path = data.draw(st.sampled_from(PATHS[protocol]))
    runner.run(check(site, protocol, Sent("POST", path, data.draw(raw))))


LONG = "x" * 20_000
NAMED = {
    "moengage": ("/v1/experiences/events", {"elements": [{LONG: 1}] * 100}),
    "intempt": (f"{SHOP}/track", {"track": [{"name": "a", "payload": [{"userId": "a", "data": {LONG: 1}}] * 100}]}),
    "salesforce": ("/api2/authevent/shop", {"action": "a", "user": {"id": "a", "attributes": {LONG: 1}}}),
    "ofrep": ("/ofrep/v1/track", {"trackingEventName": LONG, "context": {"targetingKey": "a"}}),
}


@pytest.mark.parametrize("protocol", FORMS)
def test_an_error_is_a_page_at_most_however_long_what_is_wrong_is(
    server: tuple[asyncio.Runner, Site], protocol: str
) -> None:
    runner, site = server
    path, body = NAMED[protocol]
    answer = runner.run(send(site, protocol, Sent("POST", path, json.dumps(body).encode())))
    judge(protocol, answer)
    assert answer.status_code == 400 or answer.json()["errorCode"] == 5
    assert 20 < len(answer.content) < LIMIT


@pytest.mark.parametrize("protocol", FORMS)
def test_a_body_over_the_limit_gets_the_protocols_own_error(server: tuple[asyncio.Runner, Site], protocol: str) -> None:
    runner, site = server
    for path in PATHS[protocol]:
        if path.endswith("metadata"):
            continue  # its body is not read
        body = b'{"a":"' + b"x" * (6 * 1024 * 1024) + b'"}'
        answer = runner.run(send(site, protocol, Sent("POST", path, body)))
        judge(protocol, answer)
        assert answer.status_code == (413 if protocol == "intempt" else 400)
        assert "5,242,880" in answer.text or "1,048,576" in answer.text


@pytest.mark.parametrize("protocol", FORMS)
def test_a_fault_of_ours_is_told_without_a_trace_in_the_protocols_own_form(
    server: tuple[asyncio.Runner, Site], protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last resort: nothing is known to lead here, so the test breaks something inside."""
    runner, site = server

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(site.runtime, "project", broken)
    answer = runner.run(send(site, protocol, hero(protocol)))
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json().keys() >= FAULTS[protocol]
    monkeypatch.undo()
    assert runner.run(send(site, protocol, hero(protocol))).status_code == 200


FAULTS = {
    "moengage": {"title", "description"},
    "intempt": {"errors"},
    "salesforce": {"campaignResponses", "errorCode", "message"},
    "ofrep": {"errorDetails"},
}
