"""Projects, API keys and signing keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from tailorbird.domain.access import ApiKey, Project, SigningKey
from tailorbird.domain.errors import Conflict, NotFound
from tailorbird.store.rows import (
    KEY_COLUMNS,
    PROJECT_COLUMNS,
    SIGNING_KEY_COLUMNS,
    key_of,
    key_values,
    project_of,
    signing_key_of,
)
from tailorbird.store.sqlite.connection import Connection

#: live secret keys that one client may hold: the old and the new one while it changes over
KEYS_PER_CLIENT = 2


def bump(connection: Connection, project: str) -> int:
    """Raise the project's version, by which every process sees that something changed. ``NotFound`` without it."""
    row = connection.execute(
        "UPDATE projects SET version = version + 1 WHERE id = ? RETURNING version", (project,)
    ).fetchone()
    if row is None:
        raise NotFound("There is no such project.")
    return int(row[0])


def create_project(connection: Connection, project: Project, signing_key: SigningKey) -> None:
    """Insert a project with the key that signs its tokens."""
    taken = connection.execute(
        "SELECT 1 FROM projects WHERE id IN (?, ?) OR key IN (?, ?)", (project.id, project.key, project.id, project.key)
    ).fetchone()
    if taken:
        raise Conflict(f"There is already a project with the key {project.key!r}.")
    connection.execute(
        "INSERT INTO projects (id, key, name, created_at, version, items_version) VALUES (?, ?, ?, ?, ?, ?)",
        (project.id, project.key, project.name, project.created_at, project.version, project.items_version),
    )
    _insert_signing_key(connection, signing_key)


def projects(connection: Connection) -> list[Project]:
    """All projects, oldest first."""
    rows = connection.execute(
        f"SELECT {PROJECT_COLUMNS} FROM projects ORDER BY created_at, id"  # noqa: S608 - constants
    )
    return [project_of(row) for row in rows.fetchall()]


def rename_project(connection: Connection, project: str, name: str) -> None:
    """Call a project something else; its key stays."""
    bump(connection, project)
    connection.execute("UPDATE projects SET name = ? WHERE id = ?", (name, project))


def add_key(connection: Connection, key: ApiKey) -> None:
    """Insert an API key; a client's third live secret is refused."""
    bump(connection, key.project)
    if key.kind == "secret":
        (live,) = connection.execute(
            "SELECT count(*) FROM api_keys WHERE project = ?1 AND client = ?2 AND kind = 'secret'"
            " AND revoked_at = 0 AND (expires_at = 0 OR expires_at > ?3)",
            (key.project, key.client, key.created_at),
        ).fetchone()
        if live >= KEYS_PER_CLIENT:
            raise Conflict(f"The client {key.client!r} already holds {live} live keys; revoke one first.")
    try:
        connection.execute(
            f"INSERT INTO api_keys ({KEY_COLUMNS}) VALUES ({', '.join('?' * 12)})",  # noqa: S608 - constants
            key_values(key),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict("There is already a key with this id or secret.") from error


def keys(connection: Connection, project: str | None) -> list[ApiKey]:
    """The API keys of one project or of all, revoked ones too, oldest first."""
    rows = connection.execute(
        f"SELECT {KEY_COLUMNS} FROM api_keys WHERE ? IS NULL OR project = ? ORDER BY created_at, id",  # noqa: S608
        (project, project),
    )
    return [key_of(row) for row in rows.fetchall()]


def end_key(connection: Connection, project: str, key_id: str, at: int) -> None:
    """Let a key expire at ``at``; of two times the earlier holds."""
    _stop_key(connection, "expires_at", project, key_id, at)


def revoke_key(connection: Connection, project: str, key_id: str, at: int) -> None:
    """Stop a key for good; the first time is noted."""
    _stop_key(connection, "revoked_at", project, key_id, at)


def _stop_key(connection: Connection, column: str, project: str, key_id: str, at: int) -> None:
    row = connection.execute(
        f"UPDATE api_keys SET {column} = CASE {column} WHEN 0 THEN ?1 ELSE min({column}, ?1) END"  # noqa: S608
        " WHERE project = ?2 AND id = ?3 RETURNING id",
        (at, project, key_id),
    ).fetchone()
    if row is None:
        raise NotFound("There is no such key in this project.")
    bump(connection, project)


def touch_keys(connection: Connection, used: Mapping[str, int]) -> None:
    """Note when keys were last used; an earlier time never replaces a later one."""
    connection.executemany(
        "UPDATE api_keys SET last_used_at = max(last_used_at, ?) WHERE id = ?",
        [(at, key_id) for key_id, at in used.items()],
    )


def signing_keys(connection: Connection, project: str | None) -> list[SigningKey]:
    """The signing keys of one project or of all, retired ones too, oldest first."""
    rows = connection.execute(
        f"SELECT {SIGNING_KEY_COLUMNS} FROM signing_keys WHERE ? IS NULL OR project = ?"  # noqa: S608 - constants
        " ORDER BY created_at, id",
        (project, project),
    )
    return [signing_key_of(row) for row in rows.fetchall()]


def add_signing_key(connection: Connection, key: SigningKey) -> None:
    """Insert a signing key."""
    bump(connection, key.project)
    _insert_signing_key(connection, key)


def _insert_signing_key(connection: Connection, key: SigningKey) -> None:
    try:
        connection.execute(
            "INSERT INTO signing_keys (id, project, secret, created_at, retired_at) VALUES (?, ?, ?, ?, ?)",
            (key.id, key.project, key.secret, key.created_at, key.retired_at),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict("There is already a signing key with this id.") from error


def retire_signing_key(connection: Connection, project: str, key_id: str, at: int) -> None:
    """End a signing key; one that was retired before keeps its time."""
    row = connection.execute(
        "UPDATE signing_keys SET retired_at = CASE retired_at WHEN 0 THEN ? ELSE retired_at END"
        " WHERE project = ? AND id = ? RETURNING id",
        (at, project, key_id),
    ).fetchone()
    if row is None:
        raise NotFound("There is no such signing key in this project.")
    bump(connection, project)
