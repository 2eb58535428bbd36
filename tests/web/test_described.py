"""Every operation of the OpenAPI document does what it says, for its owner and for nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tailorbird.domain.access import SCOPES
from tailorbird.domain.accounts import ROLES, Change
from tailorbird.engine import accounts, drafts, publish, sessions
from tailorbird.web.openapi import text
from tailorbird.web.page import errors_text
from tests.web.conftest import Site
from tests.web.described import DOCUMENT, OF_ONES_OWN, OPERATIONS, Described, prepared
from tests.web.people import PASSWORD, Signed, person

DOCS = Path(__file__).resolve().parents[2] / "docs"
EACH = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def test_the_documents_are_fresh() -> None:
    assert (DOCS / "openapi.json").read_text(encoding="utf-8") == text() + "\n", "run python -m tailorbird.web.openapi"
    assert (DOCS / "errors.md").read_text(encoding="utf-8") == errors_text(), "run python -m tailorbird.web.page"


def test_operations_have_names_of_their_own() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(names) == len(set(names)) > 60


@EACH
def test_every_operation_is_described(operation: Described) -> None:
    told = operation.told
    assert told["summary"]
    assert len(told["description"]) > 40
    assert told["tags"]
    if "requestBody" in told:
        assert operation.body is not None
    if not operation.public:
        assert {"401", "403", "429", "503"} <= set(told["responses"])


def test_every_member_that_callers_send_is_described() -> None:
    mute = [
        f"{name}.{member}"
        for name in ("DecideIn", "ContextIn", "VisitorIn", "EventIn", "KeyIn", "PreviewIn", "ProjectSettings")
        for member, schema in DOCUMENT["components"]["schemas"][name]["properties"].items()
        if member not in ("visitor", "context", "session_id", "store_ip", "consent_for_recording", "scopes")
        and not schema.get("description")
    ]
    assert mute == [
        "ProjectSettings.time_zone",
        "ProjectSettings.store_user_agent",
        "ProjectSettings.consent_for_personalizing",
    ]


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.takes_keys], ids=lambda operation: operation.name
)
async def test_it_opens_to_its_owner_s_scope_and_to_nobody_else(site: Site, operation: Described) -> None:
    """The same request five times: refused without a key, with a wrong one, from another project and with every scope
    but the right one; then, with a key that holds the right one alone, it works and answers as described."""
    project, _, values = await prepared(site, "Mine")
    values |= await waiting(site, operation.name)
    for key in ("", "tb_no-such-key"):
        unknown = await operation.example(site, values, key=key)
        assert unknown.status_code == 401, unknown.text
        assert unknown.headers["www-authenticate"].startswith("Bearer")
    if operation.name not in OF_ONES_OWN:
        _, stranger = await site.another_project("Theirs")
        foreign = await operation.example(site, values, key=stranger)
        assert foreign.status_code in (403, 404), foreign.text
    scope = operation.scope
    others = [s for s in SCOPES if s != scope and not (scope == "read" and s == "manage")]
    lacking = await operation.example(site, values, key=await site.make_key(project, *others, client="others"))
    assert lacking.status_code == 403, lacking.text
    _as_described(operation, await operation.example(site, values, key=await site.make_key(project, scope, client="r")))


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.public], ids=lambda operation: operation.name)
async def test_what_asks_for_nobody_answers_as_described(site: Site, operation: Described) -> None:
    _, _, values = await prepared(site, "Mine")
    values |= await waiting(site, operation.name)
    _as_described(operation, await operation.example(site, values, key=""))


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.takes_sessions], ids=lambda operation: operation.name
)
async def test_it_opens_to_the_role_it_names_and_to_no_lesser(site: Site, operation: Described) -> None:
    """The same request again: refused to whoever is not signed in, to a stranger to the project as if there were none,
    and to the next lesser role with the name of the one it takes; then it works and answers as described."""
    _, key, values = await prepared(site, "Mine")
    await person(site, "owner", owner=True)
    values |= await waiting(site, operation.name)
    assert (await operation.example(site, values, key="")).status_code == 401
    if not operation.takes_keys:
        assert (await operation.example(site, values, key=key)).status_code == 403
    role = operation.role
    if operation.for_owners:
        refused = await operation.example(await person(site, "admin", mine="admin"), values)
        assert (refused.status_code, "owner" in refused.json()["detail"]) == (403, True), refused.text
    elif role is not None:
        await site.another_project("Theirs")
        stranger = await operation.example(await person(site, "stranger", theirs="admin"), values)
        assert stranger.status_code == 404, stranger.text
        if role != "viewer":
            lesser = await person(site, "lesser", mine=ROLES[ROLES.index(role) - 1])
            refused = await operation.example(lesser, values)
            assert (refused.status_code, f"{role!r}" in refused.json()["detail"]) == (403, True), refused.text
    if operation.name == "updateCampaign":
        role = "publisher"  # the example's campaign runs
    able = await person(site, "able", owner=operation.for_owners, **({"mine": role} if role else {}))
    _as_described(operation, await operation.example(able, values | await own(site, able)))


async def waiting(site: Site, name: str) -> dict[str, str]:
    """What the examples of getting in take for granted: a code, an account, a link."""
    runtime = site.runtime
    if name == "setUp":
        return {"printed-at-the-start": await accounts.new_setup_code(runtime)}
    for plural, key in (
        ("campaigns", "home-hero"),
        ("audiences", "gold"),
        ("templates", "banner"),
        ("goals", "orders"),
    ):
        if "Unpublished" in name or name.startswith("publish"):
            await drafted(site, plural, key)
    if name == "signIn":
        await person(site, "ada", password=PASSWORD)
    if name in ("acceptInvitation", "lookAtInvitation", "joinProject"):
        _, token = await accounts.invite(runtime, "mine", role="editor", invited_by="tests")
        return {"the-token-of-the-link": token}
    if name == "choosePassword":
        forgetful = await person(site, "forgetful")
        return {"the-token-of-the-link": (await accounts.password_link(runtime, forgetful.account.id, "tests"))[1]}
    other = await person(site, "other", mine="viewer")
    made, _ = await accounts.invite(runtime, "mine", role="editor", invited_by="tests")
    return {"account_id": other.account.id, "invitation_id": made.id}


async def drafted(site: Site, plural: str, key: str) -> None:
    """A draft that says what is in force."""
    kind: Any = plural[:-1]
    body = (await publish.read(site.runtime, "mine", kind, key)).body
    await drafts.write(site.runtime, "mine", kind, key, body, "tests", expected=None)


async def own(site: Site, able: Signed) -> dict[str, str]:
    """Of the one who asks: a second session, and the password of the examples."""
    second, _ = await sessions.begin(site.runtime, able.account, "another browser")
    hashed = await site.runtime.passwords.hashed(PASSWORD)
    await site.runtime.store.accounts.change(able.account.id, Change(password=hashed))
    return {"session_id": second.session.id}


def _as_described(operation: Described, granted: Any) -> None:
    assert granted.status_code == int(next(iter(operation.told["responses"]))), granted.text
    _conforms(operation, granted)


def _conforms(operation: Described, answer: Any) -> None:
    told = operation.told["responses"][str(answer.status_code)]
    assert all(name.lower() in answer.headers for name in told.get("headers", {}))
    if "content" not in told:
        assert answer.content == b""
        return
    ((media, content),) = told["content"].items()
    assert answer.headers["content-type"].startswith(media)
    if media == "application/json":
        schema = {**content["schema"], "components": DOCUMENT["components"]}
        errors = [
            f"{error.instance_path}: {error.message}" for error in jsonschema_rs.iter_errors(schema, answer.json())
        ]
        assert not errors


async def test_each_project_decides_and_records_for_itself(shop: Site) -> None:
    _, stranger = await shop.another_project("Theirs")
    body = {
        "visitor": {"id": "anna@example.org"},
        "campaigns": ["home-hero"],
        "context": {"attributes": {"plan": "gold"}},
    }
    asked = await shop.decide(body, key=stranger)
    assert [d["reason"] for d in asked.json()["decisions"]] == ["UNKNOWN"]
    own = await shop.decide(body)
    assert own.json()["decisions"][0]["reason"] in ("SPLIT", "CONTROL")
    await shop.send({"id": "theirs", "name": "order", "visitor": {"id": "anna@example.org"}}, key=stranger)
    mine = await shop.ask("GET", "/v1/projects/shop/events")
    assert "theirs" not in [event["id"] for event in mine.json()["items"]]
    assert [p["key"] for p in (await shop.ask("GET", "/v1/projects", key=stranger)).json()["items"]] == ["theirs"]
