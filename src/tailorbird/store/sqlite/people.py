"""Reading people: their profile, their past, their ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from tailorbird.domain.facts import IdKey
from tailorbird.domain.needs import EventNeed, History, PastEvent
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import IdKind, Visitor
from tailorbird.store.contract import Found
from tailorbird.store.rows import EVENT_NAMES, decode, decode_profile, event_object, exposure_objects
from tailorbird.store.sqlite.connection import Connection

_FIND = (
    "SELECT p.person, p.body FROM visitor_ids v JOIN profiles p ON p.person = v.person"
    " WHERE v.project = ? AND v.kind = ? AND v.id = ?"
)
#: persons and event names in one statement
_PERSONS, _NAMES = 400, 50


#: Profiles by their document: who asks again within a visit is decoded once. Nobody changes a profile in place.
_profile = lru_cache(maxsize=4_096)(decode_profile)


def find(connection: Connection, project: str, visitor: Visitor) -> Found:
    """One point read for each id given."""
    known = visitor.id
    anonymous = visitor.anonymous_id
    first = None if known is None else connection.execute(_FIND, (project, "u", known)).fetchone()
    if anonymous is None:
        return Found(None if first is None else _profile(first[1]))
    second = connection.execute(_FIND, (project, "a", anonymous)).fetchone()
    if first is None:
        return Found(None, None if second is None else _profile(second[1]))
    profile = _profile(first[1])
    if second is None:
        return Found(profile)
    return Found(profile, profile if first[0] == second[0] else _profile(second[1]))


def history(
    connection: Connection,
    project: str,
    persons: Sequence[int],
    needs: Iterable[EventNeed],
    now: int,
    limit: int = 0,
) -> History | None:
    """The events asked for by name, ascending by (time, id); nothing when they reach ``limit`` (0 = no limit)."""
    asked: dict[str, tuple[int, bool]] = {}
    for need in needs:
        earliest, properties = asked.get(need.name, (need.earliest(now), False))
        asked[need.name] = min(earliest, need.earliest(now)), properties or need.properties
    found: dict[str, list[PastEvent]] = {name: [] for name in asked}
    names = sorted(asked)
    left = limit
    for people in _chunks(sorted(set(persons)), _PERSONS):
        for some in _chunks(names, _NAMES):
            sql = _history_sql(len(people), tuple(asked[name][1] for name in some), left)
            values = [value for name in some for value in (project, *people, name, asked[name][0])]
            rows = connection.execute(sql, values).fetchall()
            if limit and len(rows) >= left:
                return None
            left -= len(rows)
            for name, time, event_id, properties in rows:
                found[name].append(PastEvent(name, time, event_id, decode(properties) if properties else {}))
    return {name: tuple(sorted(events, key=_by_time)) for name, events in found.items()}


def _by_time(event: PastEvent) -> tuple[int, str]:
    return event.time, event.id


@lru_cache(maxsize=256)
def _history_sql(persons: int, properties: tuple[bool, ...], limit: int) -> str:
    marks = ", ".join("?" * persons)
    selects = (
        f"SELECT name, time, id, {'properties' if wanted else 'NULL'} FROM events"  # noqa: S608 - only marks are put in
        f" WHERE project = ? AND person IN ({marks}) AND name = ? AND time >= ?"
        for wanted in properties
    )
    return " UNION ALL ".join(selects) + (f" LIMIT {limit}" if limit > 0 else "")


def _chunks(values: list[Any], size: int) -> Iterable[list[Any]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def profile_ids(connection: Connection, project: str, person: int) -> list[IdKey]:
    """All ids that lead to this person."""
    rows = connection.execute(
        "SELECT project, kind, id FROM visitor_ids WHERE person = ? AND project = ? ORDER BY kind, id",
        (person, project),
    )
    return [(row[0], row[1], row[2]) for row in rows.fetchall()]


def id_page(connection: Connection, project: str, after: tuple[str, str], limit: int) -> list[tuple[IdKind, str, int]]:
    """A page of all ids, each with the person it leads to."""
    rows = connection.execute(
        "SELECT kind, id, person FROM visitor_ids WHERE project = ? AND (kind, id) > (?, ?) ORDER BY kind, id LIMIT ?",
        (project, *after, limit),
    )
    return [(row[0], row[1], row[2]) for row in rows.fetchall()]


def people(connection: Connection, project: str, after: int, limit: int) -> list[Profile]:
    """Profiles in person order."""
    rows = connection.execute(
        "SELECT body FROM profiles WHERE project = ? AND person > ? ORDER BY person LIMIT ?", (project, after, limit)
    )
    return [decode_profile(body) for (body,) in rows.fetchall()]


_SELECT_EVENTS = f"SELECT {', '.join(EVENT_NAMES)} FROM events"  # noqa: S608 - constants


def events_of(
    connection: Connection, project: str, persons: Sequence[int], limit: int, before: int, name: str
) -> list[dict[str, Any]]:
    """The events of some persons, of one name where it is told, newest first.

    The plus signs keep the planner from walking through all of the project's events in their order.
    """
    marks = ", ".join("?" * len(persons))
    rows = connection.execute(
        f"{_SELECT_EVENTS} WHERE seq IN (SELECT seq FROM events WHERE project = ? AND person IN ({marks})"  # noqa: S608
        " AND +seq < ?"
        " AND (? = '' OR name = ?) ORDER BY +seq DESC LIMIT ?) ORDER BY seq DESC",
        (project, *persons, before or 1 << 62, name, name, limit),
    )
    return [event_object(row) for row in rows.fetchall()]


def recent_events(connection: Connection, project: str, limit: int, after: int) -> list[dict[str, Any]]:
    """The newest events of a project after a sequence number, newest first."""
    rows = connection.execute(
        f"{_SELECT_EVENTS} WHERE project = ? AND seq > ? ORDER BY seq DESC LIMIT ?", (project, after, limit)
    )
    return [event_object(row) for row in rows.fetchall()]


def events_after(connection: Connection, project: str, after: int, limit: int) -> list[dict[str, Any]]:
    """A page of all events in sequence order, with the person each happened to."""
    rows = connection.execute(
        f"{_SELECT_EVENTS} WHERE project = ? AND seq > ? ORDER BY seq LIMIT ?", (project, after, limit)
    )
    return [event_object(row, person=True) for row in rows.fetchall()]


def exposures_of(connection: Connection, project: str, persons: Sequence[int]) -> list[dict[str, Any]]:
    """First exposures of some persons, each with the days on which the campaign was seen (per arm)."""
    marks = ", ".join("?" * len(persons))
    days = connection.execute(
        f"SELECT person, campaign, arm, day FROM exposure_days WHERE project = ? AND person IN ({marks})"  # noqa: S608
        " ORDER BY day",
        (project, *persons),
    ).fetchall()
    rows = connection.execute(
        "SELECT seq, person, campaign, version, rule, arm, epoch, time, door, facts FROM exposures"  # noqa: S608
        f" WHERE project = ? AND person IN ({marks}) ORDER BY seq",
        (project, *persons),
    ).fetchall()
    return exposure_objects(rows, days)
