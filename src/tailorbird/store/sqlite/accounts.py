"""Accounts, the first of them, and sessions."""

from __future__ import annotations

import sqlite3

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
from tailorbird.store.rows import ACCOUNT_NOTE_COLUMNS, account_note_of
from tailorbird.store.sqlite.connection import Connection, changed


def exist(connection: Connection) -> bool:
    """Whether there is any account."""
    return connection.execute("SELECT 1 FROM accounts LIMIT 1").fetchone() is not None


def add_setup_code(connection: Connection, digest: bytes, at: int, only: bool) -> None:
    """One more code for the first account; the oldest ones, or with ``only`` all others, end."""
    if exist(connection):
        raise Conflict(SET_UP)
    if only:
        connection.execute("DELETE FROM setup_codes")
    connection.execute("INSERT INTO setup_codes (digest, created_at) VALUES (?, ?)", (digest, at))
    connection.execute(
        "DELETE FROM setup_codes WHERE digest NOT IN"
        " (SELECT digest FROM setup_codes ORDER BY created_at DESC, digest = ? DESC LIMIT ?)",
        (digest, SETUP_CODES),
    )


def create_first(connection: Connection, account: Account, digest: bytes) -> bool:
    """The first account, with a setup code; False where the code is none."""
    if exist(connection):
        raise Conflict(SET_UP)
    if connection.execute("SELECT 1 FROM setup_codes WHERE digest = ?", (digest,)).fetchone() is None:
        return False
    create(connection, account)
    connection.execute("DELETE FROM setup_codes")
    return True


def create(connection: Connection, account: Account) -> None:
    """Insert an account."""
    try:
        connection.execute(
            "INSERT INTO accounts (id, email, name, password, owner, created_at, disabled_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            account_values(account),
        )
    except sqlite3.IntegrityError as error:
        raise email_taken(account.email) from error


def read(connection: Connection, account_id: str) -> Account:
    """One account by id."""
    row = connection.execute(f"SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE a.id = ?", (account_id,)).fetchone()  # noqa: S608
    if row is None:
        raise NotFound(f"There is no account {account_id!r}.")
    return account_of(row)


def by_email(connection: Connection, email: str) -> Account | None:
    """One account by its e-mail address."""
    row = connection.execute(f"SELECT {ACCOUNT_COLUMNS} FROM accounts a WHERE a.email = ?", (email,)).fetchone()  # noqa: S608
    return None if row is None else account_of(row)


def everybody(connection: Connection) -> list[Account]:
    """All accounts, oldest first."""
    rows = connection.execute(f"SELECT {ACCOUNT_COLUMNS} FROM accounts a ORDER BY a.created_at, a.id")  # noqa: S608
    return [account_of(row) for row in rows.fetchall()]


def change(connection: Connection, account_id: str, told: Change) -> Account:
    """Write what may change of an account; who is disabled is signed out."""
    connection.execute(
        "UPDATE accounts SET name = coalesce(?, name), password = coalesce(?, password), owner = coalesce(?, owner),"
        " disabled_at = coalesce(?, disabled_at) WHERE id = ?",
        (told.name, told.password, None if told.owner is None else int(told.owner), told.disabled_at, account_id),
    )
    found = read(connection, account_id)
    _need_owner(connection)
    if found.disabled_at:
        end_sessions(connection, account_id, "")
    return found


def delete(connection: Connection, account_id: str) -> None:
    """Remove an account with everything that is its own."""
    read(connection, account_id)
    for table in ("sessions", "memberships", "invitations"):
        connection.execute(f"DELETE FROM {table} WHERE account = ?", (account_id,))  # noqa: S608 - constants
    connection.execute("DELETE FROM accounts WHERE id = ?", (account_id,))
    _need_owner(connection)


def _need_owner(connection: Connection) -> None:
    if connection.execute("SELECT 1 FROM accounts WHERE owner = 1 AND disabled_at = 0 LIMIT 1").fetchone() is None:
        raise Conflict(LAST_OWNER)


def notes(connection: Connection, limit: int, before: int) -> list[tuple[int, AccountNote]]:
    """What was done to accounts, newest first, with its sequence number."""
    rows = connection.execute(
        f"SELECT {ACCOUNT_NOTE_COLUMNS}, seq FROM account_notes WHERE seq < ? ORDER BY seq DESC LIMIT ?",  # noqa: S608 - constants
        (before or 1 << 62, limit),
    )
    return [(row[6], account_note_of(row)) for row in rows.fetchall()]


def add_session(connection: Connection, session: Session) -> None:
    """Insert a session."""
    connection.execute(
        "INSERT INTO sessions (id, digest, account, created_at, seen_at, expires_at, agent)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        session_values(session),
    )


def visit(connection: Connection, digest: bytes, project: str, now: int) -> Visit | None:
    """The live session behind a digest, its account, and the role in a project."""
    row = connection.execute(
        f"SELECT {SESSION_COLUMNS}, {ACCOUNT_COLUMNS}, m.role FROM sessions s JOIN accounts a ON a.id = s.account"  # noqa: S608
        " LEFT JOIN memberships m ON m.account = a.id AND m.project = ?"
        " WHERE s.digest = ? AND s.expires_at > ? AND a.disabled_at = 0",
        (project, digest, now),
    ).fetchone()
    return None if row is None else Visit(session_of(row), account_of(row[7:]), row[14])


def touch_session(connection: Connection, session_id: str, seen_at: int, expires_at: int) -> None:
    """Note use; an earlier time never replaces a later one."""
    connection.execute(
        "UPDATE sessions SET seen_at = max(seen_at, ?), expires_at = max(expires_at, ?) WHERE id = ?",
        (seen_at, expires_at, session_id),
    )


def sessions(connection: Connection, account_id: str, now: int) -> list[Session]:
    """The live sessions of an account, the newest first."""
    rows = connection.execute(
        f"SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.account = ? AND s.expires_at > ?"  # noqa: S608 - constants
        " ORDER BY s.created_at DESC, s.id",
        (account_id, now),
    )
    return [session_of(row) for row in rows.fetchall()]


def end_session(connection: Connection, account_id: str, session_id: str) -> bool:
    """Remove one session of an account; whether there was one."""
    connection.execute("DELETE FROM sessions WHERE account = ? AND id = ?", (account_id, session_id))
    return changed(connection) > 0


def end_sessions(connection: Connection, account_id: str, keep: str) -> int:
    """Remove all sessions of an account but one; how many there were."""
    connection.execute("DELETE FROM sessions WHERE account = ? AND id <> ?", (account_id, keep))
    return changed(connection)
