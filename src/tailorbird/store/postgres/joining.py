"""Memberships, invitations, and how often somebody tried."""

from __future__ import annotations

from tailorbird.domain.accounts import Account, Invitation, Member, Role, covers
from tailorbird.store.accounts import INVITATION_COLUMNS, KEPT_MS, invitation_of, invitation_values, member_of
from tailorbird.store.postgres import accounts
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.writes import written


async def roles(connection: Connection, account_id: str) -> dict[str, Role]:
    """Project → role of an account."""
    rows = await connection.fetch("SELECT project, role FROM memberships WHERE account = $1", account_id)
    return {row[0]: row[1] for row in rows}


async def members(connection: Connection, project: str) -> list[Member]:
    """The members of a project, by e-mail."""
    rows = await connection.fetch(
        "SELECT m.project, a.id, a.email, a.name, m.role, m.at FROM memberships m JOIN accounts a ON a.id = m.account"
        " WHERE m.project = $1 ORDER BY a.email",
        project,
    )
    return [member_of(row) for row in rows]


async def put_member(connection: Connection, project: str, account_id: str, role: Role, at: int) -> None:
    """Add a member, or change the role."""
    await accounts.read(connection, account_id)
    await connection.execute(
        "INSERT INTO memberships (account, project, role, at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (account, project) DO UPDATE SET role = excluded.role",
        account_id,
        project,
        role,
        at,
    )


async def remove_member(connection: Connection, project: str, account_id: str) -> bool:
    """Remove a member; whether there was one."""
    return bool(
        written(
            await connection.execute("DELETE FROM memberships WHERE account = $1 AND project = $2", account_id, project)
        )
    )


async def add_invitation(connection: Connection, invitation: Invitation) -> None:
    """Insert an invitation."""
    marks = ", ".join(f"${number}" for number in range(1, 12))
    await connection.execute(
        f"INSERT INTO invitations ({INVITATION_COLUMNS}) VALUES ({marks})",  # noqa: S608 - constants
        *invitation_values(invitation),
    )


async def invitation(connection: Connection, digest: bytes) -> Invitation | None:
    """One invitation by the digest of its token."""
    row = await connection.fetchrow(f"SELECT {INVITATION_COLUMNS} FROM invitations WHERE digest = $1", digest)  # noqa: S608
    return None if row is None else invitation_of(row)


async def invitations(connection: Connection, project: str) -> list[Invitation]:
    """The invitations into a project, the newest first."""
    rows = await connection.fetch(
        f"SELECT {INVITATION_COLUMNS} FROM invitations WHERE project = $1 AND kind = 'join'"  # noqa: S608 - constants
        " ORDER BY created_at DESC, id",
        project,
    )
    return [invitation_of(row) for row in rows]


async def end_invitation(connection: Connection, project: str, invitation_id: str) -> bool:
    """Remove an invitation; whether there was one."""
    return bool(
        written(
            await connection.execute("DELETE FROM invitations WHERE project = $1 AND id = $2", project, invitation_id)
        )
    )


async def _use(connection: Connection, digest: bytes, now: int, kind: str) -> Invitation | None:
    row = await connection.fetchrow(
        "UPDATE invitations SET used_at = $1 WHERE digest = $2 AND kind = $3 AND used_at = 0 AND expires_at > $1"  # noqa: S608 - constants
        f" RETURNING {INVITATION_COLUMNS}",
        now,
        digest,
        kind,
    )
    return None if row is None else invitation_of(row)


async def join(
    connection: Connection, digest: bytes, now: int, account_id: str, new: Account | None
) -> Invitation | None:
    """Use an invitation: the account, where it is new, and the membership."""
    used = await _use(connection, digest, now, "join")
    if used is None:
        return None
    if new is not None:
        await accounts.create(connection, new)
    if not covers((await roles(connection, account_id)).get(used.project), used.role):
        await put_member(connection, used.project, account_id, used.role, now)
    return used


async def choose_password(connection: Connection, digest: bytes, now: int, password: str) -> Account | None:
    """Use a link to a new password; every session of the account ends."""
    used = await _use(connection, digest, now, "password")
    if used is None:
        return None
    await connection.execute("UPDATE accounts SET password = $2 WHERE id = $1", used.account, password)
    await accounts.end_sessions(connection, used.account, "")
    return await accounts.read(connection, used.account)


async def attempt(connection: Connection, name: bytes, now: int, every_ms: int, burst: int) -> int:
    """Count one attempt: 0 when it is allowed, else the milliseconds until one is."""
    slack = (burst - 1) * every_ms
    taken = await connection.fetchval(
        "INSERT INTO attempts AS a (name, until) VALUES ($1, $2::bigint + $3::bigint) ON CONFLICT (name) DO UPDATE"
        " SET until = greatest(a.until, $2) + $3 WHERE a.until <= $2 + $4::bigint RETURNING until",
        name,
        now,
        every_ms,
        slack,
    )
    if taken is not None:
        return 0
    until = await connection.fetchval("SELECT until FROM attempts WHERE name = $1", name)
    return max(1, int(until or 0) - slack - now)


async def forget_attempts(connection: Connection, name: bytes) -> None:
    """Let a name begin anew."""
    await connection.execute("DELETE FROM attempts WHERE name = $1", name)


async def end_ways_in(connection: Connection) -> None:
    """End every session, link and setup code."""
    for table in ("sessions", "invitations", "setup_codes"):
        await connection.execute(f"DELETE FROM {table}")  # noqa: S608 - constants


async def prune(connection: Connection, now: int) -> None:
    """Remove what ended long ago."""
    await connection.execute("DELETE FROM sessions WHERE expires_at <= $1", now)
    await connection.execute("DELETE FROM attempts WHERE until <= $1", now)
    await connection.execute("DELETE FROM invitations WHERE expires_at <= $1", now - KEPT_MS)
