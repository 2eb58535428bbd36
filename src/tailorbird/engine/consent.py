"""Consent given or withdrawn: an attribute that conditions and the project's settings read, and an event that proves
it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tailorbird.domain.facts import CONSENT
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import values
from tailorbird.engine.calls import EventInput
from tailorbird.engine.record import Judge
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.write import commit


async def note(
    runtime: Runtime,
    project: str,
    visitor: Visitor,
    category: str,
    *,
    given: bool,
    at: int,
    properties: dict[str, Any],
    source: str,
) -> None:
    """Keep that consent to ``category`` was given or withdrawn at ``at``. Durable when it returns.

    Attribute ``consent.<category>`` is what was said last, by the time that the caller tells, and at the same time what
    arrived last; other categories stay, also those that another server is told of at this moment.
    It is kept whatever consent the project requires for recording: a withdrawal must not be lost for want of consent.
    """
    snapshot = runtime.project(project)
    now = runtime.clock()
    values.check_name(category, "category")
    judge = Judge(runtime, snapshot, now, source, publishable=False)
    told = {"category": category, "given": given, **properties}
    event = judge.event(EventInput(name=CONSENT, visitor=visitor, time=at, properties=told))
    # its identity is its content, so that a retry counts once; its id breaks ties between consents of the same second
    event = replace(event, id=f"consent-{runtime.ordered_id(now)}", attributes={f"{CONSENT}.{category}": given})
    await commit(runtime, [event])
