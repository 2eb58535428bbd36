"""Consent given or withdrawn: an attribute that conditions and the project's settings read, and an event that proves
it."""

from __future__ import annotations

from typing import Any

from tailorbird.domain.facts import ATTRIBUTES
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.calls import EventInput
from tailorbird.engine.gather import CONSENT
from tailorbird.engine.record import Judge
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.write import commit
from tailorbird.profiles import combine

#: category → UTC milliseconds at which it was last given or withdrawn
CONSENT_AT = "consent_at"


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

    Attribute ``consent.<category>`` is what was said last, by the time that the caller tells; other categories stay.
    It is kept whatever consent the project requires for recording: a withdrawal must not be lost for want of consent.
    """
    snapshot = runtime.project(project)
    now = runtime.clock()
    judge = Judge(runtime, snapshot, now, source, publishable=False)
    told = {"category": category, "given": given, **properties}
    event = judge.event(EventInput(name=CONSENT, visitor=visitor, time=at, properties=told))
    entries = [event]
    async with runtime.consenting:  # two categories at once: the second must see what the first wrote
        found = await runtime.store.find(snapshot.project.id, visitor)
        profile = combine(found.known, found.anonymous, visitor, now)
        known = profile.attributes if profile is not None else {}
        categories, times = _object(known.get(CONSENT)), _object(known.get(CONSENT_AT))
        last = times.get(category)
        if not isinstance(last, int) or last <= event.time:
            attributes = {
                CONSENT: {**categories, category: given},
                CONSENT_AT: {**times, category: event.time},
            }
            change_id = f"consent-{runtime.ordered_id(now)}"
            entries.append(
                judge.event(EventInput(name=ATTRIBUTES, visitor=visitor, id=change_id, attributes=attributes))
            )
        await commit(runtime, entries)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
