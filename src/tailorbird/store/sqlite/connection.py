"""Connections to the file: how they are opened, what they are set to, and what their errors mean to a caller."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol
from urllib.parse import quote

import msgspec

from tailorbird.domain.errors import Damaged, Invalid, TailorbirdError, Unavailable


class Rows(Protocol):
    """What a statement answers."""

    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """The part of ``sqlite3.Connection`` that is used: another driver, or a file layer under test, can stand in."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Rows: ...
    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object: ...
    def close(self) -> None: ...


#: opens the file at a path, in autocommit mode, usable from any thread
Connect = Callable[[str], Connection]

#: RETURNING, strict tables, WITHOUT ROWID upserts
OLDEST_SQLITE = (3, 37, 0)

_LOCKED = "The database is locked by another process."
DAMAGED = "The database file is damaged."
#: primary result code of SQLite → what it means
_SENTENCES = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_FULL: "The disk that holds the database is full.",
    sqlite3.SQLITE_READONLY: "The database is read-only.",
    sqlite3.SQLITE_PERM: "The database may not be opened by this user.",
    sqlite3.SQLITE_IOERR: "The disk that holds the database cannot be read or written.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened.",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_NOMEM: "The server is out of memory.",
}


def connect(path: str) -> sqlite3.Connection:
    """Open an existing file with the driver of the standard library."""
    uri = f"file:{quote(path)}?mode=rw"
    return sqlite3.connect(
        uri, uri=True, timeout=0, isolation_level=None, cached_statements=512, check_same_thread=False
    )


def prepare_reader(connection: Connection, *, busy_ms: int) -> Connection:
    """Set a connection up for reading only."""
    for pragma in (f"busy_timeout = {busy_ms}", "query_only = 1", "cache_size = -32000", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def prepare_writer(connection: Connection, *, busy_ms: int, synchronous: str) -> Connection:
    """Set a connection up for writing. With ``FULL`` every commit is on the disk before it returns."""
    for pragma in (
        f"busy_timeout = {busy_ms}",
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        "wal_autocheckpoint = 0",  # the writer checkpoints after it has acknowledged
        "foreign_keys = 1",
        "secure_delete = 1",  # whoever is erased leaves nothing in free pages
        "cache_size = -64000",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def disconnect(connection: Connection) -> None:
    """Close a connection. What the disk still says about it harms nobody: every commit was made durable before."""
    try:
        connection.close()
    except sqlite3.Error:
        return


def changed(connection: Connection) -> int:
    """How many rows the statement before this one inserted, updated or deleted."""
    return int(connection.execute("SELECT changes()").fetchone()[0])


def is_away(error: BaseException) -> bool:
    """Whether the database itself is in trouble, rather than one call's data."""
    if isinstance(error, Unavailable):
        return not isinstance(error, Damaged)
    if isinstance(error, sqlite3.OperationalError):
        return not _is_no_text(error)
    return type(error) is sqlite3.DatabaseError


def is_damage(error: BaseException) -> bool:
    """Whether SQLite met pages that are none: what was read before, and is still in memory, proves nothing then."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and (code or 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _is_no_text(error: sqlite3.Error) -> bool:
    """A column of text that is none: the driver says so by itself, without a code of SQLite's."""
    return getattr(error, "sqlite_errorcode", None) is None and str(error).startswith("Could not decode to UTF-8")


def translated(error: BaseException) -> BaseException:
    """The error of ours that stands for a driver's error; others as they are. Never tells SQL, paths or values."""
    if isinstance(error, TailorbirdError):
        return error
    if is_away(error):
        code = getattr(error, "sqlite_errorcode", None)
        return Unavailable(_SENTENCES.get((code or 0) & 0xFF, "The database cannot be used now."))
    no_text = isinstance(error, sqlite3.OperationalError) and _is_no_text(error)
    if no_text or isinstance(error, (msgspec.DecodeError, UnicodeDecodeError)):
        return Damaged("What is stored here cannot be read.")
    if isinstance(error, UnicodeEncodeError):
        return Invalid("A text holds half of a surrogate pair, which is no character.")
    if isinstance(error, OverflowError):
        return Invalid("A whole number is larger than 64 bits.")
    return error
