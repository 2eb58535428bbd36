"""Forgetting a person. What leads to them goes at once; their events, which may be many, follow in bites."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tailorbird.domain.erasure import Erasure, hashed_id
from tailorbird.domain.facts import IdKey
from tailorbird.store.postgres import lists
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.errors import Again
from tailorbird.store.postgres.people import profile_ids
from tailorbird.store.postgres.text import array
from tailorbird.store.postgres.writes import written
from tailorbird.store.rows import encode

#: event rows in one transaction
BITE = 2_000
#: only one transaction at a time notes what was erased elsewhere
_NOTING = 7_236_102
#: tables of what is known of a person, beside the events
_TABLES = ("visitor_ids", "person_links", "exposures", "exposure_days", "profiles")

_decode_ids = msgspec.json.Decoder(tuple[str, ...]).decode


async def forget(connection: Connection, project: str, person: int, at: int) -> tuple[list[int], int]:
    """Remove all but the events; returns the persons (merged ones too) whose events are left, and the rows removed.

    Waits for whoever is just writing about this person. Notes the erasure, so that it can be finished after a crash and
    repeated on a restored backup.
    """
    persons = await _persons(connection, project, person)
    if not persons:
        return [], 0
    await connection.execute(
        "SELECT 1 FROM profiles WHERE person = ANY ($1::bigint[]) ORDER BY person FOR UPDATE", persons
    )
    if await _persons(connection, project, person) != persons:
        raise Again
    ids = {one: await profile_ids(connection, project, one) for one in persons}
    removed = await _forget_ids(connection, project, [key for keys in ids.values() for key in keys])
    for table in _TABLES:
        status = await connection.execute(
            f"DELETE FROM {table} WHERE project = $1 AND person = ANY ($2::bigint[])",  # noqa: S608 - constants
            project,
            persons,
        )
        removed += written(status)
    key, secret = await _oldest_key(connection, project)
    for one in persons:
        hashed = tuple(hashed_id(secret, kind, name) for _, kind, name in ids[one]) if secret else ()
        await _note(connection, Erasure(project=project, person=one, at=at, key=key if hashed else "", ids=hashed))
    return persons, removed


async def _oldest_key(connection: Connection, project: str) -> tuple[str, bytes]:
    row = await connection.fetchrow(
        "SELECT id, secret FROM signing_keys WHERE project = $1 ORDER BY created_at, id LIMIT 1", project
    )
    return (row[0], row[1]) if row else ("", b"")


async def _note(connection: Connection, erasure: Erasure, finished: int = 0) -> None:
    await connection.execute(
        "INSERT INTO erasures (project, person, at, finished, hashed_with, ids) VALUES ($1, $2, $3, $4, $5, $6)",
        *erasure.name,
        finished,
        erasure.key or None,
        encode(erasure.ids) if erasure.ids else None,
    )


async def _forget_ids(connection: Connection, project: str, ids: list[IdKey]) -> int:
    """Remove answers and list memberships under these ids."""
    values = sorted({encode(visitor_id).decode() for _, _, visitor_id in ids})
    removed = await lists.forget(connection, project, values)
    for kind, column in (("u", "visitor_id"), ("a", "anonymous_id")):
        status = await connection.execute(
            f"DELETE FROM answers WHERE project = $1 AND {column} = ANY ($2::text[])",  # noqa: S608 - two constants
            project,
            array([visitor_id for _, of, visitor_id in ids if of == kind]),
        )
        removed += written(status)
    return removed


async def _persons(connection: Connection, project: str, person: int) -> list[int]:
    """The person that a number means today, and everyone merged into them; empty when nothing is known of them."""
    target = await connection.fetchval(
        "SELECT target FROM person_links WHERE project = $1 AND person = $2", project, person
    )
    target = person if target is None else target
    rows = await connection.fetch(
        "SELECT person FROM person_links WHERE project = $1 AND target = $2 ORDER BY person", project, target
    )
    known = await connection.fetchval("SELECT 1 FROM profiles WHERE project = $1 AND person = $2", project, target)
    return [target, *(one for (one,) in rows)] if known or rows else []


async def forget_events(connection: Connection, project: str, person: int) -> int:
    """Remove a bite of a person's events; fewer than ``BITE`` means that none are left, and the erasure is finished."""
    status = await connection.execute(
        "DELETE FROM events WHERE seq IN"
        " (SELECT seq FROM events WHERE project = $1 AND person = $2 ORDER BY seq LIMIT $3 FOR UPDATE)",
        project,
        person,
        BITE,
    )
    removed = written(status)
    if removed < BITE:
        await connection.execute(
            "UPDATE erasures SET finished = 1 WHERE project = $1 AND person = $2 AND finished = 0", project, person
        )
    return removed


async def unfinished(connection: Connection) -> list[tuple[str, int]]:
    """Erasures that a crash interrupted, or that another process is still at: (project, person)."""
    rows = await connection.fetch("SELECT DISTINCT project, person FROM erasures WHERE finished = 0")
    return [(row[0], row[1]) for row in rows]


async def erasures(connection: Connection, project: str | None, since: int) -> list[Erasure]:
    """Erasures at a time or after it, in the order in which they were noted."""
    rows = await connection.fetch(
        "SELECT project, person, at, hashed_with, ids FROM erasures"
        " WHERE at >= $1 AND ($2::text IS NULL OR project = $2) ORDER BY seq",
        since,
        project,
    )
    return [
        Erasure(project=row[0], person=row[1], at=row[2], key=row[3] or "", ids=_decode_ids(row[4]) if row[4] else ())
        for row in rows
    ]


async def note(connection: Connection, erasures: Sequence[Erasure]) -> None:
    """Keep erasures that happened in another copy of the data, but for those that are known."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _NOTING)
    for erasure in erasures:
        known = await connection.fetchval(
            "SELECT 1 FROM erasures WHERE project = $1 AND person = $2 AND at = $3 LIMIT 1", *erasure.name
        )
        if known is None:
            await _note(connection, erasure, finished=1)
