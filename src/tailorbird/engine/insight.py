"""What arrives: the newest events, those that were refused and why, the names and types seen, and named counters."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from tailorbird.domain.visitor import Visitor
from tailorbird.engine.jobs import flush_schema
from tailorbird.engine.people import view
from tailorbird.engine.runtime import Runtime
from tailorbird.store.contract import Rejected, SchemaRow


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


class Newest(NamedTuple):
    """Events, the newest first, and the ``after`` of the next question: whatever appears later has a higher number."""

    events: list[dict[str, Any]]
    next: int


async def next_events(
    runtime: Runtime, project: str, limit: int, after: int, *, name: str = "", visitor: str = "", seconds: float = 0.0
) -> Newest:
    """The newest events, of everybody or of one person, of all names or of one among the newest 100,000; ``after`` a
    sequence number: only newer ones. Where there are none yet, wait up to so many seconds for the first; not while the
    server stops."""
    place = runtime.project(project).project.id
    settled = max(after, await runtime.store.looking.settled())  # asked for first: what is up to it is read below
    if not seconds:
        return Newest((await _recent(runtime, place, limit, after, name, visitor))[0], settled)
    until = runtime.monotonic() + seconds
    async with runtime.arrivals.of(place) as news:  # from here on none is missed
        found, persons = await _recent(runtime, place, limit, after, name, visitor)
        while not found:
            try:
                async with asyncio.timeout(max(until - runtime.monotonic(), 0)):
                    arrived = await news.get()
            except TimeoutError:
                break
            if arrived is None:
                break
            settled = max(settled, arrived.settled)
            events = (one for one in arrived.events if one["seq"] > after)
            found = [_told(one) for one in events if _fits(one, name, visitor, persons)]
    return Newest(found[:limit], settled)


async def _recent(
    runtime: Runtime, place: str, limit: int, after: int, name: str, visitor: str
) -> tuple[list[dict[str, Any]], frozenset[int]]:
    """The events that are there, and the person numbers whose events are meant."""
    if not visitor:
        if name:
            return await runtime.store.looking.events_named(place, name, limit, after), frozenset()
        return await runtime.store.recent_events(place, limit, after), frozenset()
    found = await runtime.store.find(place, Visitor(id=visitor, anonymous_id=visitor))
    who = found.known or found.anonymous
    if who is None:
        return [], frozenset()
    persons = (who.person, *who.merged)
    events = await runtime.store.events_of(place, persons, 1_000)
    return [one for one in events if one["seq"] > after and name in ("", one["name"])][:limit], frozenset(persons)


def _fits(event: dict[str, Any], name: str, visitor: str, persons: frozenset[int]) -> bool:
    """Whether an event that has just arrived is one of those that are waited for."""
    if name not in ("", event["name"]):
        return False
    return not visitor or event["person"] in persons or visitor in (event.get("visitor_id"), event.get("anonymous_id"))


def _told(event: dict[str, Any]) -> dict[str, Any]:
    """An event as callers see it."""
    return {name: value for name, value in event.items() if name != "person"}


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
