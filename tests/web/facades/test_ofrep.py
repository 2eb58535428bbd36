"""OpenFeature's door, by its cases, by its own description, and by whatever anybody sends."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import yaml
from joserfc import jwt
from joserfc.jwk import ECKey

from tailorbird.domain.errors import Unavailable
from tailorbird.engine import access
from tailorbird.engine.refresh import refresh
from tailorbird.engine.snapshot import Snapshot
from tailorbird.web.facades import ofrep as door
from tailorbird.web.facades import ofrep_stream
from tests.architecture.sources import ROOT
from tests.web.conftest import NOON, Site
from tests.web.facades import campaigns, cases, mutations

CASES = cases.files("ofrep")
CREDENTIALS: dict[str, cases.Credentials] = {
    "the shop": lambda _, key: {"authorization": f"Bearer {key}"},
    "a browser": lambda _, key: {"authorization": f"Bearer {key}"},
    "X-API-Key": lambda _, key: {"x-api-key": key},
    "nobody": lambda _, key: {},
    "a wrong key": lambda _, key: {"authorization": "Bearer tb_wrong"},
}
BULK, TRACK, STREAM = "/ofrep/v1/evaluate/flags", "/ofrep/v1/track", "/ofrep/v1/stream"
SHOP, EVIL = "https://shop.example", "https://evil.example"
SIGNER = ECKey.generate_key("P-256", {"kid": "1"})
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_the_door_answers_as_the_case_says(site: Site, path: Path) -> None:
    await cases.run(site, cases.read(path), CREDENTIALS)


async def orders(site: Site) -> None:
    await site.ask("POST", f"{campaigns.home(site)}/goals", json={"name": "Orders", "key": "orders", "event": "order"})


async def flags(site: Site, context: Any, **headers: str) -> Any:
    return await site.ask("POST", BULK, json={"context": context}, headers=headers)


# -- what stays the same need not be sent again ------------------------------------------------------------------------


async def test_the_same_flags_are_not_sent_twice_and_others_are(site: Site) -> None:
    await orders(site)
    await campaigns.start(site, "gold", 1.0, audience={"plan": "gold"})
    first = await flags(site, {"targetingKey": "ada", "plan": "gold"})
    etag = first.headers["etag"]
    for told in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        same = await flags(site, {"targetingKey": "ada", "plan": "gold"}, **{"if-none-match": told})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    site.now += 120_000  # tokens are new, what they stand for is not
    later = await flags(site, {"targetingKey": "ada", "plan": "gold"}, **{"if-none-match": etag})
    assert later.status_code == 304
    other = await flags(site, {"targetingKey": "ada", "plan": "basic"}, **{"if-none-match": etag})
    assert other.status_code == 200
    assert other.headers["etag"] != etag
    await campaigns.start(site, "silver", 2, audience={"plan": "gold"})
    published = await flags(site, {"targetingKey": "ada", "plan": "gold"}, **{"if-none-match": etag})
    assert published.status_code == 200
    assert [flag["key"] for flag in published.json()["flags"]] == ["gold", "silver"]
    assert b'"value":1.0' in published.content


async def test_the_address_of_the_stream_outlives_the_etag_that_names_it(site: Site) -> None:
    """A 304 brings no new address, so the one that is known must be good for longer than its ETag."""
    await orders(site)
    first = await flags(site, {"targetingKey": "ada"})
    address = first.json()["eventStreams"][0]["endpoint"]["requestUri"]
    for _ in range(3):
        site.now += 12 * 3_600_000
        await refresh(site.runtime)
        later = await flags(site, {"targetingKey": "ada"}, **{"if-none-match": first.headers["etag"]})
        if later.status_code == 304:
            assert ofrep_stream.project_of(site.runtime, address.partition("ch=")[2])
    assert later.status_code == 200
    assert later.json()["eventStreams"][0]["endpoint"]["requestUri"] != address


@pytest.mark.parametrize("told", ["", "?ch=", "?ch=abc", "?ch=YWJj.YWJj", "?ch=%ff", "?other=1", "?ch=é"])
async def test_a_stream_needs_a_channel(site: Site, told: str) -> None:
    answer = await site.ask("GET", STREAM + told, key="")
    assert answer.status_code == 401
    assert answer.json().keys() == {"errorCode", "errorDetails"}


async def test_a_channel_ends_after_two_days_and_with_its_key(site: Site) -> None:
    assert site.project is not None
    address = (await flags(site, {"targetingKey": "ada"})).json()["eventStreams"][0]["endpoint"]["requestUri"]
    token = address.partition("ch=")[2]
    assert ofrep_stream.project_of(site.runtime, token) == site.project.id
    site.now += 2 * 86_400_000
    await refresh(site.runtime)
    assert (await site.ask("GET", address, key="")).status_code == 401
    fresh = (await flags(site, {"targetingKey": "ada"})).json()["eventStreams"][0]["endpoint"]["requestUri"]
    keys = f"/v1/projects/{site.project.id}/signing-keys"
    (old,) = await access.list_signing_keys(site.runtime, site.project.id)
    assert (await site.ask("POST", keys)).status_code == 201
    assert (await site.ask("DELETE", f"{keys}/{old.id}")).status_code < 300
    assert (await site.ask("GET", fresh, key="")).status_code == 401


# -- reporting ---------------------------------------------------------------------------------------------------------


async def test_a_flag_s_token_reports_what_was_shown(site: Site) -> None:
    await orders(site)
    await campaigns.start(site, "hero", "shown")
    await campaigns.start(site, "held", "never", control=100)
    found = (await flags(site, {"targetingKey": "ada"})).json()["flags"]
    assert (await site.ask("GET", "/v1/profiles/ada")).status_code == 404
    for flag in found:
        told = {
            "context": {"targetingKey": "ada"},
            "trackingEventName": "impression",
            "token": flag["metadata"]["token"],
        }
        assert (await site.ask("POST", TRACK, json=told)).status_code == 200
    await site.settled()
    export = (await site.ask("GET", "/v1/profiles/ada/export")).json()
    assert sorted(row["arm"] == "control" for row in export["exposures"]) == [False, True]
    assert {event["source"] for event in export["events"]} == {"ofrep"}


async def test_campaigns_in_testing_are_flags_for_their_test_users_only(site: Site) -> None:
    await orders(site)
    body = campaigns.body("secret", "shown", test_users=["tess"])
    made = await site.ask("POST", f"{campaigns.home(site)}/campaigns", json=body)
    tested = await site.ask(
        "POST", f"{campaigns.home(site)}/campaigns/secret/test", headers={"if-match": made.headers["etag"]}
    )
    assert tested.status_code == 200, tested.text
    assert [flag["value"] for flag in (await flags(site, {"targetingKey": "tess"})).json()["flags"]] == ["shown"]
    assert (await flags(site, {"targetingKey": "ada"})).json()["flags"] == []


# -- pages -------------------------------------------------------------------------------------------------------------


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


# -- keys, faults ------------------------------------------------------------------------------------------------------


async def test_scopes_hold(site: Site) -> None:
    assert site.project is not None
    reads = await site.make_key(site.project, "read")
    answer = await site.ask("POST", BULK, key=reads, json={"context": {"targetingKey": "ada"}})
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "GENERAL")


async def test_a_busy_key_is_429_with_the_wait(site: Site) -> None:
    assert site.project is not None
    slow = await site.make_key(site.project, "decide", rate=0.5, burst=1)
    told = {"context": {"targetingKey": "ada"}}
    assert (await site.ask("POST", BULK, key=slow, json=told)).status_code == 200
    answer = await site.ask("POST", f"{BULK}/hero", key=slow, json=told)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert answer.json().keys() == {"key", "errorCode", "errorDetails"}


async def test_a_broken_campaign_is_an_error_of_its_own(site: Site) -> None:
    await orders(site)
    await campaigns.start(site, "hero", "shown")
    campaign = await campaigns.start(site, "broken", "never")
    snapshot = site.runtime.project(campaigns.home(site).rpartition("/")[2])
    del snapshot.plans[campaign["id"]]
    snapshot.broken[campaign["id"]] = "a test broke it"
    snapshot._index()
    one = await site.ask("POST", f"{BULK}/broken", json={"context": {"targetingKey": "ada"}})
    assert (one.status_code, one.json()["errorCode"]) == (400, "GENERAL")
    found = (await flags(site, {"targetingKey": "ada"})).json()["flags"]
    assert [flag.get("errorCode", flag.get("value")) for flag in found] == ["GENERAL", "shown"]
    assert found[0].keys() == {"key", "errorCode", "errorDetails"}


async def test_a_campaign_that_nobody_can_read_is_an_error_among_all_flags_too(site: Site) -> None:
    await orders(site)
    await campaigns.start(site, "hero", "shown")
    await campaigns.start(site, "newer", "never")
    held = site.runtime.project(campaigns.home(site).rpartition("/")[2])
    of_later = [
        msgspec.structs.replace(one, body=b'{"rules": "of a later release"}') if one.key == "newer" else one
        for one in held.source.definitions
    ]
    source = msgspec.structs.replace(held.source, definitions=tuple(of_later))
    site.runtime.snapshots[held.project.id] = Snapshot(source, held.lists, held.catalogue)
    one = await site.ask("POST", f"{BULK}/newer", json={"context": {"targetingKey": "ada"}})
    assert (one.status_code, one.json()["errorCode"]) == (400, "GENERAL")
    found = (await flags(site, {"targetingKey": "ada"})).json()["flags"]
    assert [(flag["key"], flag.get("errorCode", flag.get("value"))) for flag in found] == [
        ("hero", "shown"),
        ("newer", "GENERAL"),
    ]


async def test_without_the_store_what_needs_it_is_unknown(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await orders(site)
    await campaigns.start(site, "hero", "shown")
    await campaigns.start(site, "once", "seen", cap="once")

    async def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("The store is away.")

    monkeypatch.setattr(site.runtime.store, "find", away)
    found = (await flags(site, {"targetingKey": "ada"})).json()["flags"]
    assert [(flag["key"], flag["reason"], flag.get("value")) for flag in found] == [
        ("hero", "TARGETING_MATCH", "shown"),
        ("once", "UNKNOWN", None),
    ]
    assert found[1]["metadata"]["reason"] == "DEGRADED"


async def test_who_heard_of_a_publish_elsewhere_is_answered_from_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    async def look(_: Any) -> None:
        looked.append(1)
        if len(looked) == 2:
            raise Unavailable("The store is away.")
        if len(looked) == 3:
            await asyncio.sleep(60)  # it does not answer

    monkeypatch.setattr(door, "refresh", look)
    monkeypatch.setattr(door, "CATCH_UP", 0.01)
    assert site.project is not None
    version = site.runtime.project(site.project.id).project.version
    for told, expected in ((version, 0), (version + 1, 1), (version + 1, 2), (version + 1, 3), ("x", 3), ("9" * 40, 3)):
        answer = await site.ask("POST", f"{BULK}?flagConfigEtag={told}", json={"context": {"targetingKey": "ada"}})
        assert (answer.status_code, len(looked)) == (200, expected)


# -- its own description -----------------------------------------------------------------------------------------------

DESCRIPTION = yaml.safe_load((ROOT / "spec" / "facades" / "ofrep" / "openapi.yaml").read_text(encoding="utf-8"))
RECORDED = [
    json.loads(line)
    for line in (ROOT / "spec" / "facades" / "ofrep" / "client_requests.jsonl").read_text(encoding="utf-8").splitlines()
]


def meant(value: Any) -> Any:
    """The description with kinds of values as alternatives that may overlap; see its README."""
    if isinstance(value, dict):
        return {"anyOf" if name == "oneOf" else name: meant(member) for name, member in value.items()}
    return [meant(member) for member in value] if isinstance(value, list) else value


COMPONENTS = meant(DESCRIPTION["components"])


def validator(path: str, status: int) -> Any:
    described = DESCRIPTION["paths"][path]["post"]["responses"].get(str(status), {})
    schema = described.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None
    return jsonschema_rs.validator_for({"$schema": DRAFT, **schema, "components": COMPONENTS})


DRAFT = "https://json-schema.org/draft/2020-12/schema"
VALIDATORS = {
    (path, status): validator(path, status) for path in DESCRIPTION["paths"] for status in (200, 400, 401, 403, 404)
}


def test_the_description_tells_right_from_wrong() -> None:
    path = "/ofrep/v1/evaluate/flags/{key}"
    VALIDATORS[path, 200].validate({"key": "a", "reason": "SPLIT", "value": 1.0})
    for status, wrong in ((200, {"key": "a", "reason": "MADE_UP"}), (200, {"reason": "SPLIT"}), (400, {"key": "a"})):
        assert not VALIDATORS[path, status].is_valid(wrong)


async def test_recorded_requests_and_what_becomes_of_them_are_answered_as_described(site: Site) -> None:
    """The requests that providers sent succeed; with anything in them changed the answer is of the described form."""
    await orders(site)
    for key, value in (("bool", True), ("str", "blue"), ("num", 1.0), ("obj", {"a": [1]})):
        await campaigns.start(site, key, value)
    statuses: dict[int, int] = {}

    async def ask(method: str, path: str, content: bytes) -> int:
        kept = {"content-type": "application/json"}
        answer = await site.ask(method, path, headers=kept, content=content)
        template = path if path == BULK else f"{BULK}/{{key}}"
        assert answer.status_code in (200, 400), (answer.status_code, content)
        VALIDATORS[template, answer.status_code].validate(answer.json())
        told = answer.json()
        for one in told.get("flags", [told]):
            assert "errorDetails" in one or {"key", "reason", "variant"} <= one.keys()
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        return answer.status_code

    valid = {json.dumps((one["path"], one["body"])): one for one in RECORDED if not one["path"].endswith("/missing")}
    recorded = [(one["method"], one["path"], one["body"]) for one in valid.values()]
    await mutations.throw(ask, recorded, rounds=25)
    assert min(statuses.get(status, 0) for status in (200, 400)) > 50, statuses


async def test_recorded_headers_of_providers_are_accepted(site: Site) -> None:
    await orders(site)
    for one in RECORDED:
        told = {name: value for name, value in one["headers"].items() if name.lower() != "authorization"}
        answer = await site.ask(one["method"], one["path"], headers=told, json=one["body"])
        assert answer.status_code == (200 if one["path"] == BULK else 404)


async def test_whatever_is_tracked_or_asked_for_the_answer_has_the_protocols_form(site: Site) -> None:
    await orders(site)
    event = {
        "context": {"targetingKey": "ada", "anonymousId": "device-1", "plan": "gold"},
        "trackingEventName": "order",
        "trackingEventDetails": {"value": 9.5, "items": [{"id": "a"}]},
        "id": "t-1",
        "time": "2026-03-02T12:00:00Z",
    }

    async def ask(method: str, path: str, content: bytes) -> int:
        answer = await site.ask(method, path, content=content)
        assert answer.status_code in (200, 400), (answer.status_code, content)
        expected = {"accepted", "duplicates"} if answer.status_code == 200 else {"errorCode", "errorDetails"}
        assert answer.json().keys() == expected
        return answer.status_code

    await mutations.throw(ask, [("POST", TRACK, event)], rounds=60)
    chance = random.Random(5)
    for _ in range(60):
        key = "".join(chr(chance.choice((*range(33, 127), 0xE9, 0x20, 0x1F600))) for _ in range(chance.randint(1, 20)))
        path = f"{BULK}/" + "".join(f"%{byte:02X}" for byte in key.encode())
        answer = await site.ask("POST", path, json={"context": {"targetingKey": "ada"}})
        assert (answer.status_code, answer.json()["key"]) == (404, key)
