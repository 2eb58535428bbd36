"""One database: held connections for reads, scans, writes and the group commit, and whether its schema is ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from tailorbird.domain.errors import Conflict
from tailorbird.store.migrate import HEAD, RUNS_WITH
from tailorbird.store.postgres.connections import LOOKUPS, Connection, Connections, connect
from tailorbird.store.postgres.errors import MIGRATE
from tailorbird.store.postgres.writer import COMMIT_SECONDS, SIDE_BY_SIDE, Writer
from tailorbird.store.revision import Revision

OLDEST_SERVER = 130_000
#: seconds that one statement gets
_READ_SECONDS, _SCAN_SECONDS, _WRITE_SECONDS = 2.0, 30.0, 30.0
_SCANS, _DESKS = 2, 2


class Database:
    """The connections of one process, by what they are for; at most ``readers`` + 6."""

    def __init__(self, url: str, *, readers: int) -> None:
        self.reads = Connections(partial(connect, url, seconds=_READ_SECONDS, settings=LOOKUPS), readers)
        self.scans = Connections(partial(connect, url, seconds=_SCAN_SECONDS), _SCANS)
        #: definitions, keys, lists, items, erasures: everything but the group commit
        self.desk = Connections(partial(_durable, url, seconds=_WRITE_SECONDS), _DESKS)
        self._committing = Connections(partial(_durable, url, seconds=COMMIT_SECONDS, settings=LOOKUPS), SIDE_BY_SIDE)
        self.writer = Writer(self._committing)

    async def open(self) -> None:
        """Connect, and refuse a database that this version cannot work with."""
        for one in self._all():
            one.start()
        try:
            await self.reads.read(check)
        except BaseException:
            await self.close()
            raise
        self.writer.start()

    async def close(self) -> None:
        """Write what is queued, then disconnect."""
        await self.writer.stop()
        for one in self._all():
            await one.close()

    def _all(self) -> tuple[Connections, ...]:
        return self.reads, self.scans, self.desk, self._committing


async def _durable(url: str, *, seconds: float, settings: dict[str, str] | None = None) -> Connection:
    """A connection whose commits are on the disk before they return, whatever the database's default is."""
    connection = await connect(url, seconds=seconds, settings=settings)
    if await connection.fetchval("SELECT current_setting('synchronous_commit')") == "off":
        await connection.execute("SET synchronous_commit = on")
    return connection


async def check(connection: Connection) -> Revision:
    """The schema, with which this code works; ``Conflict`` says what to do about any other."""
    if int(await connection.fetchval("SELECT current_setting('server_version_num')")) < OLDEST_SERVER:
        raise Conflict("Tailorbird needs PostgreSQL 13 or newer.")
    if await connection.fetchval("SELECT current_setting('server_encoding')") != "UTF8":
        raise Conflict("Tailorbird needs a database with the encoding UTF8.")
    found = await revision(connection)
    if not found.version:
        raise Conflict(f"The database has no Tailorbird schema. {MIGRATE}")
    if found.version < HEAD:
        raise Conflict(f"The database has an older schema ({found.version}; this Tailorbird needs {HEAD}). {MIGRATE}")
    if found.is_too_new:
        raise too_new(found)
    return found


def too_new(found: Revision) -> Conflict:
    """The refusal of a schema with which only newer code works."""
    return Conflict(
        f"The database was migrated by a newer Tailorbird ({found.why_too_new})."
        " Start the newer one; `tailorbird migrate` goes forward only."
    )


async def checked(url: str) -> None:
    """Look once whether a server can work with the database at ``url``: ``Conflict`` when not, ``Unavailable`` when it
    cannot be told now."""
    await _once(url, check)


async def revision_at(url: str) -> Revision:
    """The schema that the database at ``url`` has."""
    return await _once(url, revision)


async def _once(url: str, work: Callable[[Connection], Awaitable[Revision]]) -> Revision:
    connections = Connections(partial(connect, url, seconds=_READ_SECONDS), 1)
    connections.start()
    try:
        return await connections.run(work)
    finally:
        await connections.close()


async def revision(connection: Connection) -> Revision:
    """The schema that the database has; an empty one has none."""
    if not await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL"):
        return Revision(version="")
    version = await connection.fetchval("SELECT max(version_num) FROM alembic_version") or ""
    if not await connection.fetchval("SELECT to_regclass('meta') IS NOT NULL"):
        return Revision(version=version)
    mark = await connection.fetchval("SELECT value FROM meta WHERE name = $1", RUNS_WITH)
    return Revision(version=version, runs_with=mark or "")
