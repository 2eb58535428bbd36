"""Drafts that are not published."""

from __future__ import annotations

from msgspec.structs import replace

from tailorbird.domain.definitions import Kind
from tailorbird.domain.unpublished import Unpublished
from tailorbird.store.drafts import DRAFT_COLUMNS, check_revision, draft_of, draft_values
from tailorbird.store.sqlite.connection import Connection, changed
from tailorbird.store.sqlite.database import Database


class SqliteDrafts:
    """``DraftStore`` on one SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, project: str, kind: Kind, definition_id: str) -> Unpublished | None:
        return self._database.read(_read, project, kind, definition_id)

    async def all(self, project: str, kind: Kind) -> list[Unpublished]:
        return await self._database.scan(_all, project, kind)

    async def write(self, draft: Unpublished, expected: int | None) -> Unpublished:
        return await self._database.write(_write, draft, expected)

    async def remove(self, project: str, kind: Kind, definition_id: str, expected: int | None) -> bool:
        return await self._database.write(_remove, project, kind, definition_id, expected)


def _read(connection: Connection, project: str, kind: Kind, definition_id: str) -> Unpublished | None:
    row = connection.execute(
        f"SELECT {DRAFT_COLUMNS} FROM unpublished WHERE project = ? AND kind = ? AND id = ?",  # noqa: S608 - constants
        (project, kind, definition_id),
    ).fetchone()
    return None if row is None else draft_of(row)


def _all(connection: Connection, project: str, kind: Kind) -> list[Unpublished]:
    rows = connection.execute(
        f"SELECT {DRAFT_COLUMNS} FROM unpublished WHERE project = ? AND kind = ? ORDER BY id",  # noqa: S608 - constants
        (project, kind),
    )
    return [draft_of(row) for row in rows.fetchall()]


def _write(connection: Connection, draft: Unpublished, expected: int | None) -> Unpublished:
    held = _read(connection, draft.project, draft.kind, draft.id)
    check_revision(held, expected)
    fresh = replace(draft, revision=held.revision + 1 if held is not None else 1)
    connection.execute(
        f"INSERT INTO unpublished ({DRAFT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants
        " ON CONFLICT (project, kind, id) DO UPDATE SET body = excluded.body, base = excluded.base,"
        " revision = excluded.revision, author = excluded.author, at = excluded.at",
        draft_values(fresh),
    )
    return fresh


def _remove(connection: Connection, project: str, kind: Kind, definition_id: str, expected: int | None) -> bool:
    held = _read(connection, project, kind, definition_id)
    if held is not None:
        check_revision(held, expected)
    connection.execute(
        "DELETE FROM unpublished WHERE project = ? AND kind = ? AND id = ?", (project, kind, definition_id)
    )
    return changed(connection) > 0
