"""Projects, API keys and signing keys."""

from __future__ import annotations

from collections.abc import Mapping

from asyncpg import UniqueViolationError

from tailorbird.domain.access import ApiKey, Project, SigningKey
from tailorbird.domain.errors import Conflict, NotFound
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.text import columns
from tailorbird.store.rows import (
    KEY_COLUMNS,
    PROJECT_COLUMNS,
    SIGNING_KEY_COLUMNS,
    key_of,
    key_values,
    project_of,
    signing_key_of,
)

#: live secret keys that one client may hold: the old and the new one while it changes over
KEYS_PER_CLIENT = 2
#: only one transaction at a time gives out the names of projects
_NAMING = 7_236_101


async def bump(connection: Connection, project: str) -> int:
    """Raise the project's version, by which every process sees that something changed. ``NotFound`` without it.

    From here to the end of the transaction, nobody else changes anything of the project: versions come in the order of
    their commits.
    """
    version = await connection.fetchval(
        "UPDATE projects SET version = version + 1 WHERE id = $1 RETURNING version", project
    )
    if version is None:
        raise NotFound("There is no such project.")
    return int(version)


async def create_project(connection: Connection, project: Project, signing_key: SigningKey) -> None:
    """Insert a project with the key that signs its tokens."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _NAMING)
    taken = await connection.fetchval(
        "SELECT 1 FROM projects WHERE id IN ($1, $2) OR key IN ($1, $2) LIMIT 1", project.id, project.key
    )
    if taken:
        raise Conflict(f"There is already a project with the key {project.key!r}.")
    await connection.execute(
        f"INSERT INTO projects ({PROJECT_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)",  # noqa: S608 - constants
        project.id,
        project.key,
        project.name,
        project.created_at,
        project.version,
        project.items_version,
    )
    await _insert_signing_key(connection, signing_key)


async def projects(connection: Connection) -> list[Project]:
    """All projects, oldest first."""
    rows = await connection.fetch(f"SELECT {PROJECT_COLUMNS} FROM projects ORDER BY created_at, id")  # noqa: S608
    return [project_of(row) for row in rows]


async def rename_project(connection: Connection, project: str, name: str) -> None:
    """Call a project something else; its key stays."""
    await bump(connection, project)
    await connection.execute("UPDATE projects SET name = $2 WHERE id = $1", project, name)


async def add_key(connection: Connection, key: ApiKey) -> None:
    """Insert an API key; a client's third live secret is refused."""
    await bump(connection, key.project)
    if key.kind == "secret":
        live = await connection.fetchval(
            "SELECT count(*) FROM api_keys WHERE project = $1 AND client = $2 AND kind = 'secret'"
            " AND revoked_at = 0 AND (expires_at = 0 OR expires_at > $3)",
            key.project,
            key.client,
            key.created_at,
        )
        if live >= KEYS_PER_CLIENT:
            raise Conflict(f"The client {key.client!r} already holds {live} live keys; revoke one first.")
    marks = ", ".join(f"${number}" for number in range(1, 13))
    try:
        await connection.execute(
            f"INSERT INTO api_keys ({KEY_COLUMNS}) VALUES ({marks})",  # noqa: S608 - constants
            *key_values(key),
        )
    except UniqueViolationError as error:
        raise Conflict("There is already a key with this id or secret.") from error


async def keys(connection: Connection, project: str | None) -> list[ApiKey]:
    """The API keys of one project or of all, revoked ones too, oldest first."""
    rows = await connection.fetch(
        f"SELECT {KEY_COLUMNS} FROM api_keys WHERE $1::text IS NULL OR project = $1 ORDER BY created_at, id",  # noqa: S608
        project,
    )
    return [key_of(row) for row in rows]


async def end_key(connection: Connection, project: str, key_id: str, at: int) -> None:
    """Let a key expire at ``at``; of two times the earlier holds."""
    await _stop_key(connection, "expires_at", project, key_id, at)


async def revoke_key(connection: Connection, project: str, key_id: str, at: int) -> None:
    """Stop a key for good; the first time is noted."""
    await _stop_key(connection, "revoked_at", project, key_id, at)


async def _stop_key(connection: Connection, column: str, project: str, key_id: str, at: int) -> None:
    await bump(connection, project)
    found = await connection.fetchval(
        f"UPDATE api_keys SET {column} = CASE {column} WHEN 0 THEN $3 ELSE least({column}, $3) END"  # noqa: S608
        " WHERE project = $1 AND id = $2 RETURNING id",
        project,
        key_id,
        at,
    )
    if found is None:
        raise NotFound("There is no such key in this project.")


async def touch_keys(connection: Connection, used: Mapping[str, int]) -> None:
    """Note when keys were last used; an earlier time never replaces a later one."""
    if not used:
        return
    # locked in the order of their ids first: every process writes the same keys once a minute
    await connection.execute(
        "WITH locked AS (SELECT k.id, u.at FROM unnest($1::text[], $2::bigint[]) AS u (id, at)"
        " JOIN api_keys k ON k.id = u.id ORDER BY k.id FOR NO KEY UPDATE OF k)"
        " UPDATE api_keys k SET last_used_at = greatest(k.last_used_at, l.at) FROM locked l WHERE k.id = l.id",
        *columns(sorted(used.items())),
    )


async def signing_keys(connection: Connection, project: str | None) -> list[SigningKey]:
    """The signing keys of one project or of all, retired ones too, oldest first."""
    rows = await connection.fetch(
        f"SELECT {SIGNING_KEY_COLUMNS} FROM signing_keys WHERE $1::text IS NULL OR project = $1"  # noqa: S608
        " ORDER BY created_at, id",
        project,
    )
    return [signing_key_of(row) for row in rows]


async def add_signing_key(connection: Connection, key: SigningKey) -> None:
    """Insert a signing key."""
    await bump(connection, key.project)
    await _insert_signing_key(connection, key)


async def _insert_signing_key(connection: Connection, key: SigningKey) -> None:
    try:
        await connection.execute(
            f"INSERT INTO signing_keys ({SIGNING_KEY_COLUMNS}) VALUES ($1, $2, $3, $4, $5)",  # noqa: S608 - constants
            key.id,
            key.project,
            key.secret,
            key.created_at,
            key.retired_at,
        )
    except UniqueViolationError as error:
        raise Conflict("There is already a signing key with this id.") from error


async def retire_signing_key(connection: Connection, project: str, key_id: str, at: int) -> None:
    """End a signing key; one that was retired before keeps its time."""
    await bump(connection, project)
    found = await connection.fetchval(
        "UPDATE signing_keys SET retired_at = CASE retired_at WHEN 0 THEN $3 ELSE retired_at END"
        " WHERE project = $1 AND id = $2 RETURNING id",
        project,
        key_id,
        at,
    )
    if found is None:
        raise NotFound("There is no such signing key in this project.")
