"""What came in: refused events, the schema that was seen, counters."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird.store.contract import Rejected, SchemaRow
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.text import columns
from tailorbird.store.rows import SCHEMA_COLUMNS, decode_rejected, encode, schema_row

#: refused events kept per project
MOST_REJECTED = 1_000


async def note_rejected(connection: Connection, project: str, rejected: Sequence[Rejected]) -> None:
    """Keep refused events, and of the project's only the newest."""
    if rejected:
        newest = [(one.at, encode(one)) for one in rejected[-MOST_REJECTED:]]
        await connection.execute(
            "INSERT INTO rejected (project, at, body) SELECT $1, at, body FROM unnest($2::bigint[], $3::bytea[])"
            " WITH ORDINALITY AS k (at, body, number) ORDER BY number",
            project,
            *columns(newest),
        )
    await connection.execute(
        "DELETE FROM rejected WHERE seq IN"
        " (SELECT seq FROM rejected WHERE project = $1 ORDER BY seq DESC OFFSET $2 FOR UPDATE SKIP LOCKED)",
        project,
        MOST_REJECTED,
    )


async def rejected(connection: Connection, project: str, limit: int) -> list[Rejected]:
    """Refused events, newest first."""
    rows = await connection.fetch(
        "SELECT body FROM rejected WHERE project = $1 ORDER BY seq DESC LIMIT $2", project, limit
    )
    return [decode_rejected(body) for (body,) in rows]


async def note_schema(connection: Connection, project: str, rows: Sequence[SchemaRow]) -> None:
    """Add up counts, widen first and last."""
    seen: dict[tuple[str, str, str], tuple[int, int, int]] = {}
    for row in rows:
        first, last, count = seen.get((row.kind, row.name, row.type), (row.first_at, row.last_at, 0))
        seen[row.kind, row.name, row.type] = min(first, row.first_at), max(last, row.last_at), count + row.count
    if not seen:
        return
    await connection.execute(
        "INSERT INTO schema_seen (project, kind, name, type, first_at, last_at, count) SELECT $1, * FROM"
        " unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])"
        " ON CONFLICT (project, kind, name, type) DO UPDATE SET"
        " first_at = least(schema_seen.first_at, excluded.first_at),"
        " last_at = greatest(schema_seen.last_at, excluded.last_at), count = schema_seen.count + excluded.count",
        project,
        *columns((*key, *values) for key, values in sorted(seen.items())),
    )


async def schema(connection: Connection, project: str) -> list[SchemaRow]:
    """Everything seen, by kind, name and type."""
    rows = await connection.fetch(
        f"SELECT {SCHEMA_COLUMNS} FROM schema_seen WHERE project = $1 ORDER BY kind, name, type",  # noqa: S608
        project,
    )
    return [schema_row(row) for row in rows]


async def counts(connection: Connection, project: str) -> dict[str, int]:
    """The project's counters."""
    rows = await connection.fetch("SELECT name, value FROM counters WHERE project = $1 ORDER BY name", project)
    return {name: value for name, value in rows}
