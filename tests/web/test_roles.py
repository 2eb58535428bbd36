"""What each role may do in a project, who gets in by an invitation, and who is named for what was changed."""

from __future__ import annotations

from typing import Any

import pytest

from tailorbird.domain.accounts import ROLES, Role
from tailorbird.engine import accounts
from tests.web.conftest import Site
from tests.web.people import PASSWORD, Signed, person, sign_in, signed_by

BASE = "/v1/projects/shop"
DRAFT = f"{BASE}/campaigns/checkout-upsell"


async def tried(who: Signed, method: str, path: str, **more: Any) -> int:
    return (await who.ask(method, path, **more)).status_code


#: what is done → (method, path, body, the least role)
DEEDS: dict[str, tuple[str, str, Any, Role]] = {
    "look at campaigns": ("GET", f"{BASE}/campaigns", None, "viewer"),
    "look at a person": ("GET", "/v1/profiles/anna@example.org?project=shop", None, "viewer"),
    "write a goal": ("POST", f"{BASE}/goals", {"name": "Letters", "event": "letter"}, "editor"),
    "write items": ("POST", f"{BASE}/items", {"items": [{"id": "a"}]}, "editor"),
    "copy a campaign": ("POST", f"{DRAFT}/clone", {}, "editor"),
    "start a campaign": ("POST", f"{DRAFT}/start", None, "publisher"),
    "pause a campaign": ("POST", f"{BASE}/campaigns/home-hero/pause", None, "publisher"),
    "make a key": ("POST", f"{BASE}/keys", {"client": "x", "scopes": ["read"]}, "admin"),
    "invite": ("POST", f"{BASE}/invitations", {"role": "viewer"}, "admin"),
    "erase a person": ("DELETE", "/v1/profiles/anna@example.org?project=shop", None, "admin"),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_a_deed_takes_its_role_or_a_higher_one(shop: Site, deed: str) -> None:
    method, path, body, least = DEEDS[deed]
    for role in ROLES[: ROLES.index(least)]:
        refused = await (await person(shop, role, shop=role)).ask(method, path, json=body)
        assert refused.status_code == 403
        assert f"{least!r}" in refused.json()["detail"]
        assert f"{role!r}" in refused.json()["detail"]
    highest = await person(shop, "highest", shop="admin")
    assert (await highest.ask(method, path, json=body)).is_success


async def test_an_editor_writes_what_does_not_run(shop: Site) -> None:
    editor = await person(shop, "editor", shop="editor")
    for name, status in (("checkout-upsell", 200), ("home-hero", 403)):
        held = (await editor.ask("GET", f"{BASE}/campaigns/{name}")).json()
        headers = {"if-match": f'"{held["version"]}"'}
        written = await editor.ask("PUT", f"{BASE}/campaigns/{name}", json=held["body"], headers=headers)
        assert written.status_code == status


async def test_an_owner_may_everything_everywhere_without_being_a_member(shop: Site) -> None:
    owner = await person(shop, "owner", owner=True)
    await shop.another_project("Second")
    assert await tried(owner, "POST", f"{DRAFT}/start") == 200
    assert await tried(owner, "POST", "/v1/projects/second/keys", json={"client": "x", "scopes": ["read"]}) == 201
    listed = (await owner.ask("GET", "/v1/me")).json()["projects"]
    assert [(one["key"], one["role"]) for one in listed] == [("second", "admin"), ("shop", "admin")]


async def test_another_project_is_as_if_there_were_none(shop: Site) -> None:
    await shop.another_project("Second")
    stranger = await person(shop, "stranger", second="admin")
    there = await stranger.ask("GET", f"{BASE}/campaigns")
    nowhere = await stranger.ask("GET", "/v1/projects/nowhere/campaigns")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.json()["detail"].replace("shop", "nowhere") == nowhere.json()["detail"]
    assert await tried(stranger, "GET", "/v1/profiles/anna@example.org?project=shop") == 404
    assert await tried(stranger, "GET", "/v1/profiles/anna@example.org?project=second") == 404
    assert [one["key"] for one in (await stranger.ask("GET", "/v1/projects")).json()["items"]] == ["second"]
    told = (await stranger.ask("GET", "/v1/me")).json()["projects"]
    assert [one["key"] for one in told] == ["second"]


async def test_where_the_path_names_no_project_the_query_does(shop: Site) -> None:
    viewer = await person(shop, "viewer", shop="viewer")
    path = "/v1/profiles/anna@example.org"
    refused = await viewer.ask("GET", path)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "project")
    assert await tried(viewer, "GET", f"{path}?project=shop") == 200
    assert (await shop.ask("GET", path)).status_code == 200, "a key has its own"
    assert (await shop.ask("GET", f"{path}?project=shop")).status_code == 200
    await shop.another_project("Second")
    assert (await shop.ask("GET", f"{path}?project=second")).status_code == 404


async def test_a_change_names_who_made_it(shop: Site) -> None:
    ada = await person(shop, "ada", shop="publisher")
    await ada.ask("POST", f"{DRAFT}/start")
    await shop.ask("POST", f"{DRAFT}/pause")
    entries = (await ada.ask("GET", f"{BASE}/audit?limit=2")).json()["items"]
    assert [(one["action"], one["author"]) for one in entries] == [("pause", "tests"), ("start", "ada@example.org")]


async def test_a_role_is_in_force_with_the_next_request(shop: Site) -> None:
    owner = await person(shop, "owner", owner=True)
    ben = await person(shop, "ben")
    place = f"{BASE}/members/{ben.account.id}"
    assert await tried(ben, "GET", f"{BASE}/campaigns") == 404
    assert await tried(owner, "PUT", place, json={"role": "viewer"}) == 200
    assert await tried(ben, "GET", f"{BASE}/campaigns") == 200
    assert await tried(owner, "PUT", place, json={"role": "king"}) == 400
    assert await tried(owner, "DELETE", place) == 204
    assert await tried(owner, "DELETE", place) == 404
    assert await tried(ben, "GET", f"{BASE}/campaigns") == 404


async def test_an_admin_changes_members_and_invites_others(shop: Site) -> None:
    admin, ben = await person(shop, "admin", shop="admin"), await person(shop, "ben", shop="viewer")
    stranger = await person(shop, "stranger")
    assert await tried(admin, "PUT", f"{BASE}/members/{ben.account.id}", json={"role": "editor"}) == 200
    assert await tried(admin, "PUT", f"{BASE}/members/{stranger.account.id}", json={"role": "editor"}) == 404
    members = (await ben.ask("GET", f"{BASE}/members")).json()["items"]
    assert [(one["email"], one["role"]) for one in members] == [
        ("admin@example.org", "admin"),
        ("ben@example.org", "editor"),
    ]


# -- invitations ------------------------------------------------------------------------------------------------------


async def invited(shop: Site, **body: Any) -> dict[str, Any]:
    admin = await person(shop, "admin", shop="admin")
    made = await admin.ask("POST", f"{BASE}/invitations", json={"role": "editor", **body})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def test_an_invitation_makes_an_account_and_a_member_once(shop: Site) -> None:
    made = await invited(shop)
    assert made["link"] == f"http://server/invite#token={made['token']}"
    offer = (await shop.ask("POST", "/v1/invitations/look", key="", json={"token": made["token"]})).json()
    assert (offer["kind"], offer["project"], offer["role"], offer["invited_by"]) == (
        "join",
        "Shop",
        "editor",
        "admin@example.org",
    )
    body = {"token": made["token"], "email": "ben@example.org", "name": "Ben", "password": PASSWORD}
    ben = await signed_by(shop, await shop.ask("POST", "/v1/invitations/accept", key="", json=body))
    told = (await ben.ask("GET", "/v1/me")).json()
    assert ([one["role"] for one in told["projects"]], told["account"]["owner"]) == (["editor"], False)
    again = await shop.ask("POST", "/v1/invitations/accept", key="", json={**body, "email": "cid@example.org"})
    assert again.status_code == 404
    assert (await sign_in(shop, "ben@example.org")).status_code == 200


async def test_who_has_an_account_signs_in_and_joins(shop: Site) -> None:
    ben = await person(shop, "ben")
    made = await invited(shop, email="Ben@example.org")
    look = await shop.ask("POST", "/v1/invitations/look", key="", json={"token": made["token"]})
    assert look.json()["known"] is True
    body = {"token": made["token"], "email": "ben@example.org", "name": "Ben", "password": PASSWORD}
    assert (await shop.ask("POST", "/v1/invitations/accept", key="", json=body)).status_code == 409
    joined = await ben.ask("POST", "/v1/invitations/join", json={"token": made["token"]})
    assert [(one["key"], one["role"]) for one in joined.json()["projects"]] == [("shop", "editor")]
    assert await tried(ben, "POST", "/v1/invitations/join", json={"token": made["token"]}) == 404


async def test_an_invitation_for_an_address_is_for_nobody_else(shop: Site) -> None:
    made = await invited(shop, email="ben@example.org")
    cid = await person(shop, "cid")
    assert await tried(cid, "POST", "/v1/invitations/join", json={"token": made["token"]}) == 403
    body = {"token": made["token"], "email": "dan@example.org", "name": "Dan", "password": PASSWORD}
    assert (await shop.ask("POST", "/v1/invitations/accept", key="", json=body)).status_code == 403
    assert (await cid.ask("GET", f"{BASE}/campaigns")).status_code == 404


@pytest.mark.parametrize(("days", "status"), [(6.99, 200), (7, 404)])
async def test_an_invitation_expires_after_a_week(shop: Site, days: float, status: int) -> None:
    made = await invited(shop)
    shop.now += int(days * 86_400_000)
    look = await shop.ask("POST", "/v1/invitations/look", key="", json={"token": made["token"]})
    assert look.status_code == status


async def test_an_invitation_is_taken_back(shop: Site) -> None:
    made = await invited(shop)
    owner = await person(shop, "owner", owner=True)
    await shop.another_project("Second")
    listed = (await owner.ask("GET", f"{BASE}/invitations")).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert "token" not in listed[0]
    assert await tried(owner, "DELETE", f"/v1/projects/second/invitations/{made['id']}") == 404
    assert await tried(owner, "DELETE", f"{BASE}/invitations/{made['id']}") == 204
    look = await shop.ask("POST", "/v1/invitations/look", key="", json={"token": made["token"]})
    assert look.status_code == 404


# -- accounts and projects --------------------------------------------------------------------------------------------


async def test_an_owner_makes_changes_and_deletes_accounts(site: Site) -> None:
    owner = await person(site, "owner", owner=True)
    body = {"email": "ben@example.org", "name": "Ben", "password": PASSWORD}
    made = await owner.ask("POST", "/v1/accounts", json=body)
    assert (made.status_code, made.json()["owner"]) == (201, False)
    assert PASSWORD not in made.text
    assert await tried(owner, "POST", "/v1/accounts", json=body) == 409
    ben = await signed_by(site, await sign_in(site, "ben@example.org"))
    place = f"/v1/accounts/{ben.account.id}"
    assert await tried(ben, "GET", "/v1/accounts") == 403
    assert (await owner.ask("PATCH", place, json={"disabled": True})).json()["disabled_at"] == site.now
    assert await tried(ben, "GET", "/v1/me") == 401
    assert (await sign_in(site, "ben@example.org")).status_code == 401
    assert (await owner.ask("PATCH", place, json={"disabled": False, "owner": True})).json()["owner"] is True
    assert (await sign_in(site, "ben@example.org")).status_code == 200
    assert await tried(owner, "DELETE", place) == 204
    assert (await sign_in(site, "ben@example.org")).status_code == 401
    emails = [one["email"] for one in (await owner.ask("GET", "/v1/accounts")).json()["items"]]
    assert emails == ["owner@example.org"]


async def test_the_last_owner_cannot_go(site: Site) -> None:
    owner = await person(site, "owner", owner=True)
    place = f"/v1/accounts/{owner.account.id}"
    assert await tried(owner, "DELETE", place) == 409
    assert await tried(owner, "PATCH", place, json={"owner": False}) == 409
    assert await tried(owner, "PATCH", place, json={"disabled": True}) == 409
    assert await tried(owner, "GET", "/v1/accounts") == 200


async def test_who_forgot_the_password_chooses_a_new_one_by_a_link(site: Site) -> None:
    owner = await person(site, "owner", owner=True)
    ben = await person(site, "ben", password=PASSWORD)
    made = (await owner.ask("POST", f"/v1/accounts/{ben.account.id}/password-link")).json()
    body = {"token": made["token"], "password": "a password to remember"}
    assert (await site.ask("POST", "/v1/invitations/password", key="", json=body)).status_code == 200
    assert await tried(ben, "GET", "/v1/me") == 401
    assert (await sign_in(site, "ben@example.org")).status_code == 401
    assert (await sign_in(site, "ben@example.org", "a password to remember")).status_code == 200
    assert (await site.ask("POST", "/v1/invitations/password", key="", json=body)).status_code == 404


async def test_an_owner_makes_and_renames_projects(site: Site) -> None:
    owner = await person(site, "owner", owner=True)
    made = await owner.ask("POST", "/v1/projects", json={"name": "Second shop"})
    assert (made.status_code, made.headers["location"]) == (201, "/v1/projects/second-shop")
    assert await tried(owner, "POST", "/v1/projects", json={"name": "Second shop"}) == 409
    renamed = await owner.ask("PATCH", "/v1/projects/second-shop", json={"name": "Outlet"})
    assert (renamed.json()["key"], renamed.json()["name"]) == ("second-shop", "Outlet")
    assert (await owner.ask("GET", "/v1/projects/second-shop")).json()["name"] == "Outlet"
    assert await tried(owner, "PATCH", "/v1/projects/nowhere", json={"name": "x"}) == 404
    member = await person(site, "member", second_shop="admin")
    assert await tried(member, "PATCH", "/v1/projects/second-shop", json={"name": "Mine"}) == 403
    assert await tried(member, "POST", "/v1/projects", json={"name": "Mine"}) == 403


async def test_the_first_account_made_without_a_code_is_an_owner(site: Site) -> None:
    for name, owner in (("ada", True), ("ben", False)):
        told = accounts.Person(email=f"{name}@example.org", name=name, password=PASSWORD)
        assert (await accounts.create_account(site.runtime, told)).owner is owner
