"""Definitions over HTTP: versions, optimistic locking, rollback, lifecycle, preview, audit."""

from __future__ import annotations

from typing import Any

import pytest

from tailorbird.web.api import specimens
from tests.web.conftest import Site
from tests.web.people import person

BASE = "/v1/projects/shop"
HERO = f"{BASE}/campaigns/home-hero"


async def test_a_new_definition_tells_where_it_is(shop: Site) -> None:
    made = await shop.ask("POST", f"{BASE}/campaigns", json=specimens.CAMPAIGN.new)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    found = await shop.ask("GET", made.headers["location"])
    assert found.json() == made.json()
    assert found.json()["ready"] is True


async def test_two_writers_cannot_overwrite_each_other(shop: Site) -> None:
    read = await shop.ask("GET", HERO)
    version = read.headers["etag"]
    first = await shop.ask("PUT", HERO, json=specimens.CAMPAIGN.changed, headers={"if-match": version})
    assert (first.status_code, first.json()["version"]) == (200, 3)
    second = await shop.ask("PUT", HERO, json=specimens.CAMPAIGN.new, headers={"if-match": version})
    assert second.status_code == 409
    told = second.json()
    assert (told["expected_version"], told["current_version"]) == (2, 3)
    assert told["current"]["rules"][0]["experiences"][0]["weight"] == 3


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 428),
        ({"if-match": '"1"'}, 409),
        ({"if-match": '"2"'}, 200),
        ({"if-match": "2"}, 200),
        ({"if-match": 'W/"2"'}, 200),
        ({"if-match": "*"}, 200),
        ({"if-match": '"0"'}, 409),
        ({"if-match": "two"}, 400),
    ],
)
async def test_an_update_says_what_it_was_made_from(shop: Site, headers: dict[str, str], status: int) -> None:
    answer = await shop.ask("PUT", HERO, json=specimens.CAMPAIGN.changed, headers=headers)
    assert answer.status_code == status, answer.text


async def test_what_is_wrong_is_named_by_its_path(shop: Site) -> None:
    rule = {
        "audience": {"plan": {"$inn": ["gold"]}},
        "experiences": [{"name": "A", "content": {"body": "{{ a | nope }}"}}],
    }
    answer = await shop.ask("POST", f"{BASE}/campaigns", json={"name": "Wrong", "rules": [rule]})
    assert answer.status_code == 400
    fields = [error["field"] for error in answer.json()["errors"]]
    assert "rules[0].audience.plan.$inn" in fields
    assert all(error["detail"] for error in answer.json()["errors"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "X", "control": "5"}, None),
        ({"name": "X", "contorl": 5}, "contorl"),
        ({"name": 5}, "name"),
        ({"rules": []}, "name"),
        ({"name": "X", "rules": [{"experiences": [{"weight": 1}]}]}, "rules[0].experiences[0].name"),
        ({"name": "X", "channel": "fax"}, "channel"),
    ],
)
async def test_shapes_are_checked(shop: Site, body: Any, field: str | None) -> None:
    answer = await shop.ask("POST", f"{BASE}/campaigns", json=body)
    if field is None:
        assert answer.status_code in (201, 400)
        return
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


async def test_versions_and_rollback(shop: Site) -> None:
    await shop.ask("PUT", HERO, json=specimens.CAMPAIGN.changed, headers={"if-match": "2"})
    back = await shop.ask("POST", f"{HERO}/versions/1/rollback")
    assert back.json()["version"] == 4
    versions = (await shop.ask("GET", f"{HERO}/versions")).json()["items"]
    assert [v["version"] for v in versions] == [4, 3, 2, 1]
    weights = [[e["weight"] for e in v["body"]["rules"][0]["experiences"]] for v in versions]
    assert weights == [[1, 1], [3, 1], [1, 1], [1, 1]]
    assert (await shop.ask("GET", f"{HERO}/versions/3")).json() == versions[1]
    assert (await shop.ask("GET", f"{HERO}/versions/9")).status_code == 404
    assert (await shop.ask("POST", f"{HERO}/versions/9/rollback")).status_code == 404


async def test_lifecycle(shop: Site) -> None:
    paused = await shop.ask("POST", f"{HERO}/pause")
    assert (paused.status_code, paused.json()["body"]["status"]) == (200, "paused")
    again = await shop.ask("POST", f"{HERO}/pause")
    assert again.status_code == 409
    started = await shop.ask("POST", f"{HERO}/start", headers={"if-match": "3"})
    assert started.json()["body"]["status"] == "running"
    stale = await shop.ask("POST", f"{HERO}/archive", headers={"if-match": "3"})
    assert (stale.status_code, stale.json()["current_version"]) == (409, 4)


async def test_an_archived_campaign_is_restored(shop: Site) -> None:
    assert (await shop.ask("POST", f"{HERO}/restore")).status_code == 409
    await shop.ask("POST", f"{HERO}/pause")
    await shop.ask("POST", f"{HERO}/archive")
    stale = await shop.ask("POST", f"{HERO}/restore", headers={"if-match": "2"})
    assert (stale.status_code, stale.json()["current_version"]) == (409, 4)
    restored = (await shop.ask("POST", f"{HERO}/restore")).json()
    assert (restored["body"]["status"], restored["version"], restored["action"]) == ("paused", 5, "restore")


async def test_what_serves_is_not_deleted(shop: Site) -> None:
    assert (await shop.ask("DELETE", HERO)).status_code == 409
    await shop.ask("POST", f"{HERO}/archive")
    assert (await shop.ask("DELETE", HERO)).status_code == 204
    assert (await shop.ask("GET", HERO)).status_code == 404
    assert (await shop.ask("DELETE", HERO)).status_code == 404


async def test_a_clone_is_a_draft_of_its_own(shop: Site) -> None:
    named = await shop.ask("POST", f"{HERO}/clone", json={"name": "Second try"})
    unnamed = await shop.ask("POST", f"{HERO}/clone")
    assert [c.status_code for c in (named, unnamed)] == [201, 201]
    original = (await shop.ask("GET", HERO)).json()
    assert named.json()["key"] == "second-try"
    assert named.json()["body"].get("status", "draft") == "draft"
    assert len({c["body"]["salt"] for c in (named.json(), unnamed.json(), original)}) == 3


@pytest.mark.parametrize(
    ("body", "reason", "experience"),
    [
        ({"attributes": {"plan": "gold"}, "experience": "Discount"}, "TARGETING_MATCH", "Discount"),
        ({"attributes": {"plan": "silver"}}, "DEFAULT", None),
        ({}, "DEFAULT", None),
        ({"visitor": {"id": "anna@example.org"}, "experience": "Delivery"}, "TARGETING_MATCH", "Delivery"),
        ({"visitor": {"id": "anna@example.org"}, "version": 1}, "SPLIT", None),
    ],
)
async def test_a_preview_shows_and_explains_and_records_nothing(
    shop: Site, body: Any, reason: str, experience: str | None
) -> None:
    answer = await shop.ask("POST", f"{HERO}/preview", json=body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["reason"] in (reason, "CONTROL")
    if experience is not None:
        assert told["experience"] == experience
    assert told["explanation"]["message"]
    await shop.settled()
    person = (await shop.ask("GET", "/v1/profiles/anna@example.org")).json()
    assert person["exposures"] == {}


async def test_every_write_is_in_the_audit(shop: Site) -> None:
    body = (await shop.ask("GET", HERO)).json()["body"]
    body["rules"][0]["experiences"][0]["weight"] = 3
    await shop.ask("PUT", HERO, json=body, headers={"if-match": "2"})
    page = (await shop.ask("GET", f"{BASE}/audit?limit=1")).json()
    (entry,) = page["items"]
    assert (entry["author"], entry["action"], entry["key"], entry["version"]) == ("tests", "update", "home-hero", 3)
    assert any(change["path"].endswith("weight") for change in entry["changes"])
    (before,) = (await shop.ask("GET", f"{BASE}/audit?limit=1&before={page['next']}")).json()["items"]
    assert before["seq"] < entry["seq"]


async def test_settings_begin_with_their_defaults(shop: Site) -> None:
    place = f"{BASE}/settings"
    read = await shop.ask("GET", place)
    assert (read.json()["version"], read.headers["etag"]) == (0, '"0"')
    first = await shop.ask("PUT", place, json={"time_zone": "Europe/Rome"}, headers={"if-match": '"0"'})
    assert (first.status_code, first.json()["version"]) == (200, 1)
    again = await shop.ask("PUT", place, json={}, headers={"if-match": '"0"'})
    assert again.status_code == 409
    unnamed = await shop.ask("PUT", place, json={})
    assert unnamed.status_code == 428
    wrong = await shop.ask("PUT", place, json={"time_zone": "Mars"}, headers={"if-match": "1"})
    assert wrong.json()["errors"][0]["field"] == "time_zone"
    assert (await shop.ask("GET", place)).json()["body"] == {"time_zone": "Europe/Rome"}


async def test_things_are_found_by_key_and_by_id(shop: Site) -> None:
    by_key = (await shop.ask("GET", HERO)).json()
    by_id = await shop.ask("GET", f"/v1/projects/{shop.project.id}/campaigns/{by_key['id']}")  # type: ignore[union-attr]
    assert by_id.json() == by_key


async def keys_of(shop: Site, query: str, plural: str = "campaigns") -> list[str]:
    return [one["key"] for one in (await shop.ask("GET", f"{BASE}/{plural}?{query}")).json()["items"]]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", ["home-hero", "checkout-upsell", "to-delete", "resting"]),
        ("search=HERO", ["home-hero"]),
        ("search=e", ["home-hero", "checkout-upsell", "to-delete", "resting"]),
        ("search=nothing", []),
        ("status=running", ["home-hero"]),
        ("status=archived", ["resting"]),
        ("status=draft&search=check", ["checkout-upsell"]),
        ("group=home&status=draft", ["checkout-upsell", "to-delete"]),
        ("group=elsewhere", []),
        ("status=running&status=archived", ["home-hero", "resting"]),
        ("status=draft&newest_first=true", ["to-delete", "checkout-upsell"]),
        ("owner=nobody@example.org", []),
    ],
)
async def test_campaigns_are_filtered(shop: Site, query: str, keys: list[str]) -> None:
    assert await keys_of(shop, query) == keys


async def test_whoever_created_a_campaign_owns_it(shop: Site) -> None:
    ben = await person(shop, "ben", shop="publisher")
    made = (await ben.ask("POST", f"{BASE}/campaigns", json={"name": "Of Ben", "groups": ["cellar"]})).json()
    await shop.ask("PUT", f"{BASE}/campaigns/of-ben", json=made["body"], headers={"if-match": "*"})
    await shop.ask("PUT", HERO, json=(await shop.ask("GET", HERO)).json()["body"], headers={"if-match": "*"})
    (found,) = (await shop.ask("GET", f"{BASE}/campaigns?owner=ben@example.org")).json()["items"]
    assert (found["key"], found["author"], found["created_by"], found["created_at"]) == (
        "of-ben",
        "tests",
        "ben@example.org",
        made["at"],
    )
    told = (await shop.ask("GET", f"{BASE}/campaigns:facets")).json()
    assert (told["owners"], "cellar" in told["groups"], told["exclusion_sets"]) == (
        ["ben@example.org", "tests"],
        True,
        [],
    )
    assert told["statuses"] == {"running": 1, "draft": 3, "archived": 1}


async def test_lists_come_in_pages(shop: Site) -> None:
    first = (await shop.ask("GET", f"{BASE}/campaigns?limit=3&status=draft")).json()
    assert ([one["key"] for one in first["items"]], first["next"]) == (["checkout-upsell", "to-delete"], None)
    first = (await shop.ask("GET", f"{BASE}/campaigns?limit=3")).json()
    assert len(first["items"]) == 3
    assert await keys_of(shop, f"limit=3&after={first['next']}") == ["resting"]
    assert await keys_of(shop, "search=Gold", "audiences") == ["gold"]
    assert (await shop.ask("GET", f"{BASE}/campaigns?status=asleep")).status_code == 400
