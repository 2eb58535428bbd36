"""Forgetting a person. What leads to them goes at once; their events, which may be many, follow in bites."""

from __future__ import annotations

from tailorbird.store.sqlite import lists
from tailorbird.store.sqlite.commit import encode
from tailorbird.store.sqlite.connection import Connection, changed

#: event rows in one transaction
BITE = 2_000


def forget(connection: Connection, project: str, person: int, at: int) -> tuple[list[int], int]:
    """Remove all but the events; returns the persons (merged ones too) whose events are left, and the rows removed.

    Notes the erasure, so that it can be finished after a crash and repeated on a restored backup.
    """
    persons = _persons(connection, project, person)
    if not persons:
        return [], 0
    removed = 0
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
        connection.execute(
            "INSERT INTO erasures (project, person, at, finished) VALUES (?, ?, ?, 0)", (project, one, at)
        )
    return persons, removed


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
