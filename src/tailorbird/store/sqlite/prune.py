"""Removing what outlived its time, one bite per call."""

from __future__ import annotations

from tailorbird.store.sqlite.commit import DAY_MS
from tailorbird.store.sqlite.connection import Connection, changed
from tailorbird.store.sqlite.incoming import ANSWER_MS

#: rows looked at in one transaction
BITE = 5_000
REJECTED_MS = 7 * DAY_MS
_MOST = (1 << 63) - 1


def events(connection: Connection, project: str, received_before: int, exported: int | None) -> int:
    """Remove the project's oldest events as long as they were received before a time, and are in the lake if there is
    one.

    Rows are numbered as they are received, so the first bite without an old one is the end.
    """
    connection.execute(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM"
        " (SELECT seq, received_at FROM events WHERE project = ? AND seq <= ? ORDER BY seq LIMIT ?)"
        " WHERE received_at < ?)",
        (project, _MOST if exported is None else exported, BITE, received_before),
    )
    return changed(connection)


def ledger_bound(connection: Connection, project: str, after: bytes) -> bytes | None:
    """The identity that ends the bite after an identity; none in the last bite."""
    row = connection.execute(
        "SELECT identity FROM ledger WHERE project = ? AND identity > ? ORDER BY identity LIMIT 1 OFFSET ?",
        (project, after, BITE),
    ).fetchone()
    return None if row is None else row[0]


def ledger(connection: Connection, project: str, after: bytes, bound: bytes | None, before: int) -> int:
    """Remove identities of events received on a day that ended before a time."""
    connection.execute(
        "DELETE FROM ledger WHERE project = ? AND identity > ? AND (? IS NULL OR identity <= ?) AND day < ?",
        (project, after, bound, bound, before // DAY_MS),
    )
    return changed(connection)


def rejected(connection: Connection, now: int) -> int:
    """Remove refused events after a week; there are at most 1,000 a project."""
    connection.execute("DELETE FROM rejected WHERE at < ?", (now - REJECTED_MS,))
    return changed(connection)


def answers(connection: Connection, now: int) -> int:
    """Remove answers that can no longer be asked for."""
    connection.execute(
        "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers WHERE at < ? ORDER BY at LIMIT ?)",
        (now - ANSWER_MS, BITE),
    )
    return changed(connection)


def lease(connection: Connection, name: str, holder: str, now: int, until: int) -> bool:
    """Take a lease, or extend one's own; one that ran out is anybody's."""
    row = connection.execute(
        "INSERT INTO leases (name, holder, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
        " SET holder = excluded.holder, until = excluded.until"
        " WHERE holder = excluded.holder OR until <= ? RETURNING 1",
        (name, holder, until, now),
    ).fetchone()
    return row is not None
