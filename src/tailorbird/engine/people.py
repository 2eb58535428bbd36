"""One person: looked up, changed, joined with another id, exported, erased."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.domain import ids
from tailorbird.domain.errors import Invalid, NotFound
from tailorbird.domain.facts import ATTRIBUTES, Alias, Event
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import IdKind, Visitor
from tailorbird.domain.visits import one_by_one, visit_count
from tailorbird.engine import erasures, values
from tailorbird.engine.noting import Act, telling
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot
from tailorbird.engine.write import commit


async def person(runtime: Runtime, project: str, visitor_id: str, kind: IdKind | None = None) -> dict[str, Any]:
    """What is known of the person behind an id; ``NotFound`` when nobody was ever seen under it."""
    snapshot = runtime.project(project)
    return _whole(snapshot, await _profile(runtime, snapshot, visitor_id, kind))


async def events(
    runtime: Runtime,
    project: str,
    visitor_id: str,
    kind: IdKind | None = None,
    *,
    limit: int = 100,
    before: int = 0,
    name: str = "",
) -> list[dict[str, Any]]:
    """A page of what is stored of one person's events, the newest first; ``NotFound`` when nobody was ever seen."""
    snapshot = runtime.project(project)
    profile = await _profile(runtime, snapshot, visitor_id, kind)
    persons = (profile.person, *profile.merged)
    return await runtime.store.events_of(snapshot.project.id, persons, limit, before, name=name)


async def people(runtime: Runtime, project: str, after: int = 0, limit: int = 100) -> tuple[list[dict[str, Any]], int]:
    """A page of people, and where the next one begins (0: no more)."""
    snapshot = runtime.project(project)
    page = await runtime.store.people(snapshot.project.id, after, limit)
    return [view(snapshot, profile) for profile in page], page[-1].person if len(page) == limit else 0


async def export(runtime: Runtime, project: str, visitor_id: str, kind: IdKind | None = None) -> dict[str, Any]:
    """Everything that is kept of one person: profile, ids, events, exposures."""
    snapshot = runtime.project(project)
    profile = await _profile(runtime, snapshot, visitor_id, kind)
    persons = (profile.person, *profile.merged)
    found: list[dict[str, Any]] = []
    before = 0
    while page := await runtime.store.events_of(snapshot.project.id, persons, 1000, before):
        found.extend(page)
        before = page[-1]["seq"]
    return {
        "profile": _whole(snapshot, profile),
        "ids": [
            {"kind": "id" if k == "u" else "anonymous_id", "id": i}
            for _, k, i in await _ids(runtime, snapshot, profile)
        ],
        "events": found,
        "exposures": await runtime.store.exposures_of(snapshot.project.id, persons),
    }


async def erase(
    runtime: Runtime, project: str, visitor_id: str, kind: IdKind | None = None, *, author: str = ""
) -> int:
    """Forget the person behind an id, under all of its ids. Returns how many rows went, when the log of erasures has
    it on the disk. The history tells that somebody was erased and by whom, not whom."""
    snapshot = runtime.project(project)
    await runtime.backlog.flushed()  # what came later would bring them back
    profile = await _profile(runtime, snapshot, visitor_id, kind)
    at = runtime.clock()
    act = Act(project=snapshot.project.id, kind="person", author=author, action="erase")
    removed = await runtime.store.erase(snapshot.project.id, profile.person, at, tell=telling(runtime, act))
    await erasures.note(runtime, snapshot.project.id, at)
    return removed


async def set_attributes(
    runtime: Runtime, project: str, visitor_id: str, attributes: dict[str, Any], kind: IdKind = "u"
) -> dict[str, Any]:
    """Set attributes (null removes one); a person that nobody saw yet begins with them. Durable when it returns."""
    snapshot = runtime.project(project)
    values.check_attributes(attributes, "attributes", runtime.limits)
    now = runtime.clock()
    event_id = f"attributes-{runtime.ordered_id(now)}"
    visitor = Visitor(id=visitor_id) if kind == "u" else Visitor(anonymous_id=visitor_id)
    event = Event(
        project=snapshot.project.id,
        visitor=visitor,
        id=event_id,
        name=ATTRIBUTES,
        time=now,
        received_at=now,
        source="profile",
        attributes=attributes,
        identity=ids.event_identity("profile", event_id),
        content=ids.content_hash(event_id.encode()),
    )
    await commit(runtime, [event])
    runtime.schema_seen.note(snapshot.project.id, "attribute", values.types(attributes), now)
    return await person(runtime, project, visitor_id, kind)


async def alias(runtime: Runtime, project: str, visitor_id: str, other: str) -> dict[str, Any]:
    """Say that two known ids are one person; from now on they are, and their histories are one."""
    snapshot = runtime.project(project)
    for field, text in (("id", visitor_id), ("alias", other)):
        check_visitor_id(text, field)
    now = runtime.clock()
    entry = Alias(project=snapshot.project.id, visitor_id=visitor_id, alias=other, time=now, received_at=now)
    await commit(runtime, [entry])
    return await person(runtime, project, visitor_id, "u")


def check_visitor_id(text: str, field: str) -> None:
    """Visitor ids are text of 1 to 256 characters."""
    if not text or len(text) > ids.MAX_VISITOR_ID:
        raise Invalid.field(field, f"text of 1 to {ids.MAX_VISITOR_ID} characters", text)


def view(snapshot: Snapshot, profile: Profile) -> dict[str, Any]:
    """A profile as callers see it: keys instead of internal ids, no person number."""
    keys = snapshot.campaign_key
    return {
        "ids": list(profile.ids),
        "anonymous_ids": list(profile.anonymous_ids),
        "attributes": profile.attributes,
        "first_seen": profile.first_seen,
        "last_seen": profile.last_seen,
        "visits": visit_count(profile),
        "events": {
            name: {"count": c.count, "first_at": c.first_at, "last_at": c.last_at}
            for name, c in profile.counters.items()
        },
        "exposures": {
            keys.get(campaign, campaign): {"at": s.at, "version": s.version, "rule": s.rule, "arm": s.arm}
            for campaign, s in profile.exposures.items()
        },
        "displays": {rule: {"count": d.count, "last_at": d.last_at} for rule, d in profile.displays.items()},
        "bucket_id": profile.bucket_id,
        "conflicts": profile.conflicts,
    }


def _whole(snapshot: Snapshot, profile: Profile) -> dict[str, Any]:
    """A profile as somebody sees it who asks for this person: with the visits that are kept one by one."""
    return {
        **view(snapshot, profile),
        "event_count": sum(counter.count for counter in profile.counters.values()) + profile.uncounted,
        "recent_visits": [
            {"started_at": visit.start, "ended_at": visit.end, "session_id": visit.session_id or None}
            for visit in reversed(one_by_one(profile.visits))
        ],
        "older_visits": profile.older_visits,
    }


async def _profile(runtime: Runtime, snapshot: Snapshot, visitor_id: str, kind: IdKind | None) -> Profile:
    """By the kind of id given; without one a known id is tried before an anonymous one."""
    known = visitor_id if kind in (None, "u") else None
    anonymous = visitor_id if kind in (None, "a") else None
    visitor = Visitor(id=known, anonymous_id=anonymous)
    waiting = runtime.backlog.of(snapshot.project.id, visitor)
    if waiting is not None:
        await waiting
    found = await runtime.store.find(snapshot.project.id, visitor)
    profile = found.known or found.anonymous
    if profile is None:
        raise NotFound("Nobody was seen under this id.")
    return profile


async def _ids(runtime: Runtime, snapshot: Snapshot, profile: Profile) -> list[tuple[str, str, str]]:
    return [
        msgspec.convert(key, tuple[str, str, str])
        for key in await runtime.store.profile_ids(snapshot.project.id, profile.person)
    ]
