"""Definitions: every version kept, the newest in force, optimistic locking."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird.domain.definitions import Definition, Kind
from tailorbird.domain.errors import Conflict, NotFound
from tailorbird.store.postgres.access import bump
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.rows import DEFINITION_COLUMNS, definition_of, definition_values

_NEWEST = (
    f"SELECT {DEFINITION_COLUMNS} FROM definitions d JOIN definition_versions v"  # noqa: S608 - constants
    " ON v.project = d.project AND v.kind = d.kind AND v.id = d.id AND v.version = d.version"
)


async def definitions(connection: Connection, project: str, kind: Kind | None, deleted: bool) -> list[Definition]:
    """The newest version of each, in the order of creation."""
    rows = await connection.fetch(
        f"{_NEWEST} WHERE d.project = $1 AND ($2::text IS NULL OR d.kind = $2) AND d.deleted <= $3 ORDER BY d.seq",
        project,
        kind,
        int(deleted),
    )
    return [definition_of(row) for row in rows]


async def definition(connection: Connection, project: str, kind: Kind, ref: str, version: int) -> Definition:
    """One definition by id, else by key. Of several deleted ones that bore the key the newest is meant."""
    head = await connection.fetchrow(
        "SELECT id, version, deleted FROM definitions WHERE project = $1 AND kind = $2 AND (id = $3 OR key = $3)"
        " ORDER BY deleted, id = $3 DESC, seq DESC LIMIT 1",
        project,
        kind,
        ref,
    )
    row = None
    if head is not None and (version or not head[2]):
        row = await connection.fetchrow(
            f"SELECT {DEFINITION_COLUMNS} FROM definition_versions v"  # noqa: S608 - constants
            " WHERE v.project = $1 AND v.kind = $2 AND v.id = $3 AND v.version = $4",
            project,
            kind,
            head[0],
            version or head[1],
        )
    if row is None:
        raise NotFound(f"There is no {kind} {ref!r}" + (f" with version {version}." if version else "."))
    return definition_of(row)


async def versions(connection: Connection, project: str, kind: Kind, definition_id: str) -> list[Definition]:
    """All versions, newest first."""
    rows = await connection.fetch(
        f"SELECT {DEFINITION_COLUMNS} FROM definition_versions v"  # noqa: S608 - constants
        " WHERE v.project = $1 AND v.kind = $2 AND v.id = $3 ORDER BY v.version DESC",
        project,
        kind,
        definition_id,
    )
    return [definition_of(row) for row in rows]


async def creators(connection: Connection, project: str, kind: Kind) -> dict[str, tuple[str, int]]:
    """Id → who wrote the first version of each, and when."""
    rows = await connection.fetch(
        "SELECT id, author, at FROM definition_versions WHERE project = $1 AND kind = $2 AND version = 1", project, kind
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def write_definitions(connection: Connection, writes: Sequence[tuple[Definition, int]]) -> None:
    """Append versions; all or none. Whoever bumps a project writes its definitions alone."""
    for project in sorted({new.project for new, _ in writes}):
        await bump(connection, project)
    for new, expected in writes:
        await _check_version(connection, new, expected)
        await _check_key(connection, new)
        await connection.execute(
            "INSERT INTO definitions (project, kind, id, key, version, deleted) VALUES ($1, $2, $3, $4, $5, $6)"
            " ON CONFLICT (project, kind, id)"
            " DO UPDATE SET key = excluded.key, version = excluded.version, deleted = excluded.deleted",
            new.project,
            new.kind,
            new.id,
            new.key,
            new.version,
            int(new.deleted),
        )
        await connection.execute(
            "INSERT INTO definition_versions (project, kind, id, version, key, body, author, at, deleted, action)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            *definition_values(new),
        )


async def _check_version(connection: Connection, new: Definition, expected: int) -> None:
    row = await connection.fetchrow(
        f"{_NEWEST} WHERE d.project = $1 AND d.kind = $2 AND d.id = $3", new.project, new.kind, new.id
    )
    current = None if row is None else definition_of(row)
    found = current.version if current else 0
    if found != expected:
        raise Conflict(
            f"This {new.kind} was made from version {expected}, but version {found} is in force.",
            expected=expected,
            current=current,
        )
    if new.version <= expected:
        raise ValueError(f"version {new.version} does not follow version {expected}")


async def _check_key(connection: Connection, new: Definition) -> None:
    if new.deleted:
        return
    row = await connection.fetchrow(
        f"{_NEWEST} WHERE d.project = $1 AND d.kind = $2 AND d.key = $3 AND d.deleted = 0 AND d.id <> $4",
        new.project,
        new.kind,
        new.key,
        new.id,
    )
    if row is not None:
        raise Conflict(
            f"The key {new.key!r} belongs to another {new.kind}.",
            expected=new.version - 1,
            current=definition_of(row),
        )


async def audit(
    connection: Connection, project: str, limit: int, before: int, kind: str
) -> list[tuple[int, Definition]]:
    """Every write, newest first, with its sequence number."""
    rows = await connection.fetch(
        f"SELECT {DEFINITION_COLUMNS}, v.seq FROM definition_versions v WHERE v.project = $1 AND v.seq < $2"  # noqa: S608
        " AND ($4 = '' OR v.kind = $4) ORDER BY v.seq DESC LIMIT $3",
        project,
        before or 1 << 62,
        limit,
        kind,
    )
    return [(row[10], definition_of(row)) for row in rows]
