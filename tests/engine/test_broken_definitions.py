"""Definitions that nobody could have published, written behind the server's back: off alone, with a warning."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tailorbird.domain.definitions import Definition, Item
from tailorbird.domain.reasons import Reason
from tailorbird.engine import publish
from tailorbird.engine.refresh import refresh
from tailorbird.engine.snapshot import Catalogue
from tailorbird.engine.view import audit, view
from tests.engine.conftest import Engine

DEEP = b'{"name":"Deep","rules":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
BODIES = {
    "cut off": b'{"name":"Bro',
    "nothing": b"",
    "no text": b'"\xff\xfe"',
    "a list": b"[]",
    "of another form": b'{"name":1}',
    "without end": DEEP,
}


async def behind(engine: Engine, kind: Any, key: str, body: bytes, after: int = 0) -> None:
    """Write a definition into the store as no publish would, and let the process notice it."""
    written = Definition(
        project=engine.project.id,
        kind=kind,
        id=key[:5],
        key=key,
        version=after + 1,
        body=msgspec.Raw(body),
        author="x",
        at=engine.now,
    )
    await engine.runtime.store.write_definitions([(written, after)])
    await refresh(engine.runtime)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["campaign", "audience", "template", "goal", "settings", "of tomorrow"])
async def test_what_cannot_be_read_is_off_alone(engine: Engine, kind: str, body: str) -> None:
    await engine.campaign()
    await behind(engine, kind, "broken", BODIES[body])
    answer = await engine.ask("hero", "broken")
    expected = Reason.ERROR if kind == "campaign" else Reason.UNKNOWN
    assert [decision.reason for decision in answer.decisions] == [Reason.TARGETING_MATCH, expected]
    assert f"{kind}:broken" in engine.runtime.project("shop").warnings
    await engine.campaign("Later")
    assert (await engine.one("later")).reason is Reason.TARGETING_MATCH, "what is published after it goes live"


async def test_unreadable_settings_leave_those_before_them_in_force(engine: Engine) -> None:
    await engine.campaign()
    await behind(engine, "settings", "settings", b'{"consent_for_personalizing":"marketing"}')
    assert (await engine.one()).reason is Reason.DISABLED
    await behind(engine, "settings", "settings", b'{"consent_for_personalizing":', after=1)
    assert (await engine.one()).reason is Reason.DISABLED, "the consent is still required"
    await behind(engine, "settings", "settings", b"{}", after=2)
    assert (await engine.one()).reason is Reason.TARGETING_MATCH


@pytest.mark.parametrize("zone", ["Nowhere/Land", "../../etc/passwd", "", "/etc/localtime"])
async def test_a_time_zone_that_does_not_exist_is_utc_with_a_warning(engine: Engine, zone: str) -> None:
    await engine.campaign()
    await behind(engine, "settings", "settings", msgspec.json.encode({"time_zone": zone}))
    snapshot = engine.runtime.project("shop")
    assert (snapshot.zone.key, "settings:settings" in snapshot.warnings) == ("UTC", True)
    assert (await engine.one()).reason is Reason.TARGETING_MATCH


def test_an_item_that_cannot_be_read_is_as_good_as_none() -> None:
    good = msgspec.json.encode(Item(id="mug", attributes={"title": "Mug"}))
    catalogue = Catalogue({"mug": good, "cup": good[:-5], "jug": b'"\xff"'})
    assert catalogue.item("mug") == {"id": "mug", "type": "Product", "attributes": {"title": "Mug"}}
    assert [catalogue.item(name) for name in ("cup", "jug", "pot")] == [None, None, None]


async def test_what_is_stored_under_another_id_is_off_alone(engine: Engine) -> None:
    await engine.campaign()
    await behind(engine, "audience", "lost", b'{"id":"other","name":"Lost","key":"lost","condition":{"$nearly":1}}')
    assert "'other'" in engine.runtime.project("shop").warnings["audience:lost"]
    assert (await engine.one()).reason is Reason.TARGETING_MATCH


@pytest.mark.parametrize("body", BODIES)
async def test_what_cannot_be_read_can_be_listed_and_audited(engine: Engine, body: str) -> None:
    await behind(engine, "campaign", "broken", BODIES[body])
    (listed,) = await publish.listing(engine.runtime, engine.project.id, "campaign")
    shown = view(engine.runtime, listed)
    assert shown.warnings[0].startswith("Switched off: ")
    msgspec.json.decode(msgspec.json.encode(shown))
    (entry,) = await audit(engine.runtime, engine.project.id, kind="campaign")
    assert (entry.key, msgspec.json.decode(msgspec.json.encode(entry))["key"]) == ("broken", "broken")
