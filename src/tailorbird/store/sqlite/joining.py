"""Memberships, invitations, and how often somebody tried."""

from __future__ import annotations

from tailorbird.domain.accounts import Account, Invitation, Member, Role, covers
from tailorbird.store.accounts import INVITATION_COLUMNS, KEPT_MS, invitation_of, invitation_values, member_of
from tailorbird.store.sqlite import accounts
from tailorbird.store.sqlite.connection import Connection, changed


def roles(connection: Connection, account_id: str) -> dict[str, Role]:
    """Project → role of an account."""
    rows = connection.execute("SELECT project, role FROM memberships WHERE account = ?", (account_id,))
    return dict(rows.fetchall())


def members(connection: Connection, project: str) -> list[Member]:
    """The members of a project, by e-mail."""
    rows = connection.execute(
        "SELECT m.project, a.id, a.email, a.name, m.role, m.at FROM memberships m JOIN accounts a ON a.id = m.account"
        " WHERE m.project = ? ORDER BY a.email",
        (project,),
    )
    return [member_of(row) for row in rows.fetchall()]


def put_member(connection: Connection, project: str, account_id: str, role: Role, at: int) -> None:
    """Add a member, or change the role."""
    accounts.read(connection, account_id)
    connection.execute(
        "INSERT INTO memberships (account, project, role, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account, project) DO UPDATE SET role = excluded.role",
        (account_id, project, role, at),
    )


def remove_member(connection: Connection, project: str, account_id: str) -> bool:
    """Remove a member; whether there was one."""
    connection.execute("DELETE FROM memberships WHERE account = ? AND project = ?", (account_id, project))
    return changed(connection) > 0


def add_invitation(connection: Connection, invitation: Invitation) -> None:
    """Insert an invitation."""
    connection.execute(
        f"INSERT INTO invitations ({INVITATION_COLUMNS}) VALUES ({', '.join('?' * 11)})",  # noqa: S608 - constants
        invitation_values(invitation),
    )


def invitation(connection: Connection, digest: bytes) -> Invitation | None:
    """One invitation by the digest of its token."""
    row = connection.execute(f"SELECT {INVITATION_COLUMNS} FROM invitations WHERE digest = ?", (digest,)).fetchone()  # noqa: S608
    return None if row is None else invitation_of(row)


def invitations(connection: Connection, project: str) -> list[Invitation]:
    """The invitations into a project, the newest first."""
    rows = connection.execute(
        f"SELECT {INVITATION_COLUMNS} FROM invitations WHERE project = ? AND kind = 'join'"  # noqa: S608 - constants
        " ORDER BY created_at DESC, id",
        (project,),
    )
    return [invitation_of(row) for row in rows.fetchall()]


def end_invitation(connection: Connection, project: str, invitation_id: str) -> bool:
    """Remove an invitation; whether there was one."""
    connection.execute("DELETE FROM invitations WHERE project = ? AND id = ?", (project, invitation_id))
    return changed(connection) > 0


def _use(connection: Connection, digest: bytes, now: int, kind: str) -> Invitation | None:
    row = connection.execute(
        "UPDATE invitations SET used_at = ? WHERE digest = ? AND kind = ? AND used_at = 0 AND expires_at > ?"  # noqa: S608 - constants
        f" RETURNING {INVITATION_COLUMNS}",
        (now, digest, kind, now),
    ).fetchone()
    return None if row is None else invitation_of(row)


def join(connection: Connection, digest: bytes, now: int, account_id: str, new: Account | None) -> Invitation | None:
    """Use an invitation: the account, where it is new, and the membership."""
    used = _use(connection, digest, now, "join")
    if used is None:
        return None
    if new is not None:
        accounts.create(connection, new)
    if not covers(roles(connection, account_id).get(used.project), used.role):
        put_member(connection, used.project, account_id, used.role, now)
    return used


def choose_password(connection: Connection, digest: bytes, now: int, password: str) -> Account | None:
    """Use a link to a new password; every session of the account ends."""
    used = _use(connection, digest, now, "password")
    if used is None:
        return None
    connection.execute("UPDATE accounts SET password = ? WHERE id = ?", (password, used.account))
    accounts.end_sessions(connection, used.account, "")
    return accounts.read(connection, used.account)


def attempt(connection: Connection, name: bytes, now: int, every_ms: int, burst: int) -> int:
    """Count one attempt: 0 when it is allowed, else the milliseconds until one is."""
    slack = (burst - 1) * every_ms
    taken = connection.execute(
        "INSERT INTO attempts (name, until) VALUES (?1, ?2 + ?3) ON CONFLICT (name) DO UPDATE"
        " SET until = max(until, ?2) + ?3 WHERE until <= ?2 + ?4 RETURNING until",
        (name, now, every_ms, slack),
    ).fetchone()
    if taken is not None:
        return 0
    (until,) = connection.execute("SELECT until FROM attempts WHERE name = ?", (name,)).fetchone()
    return int(until) - slack - now


def forget_attempts(connection: Connection, name: bytes) -> None:
    """Let a name begin anew."""
    connection.execute("DELETE FROM attempts WHERE name = ?", (name,))


def end_ways_in(connection: Connection) -> None:
    """End every session, link and setup code."""
    for table in ("sessions", "invitations", "setup_codes"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - constants


def prune(connection: Connection, now: int) -> None:
    """Remove what ended long ago."""
    connection.execute("DELETE FROM sessions WHERE expires_at <= ?", (now,))
    connection.execute("DELETE FROM attempts WHERE until <= ?", (now,))
    connection.execute("DELETE FROM invitations WHERE expires_at <= ?", (now - KEPT_MS,))
