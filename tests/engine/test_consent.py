"""Consents: an attribute that counts, an event that proves it."""

from __future__ import annotations

import asyncio
from typing import Any

from tailorbird.domain.visitor import Visitor
from tailorbird.engine import consent, people
from tests.engine.conftest import HOUR, Engine

ADA = Visitor(id="ada")


async def say(engine: Engine, category: str, given: bool, at: int, who: Visitor = ADA, **more: Any) -> None:
    project = engine.project.id
    await consent.note(engine.runtime, project, who, category, given=given, at=at, properties=more, source="tests")


async def consents(engine: Engine) -> Any:
    return (await people.person(engine.runtime, engine.project.id, "ada"))["attributes"]["consent"]


async def test_what_was_said_last_counts_whichever_comes_first(engine: Engine) -> None:
    await say(engine, "marketing", False, engine.now - HOUR)
    await say(engine, "marketing", True, engine.now - 2 * HOUR)
    assert await consents(engine) == {"marketing": False}
    await say(engine, "marketing", True, engine.now)
    assert await consents(engine) == {"marketing": True}


async def test_categories_told_at_the_same_moment_do_not_overwrite_each_other(engine: Engine) -> None:
    await asyncio.gather(*(say(engine, f"c{n}", n % 2 == 0, engine.now) for n in range(8)))
    assert await consents(engine) == {f"c{n}": n % 2 == 0 for n in range(8)}


async def test_in_the_same_second_what_arrives_last_counts_and_a_retry_changes_nothing(engine: Engine) -> None:
    for given in (True, False, True):
        await say(engine, "marketing", given, engine.now)
    assert await consents(engine) == {"marketing": False}, "the third is the first again"


async def test_consents_of_a_device_and_of_its_owner_are_joined_at_the_login(engine: Engine) -> None:
    await say(engine, "ads", True, engine.now - HOUR, who=Visitor(anonymous_id="d-1"))
    await say(engine, "mail", True, engine.now - HOUR, who=Visitor(anonymous_id="d-1"))
    await say(engine, "mail", False, engine.now)
    await say(engine, "all", True, engine.now)
    await engine.did("login", "ada", anonymous_id="d-1")
    assert await consents(engine) == {"ads": True, "mail": False, "all": True}


async def test_what_is_written_as_a_whole_replaces_what_was_said_before(engine: Engine) -> None:
    await say(engine, "ads", True, engine.now - HOUR)
    await engine.did("form", "ada", time=engine.now - 1, attributes={"consent": {"mail": True}})
    assert await consents(engine) == {"mail": True}
    await say(engine, "ads", False, engine.now)
    assert await consents(engine) == {"mail": True, "ads": False}


async def test_each_consent_leaves_an_event_with_what_was_told(engine: Engine) -> None:
    await say(engine, "marketing", True, engine.now - HOUR, method="form")
    (event, *_) = [
        event
        for event in (await people.export(engine.runtime, engine.project.id, "ada"))["events"]
        if event["name"] == "consent"
    ]
    assert event["properties"] == {"category": "marketing", "given": True, "method": "form"}
    assert event["time"] == engine.now - HOUR
