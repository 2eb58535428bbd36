"""The database file: made, migrated, checked and locked before the store uses it."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from pathlib import Path

from tailorbird.domain.errors import Conflict, Unavailable
from tailorbird.store.migrate import HEAD, RUNS_WITH, migrate
from tailorbird.store.revision import Revision
from tailorbird.store.sqlite.connection import OLDEST_SQLITE, connect, translated


def prepare(path: Path) -> None:
    """Make the file if it is new and bring it to this schema. Refuses a foreign database, and a newer schema
    with which this code does not work."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        raise Conflict(f"Tailorbird needs SQLite {needed} or newer; this Python has {sqlite3.sqlite_version}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # only the owner may read it: it holds personal data and signing secrets
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise Unavailable(f"The database file cannot be opened: {error.strerror}.") from error
    try:
        found = revision(path)
    except sqlite3.Error as error:
        raise translated(error) from error
    if found.is_too_new:
        raise Conflict(f"The database was written by a newer Tailorbird ({found.why_too_new}). Start the newer one.")
    if found.version < HEAD:
        _migrate(path)


def _migrate(path: Path) -> None:
    from sqlalchemy import URL
    from sqlalchemy.exc import DBAPIError

    try:
        migrate(URL.create("sqlite", database=str(path)))
    except DBAPIError as error:
        raise translated(error.orig or error) from error


def revision(path: Path) -> Revision:
    """The schema that the file has; an empty file has none."""
    connection = connect(str(path))
    try:
        connection.execute("PRAGMA busy_timeout = 5000")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" in tables:
            (version,) = connection.execute("SELECT max(version_num) FROM alembic_version").fetchone()
            return Revision(version=version or "", runs_with=_mark(connection) if "meta" in tables else "")
        if tables:
            raise Conflict("The file is a database of another program.")
        return Revision(version="")
    finally:
        connection.close()


def _mark(connection: sqlite3.Connection) -> str:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (RUNS_WITH,)).fetchone()
    return row[0] if row else ""


def _opened(path: str) -> int:
    """Open a lock file. On a disk that became read-only, one that is there can be locked all the same."""
    try:
        return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.ENOSPC):
            raise
        return os.open(path, os.O_RDONLY)


class ServerLock:
    """Held by a serving process while it runs: a second server on the file is refused. Tools do not take it."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = _opened(f"{path}.lock")
        except OSError as error:
            raise Unavailable(f"The database cannot be locked: {error.strerror}.") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise Conflict(
                "Another Tailorbird server uses this database. SQLite serves one process;"
                " stop the other one, or use PostgreSQL for several."
            ) from error

    def release(self) -> None:
        """Let another server have the file."""
        os.close(self._file)
