"""One unpublished draft per definition: kept as one types, checked when asked, published by who may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Site
from tests.web.people import person

BASE = "/v1/projects/shop"
HERO = f"{BASE}/campaigns/home-hero"
DRAFT = f"{HERO}/unpublished"


async def body_of(shop: Site, place: str = HERO) -> dict[str, Any]:
    return dict((await shop.ask("GET", place)).json()["body"])


async def keep(shop: Site, body: Any, revision: str = "*", place: str = DRAFT, **more: Any) -> Any:
    headers = {"if-match": revision}
    return await shop.ask("PUT", place, json={"body": body, **more}, headers=headers)


async def check(shop: Site, place: str = DRAFT) -> dict[str, Any]:
    answer = await shop.ask("POST", f"{place}/check")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_draft_is_kept_as_it_is_and_changes_nothing(shop: Site) -> None:
    before = (await shop.ask("GET", HERO)).json()
    none = await shop.ask("GET", DRAFT)
    assert (none.status_code, none.headers["etag"], none.content) == (204, '"0"', b"")
    assert (await shop.ask("GET", f"{BASE}/campaigns/nothing/unpublished")).status_code == 404
    odd = {"rules": "none yet", "not a field": [1.0, None], "name": ""}
    kept = await keep(shop, odd, '"0"')
    assert (kept.status_code, kept.headers["etag"]) == (200, '"1"')
    read = (await shop.ask("GET", DRAFT)).json()
    assert read == kept.json()
    assert (read["body"], read["revision"], read["base"], read["live_version"], read["author"]) == (
        odd,
        1,
        before["version"],
        before["version"],
        "tests",
    )
    assert (await shop.ask("GET", HERO)).json() == before
    listed = (await shop.ask("GET", f"{BASE}/unpublished")).json()["items"]
    assert [(one["kind"], one["key"], "body" in one) for one in listed] == [("campaign", "home-hero", False)]


async def test_a_lost_race_tells_both_drafts(shop: Site) -> None:
    assert (await shop.ask("PUT", DRAFT, json={"body": {}})).status_code == 428
    await keep(shop, {"name": "theirs"}, '"0"')
    for revision in ('"0"', '"2"'):
        lost = await keep(shop, {"name": "ours"}, revision)
        assert lost.status_code == 409
        told = lost.json()
        assert (told["expected_version"], told["current_version"]) == (int(revision.strip('"')), 1)
        assert told["current"] == {"name": "theirs"}
    assert (await keep(shop, {"name": "ours"}, '"1"')).json()["revision"] == 2
    assert (await shop.ask("DELETE", DRAFT, headers={"if-match": '"1"'})).status_code == 409
    assert (await shop.ask("DELETE", DRAFT, headers={"if-match": '"2"'})).status_code == 204
    assert (await shop.ask("DELETE", DRAFT)).status_code == 404
    gone = await keep(shop, {"name": "ours"}, '"2"')
    assert (gone.status_code, gone.json()["current_version"]) == (409, 0)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"body": {"name": "x"}}', 200),
        (b'{"body": []}', 400),
        (b'{"body": {"a": }}', 400),
        (b'{"body": {"a": "' + b"x" * 999_000 + b'"}}', 200),
        (b'{"body": {"a": "' + b"x" * 1_000_000 + b'"}}', 413),
    ],
)
async def test_a_draft_is_an_object_of_bounded_size(shop: Site, content: bytes, status: int) -> None:
    answer = await shop.ask("PUT", DRAFT, content=content, headers={"if-match": "*"})
    assert answer.status_code == status


async def test_a_check_tells_what_changes_and_who_moves(shop: Site) -> None:
    body = await body_of(shop)
    body["rules"][0]["experiences"][0]["weight"] = 3
    await keep(shop, body)
    told = await check(shop)
    assert (told["problems"], told["ready"], told["outdated"]) == ([], True, False)
    (change,) = told["changes"]
    assert (change["path"].endswith("weight"), change["after"]) == (True, 3.0)
    (move,) = told["moves"]
    assert (move["rule"], move["moved"], move["share"]) == (body["rules"][0]["id"], 2500, 25.0)
    first = body["rules"][0]["experiences"][0]
    assert told["names"][first["id"]] == first["name"]
    body["control"] = 20
    await keep(shop, body)
    assert (await check(shop))["control_moved"] == 1000


async def test_a_check_names_what_is_wrong_and_what_is_missing(shop: Site) -> None:
    body = await body_of(shop)
    body["rules"][0]["audience"] = {"plan": {"$no": 1}}
    body["goals"] = []
    await keep(shop, body)
    told = await check(shop)
    assert told["problems"][0]["field"].startswith("rules[0].audience")
    assert (told["ready"], [one["field"] for one in told["missing"]]) == (False, ["goals"])
    assert {change["path"].partition("[")[0] for change in told["changes"]} == {"rules", "goals"}
    await keep(shop, {"name": 7})
    told = await check(shop)
    assert (told["problems"][0]["field"], told["ready"]) == ("name", None)


async def test_a_check_tells_everything_at_once(shop: Site) -> None:
    body = await body_of(shop)
    body["key"] = "Not a key!"
    body["rules"][0]["audience"] = {"plan": {"$no": 1}}
    body["schedule"] = {"start": "2031-02-01", "end": "2031-01-01"}
    body["control"] = int(body["control"])
    await keep(shop, body)
    told = await check(shop)
    assert [one["field"] for one in told["problems"]] == ["key", "schedule.end", "rules[0].audience.plan.$no"]
    assert {one["path"].partition("[")[0].partition(".")[0] for one in told["changes"]} == {"key", "schedule", "rules"}
    first = body["rules"][0]["experiences"][0]
    assert told["names"][first["id"]] == first["name"]
    await keep(shop, {**body, "key": "checkout-upsell"})
    assert (await check(shop))["problems"][0] == {
        "field": "key",
        "got": "checkout-upsell",
        "detail": "The key 'checkout-upsell' belongs to another definition.",
    }


async def test_publishing_makes_one_version_and_ends_the_draft(shop: Site) -> None:
    before = (await shop.ask("GET", HERO)).json()
    for number in range(3):
        await keep(shop, {**before["body"], "name": f"Hero {number}"})
    stale = await shop.ask("POST", f"{DRAFT}/publish", headers={"if-match": '"2"'})
    assert (stale.status_code, stale.json()["current_version"]) == (409, 3)
    made = await shop.ask("POST", f"{DRAFT}/publish", headers={"if-match": '"3"'})
    assert (made.status_code, made.json()["version"]) == (200, before["version"] + 1)
    assert (await body_of(shop))["name"] == "Hero 2"
    assert (await shop.ask("GET", DRAFT)).status_code == 204
    assert (await shop.ask("POST", f"{DRAFT}/publish")).status_code == 404
    entries = (await shop.ask("GET", f"{BASE}/audit?limit=1")).json()["items"]
    assert [(one["version"], one["action"]) for one in entries] == [(before["version"] + 1, "update")]


async def test_what_is_wrong_is_not_published_and_not_lost(shop: Site) -> None:
    await keep(shop, {"name": "Hero", "rules": [{}]})
    refused = await shop.ask("POST", f"{DRAFT}/publish")
    assert refused.status_code == 400
    assert (await shop.ask("GET", DRAFT)).json()["body"] == {"name": "Hero", "rules": [{}]}


async def test_a_draft_of_an_old_version_is_published_after_it_was_looked_at(shop: Site) -> None:
    body = await body_of(shop)
    await keep(shop, {**body, "name": "Mine"})
    put = await shop.ask("PUT", HERO, json={**body, "name": "Theirs"}, headers={"if-match": "*"})
    live = put.json()["version"]
    told = await check(shop)
    assert (told["outdated"], told["live_version"]) == (True, live)
    refused = await shop.ask("POST", f"{DRAFT}/publish")
    assert (refused.status_code, refused.json()["current_version"], refused.json()["current"]["name"]) == (
        409,
        live,
        "Theirs",
    )
    assert (await keep(shop, {**body, "name": "Mine"}, base=live + 1)).status_code == 400
    assert (await keep(shop, {**body, "name": "Mine"}, base=live)).json()["base"] == live
    assert (await shop.ask("POST", f"{DRAFT}/publish")).status_code == 200
    assert (await body_of(shop))["name"] == "Mine"


async def test_pausing_a_campaign_does_not_outdate_its_draft(shop: Site) -> None:
    body = await body_of(shop)
    kept = (await keep(shop, {**body, "name": "Mine"})).json()
    paused = (await shop.ask("POST", f"{HERO}/pause")).json()
    read = (await shop.ask("GET", DRAFT)).json()
    assert (read["base"], read["live_version"], read["outdated"]) == (kept["base"], paused["version"], False)
    assert (await check(shop))["outdated"] is False
    made = (await shop.ask("POST", f"{DRAFT}/publish")).json()
    assert (made["version"], made["body"]["name"], made["body"]["status"]) == (paused["version"] + 1, "Mine", "paused")
    await keep(shop, {**body, "name": "Mine again"})
    await shop.ask("PUT", HERO, json={**body, "name": "Theirs", "status": "draft"}, headers={"if-match": "*"})
    await shop.ask("POST", f"{HERO}/start")
    assert (await shop.ask("GET", DRAFT)).json()["outdated"] is True


@pytest.mark.parametrize("place", ["audiences/gold", "templates/banner", "goals/orders"])
async def test_audiences_templates_and_goals_have_drafts_too(shop: Site, place: str) -> None:
    there = f"{BASE}/{place}"
    body = await body_of(shop, there)
    await keep(shop, {**body, "name": "Renamed"}, '"0"', f"{there}/unpublished")
    told = await check(shop, f"{there}/unpublished")
    assert [change["path"] for change in told["changes"]] == ["name"]
    assert (await shop.ask("POST", f"{there}/unpublished/publish")).status_code == 200
    assert (await body_of(shop, there))["name"] == "Renamed"


async def test_a_deleted_definition_takes_its_draft_along(shop: Site) -> None:
    there = f"{BASE}/audiences/to-delete"
    await keep(shop, {}, '"0"', f"{there}/unpublished")
    assert (await shop.ask("DELETE", there)).status_code == 204
    assert (await shop.ask("GET", f"{BASE}/unpublished")).json()["items"] == []


async def test_an_editor_writes_and_a_publisher_publishes(shop: Site) -> None:
    editor, publisher = await person(shop, "editor", shop="editor"), await person(shop, "publisher", shop="publisher")
    viewer = await person(shop, "viewer", shop="viewer")
    body = {"body": {**await body_of(shop), "name": "Hero, by two"}}
    headers = {"if-match": "*"}
    assert (await viewer.ask("PUT", DRAFT, json=body, headers=headers)).status_code == 403
    assert (await editor.ask("PUT", DRAFT, json=body, headers=headers)).status_code == 200
    assert (await viewer.ask("POST", f"{DRAFT}/check")).status_code == 200
    refused = await editor.ask("POST", f"{DRAFT}/publish")
    assert (refused.status_code, "'publisher'" in refused.json()["detail"]) == (403, True)
    assert (await publisher.ask("POST", f"{DRAFT}/publish")).json()["author"] == "publisher@example.org"
