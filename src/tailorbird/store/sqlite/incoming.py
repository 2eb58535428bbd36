"""What came in: refused events, the schema that was seen, counters, answers that may be asked for again."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird.domain.visitor import Visitor
from tailorbird.store.contract import Rejected, SchemaRow
from tailorbird.store.rows import SCHEMA_COLUMNS, decode_rejected, encode, schema_row
from tailorbird.store.sqlite.connection import Connection

#: refused events kept per project
MOST_REJECTED = 1_000
#: how long the answer to a request id holds
ANSWER_MS = 10 * 60_000


def note_rejected(connection: Connection, project: str, rejected: Sequence[Rejected]) -> None:
    """Keep refused events, and of the project's only the newest."""
    connection.executemany(
        "INSERT INTO rejected (project, at, body) VALUES (?, ?, ?)",
        [(project, one.at, encode(one)) for one in rejected[-MOST_REJECTED:]],
    )
    connection.execute(
        "DELETE FROM rejected WHERE project = ? AND seq <= coalesce("
        "(SELECT seq FROM rejected WHERE project = ? ORDER BY seq DESC LIMIT 1 OFFSET ?), 0)",
        (project, project, MOST_REJECTED),
    )


def rejected(connection: Connection, project: str, limit: int) -> list[Rejected]:
    """Refused events, newest first."""
    rows = connection.execute("SELECT body FROM rejected WHERE project = ? ORDER BY seq DESC LIMIT ?", (project, limit))
    return [decode_rejected(body) for (body,) in rows.fetchall()]


def note_schema(connection: Connection, project: str, rows: Sequence[SchemaRow]) -> None:
    """Add up counts, widen first and last."""
    connection.executemany(
        "INSERT INTO schema_seen (project, kind, name, type, first_at, last_at, count) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (project, kind, name, type) DO UPDATE SET first_at = min(first_at, excluded.first_at),"
        " last_at = max(last_at, excluded.last_at), count = count + excluded.count",
        [(project, row.kind, row.name, row.type, row.first_at, row.last_at, row.count) for row in rows],
    )


def schema(connection: Connection, project: str) -> list[SchemaRow]:
    """Everything seen, by kind, name and type."""
    rows = connection.execute(
        f"SELECT {SCHEMA_COLUMNS} FROM schema_seen WHERE project = ? ORDER BY kind, name, type",  # noqa: S608
        (project,),
    )
    return [schema_row(row) for row in rows.fetchall()]


def counts(connection: Connection, project: str) -> dict[str, int]:
    """The project's counters."""
    rows = connection.execute("SELECT name, value FROM counters WHERE project = ? ORDER BY name", (project,))
    return {name: value for name, value in rows.fetchall()}


def remember_answer(
    connection: Connection, project: str, request_id: str, body: bytes, at: int, visitor: Visitor
) -> None:
    """Keep an answer. The first of two stays, unless it is too old to be asked for."""
    connection.execute(
        "INSERT INTO answers (project, request_id, body, at, visitor_id, anonymous_id) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (project, request_id) DO UPDATE SET body = excluded.body, at = excluded.at,"
        " visitor_id = excluded.visitor_id, anonymous_id = excluded.anonymous_id WHERE answers.at < excluded.at - ?",
        (project, request_id, body, at, visitor.id, visitor.anonymous_id, ANSWER_MS),
    )


def remembered_answer(connection: Connection, project: str, request_id: str, since: int) -> bytes | None:
    """The answer that was given to a request id at or after a time."""
    row = connection.execute(
        "SELECT body FROM answers WHERE project = ? AND request_id = ? AND at >= ?", (project, request_id, since)
    ).fetchone()
    return None if row is None else row[0]
