"""Accounts, the first of them, and sessions."""

from __future__ import annotations

from asyncpg import UniqueViolationError

from tailorbird.domain.accounts import Account, Change, Session, Visit
from tailorbird.domain.audit import AccountNote
from tailorbird.domain.errors import Conflict, NotFound
from tailorbird.store.accounts import (
    ACCOUNT_COLUMNS,
    LAST_OWNER,
    SESSION_COLUMNS,
    SET_UP,
    SETUP_CODES,
    account_of,
    account_values,
    email_taken,
    session_of,
    session_values,
)
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.writes import written
from tailorbird.store.rows import ACCOUNT_NOTE_COLUMNS, account_note_of

#: one transaction at a time makes the first account, or takes an owner away
_OWNING = 7_236_110


async def exist(connection: Connection) -> bool:
    """Whether there is any account."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT 1 FROM accounts)"))


async def add_setup_code(connection: Connection, digest: bytes, at: int, only: bool) -> None:
    """One more code for the first account; the oldest ones, or with ``only`` all others, end."""
    await _alone(connection)
    if await exist(connection):
        raise Conflict(SET_UP)
    if only:
        await connection.execute("DELETE FROM setup_codes")
    await connection.execute("INSERT INTO setup_codes (digest, created_at) VALUES ($1, $2)", digest, at)
    await connection.execute(
        "DELETE FROM setup_codes WHERE digest NOT IN"
        " (SELECT digest FROM setup_codes ORDER BY created_at DESC, digest = $1 DESC LIMIT $2)",
        digest,
        SETUP_CODES,
    )


async def create_first(connection: Connection, account: Account, digest: bytes) -> bool:
    """The first account, with a setup code; False where the code is none."""
    await _alone(connection)
    if await exist(connection):
        raise Conflict(SET_UP)
    if await connection.fetchval("SELECT 1 FROM setup_codes WHERE digest = $1", digest) is None:
        return False
    await create(connection, account)
    await connection.execute("DELETE FROM setup_codes")
    return True


async def _alone(connection: Connection) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _OWNING)


async def create(connection: Connection, account: Account) -> None:
    """Insert an account."""
    try:
        await connection.execute(
            "INSERT INTO accounts (id, email, name, password, owner, created_at, disabled_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            *account_values(account),
        )
    except UniqueViolationError as error:
        raise email_taken(account.email) from error


async def read(connection: Connection, account_id: str) -> Account:
    """One account by id."""
    row = await connection.fetchrow(f"SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE a.id = $1", account_id)  # noqa: S608
    if row is None:
        raise NotFound(f"There is no account {account_id!r}.")
    return account_of(row)


async def by_email(connection: Connection, email: str) -> Account | None:
    """One account by its e-mail address."""
    row = await connection.fetchrow(f"SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE a.email = $1", email)  # noqa: S608
    return None if row is None else account_of(row)


async def everybody(connection: Connection) -> list[Account]:
    """All accounts, oldest first."""
    rows = await connection.fetch(f"SELECT {ACCOUNT_COLUMNS} FROM accounts a ORDER BY a.created_at, a.id")  # noqa: S608
    return [account_of(row) for row in rows]


async def change(connection: Connection, account_id: str, told: Change) -> Account:
    """Write what may change of an account; who is disabled is signed out."""
    await _alone(connection)
    await connection.execute(
        "UPDATE accounts SET name = coalesce($2, name), password = coalesce($3, password),"
        " owner = coalesce($4, owner), disabled_at = coalesce($5, disabled_at) WHERE id = $1",
        account_id,
        told.name,
        told.password,
        None if told.owner is None else int(told.owner),
        told.disabled_at,
    )
    found = await read(connection, account_id)
    await _need_owner(connection)
    if found.disabled_at:
        await end_sessions(connection, account_id, "")
    return found


async def delete(connection: Connection, account_id: str) -> None:
    """Remove an account with everything that is its own."""
    await _alone(connection)
    await read(connection, account_id)
    for table in ("sessions", "memberships", "invitations"):
        await connection.execute(f"DELETE FROM {table} WHERE account = $1", account_id)  # noqa: S608 - constants
    await connection.execute("DELETE FROM accounts WHERE id = $1", account_id)
    await _need_owner(connection)


async def _need_owner(connection: Connection) -> None:
    if await connection.fetchval("SELECT 1 FROM accounts WHERE owner = 1 AND disabled_at = 0 LIMIT 1") is None:
        raise Conflict(LAST_OWNER)


async def notes(connection: Connection, limit: int, before: int) -> list[tuple[int, AccountNote]]:
    """What was done to accounts, newest first, with its sequence number."""
    rows = await connection.fetch(
        f"SELECT {ACCOUNT_NOTE_COLUMNS}, seq FROM account_notes WHERE seq < $1 ORDER BY seq DESC LIMIT $2",  # noqa: S608 - constants
        before or 1 << 62,
        limit,
    )
    return [(row[6], account_note_of(row)) for row in rows]


async def add_session(connection: Connection, session: Session) -> None:
    """Insert a session."""
    await connection.execute(
        "INSERT INTO sessions (id, digest, account, created_at, seen_at, expires_at, agent)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *session_values(session),
    )


async def visit(connection: Connection, digest: bytes, project: str, now: int) -> Visit | None:
    """The live session behind a digest, its account, and the role in a project."""
    row = await connection.fetchrow(
        f"SELECT {SESSION_COLUMNS}, {ACCOUNT_COLUMNS}, m.role FROM sessions s JOIN accounts a ON a.id = s.account"  # noqa: S608
        " LEFT JOIN memberships m ON m.account = a.id AND m.project = $1"
        " WHERE s.digest = $2 AND s.expires_at > $3 AND a.disabled_at = 0",
        project,
        digest,
        now,
    )
    return None if row is None else Visit(session_of(row), account_of(tuple(row)[7:]), row[14])


async def touch_session(connection: Connection, session_id: str, seen_at: int, expires_at: int) -> None:
    """Note use; an earlier time never replaces a later one."""
    await connection.execute(
        "UPDATE sessions SET seen_at = greatest(seen_at, $2), expires_at = greatest(expires_at, $3) WHERE id = $1",
        session_id,
        seen_at,
        expires_at,
    )


async def sessions(connection: Connection, account_id: str, now: int) -> list[Session]:
    """The live sessions of an account, the newest first."""
    rows = await connection.fetch(
        f"SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.account = $1 AND s.expires_at > $2"  # noqa: S608 - constants
        " ORDER BY s.created_at DESC, s.id",
        account_id,
        now,
    )
    return [session_of(row) for row in rows]


async def end_session(connection: Connection, account_id: str, session_id: str) -> bool:
    """Remove one session of an account; whether there was one."""
    return bool(
        written(await connection.execute("DELETE FROM sessions WHERE account = $1 AND id = $2", account_id, session_id))
    )


async def end_sessions(connection: Connection, account_id: str, keep: str) -> int:
    """Remove all sessions of an account but one; how many there were."""
    return written(await connection.execute("DELETE FROM sessions WHERE account = $1 AND id <> $2", account_id, keep))
