"""Forgetting a person. What leads to them goes at once; their events, which may be many, follow in bites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tailorbird.domain.erasure import Erasure, hashed_id
from tailorbird.store.rows import encode
from tailorbird.store.sqlite import lists
from tailorbird.store.sqlite.connection import Connection, changed

#: event rows in one transaction
BITE = 2_000

_decode_ids = msgspec.json.Decoder(tuple[str, ...]).decode


def forget(connection: Connection, project: str, person: int, at: int) -> tuple[list[int], int]:
    """Remove all but the events; returns the persons (merged ones too) whose events are left, and the rows removed.

    Notes the erasure, so that it can be finished after a crash and repeated on a restored backup.
    """
    persons = _persons(connection, project, person)
    if not persons:
        return [], 0
    removed = 0
    key, secret = _oldest_key(connection, project)
    for one in persons:
        ids = connection.execute(
            "SELECT kind, id FROM visitor_ids WHERE project = ? AND person = ?", (project, one)
        ).fetchall()
        removed += lists.forget(connection, project, sorted({encode(visitor_id).decode() for _, visitor_id in ids}))
        for kind, visitor_id in ids:
            column = "visitor_id" if kind == "u" else "anonymous_id"
            connection.execute(
                f"DELETE FROM answers WHERE project = ? AND {column} = ?",  # noqa: S608 - one of two constants
                (project, visitor_id),
            )
            removed += changed(connection)
        for table in ("visitor_ids", "profiles", "person_links", "exposures", "exposure_days"):
            connection.execute(
                f"DELETE FROM {table} WHERE project = ? AND person = ?",  # noqa: S608 - constants
                (project, one),
            )
            removed += changed(connection)
        hashed = tuple(hashed_id(secret, kind, visitor_id) for kind, visitor_id in ids) if secret else ()
        _note(connection, Erasure(project=project, person=one, at=at, key=key if hashed else "", ids=hashed))
    return persons, removed


def _oldest_key(connection: Connection, project: str) -> tuple[str, bytes]:
    row = connection.execute(
        "SELECT id, secret FROM signing_keys WHERE project = ? ORDER BY created_at, id LIMIT 1", (project,)
    ).fetchone()
    return (row[0], row[1]) if row else ("", b"")


def _note(connection: Connection, erasure: Erasure, finished: int = 0) -> None:
    row: tuple[Any, ...] = (*erasure.name, finished, erasure.key or None, encode(erasure.ids) if erasure.ids else None)
    connection.execute(
        "INSERT INTO erasures (project, person, at, finished, hashed_with, ids) VALUES (?, ?, ?, ?, ?, ?)", row
    )


def _persons(connection: Connection, project: str, person: int) -> list[int]:
    """The person that a number means today, and everyone merged into them; empty when nothing is known of them."""
    row = connection.execute(
        "SELECT target FROM person_links WHERE project = ? AND person = ?", (project, person)
    ).fetchone()
    target = row[0] if row else person
    merged = connection.execute(
        "SELECT person FROM person_links WHERE project = ? AND target = ?", (project, target)
    ).fetchall()
    known = connection.execute("SELECT 1 FROM profiles WHERE project = ? AND person = ?", (project, target)).fetchone()
    return [target, *(one for (one,) in merged)] if known or merged else []


def forget_events(connection: Connection, project: str, person: int) -> int:
    """Remove a bite of a person's events; fewer than ``BITE`` means that none are left, and the erasure is finished."""
    connection.execute(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE project = ? AND person = ? LIMIT ?)",
        (project, person, BITE),
    )
    removed = changed(connection)
    if removed < BITE:
        connection.execute(
            "UPDATE erasures SET finished = 1 WHERE project = ? AND person = ? AND finished = 0", (project, person)
        )
    return removed


def unfinished(connection: Connection) -> list[tuple[str, int]]:
    """Erasures that a crash interrupted: (project, person)."""
    rows = connection.execute("SELECT DISTINCT project, person FROM erasures WHERE finished = 0")
    return [(row[0], row[1]) for row in rows.fetchall()]


def erasures(connection: Connection, project: str | None, since: int) -> list[Erasure]:
    """Erasures at a time or after it, in the order in which they were noted."""
    rows = connection.execute(
        "SELECT project, person, at, hashed_with, ids FROM erasures"
        " WHERE at >= ? AND (? IS NULL OR project = ?) ORDER BY seq",
        (since, project, project),
    )
    return [
        Erasure(project=row[0], person=row[1], at=row[2], key=row[3] or "", ids=_decode_ids(row[4]) if row[4] else ())
        for row in rows.fetchall()
    ]


def note(connection: Connection, erasures: Sequence[Erasure]) -> None:
    """Keep erasures that happened in another copy of the data, but for those that are known."""
    for erasure in erasures:
        known = connection.execute(
            "SELECT 1 FROM erasures WHERE project = ? AND person = ? AND at = ?", erasure.name
        ).fetchone()
        if known is None:
            _note(connection, erasure, finished=1)
