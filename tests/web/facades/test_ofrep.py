"""OpenFeature's door, by its cases, by its own description, and by whatever anybody sends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.domain.errors import Unavailable
from tailorbird.engine import access
from tailorbird.engine.refresh import refresh
from tailorbird.engine.snapshot import Snapshot
from tailorbird.web.facades import ofrep as door
from tailorbird.web.facades import ofrep_stream
from tests.web.conftest import Site
from tests.web.facades import campaigns, cases
from tests.web.facades.flags import BULK, STREAM, TRACK, flags, orders

CASES = cases.files("ofrep")
CREDENTIALS: dict[str, cases.Credentials] = {
    "the shop": lambda _, key: {"authorization": f"Bearer {key}"},
    "a browser": lambda _, key: {"authorization": f"Bearer {key}"},
    "X-API-Key": lambda _, key: {"x-api-key": key},
    "nobody": lambda _, key: {},
    "a wrong key": lambda _, key: {"authorization": "Bearer tb_wrong"},
}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_the_door_answers_as_the_case_says(site: Site, path: Path) -> None:
    await cases.run(site, cases.read(path), CREDENTIALS)


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
