"""Reading people: their profile, their past, their ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tailorbird.domain.facts import IdKey
from tailorbird.domain.needs import EventNeed, History, PastEvent
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import IdKind, Visitor
from tailorbird.store.contract import Found
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.text import array
from tailorbird.store.rows import EVENT_NAMES, decode, decode_profile, event_object, exposure_objects

_FIND = (
    "SELECT p.person, p.body, v.kind FROM visitor_ids v JOIN profiles p ON p.person = v.person"
    " WHERE v.project = $1 AND v.kind = $2 AND v.id = $3"
)
_FIND_BOTH = (
    "SELECT p.person, p.body, v.kind FROM visitor_ids v JOIN profiles p ON p.person = v.person"
    " WHERE v.project = $1 AND v.kind = 'u' AND v.id = $2 UNION ALL"
    " SELECT p.person, p.body, v.kind FROM visitor_ids v JOIN profiles p ON p.person = v.person"
    " WHERE v.project = $1 AND v.kind = 'a' AND v.id = $3"
)
_HISTORY = (
    "SELECT e.name, e.time, e.id, CASE WHEN n.wanted THEN e.properties END"
    " FROM unnest($3::text[], $4::bigint[], $5::boolean[]) AS n (name, since, wanted)"
    " JOIN events e ON e.project = $1 AND e.person = ANY ($2::bigint[]) AND e.name = n.name AND e.time >= n.since"
)
_SELECT_EVENTS = f"SELECT {', '.join(EVENT_NAMES)} FROM events"  # noqa: S608 - constants


async def find(connection: Connection, project: str, visitor: Visitor) -> Found:
    """One point read for each id given, in one statement."""
    known, anonymous = visitor.id, visitor.anonymous_id
    if known is None and anonymous is None:
        return Found()
    if known is not None and anonymous is not None:
        return _found(await connection.fetch(_FIND_BOTH, project, known, anonymous))
    kind, visitor_id = ("u", known) if known is not None else ("a", anonymous)
    row = await connection.fetchrow(_FIND, project, kind, visitor_id)
    if row is None:
        return Found()
    profile = decode_profile(row[1])
    return Found(profile) if kind == "u" else Found(None, profile)


def _found(rows: Sequence[Any]) -> Found:
    known = anonymous = None
    numbers = []
    for person, body, kind in rows:
        numbers.append(person)
        if kind == "u":
            known = decode_profile(body)
        else:
            anonymous = known if len(numbers) == 2 and numbers[0] == person else decode_profile(body)
    return Found(known, anonymous)


async def history(
    connection: Connection, project: str, persons: Sequence[int], needs: Iterable[EventNeed], now: int
) -> History:
    """The events asked for by name, ascending by (time, id)."""
    asked: dict[str, tuple[int, bool]] = {}
    for need in needs:
        earliest, properties = asked.get(need.name, (need.earliest(now), False))
        asked[need.name] = min(earliest, need.earliest(now)), properties or need.properties
    found: dict[str, list[PastEvent]] = {name: [] for name in asked}
    if asked:
        since, wanted = zip(*asked.values(), strict=True)
        rows = await connection.fetch(_HISTORY, project, sorted(set(persons)), array(list(asked)), since, wanted)
        for name, time, event_id, properties in rows:
            found[name].append(PastEvent(name, time, event_id, decode(properties) if properties else {}))
    return {name: tuple(sorted(events, key=_by_time)) for name, events in found.items()}


def _by_time(event: PastEvent) -> tuple[int, str]:
    return event.time, event.id


async def profile_ids(connection: Connection, project: str, person: int) -> list[IdKey]:
    """All ids that lead to this person."""
    rows = await connection.fetch(
        "SELECT project, kind, id FROM visitor_ids WHERE person = $1 AND project = $2 ORDER BY kind, id",
        person,
        project,
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def id_page(
    connection: Connection, project: str, after: tuple[str, str], limit: int
) -> list[tuple[IdKind, str, int]]:
    """A page of all ids, each with the person it leads to."""
    rows = await connection.fetch(
        "SELECT kind, id, person FROM visitor_ids WHERE project = $1 AND (kind, id) > ($2, $3)"
        " ORDER BY kind, id LIMIT $4",
        project,
        *after,
        limit,
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def people(connection: Connection, project: str, after: int, limit: int) -> list[Profile]:
    """Profiles in person order."""
    rows = await connection.fetch(
        "SELECT body FROM profiles WHERE project = $1 AND person > $2 ORDER BY person LIMIT $3", project, after, limit
    )
    return [decode_profile(body) for (body,) in rows]


async def events_of(
    connection: Connection, project: str, persons: Sequence[int], limit: int, before: int, name: str
) -> list[dict[str, Any]]:
    """The events of some persons, of one name where it is told, newest first.

    Ordered by a sum, so that the planner does not walk through all of the project's events in their order.
    """
    rows = await connection.fetch(
        f"{_SELECT_EVENTS} WHERE project = $1 AND person = ANY ($2::bigint[]) AND seq < $3 AND ($5 = '' OR name = $5)"
        " ORDER BY seq + 0 DESC LIMIT $4",
        project,
        list(persons),
        before or 1 << 62,
        limit,
        name,
    )
    return [event_object(row) for row in rows]


async def recent_events(connection: Connection, project: str, limit: int, after: int) -> list[dict[str, Any]]:
    """The newest events of a project after a sequence number, newest first."""
    rows = await connection.fetch(
        f"{_SELECT_EVENTS} WHERE project = $1 AND seq > $2 ORDER BY seq DESC LIMIT $3", project, after, limit
    )
    return [event_object(row) for row in rows]


async def events_after(connection: Connection, project: str, after: int, limit: int) -> list[dict[str, Any]]:
    """A page of all events in sequence order, with the person each happened to."""
    rows = await connection.fetch(
        f"{_SELECT_EVENTS} WHERE project = $1 AND seq > $2 ORDER BY seq LIMIT $3", project, after, limit
    )
    return [event_object(row, person=True) for row in rows]


async def exposures_of(connection: Connection, project: str, persons: Sequence[int]) -> list[dict[str, Any]]:
    """First exposures of some persons, each with the days on which the campaign was seen (per arm)."""
    days = await connection.fetch(
        "SELECT person, campaign, arm, day FROM exposure_days WHERE project = $1 AND person = ANY ($2::bigint[])"
        " ORDER BY day",
        project,
        list(persons),
    )
    rows = await connection.fetch(
        "SELECT seq, person, campaign, version, rule, arm, epoch, time, door, facts FROM exposures"
        " WHERE project = $1 AND person = ANY ($2::bigint[]) ORDER BY seq",
        project,
        list(persons),
    )
    return exposure_objects(rows, days)
