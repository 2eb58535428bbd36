"""What arrives: the newest events, those that were refused and why, the names and types seen, and named counters."""

from __future__ import annotations

import asyncio
from typing import Any

from tailorbird.domain.visitor import Visitor
from tailorbird.engine.jobs import flush_schema
from tailorbird.engine.people import view
from tailorbird.engine.runtime import Runtime
from tailorbird.store.contract import Rejected, SchemaRow

#: between two looks for events that somebody waits for
LOOK_SECONDS = 0.5


async def schema(runtime: Runtime, project: str) -> list[SchemaRow]:
    """Attributes, events and properties that were seen, with their types."""
    await flush_schema(runtime)
    return await runtime.store.schema(runtime.project(project).project.id)


async def rejected(runtime: Runtime, project: str, limit: int = 100) -> list[Rejected]:
    """The newest refused events, masked."""
    return await runtime.store.rejected(runtime.project(project).project.id, limit)


async def counts(runtime: Runtime, project: str) -> dict[str, int]:
    """Named counters of the project, e.g. ``identity_conflicts``."""
    return await runtime.store.counts(runtime.project(project).project.id)


async def recent_events(
    runtime: Runtime, project: str, limit: int = 100, after: int = 0, *, name: str = "", visitor: str = ""
) -> list[dict[str, Any]]:
    """The newest events, of everybody or of one person, of all names or of one among the newest 100,000; ``after`` a
    sequence number: only newer ones."""
    place = runtime.project(project).project.id
    if visitor:
        found = await runtime.store.find(place, Visitor(id=visitor, anonymous_id=visitor))
        who = found.known or found.anonymous
        events = [] if who is None else await runtime.store.events_of(place, (who.person, *who.merged), 1_000)
        fitting = [one for one in events if one["seq"] > after and name in ("", one["name"])]
        return fitting[:limit]
    if name:
        return await runtime.store.looking.events_named(place, name, limit, after)
    return await runtime.store.recent_events(place, limit, after)


async def next_events(
    runtime: Runtime, project: str, limit: int, after: int, *, name: str, visitor: str, seconds: float
) -> list[dict[str, Any]]:
    """Likewise; where there are none yet, wait up to so many seconds for the first."""
    until = runtime.monotonic() + seconds
    while True:
        found = await recent_events(runtime, project, limit, after, name=name, visitor=visitor)
        if found or runtime.monotonic() >= until:
            return found
        await asyncio.sleep(LOOK_SECONDS)


async def people(runtime: Runtime, project: str, prefix: str, limit: int) -> list[dict[str, Any]]:
    """People with an id that begins so; those who came last where no beginning is told."""
    snapshot = runtime.project(project)
    looking = runtime.store.looking
    place = snapshot.project.id
    found = await (looking.search(place, prefix, limit) if prefix else looking.newest_people(place, limit))
    return [view(snapshot, profile) for profile in found]


def warnings(runtime: Runtime, project: str) -> dict[str, str]:
    """Definitions that are switched off, and why."""
    return dict(runtime.project(project).warnings)
