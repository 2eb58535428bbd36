"""Facts for analysis, read by a process of its own; and up to which number nothing can appear any more.

Numbers are given out before a transaction commits, so a row can appear below others that are long visible. What is
settled is told by a fence: read the numbers given out so far, then take a transaction id. Every transaction that holds
one of those numbers has a smaller id: it wrote (identities, ids, locks on people) before it asked for a number. As soon
as that id lies below ``pg_snapshot_xmin``, all of them have ended, and what they wrote can be seen. These ids have 64
bits and do not wrap around.

``pg_snapshot_xmin`` is held back by transactions of other databases on the same server as well, which hold none of our
numbers. So where it is behind, the locks that every transaction has on its own id tell whether one of this database is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from tailorbird.domain.errors import TooLarge, Unavailable
from tailorbird.domain.exports import (
    EXPORTED,
    FACT_COLUMNS,
    FACT_TABLES,
    LINEAGE,
    Erased,
    Exported,
    FactTable,
    Incarnation,
    Lineage,
    Numbers,
    Tail,
)
from tailorbird.store.contract import INCARNATION
from tailorbird.store.postgres.connections import Connection, connect
from tailorbird.store.postgres.errors import translated

T = TypeVar("T")

_SECONDS = 60.0
#: how long a fence is waited for, and how often it is looked at; group commits take milliseconds
_PATIENCE_S, _LOOK_S = 1.0, 0.02
_SEQUENCES = {
    "events": "events",
    "exposures": "exposures",
    "sightings": "exposure_days",
    "links": "person_links",
    "erasures": "erasures",
}

_encode = msgspec.json.Encoder().encode
_decode_lineage = msgspec.json.Decoder(Lineage).decode
_decode_exported = msgspec.json.Decoder(Exported).decode

_LAST = "(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {}_seq_seq)"
_GIVEN_OUT = f"SELECT {', '.join(_LAST.format(stored) for stored in _SEQUENCES.values())}"
_NEXT_ID = "SELECT pg_current_xact_id()::text::bigint"
_OLDEST_ID = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
# at the end of a transaction what it wrote is seen first, then its lock goes; a prepared one has no process
_OLDER_HERE = (
    "SELECT EXISTS (SELECT 1 FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted"
    " AND (a.datid IS NULL OR a.datid = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    " AND age(l.transactionid) > age(($1::bigint & 4294967295)::text::xid))"
)
_SET_META = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


def _columns(table: FactTable) -> str:
    return ", ".join(FACT_COLUMNS[table])


class PostgresFacts:
    """The facts in one database, over a connection that is opened when it is needed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._runner: asyncio.Runner | None = None
        self._connection: Connection | None = None
        self._settled = Numbers()
        #: numbers that will be settled, once the id beside them is below all that are in use
        self._fence: tuple[Numbers, int] | None = None

    def close(self) -> None:
        """Disconnect."""
        connection, self._connection = self._connection, None
        runner, self._runner = self._runner, None
        if connection is not None:
            connection.terminate()
        if runner is not None:
            runner.run(asyncio.sleep(0))
            runner.close()

    def lineage(self) -> Lineage:
        """The incarnations of the database, oldest first."""
        return self._run(lineage)

    def exported(self) -> Exported | None:
        """What the database knows of its lake."""
        told = self._run(_meta, EXPORTED)
        return _decode_exported(told) if told else None

    def note_exported(self, exported: Exported) -> None:
        """Make the database know it, durably."""
        self._run(set_meta, EXPORTED, _encode(exported).decode())

    def settled(self) -> Numbers:
        """Numbers up to which every transaction has ended; waits a second for those that run, no longer."""
        return self._run(self._settle)

    def batch(self, table: FactTable, after: int, upto: int, limit: int) -> list[Sequence[Any]]:
        """Rows of all projects by number."""
        return self._run(_batch, table, after, upto, limit)

    def tail(self, project: str, after: Numbers, limit: int) -> Tail:
        """A project's facts above some numbers, as of one moment."""
        settled = self._run(self._settle, 0.0)  # a question does not wait for others
        return self._run(_tail, project, after, limit, settled.links)

    def erased(self, after: int, upto: int, limit: int) -> list[Erased]:
        """Erasures by number."""
        return self._run(_erased, after, upto, limit)

    def waiting(self, after: Numbers) -> int:
        """When the oldest event above a number was received."""
        return self._run(_waiting, after.events)

    async def _settle(self, connection: Connection, patience: float = _PATIENCE_S) -> Numbers:
        given = await given_out(connection)
        if given == self._settled:
            return given
        if self._fence is None:
            self._fence = given, await connection.fetchval(_NEXT_ID)
        if await _is_past(connection, self._fence[1], patience):
            self._settled, self._fence = self._fence[0], None
            if given != self._settled:  # the fence was an old one: as much as can be had
                self._fence = given, await connection.fetchval(_NEXT_ID)
                if await _is_past(connection, self._fence[1], patience):
                    self._settled, self._fence = given, None
        return self._settled

    def _run(self, work: Callable[..., Awaitable[T]], *args: Any) -> T:
        held = self._connection is not None
        try:
            return self._once(work, *args)
        except Unavailable:
            if not held:
                raise
            return self._once(work, *args)  # it was cut since it was used last: a new one may work

    def _once(self, work: Callable[..., Awaitable[T]], *args: Any) -> T:
        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            return self._runner.run(self._connected(work, *args))
        except BaseException as error:
            self.close()
            ours = translated(error)
            if ours is error:
                raise
            raise ours from error

    async def _connected(self, work: Callable[..., Awaitable[T]], *args: Any) -> T:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url, seconds=_SECONDS)
        return await work(self._connection, *args)


def open_facts(url: str) -> Callable[[], PostgresFacts]:
    """Opens the facts in the database at ``url``, once for each thread that asks."""
    return partial(PostgresFacts, url)


async def _is_past(connection: Connection, transaction: int, patience: float) -> bool:
    """Whether everybody here with a smaller transaction id has ended, at once or after a short wait."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while await connection.fetchval(_OLDEST_ID) < transaction and await connection.fetchval(_OLDER_HERE, transaction):
        if loop.time() > until:
            return False
        await asyncio.sleep(_LOOK_S)
    return True


async def _meta(connection: Connection, name: str) -> str:
    return await connection.fetchval("SELECT value FROM meta WHERE name = $1", name) or ""


async def set_meta(connection: Connection, name: str, value: str) -> None:
    """Write a word about the database."""
    await connection.execute(_SET_META, name, value)


async def lineage(connection: Connection) -> Lineage:
    """The incarnations so far; a database that was never restored has one."""
    told = await _meta(connection, LINEAGE)
    return _decode_lineage(told) if told else (Incarnation(name=await _meta(connection, INCARNATION)),)


async def begin_incarnation(connection: Connection, name: str) -> None:
    """From here on the database goes another way than the one that it is a copy of.

    The ways are the same up to what it knows to be in the lake, which was settled. Above that a copy may lack rows of
    transactions that ended after it was begun, with numbers below those of rows that it has; what it has of them comes
    into the lake once more. Who held a lease is gone.
    """
    before = await lineage(connection)
    told = await _meta(connection, EXPORTED)
    since = _decode_exported(told).numbers if told else Numbers()
    await connection.execute("DELETE FROM leases")
    await set_meta(connection, LINEAGE, _encode((*before, Incarnation(name=name, since=since))).decode())
    await set_meta(connection, INCARNATION, name)


async def given_out(connection: Connection) -> Numbers:
    """The newest number of each sequence, committed or not."""
    row = await connection.fetchrow(_GIVEN_OUT)
    return Numbers(**dict(zip(_SEQUENCES, row, strict=True)))


async def _batch(connection: Connection, table: FactTable, after: int, upto: int, limit: int) -> list[Sequence[Any]]:
    rows: list[Sequence[Any]] = await connection.fetch(
        f"SELECT {_columns(table)} FROM {_SEQUENCES[table]}"  # noqa: S608 - constants
        " WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
        after,
        upto,
        limit,
    )
    return rows


async def _tail(connection: Connection, project: str, after: Numbers, limit: int, links_settled: int) -> Tail:
    rows: dict[FactTable, list[Sequence[Any]]] = {}
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        told = await lineage(connection)
        for table in FACT_TABLES:
            rows[table] = await connection.fetch(
                f"SELECT {_columns(table)} FROM {_SEQUENCES[table]}"  # noqa: S608 - constants
                " WHERE project = $1 AND seq > $2 ORDER BY seq LIMIT $3",
                project,
                after.of(table),
                limit + 1,
            )
            if len(rows[table]) > limit:
                raise TooLarge(f"More than {limit:,} {table} are not in the lake yet.")
        links = await connection.fetch(
            "SELECT seq, person, target FROM person_links WHERE seq > $1 AND project = $2 ORDER BY seq",
            after.links,
            project,
        )
    return Tail(lineage=told, rows=rows, links=[tuple(link) for link in links], links_settled=links_settled)


async def _erased(connection: Connection, after: int, upto: int, limit: int) -> list[Erased]:
    rows = await connection.fetch(
        "SELECT seq, project, person, finished FROM erasures WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
        after,
        upto,
        limit,
    )
    return [Erased(row[0], row[1], row[2], bool(row[3])) for row in rows]


async def _waiting(connection: Connection, after: int) -> int:
    return await connection.fetchval("SELECT received_at FROM events WHERE seq > $1 ORDER BY seq LIMIT 1", after) or 0
