"""Drafts that are not published."""

from __future__ import annotations

from msgspec.structs import replace

from tailorbird.domain.definitions import Kind
from tailorbird.domain.unpublished import Unpublished
from tailorbird.store.drafts import DRAFT_COLUMNS, check_revision, draft_of, draft_values
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.database import Database
from tailorbird.store.postgres.transaction import transact
from tailorbird.store.postgres.writes import written


class PostgresDrafts:
    """``DraftStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, project: str, kind: Kind, definition_id: str) -> Unpublished | None:
        return await self._database.reads.read(_read, project, kind, definition_id)

    async def all(self, project: str, kind: Kind) -> list[Unpublished]:
        return await self._database.scans.read(_all, project, kind)

    async def write(self, draft: Unpublished, expected: int | None) -> Unpublished:
        return await self._database.desk.run(transact, _write, draft, expected)

    async def remove(self, project: str, kind: Kind, definition_id: str, expected: int | None) -> bool:
        return await self._database.desk.run(transact, _remove, project, kind, definition_id, expected)


async def _read(connection: Connection, project: str, kind: Kind, definition_id: str) -> Unpublished | None:
    row = await connection.fetchrow(
        f"SELECT {DRAFT_COLUMNS} FROM unpublished WHERE project = $1 AND kind = $2 AND id = $3",  # noqa: S608
        project,
        kind,
        definition_id,
    )
    return None if row is None else draft_of(row)


async def _held(connection: Connection, project: str, kind: Kind, definition_id: str) -> Unpublished | None:
    """The draft, which nobody else writes until the end of the transaction, even where there is none yet."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 7236111))", f"{project} {kind} {definition_id}"
    )
    return await _read(connection, project, kind, definition_id)


async def _all(connection: Connection, project: str, kind: Kind) -> list[Unpublished]:
    rows = await connection.fetch(
        f"SELECT {DRAFT_COLUMNS} FROM unpublished WHERE project = $1 AND kind = $2 ORDER BY id",  # noqa: S608
        project,
        kind,
    )
    return [draft_of(row) for row in rows]


async def _write(connection: Connection, draft: Unpublished, expected: int | None) -> Unpublished:
    held = await _held(connection, draft.project, draft.kind, draft.id)
    check_revision(held, expected)
    fresh = replace(draft, revision=held.revision + 1 if held is not None else 1)
    await connection.execute(
        f"INSERT INTO unpublished ({DRAFT_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"  # noqa: S608 - constants
        " ON CONFLICT (project, kind, id) DO UPDATE SET body = excluded.body, base = excluded.base,"
        " revision = excluded.revision, author = excluded.author, at = excluded.at",
        *draft_values(fresh),
    )
    return fresh


async def _remove(connection: Connection, project: str, kind: Kind, definition_id: str, expected: int | None) -> bool:
    held = await _held(connection, project, kind, definition_id)
    if held is not None:
        check_revision(held, expected)
    status = await connection.execute(
        "DELETE FROM unpublished WHERE project = $1 AND kind = $2 AND id = $3", project, kind, definition_id
    )
    return written(status) > 0
