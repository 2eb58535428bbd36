"""Every operation of the OpenAPI document does what it says, for its owner and for nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tailorbird.domain.access import SCOPES
from tailorbird.web.openapi import text
from tailorbird.web.page import errors_text
from tests.web.conftest import Site
from tests.web.described import DOCUMENT, OF_ONES_OWN, OPERATIONS, Described, prepared

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


@EACH
async def test_it_opens_to_its_owner_s_scope_and_to_nobody_else(site: Site, operation: Described) -> None:
    """The same request five times: refused without a key, with a wrong one, from another project and with every scope
    but the right one; then, with a key that holds the right one alone, it works and answers as described."""
    project, _, values = await prepared(site, "Mine")
    if operation.public:
        _conforms(operation, await operation.example(site, values, ""))
        return
    for key in ("", "tb_no-such-key"):
        unknown = await operation.example(site, values, key)
        assert unknown.status_code == 401, unknown.text
        assert unknown.headers["www-authenticate"].startswith("Bearer")
    if operation.name not in OF_ONES_OWN:
        _, stranger = await site.another_project("Theirs")
        foreign = await operation.example(site, values, stranger)
        assert foreign.status_code in (403, 404), foreign.text
    scope = operation.scope
    others = [s for s in SCOPES if s != scope and not (scope == "read" and s == "manage")]
    lacking = await operation.example(site, values, await site.make_key(project, *others, client="others"))
    assert lacking.status_code == 403, lacking.text
    granted = await operation.example(site, values, await site.make_key(project, scope, client="right"))
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
