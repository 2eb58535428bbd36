"""Items, list members, keys and profiles over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tailorbird.web.options import Options
from tests.web.conftest import NOON, Site

BASE = "/v1/projects/shop"


async def test_items_are_written_in_bulk_and_read_in_pages(shop: Site) -> None:
    many = [{"id": f"sku/{n:03}", "attributes": {"price": n}} for n in range(5)]
    written = await shop.ask("POST", f"{BASE}/items", json={"items": many})
    assert written.json() == {"written": 5}
    first = (await shop.ask("GET", f"{BASE}/items?limit=4")).json()
    assert [item["id"] for item in first["items"]] == ["mug-blue", "sku/000", "sku/001", "sku/002"]
    rest = (await shop.ask("GET", f"{BASE}/items", params={"limit": 4, "after": first["next"]})).json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == (["sku/003", "sku/004"], None)


async def test_an_item_s_id_may_hold_a_slash(shop: Site) -> None:
    await shop.ask("POST", f"{BASE}/items", json={"items": [{"id": "a/b %41?", "attributes": {"n": 1}}]})
    place = f"{BASE}/items/a%2Fb%20%2541%3F"
    assert (await shop.ask("GET", place)).json()["attributes"] == {"n": 1}
    assert (await shop.ask("DELETE", place)).status_code == 204
    assert (await shop.ask("GET", place)).status_code == 404


async def test_one_bad_item_refuses_the_call_and_is_named(shop: Site) -> None:
    answer = await shop.ask("POST", f"{BASE}/items", json={"items": [{"id": "fine"}, {"id": ""}]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "items[1].id")
    assert (await shop.ask("GET", f"{BASE}/items/fine")).status_code == 404


MEMBERS = f"{BASE}/audiences/newsletter/members"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'["ada", "ben", "ada"]', "application/json"),
        (b"ada\nben\r\n\nada\n", "text/plain"),
        (b"\xef\xbb\xbfada\nben", "text/plain; charset=utf-8"),
    ],
)
async def test_members_are_replaced_by_json_or_lines(shop: Site, content: bytes, kind: str) -> None:
    put = await shop.ask("PUT", MEMBERS, content=content, headers={"content-type": kind})
    assert (put.status_code, put.json()) == (200, {"size": 2})
    assert (await shop.ask("POST", MEMBERS, json=["ben", "cid"])).json() == {"size": 3}
    assert (await shop.ask("POST", f"{MEMBERS}/remove", json=["ada", "nobody"])).json() == {"removed": 1}
    assert (await shop.ask("GET", MEMBERS)).json() == {"size": 2}


async def test_members_decide(shop: Site) -> None:
    rules = [{"audience": {"id": {"$inGroup": "newsletter"}}, "experiences": [{"name": "A", "content": {"body": 1}}]}]
    body = {"name": "Letter", "control": 0, "goals": [{"goal": "orders", "role": "primary"}], "rules": rules}
    assert (await shop.ask("POST", f"{BASE}/campaigns", json=body)).status_code == 201
    assert (await shop.ask("POST", f"{BASE}/campaigns/letter/start")).status_code == 200
    await shop.ask("PUT", MEMBERS, json=["ada"])
    for member, reason in (("ada", "TARGETING_MATCH"), ("ben", "DEFAULT")):
        asked = {"visitor": {"id": "x"}, "campaigns": ["letter"], "context": {"attributes": {"id": member}}}
        assert (await shop.decide(asked)).json()["decisions"][0]["reason"] == reason


@pytest.mark.parametrize("content", [b'{"a": 1}', b"[[1]]", b"[null]", b"[", b'["' + b"x" * 300 + b'"]'])
async def test_what_cannot_be_a_member_is_refused(shop: Site, content: bytes) -> None:
    assert (await shop.ask("PUT", MEMBERS, content=content)).status_code == 400
    assert (await shop.ask("GET", MEMBERS)).json() == {"size": 1}


async def test_only_lists_have_members(shop: Site) -> None:
    assert (await shop.ask("PUT", f"{BASE}/audiences/gold/members", json=["a"])).status_code == 400


class TestUploads:
    """Uploads have a limit of their own."""

    @pytest.fixture
    def options(self) -> Options:
        return Options(access_log=False, body_limit=2_000, upload_limit=10_000)

    @pytest.mark.parametrize(("size", "status"), [(9_000, 200), (11_000, 413)])
    async def test_they_may_be_larger_than_other_bodies(self, shop: Site, size: int, status: int) -> None:
        members = [f"{n:07}" for n in range(size // 10)]
        content = ("[" + ",".join(f'"{m}"' for m in members) + "]").encode()
        assert (await shop.ask("PUT", MEMBERS, content=content)).status_code == status

    @pytest.mark.parametrize(("size", "status"), [(1_500, 201), (2_500, 413)])
    async def test_definitions_may_not(self, shop: Site, size: int, status: int) -> None:
        body = {"name": "Long", "content": {"body": "x" * size}}
        assert (await shop.ask("POST", f"{BASE}/templates", json=body)).status_code == status


async def test_a_key_s_secret_is_told_once(shop: Site) -> None:
    made = await shop.ask("POST", f"{BASE}/keys", json={"client": "web", "scopes": ["decide"]})
    secret = made.json()["secret"]
    assert (await shop.decide({"visitor": {"id": "x"}}, key=secret)).status_code == 200
    listed = await shop.ask("GET", f"{BASE}/keys")
    assert secret not in listed.text
    assert {key["client"] for key in listed.json()["items"]} == {"tests", "web"}
    key_id = made.json()["id"]
    assert (await shop.ask("DELETE", f"{BASE}/keys/{key_id}")).status_code == 204
    assert (await shop.decide({"visitor": {"id": "x"}}, key=secret)).status_code == 401


async def test_a_client_holds_two_live_keys(shop: Site) -> None:
    body = {"client": "web", "scopes": ["decide"]}
    made = [await shop.ask("POST", f"{BASE}/keys", json=body) for _ in range(3)]
    assert [key.status_code for key in made] == [201, 201, 409]


async def test_a_key_gives_way_to_its_successor_with_overlap(shop: Site) -> None:
    body = {"client": "web", "scopes": ["decide"], "rate": 5, "burst": 7}
    old = (await shop.ask("POST", f"{BASE}/keys", json=body)).json()
    new = await shop.ask("POST", f"{BASE}/keys/{old['id']}/rotate", json={"overlap_seconds": 60})
    assert (new.status_code, new.json()["rate"], new.json()["burst"]) == (201, 5, 7)
    for secret in (old["secret"], new.json()["secret"]):
        assert (await shop.decide({"visitor": {"id": "x"}}, key=secret)).status_code == 200
    shop.now += 61_000
    assert (await shop.decide({"visitor": {"id": "x"}}, key=old["secret"])).status_code == 401
    assert (await shop.decide({"visitor": {"id": "x"}}, key=new.json()["secret"])).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"client": "", "scopes": ["decide"]}, "client"),
        ({"client": "w", "scopes": []}, "scopes"),
        ({"client": "w", "scopes": ["root"]}, "scopes[0]"),
        ({"client": "w", "scopes": ["manage"], "kind": "publishable"}, "scopes"),
        ({"client": "w", "scopes": ["decide"], "expires_at": NOON - 1}, "expires_at"),
        ({"client": "w", "scopes": ["decide"], "rate": -1}, "rate"),
    ],
)
async def test_a_key_that_cannot_be_is_refused(shop: Site, body: Any, field: str) -> None:
    answer = await shop.ask("POST", f"{BASE}/keys", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


async def test_a_key_expires(shop: Site) -> None:
    body = {"client": "web", "scopes": ["decide"], "expires_at": "2026-03-02T12:01:00Z"}
    secret = (await shop.ask("POST", f"{BASE}/keys", json=body)).json()["secret"]
    assert (await shop.decide({"visitor": {"id": "x"}}, key=secret)).status_code == 200
    shop.now += 60_000
    assert (await shop.decide({"visitor": {"id": "x"}}, key=secret)).status_code == 401


ANNA = "/v1/profiles/anna@example.org"


async def test_a_person_is_found_by_either_id(shop: Site) -> None:
    known = (await shop.ask("GET", ANNA)).json()
    anonymous = (await shop.ask("GET", "/v1/profiles/device-1?kind=anonymous")).json()
    assert known == anonymous == (await shop.ask("GET", "/v1/profiles/device-1")).json()
    assert (await shop.ask("GET", "/v1/profiles/device-1?kind=known")).status_code == 404
    assert (await shop.ask("GET", f"{ANNA}?kind=nobody")).status_code == 400


async def test_attributes_are_set_and_removed(shop: Site) -> None:
    shop.now += 1
    changed = await shop.ask("PATCH", ANNA, json={"attributes": {"first_name": "Anna", "plan": None}})
    assert changed.json()["attributes"] == {"first_name": "Anna"}
    wrong = await shop.ask("PATCH", ANNA, json={"attributes": {"@device": "x"}})
    assert wrong.status_code == 400
    anonymous = await shop.ask("PATCH", "/v1/profiles/device-1?kind=anonymous", json={"attributes": {"seen": 1}})
    assert anonymous.json()["attributes"] == {"first_name": "Anna", "seen": 1}
    assert (await shop.ask("PATCH", "/v1/profiles/nobody", json={"attributes": {"a": 1}})).status_code == 404


async def test_two_ids_become_one_person(shop: Site) -> None:
    await shop.send({"id": "e-c", "name": "visit", "visitor": {"id": "customer-17"}})
    joined = await shop.ask("POST", f"{ANNA}/alias", json={"alias": "customer-17"})
    assert set(joined.json()["ids"]) == {"anna@example.org", "customer-17"}
    assert (await shop.ask("GET", "/v1/profiles/customer-17")).json() == joined.json()


async def test_a_person_is_exported_and_erased(shop: Site) -> None:
    export = (await shop.ask("GET", f"{ANNA}/export")).json()
    assert [event["id"] for event in export["events"]] == ["order-1"]
    assert {told["id"] for told in export["ids"]} == {"anna@example.org", "device-1"}
    assert (await shop.ask("DELETE", ANNA)).status_code == 204
    for place in (ANNA, f"{ANNA}/export", "/v1/profiles/device-1"):
        assert (await shop.ask("GET", place)).status_code == 404
    assert (await shop.ask("DELETE", ANNA)).status_code == 404


@pytest.mark.parametrize("visitor_id", ["a/b", "50% off", "x?y#z", "ü ✓", "%2F"])
async def test_profiles_of_any_id_are_reached(shop: Site, visitor_id: str) -> None:
    from urllib.parse import quote

    await shop.send({"name": "visit", "visitor": {"id": visitor_id}})
    found = await shop.ask("GET", f"/v1/profiles/{quote(visitor_id, safe='')}")
    assert found.json()["ids"] == [visitor_id]
