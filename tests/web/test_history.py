"""The history: whatever is changed in a project is in it, with its author and what changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Site
from tests.web.people import PASSWORD, Signed, person

BASE = "/v1/projects/shop"
HOUR = 3_600_000


async def history(site: Site, **query: Any) -> list[dict[str, Any]]:
    told = await site.ask("GET", f"{BASE}/audit", params=query)
    assert told.status_code == 200, told.text
    found: list[dict[str, Any]] = told.json()["items"]
    return found


async def newest(site: Site, **query: Any) -> dict[str, Any]:
    return (await history(site, limit=1, **query))[0]


def diff(entry: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {one["path"]: (one.get("before"), one.get("after")) for one in entry["changes"]}


async def done(who: Signed | Site, method: str, path: str, **more: Any) -> Any:
    answer = await who.ask(method, path, **more)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


@pytest.fixture
async def owner(site: Site) -> Signed:
    return await person(site, "olga", owner=True)


def by(entry: dict[str, Any]) -> tuple[str, str, str, str]:
    return entry["kind"], entry["action"], entry["key"], entry["author"]


async def test_keys_that_are_made_rotated_and_revoked(site: Site, owner: Signed) -> None:
    made = await done(owner, "POST", f"{BASE}/keys", json={"client": "app", "scopes": ["decide"], "rate": 5})
    entry = await newest(site)
    assert by(entry) == ("key", "make", "app", "olga@example.org")
    assert (entry["id"], entry["version"]) == (made["id"], 0)
    assert diff(entry) == {"kind": (None, "secret"), "scopes": (None, ["decide"]), "rate": (None, 5.0)}
    fresh = await done(owner, "POST", f"{BASE}/keys/{made['id']}/rotate", json={"overlap_seconds": 60})
    ended, rotated = (await history(site, limit=2))[:2]
    assert by(rotated) == ("key", "rotate", "app", "olga@example.org")
    assert diff(rotated) == {"id": (made["id"], fresh["id"])}
    assert by(ended) == ("key", "end", "app", "olga@example.org")
    assert diff(ended) == {"expires_at": (None, site.now + 60_000)}
    await done(owner, "DELETE", f"{BASE}/keys/{fresh['id']}")
    entry = await newest(site)
    assert by(entry) == ("key", "revoke", "app", "olga@example.org")
    assert entry["id"] == fresh["id"]
    whole = str(await history(site))
    assert made["secret"] not in whole
    assert fresh["secret"] not in whole


async def test_keys_that_change_over_at_once(site: Site, owner: Signed) -> None:
    made = await done(owner, "POST", f"{BASE}/keys", json={"client": "app", "scopes": ["decide"]})
    await done(owner, "POST", f"{BASE}/keys/{made['id']}/rotate", json={"overlap_seconds": 0})
    assert [one["action"] for one in (await history(site, kind="key"))[:3]] == ["rotate", "revoke", "make"]


async def test_signing_keys(site: Site, owner: Signed) -> None:
    old = (await done(owner, "GET", f"{BASE}/signing-keys"))["items"][0]["id"]
    made = await done(owner, "POST", f"{BASE}/signing-keys")
    await done(owner, "DELETE", f"{BASE}/signing-keys/{old}")
    found = await history(site, kind="signing_key")
    assert [(one["action"], one["id"], one["author"]) for one in found] == [
        ("retire", old, "olga@example.org"),
        ("rotate", made["id"], "olga@example.org"),
    ]


async def test_members_and_invitations(site: Site, owner: Signed) -> None:
    ben = await person(site, "ben", shop="viewer")
    await done(owner, "PUT", f"{BASE}/members/{ben.account.id}", json={"role": "editor"})
    entry = await newest(site)
    assert by(entry) == ("member", "change role", "ben@example.org", "olga@example.org")
    assert diff(entry) == {"role": ("viewer", "editor")}
    await done(owner, "DELETE", f"{BASE}/members/{ben.account.id}")
    entry = await newest(site)
    assert by(entry) == ("member", "remove", "ben@example.org", "olga@example.org")
    assert diff(entry) == {"role": ("editor", None)}
    await done(owner, "PUT", f"{BASE}/members/{ben.account.id}", json={"role": "admin"})
    assert by(await newest(site)) == ("member", "add", "ben@example.org", "olga@example.org")

    made = await done(owner, "POST", f"{BASE}/invitations", json={"role": "editor", "email": "cid@example.org"})
    assert by(await newest(site)) == ("invitation", "invite", "cid@example.org", "olga@example.org")
    await done(owner, "DELETE", f"{BASE}/invitations/{made['id']}")
    assert by(await newest(site)) == ("invitation", "take back", "cid@example.org", "olga@example.org")
    assert (await owner.ask("DELETE", f"{BASE}/invitations/{made['id']}")).status_code == 404
    assert len(await history(site, kind="invitation")) == 2
    assert made["token"] not in str(await history(site))


async def test_who_joins_with_an_invitation(site: Site, owner: Signed) -> None:
    made = await done(owner, "POST", f"{BASE}/invitations", json={"role": "editor"})
    dan = await person(site, "dan")
    await done(dan, "POST", "/v1/invitations/join", json={"token": made["token"]})
    entry = await newest(site)
    assert by(entry) == ("member", "join", "dan@example.org", "dan@example.org")
    assert diff(entry) == {"role": (None, "editor"), "invited_by": (None, "olga@example.org")}
    made = await done(owner, "POST", f"{BASE}/invitations", json={"role": "viewer"})
    eve = {"token": made["token"], "email": "eve@example.org", "name": "Eve", "password": PASSWORD}
    await done(site, "POST", "/v1/invitations/accept", json=eve, key="", headers={"origin": "http://server"})
    assert by(await newest(site)) == ("member", "join", "eve@example.org", "eve@example.org")
    assert (await dan.ask("POST", "/v1/invitations/join", json={"token": made["token"]})).status_code == 404
    assert len(await history(site, kind="member")) == 2


async def test_lists_that_are_uploaded(shop: Site) -> None:
    owner = await person(shop, "olga", owner=True)
    await done(owner, "PUT", f"{BASE}/audiences/newsletter/members", json=["a", "b", "c"])
    entry = await newest(shop)
    assert by(entry) == ("list", "replace members", "newsletter", "olga@example.org")
    assert diff(entry) == {"size": (None, 3), "sent": (None, 3)}
    for member in ("d", "e"):
        await done(owner, "POST", f"{BASE}/audiences/newsletter/members", json=[member, "a"])
    entry = await newest(shop)
    assert by(entry) == ("list", "add members", "newsletter", "olga@example.org")
    assert diff(entry) == {"size": (None, 5), "sent": (None, 4)}  # one entry an hour
    await done(owner, "POST", f"{BASE}/audiences/newsletter/members/remove", json=["a", "zoe"])
    assert diff(await newest(shop)) == {"removed": (None, 1)}
    await done(owner, "POST", f"{BASE}/audiences/newsletter/members/remove", json=["zoe"])
    assert len(await history(shop, kind="list")) == 4  # with that of the beginning
    assert "zoe" not in str(await history(shop, kind="list"))


async def test_items_that_are_imported_are_one_entry_an_hour(site: Site, owner: Signed) -> None:
    def items(*names: str) -> dict[str, Any]:
        return {"items": [{"id": name} for name in names]}

    await done(owner, "POST", f"{BASE}/items", json=items("a", "b"))
    await done(owner, "POST", f"{BASE}/items", json=items("c"))
    await done(site, "POST", f"{BASE}/items", json=items("d"))
    site.now += HOUR
    await done(owner, "POST", f"{BASE}/items", json=items("e"))
    await done(owner, "DELETE", f"{BASE}/items/e")
    await owner.ask("DELETE", f"{BASE}/items/e")
    found = [(one["action"], one["author"], diff(one)) for one in await history(site, kind="items")]
    assert found == [
        ("delete items", "olga@example.org", {"items": (None, 1)}),
        ("put items", "olga@example.org", {"items": (None, 1)}),
        ("put items", "tests", {"items": (None, 1)}),
        ("put items", "olga@example.org", {"items": (None, 3)}),
    ]


async def test_an_erasure_is_told_without_saying_of_whom(shop: Site) -> None:
    owner = await person(shop, "olga", owner=True)
    await done(owner, "DELETE", "/v1/profiles/anna@example.org?project=shop")
    entry = await newest(shop)
    assert by(entry) == ("person", "erase", "", "olga@example.org")
    assert (entry["id"], entry["changes"]) == ("", [])
    assert (await owner.ask("DELETE", "/v1/profiles/nobody?project=shop")).status_code == 404
    assert len(await history(shop, kind="person")) == 1


async def test_settings_and_the_project_itself(site: Site, owner: Signed) -> None:
    headers = {"if-match": '"0"'}
    await done(owner, "PUT", f"{BASE}/settings", json={"time_zone": "Europe/Berlin"}, headers=headers)
    entry = await newest(site)
    assert by(entry) == ("settings", "create", "settings", "olga@example.org")
    assert diff(entry) == {"time_zone": (None, "Europe/Berlin")}
    await done(owner, "PATCH", BASE, json={"name": "Our shop"})
    entry = await newest(site)
    assert by(entry) == ("project", "rename", "shop", "olga@example.org")
    assert diff(entry) == {"name": ("Shop", "Our shop")}
    await done(owner, "POST", "/v1/projects", json={"name": "Second"})
    told = (await done(owner, "GET", "/v1/projects/second/audit"))["items"]
    assert [by(one) for one in told] == [("project", "create", "second", "olga@example.org")]


async def test_the_history_is_paged_and_filtered(site: Site, owner: Signed) -> None:
    for client in "abcd":
        await done(owner, "POST", f"{BASE}/keys", json={"client": client, "scopes": ["read"]})
    await done(owner, "POST", f"{BASE}/goals", json={"name": "Order", "event": "order"})
    query: dict[str, Any] = {"limit": 2, "kind": "key"}
    found: list[str] = []
    while True:
        told = (await site.ask("GET", f"{BASE}/audit", params=query)).json()
        found += [one["key"] for one in told["items"]]
        if told["next"] is None:
            break
        query["before"] = told["next"]
    assert found == ["d", "c", "b", "a", "tests"]
    assert (await site.ask("GET", f"{BASE}/audit?kind=nothing")).status_code == 400
