"""Definitions: every version kept, the newest in force, optimistic locking."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird.domain.definitions import Definition, Kind
from tailorbird.domain.errors import Conflict, NotFound
from tailorbird.store.rows import DEFINITION_COLUMNS, definition_of, definition_values
from tailorbird.store.sqlite.access import bump
from tailorbird.store.sqlite.connection import Connection

_NEWEST = (
    f"SELECT {DEFINITION_COLUMNS} FROM definitions d JOIN definition_versions v"  # noqa: S608 - constants
    " ON v.project = d.project AND v.kind = d.kind AND v.id = d.id AND v.version = d.version"
)


def definitions(connection: Connection, project: str, kind: Kind | None, deleted: bool) -> list[Definition]:
    """The newest version of each, in the order of creation."""
    rows = connection.execute(
        f"{_NEWEST} WHERE d.project = ? AND (? IS NULL OR d.kind = ?) AND d.deleted <= ? ORDER BY d.seq",
        (project, kind, kind, int(deleted)),
    )
    return [definition_of(row) for row in rows.fetchall()]


def definition(connection: Connection, project: str, kind: Kind, ref: str, version: int) -> Definition:
    """One definition by id, else by key. Of several deleted ones that bore the key the newest is meant."""
    head = connection.execute(
        "SELECT id, version, deleted FROM definitions WHERE project = ? AND kind = ? AND (id = ? OR key = ?)"
        " ORDER BY deleted, id = ? DESC, seq DESC LIMIT 1",
        (project, kind, ref, ref, ref),
    ).fetchone()
    row = None
    if head is not None and (version or not head[2]):
        row = connection.execute(
            f"SELECT {DEFINITION_COLUMNS} FROM definition_versions v"  # noqa: S608 - constants
            " WHERE v.project = ? AND v.kind = ? AND v.id = ? AND v.version = ?",
            (project, kind, head[0], version or head[1]),
        ).fetchone()
    if row is None:
        raise NotFound(f"There is no {kind} {ref!r}" + (f" with version {version}." if version else "."))
    return definition_of(row)


def versions(connection: Connection, project: str, kind: Kind, definition_id: str) -> list[Definition]:
    """All versions, newest first."""
    rows = connection.execute(
        f"SELECT {DEFINITION_COLUMNS} FROM definition_versions v WHERE v.project = ? AND v.kind = ? AND v.id = ?"  # noqa: S608
        " ORDER BY v.version DESC",
        (project, kind, definition_id),
    )
    return [definition_of(row) for row in rows.fetchall()]


def creators(connection: Connection, project: str, kind: Kind) -> dict[str, tuple[str, int]]:
    """Id → who wrote the first version of each, and when."""
    rows = connection.execute(
        "SELECT id, author, at FROM definition_versions WHERE project = ? AND kind = ? AND version = 1", (project, kind)
    )
    return {row[0]: (row[1], row[2]) for row in rows.fetchall()}


def write_definitions(connection: Connection, writes: Sequence[tuple[Definition, int]]) -> None:
    """Append versions; all or none."""
    for project in sorted({new.project for new, _ in writes}):
        bump(connection, project)
    for new, expected in writes:
        _check_version(connection, new, expected)
        _check_key(connection, new)
        connection.execute(
            "INSERT INTO definitions (project, kind, id, key, version, deleted) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (project, kind, id)"
            " DO UPDATE SET key = excluded.key, version = excluded.version, deleted = excluded.deleted",
            (new.project, new.kind, new.id, new.key, new.version, int(new.deleted)),
        )
        connection.execute(
            "INSERT INTO definition_versions (project, kind, id, version, key, body, author, at, deleted, action)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            definition_values(new),
        )


def _check_version(connection: Connection, new: Definition, expected: int) -> None:
    row = connection.execute(
        f"{_NEWEST} WHERE d.project = ? AND d.kind = ? AND d.id = ?", (new.project, new.kind, new.id)
    ).fetchone()
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


def _check_key(connection: Connection, new: Definition) -> None:
    if new.deleted:
        return
    row = connection.execute(
        f"{_NEWEST} WHERE d.project = ? AND d.kind = ? AND d.key = ? AND d.deleted = 0 AND d.id <> ?",
        (new.project, new.kind, new.key, new.id),
    ).fetchone()
    if row is not None:
        raise Conflict(
            f"The key {new.key!r} belongs to another {new.kind}.", expected=new.version - 1, current=definition_of(row)
        )


def audit(connection: Connection, project: str, limit: int, before: int, kind: str) -> list[tuple[int, Definition]]:
    """Every write, newest first, with its sequence number."""
    rows = connection.execute(
        f"SELECT {DEFINITION_COLUMNS}, v.seq FROM definition_versions v WHERE v.project = ? AND v.seq < ?"  # noqa: S608
        " AND (? = '' OR v.kind = ?) ORDER BY v.seq DESC LIMIT ?",
        (project, before or 1 << 62, kind, kind, limit),
    )
    return [(row[10], definition_of(row)) for row in rows.fetchall()]
