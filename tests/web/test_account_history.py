"""What is done to accounts stands in a history that owners read: who did it, to whom, and what changed."""

from __future__ import annotations

from typing import Any

from tailorbird.engine import accounts
from tests.web.conftest import Site
from tests.web.people import PASSWORD, Signed, person, sign_in, signed_by

OTHER = "another long password"


async def told(owner: Signed, **query: Any) -> list[dict[str, Any]]:
    answer = await owner.ask("GET", "/v1/history", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def act(entry: dict[str, Any]) -> tuple[str, str, str, dict[str, tuple[Any, Any]]]:
    changes = {one["path"]: (one.get("before"), one.get("after")) for one in entry["changes"]}
    return entry["author"].split("@")[0], entry["action"], entry["key"].split("@")[0], changes


async def done(who: Signed | Site, method: str, path: str, **more: Any) -> Any:
    answer = await who.ask(method, path, **more)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def test_what_owners_do_to_accounts(site: Site) -> None:
    owner = await person(site, "olga", owner=True)
    body = {"email": "ben@example.org", "name": "Ben", "password": PASSWORD}
    ben = (await done(owner, "POST", "/v1/accounts", json=body))["id"]
    place = f"/v1/accounts/{ben}"
    for change in ({"name": "Benjamin"}, {"owner": True}, {"disabled": True}, {"disabled": False, "owner": False}):
        await done(owner, "PATCH", place, json=change)
    link = await done(owner, "POST", f"{place}/password-link")
    await done(owner, "DELETE", place)
    found = await told(owner)
    assert [act(one) for one in reversed(found)] == [
        ("olga", "create", "ben", {"name": (None, "Ben"), "owner": (None, False)}),
        ("olga", "rename", "ben", {"name": ("Ben", "Benjamin")}),
        ("olga", "make an owner", "ben", {"owner": (False, True)}),
        ("olga", "disable", "ben", {"disabled": (False, True)}),
        (
            "olga",
            "take ownership away, let in again",
            "ben",
            {"owner": (True, False), "disabled": (True, False)},
        ),
        ("olga", "make link to a new password", "ben", {"expires_at": (None, link["expires_at"])}),
        ("olga", "delete", "ben", {"name": ("Benjamin", None), "owner": (False, None)}),
    ]
    assert {(one["id"], one["kind"], one["at"]) for one in found} == {(ben, "account", site.now)}


async def test_what_people_do_to_their_own_accounts(site: Site) -> None:
    code = await accounts.new_setup_code(site.runtime)
    first = {"code": code, "email": "ada@example.org", "name": "Ada", "password": PASSWORD}
    ada = await signed_by(site, await site.ask("POST", "/v1/setup", key="", json=first))
    await done(ada, "PATCH", "/v1/me", json={"name": "Ada L."})
    passwords = {"current_password": PASSWORD, "new_password": OTHER}
    await done(ada, "PUT", "/v1/me/password", json=passwords)
    invited = await done(ada, "POST", "/v1/projects/shop/invitations", json={"role": "editor"})
    eve = {"token": invited["token"], "email": "eve@example.org", "name": "Eve", "password": PASSWORD}
    joined = await signed_by(site, await site.ask("POST", "/v1/invitations/accept", key="", json=eve))
    link = await done(ada, "POST", f"/v1/accounts/{joined.account.id}/password-link")
    await done(site, "POST", "/v1/invitations/password", key="", json={"token": link["token"], "password": OTHER})
    found = await told(ada)
    assert [act(one) for one in reversed(found)] == [
        ("ada", "create", "ada", {"name": (None, "Ada"), "owner": (None, True)}),
        ("ada", "rename", "ada", {"name": ("Ada", "Ada L.")}),
        ("ada", "change password", "ada", {}),
        (
            "eve",
            "create",
            "eve",
            {"name": (None, "Eve"), "owner": (None, False), "invited_by": (None, "ada@example.org")},
        ),
        ("ada", "make link to a new password", "eve", {"expires_at": (None, link["expires_at"])}),
        ("eve", "choose password by a link", "eve", {"link_made_by": (None, "ada@example.org")}),
    ]
    whole = str(await told(ada))
    for secret in (PASSWORD, OTHER, invited["token"], link["token"], code, ada.secret, "argon2"):
        assert secret not in whole
    in_project = (await done(ada, "GET", "/v1/projects/shop/audit"))["items"]
    assert [one["action"] for one in in_project[:2]] == ["join", "invite"]
    assert all(one["kind"] != "account" for one in in_project)


async def test_what_operators_do_names_the_command(site: Site) -> None:
    owner = await person(site, "olga", owner=True)
    who = accounts.Person(email="ben@example.org", name="Ben", password=PASSWORD)
    await accounts.create_account(site.runtime, who, author="tailorbird account")
    await accounts.set_password(site.runtime, "ben@example.org", OTHER, author="tailorbird account")
    found = [act(one)[:3] for one in await told(owner)]
    assert found == [("tailorbird account", "set password", "ben"), ("tailorbird account", "create", "ben")]


async def test_what_was_not_done_is_not_told(site: Site) -> None:
    owner = await person(site, "olga", owner=True)
    place = f"/v1/accounts/{owner.account.id}"
    for method, body in (("PATCH", {"owner": False}), ("PATCH", {"disabled": True}), ("DELETE", None)):
        assert (await owner.ask(method, place, json=body)).status_code == 409
    await done(owner, "PATCH", place, json={"name": "Olga", "owner": True, "disabled": False})
    assert (await owner.ask("DELETE", "/v1/accounts/nobody")).status_code == 404
    assert (await sign_in(site, "olga@example.org", "not hers at all")).status_code == 401
    assert await told(owner) == []
    await done(owner, "PATCH", place, json={"name": "Olga O.", "owner": True})
    assert [act(one)[1] for one in await told(owner)] == ["rename"]


async def test_it_is_paged_and_for_owners(site: Site) -> None:
    owner = await person(site, "olga", owner=True)
    for number in range(5):
        await done(owner, "PATCH", f"/v1/accounts/{owner.account.id}", json={"name": f"Olga {number}"})
    first = (await owner.ask("GET", "/v1/history?limit=3")).json()
    second = (await owner.ask("GET", f"/v1/history?limit=3&before={first['next']}")).json()
    names = [act(one)[3]["name"][1] for one in first["items"] + second["items"]]
    assert names == [f"Olga {number}" for number in reversed(range(5))]
    assert second["next"] is None
    assert (await owner.ask("GET", "/v1/history?limit=0")).status_code == 400
    admin = await person(site, "admin", shop="admin")
    assert (await admin.ask("GET", "/v1/history")).status_code == 403
    assert (await site.ask("GET", "/v1/history")).status_code == 403
    assert (await site.ask("GET", "/v1/history", key="")).status_code == 401
