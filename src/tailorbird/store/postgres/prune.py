"""Removing what outlived its time, one bite per call, and the lease under which one process does it."""

from __future__ import annotations

from tailorbird.domain.facts import DAY_MS
from tailorbird.store.postgres.answers import ANSWER_MS
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.writes import written

#: rows looked at in one transaction
BITE = 5_000
REJECTED_MS = 7 * DAY_MS
_MOST = (1 << 63) - 1


async def events(connection: Connection, project: str, received_before: int, exported: int | None) -> int:
    """Remove the project's oldest events as long as they were received before a time, and are in the lake if there is
    one.

    Rows are numbered about as they are received, so the first bite without an old one is the end.
    """
    return written(
        await connection.execute(
            "DELETE FROM events WHERE seq IN (SELECT seq FROM"
            " (SELECT seq, received_at FROM events WHERE project = $1 AND seq <= $4 ORDER BY seq LIMIT $2) AS oldest"
            " WHERE received_at < $3)",
            project,
            BITE,
            received_before,
            _MOST if exported is None else exported,
        )
    )


async def ledger_bound(connection: Connection, project: str, after: bytes) -> bytes | None:
    """The identity that ends the bite after an identity; none in the last bite."""
    bound: bytes | None = await connection.fetchval(
        "SELECT identity FROM ledger WHERE project = $1 AND identity > $2 ORDER BY identity LIMIT 1 OFFSET $3",
        project,
        after,
        BITE,
    )
    return bound


async def ledger(connection: Connection, project: str, after: bytes, bound: bytes | None, before: int) -> int:
    """Remove identities of events received on a day that ended before a time."""
    return written(
        await connection.execute(
            "DELETE FROM ledger WHERE project = $1 AND identity > $2 AND ($3::bytea IS NULL OR identity <= $3)"
            " AND day < $4",
            project,
            after,
            bound,
            before // DAY_MS,
        )
    )


async def rejected(connection: Connection, now: int) -> int:
    """Remove refused events after a week; there are at most 1,000 a project."""
    return written(await connection.execute("DELETE FROM rejected WHERE at < $1", now - REJECTED_MS))


async def answers(connection: Connection, now: int) -> int:
    """Remove answers that can no longer be asked for."""
    return written(
        await connection.execute(
            "DELETE FROM answers WHERE (project, request_id) IN"
            " (SELECT project, request_id FROM answers WHERE at < $1 ORDER BY at LIMIT $2)",
            now - ANSWER_MS,
            BITE,
        )
    )


async def lease(connection: Connection, name: str, holder: str, milliseconds: int) -> bool:
    """Take or extend a lease by the database's clock, which is the same for everyone."""
    taken = await connection.fetchval(
        "WITH clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now)"
        " INSERT INTO leases AS l (name, holder, until) SELECT $1, $2, now + $3 FROM clock"
        " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until"
        " WHERE l.holder = excluded.holder OR l.until <= (SELECT now FROM clock) RETURNING 1",
        name,
        holder,
        milliseconds,
    )
    return taken is not None
