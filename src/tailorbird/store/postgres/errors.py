"""What the driver's errors mean to a caller. No sentence names SQL, values, hosts or users."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from asyncpg import PostgresError
from asyncpg.exceptions import (
    ClientConfigurationError,
    InterfaceError,
    InternalClientError,
    InvalidCachedStatementError,
)

from tailorbird.domain.errors import Conflict, Damaged, Invalid, TailorbirdError, Unavailable

MIGRATE = "Run `tailorbird migrate` with this database first."

UNREACHABLE = "The database cannot be reached."
SLOW = "The database does not answer in time."
_LOGIN = "The database refuses the login that it was given."
_STOPPING = "The database is starting or stopping."
_BUSY = "The database is too busy: others hold what this needs."
#: SQLSTATE, or its class → what it means
_SENTENCES = {
    "08": UNREACHABLE,
    "23": _BUSY,
    "25006": "The database is read-only.",
    "28": _LOGIN,
    "3D000": "There is no database of that name.",
    "3F000": f"The database has no Tailorbird schema. {MIGRATE}",
    "40": _BUSY,
    "42501": "The database does not allow this user what Tailorbird needs.",
    "42P01": f"The database has no Tailorbird schema. {MIGRATE}",
    "53100": "The disk that holds the database is full.",
    "53200": "The database is out of memory.",
    "53300": "The database has no connection left for this server.",
    "55P03": _BUSY,
    "57014": SLOW,
    "57": _STOPPING,
    "58": "The disk that holds the database cannot be read or written.",
    "XX001": "The database is damaged.",
    "XX002": "The database is damaged.",
}
_OTHER = "The database cannot be used now."
#: a transaction that failed so can be tried again: another one was faster
_AGAIN = frozenset(("40001", "40P01", "23505"))
#: the server behind the connection is not, or no more, one that can serve it
_LOST = ("08", "25006", "57P")


class Again(Exception):
    """Another transaction changed what this one read; begin anew."""


def is_lost(error: BaseException) -> bool:
    """Whether the connection itself, or the server behind it, is of no more use."""
    if isinstance(error, (OSError, TimeoutError, InterfaceError, InternalClientError)):
        return True
    return isinstance(error, PostgresError) and (error.sqlstate or "").startswith(_LOST)


def may_be_repeated(error: BaseException) -> bool:
    """Whether the same transaction may succeed at once: it met another one, or a migration."""
    return isinstance(error, (Again, InvalidCachedStatementError)) or (
        isinstance(error, PostgresError) and error.sqlstate in _AGAIN
    )


def is_away(error: BaseException) -> bool:
    """Whether the database is in trouble, rather than one call's data."""
    ours = translated(error)
    return isinstance(ours, Unavailable) and not isinstance(ours, Damaged)


def translated(error: BaseException) -> BaseException:
    """The error of ours that stands for a driver's error; others as they are."""
    if isinstance(error, TailorbirdError):
        return error
    if isinstance(error, PostgresError):
        return _told_by_server(error.sqlstate or "", error.__cause__)
    for kinds, ours in _OURS:
        if isinstance(error, kinds):
            return ours()
    return _bad(error) if isinstance(error, (UnicodeEncodeError, OverflowError)) else error


#: what the driver and we raise → what a caller hears; the first that fits
_OURS: tuple[tuple[tuple[type[BaseException], ...], Callable[[], TailorbirdError]], ...] = (
    ((Again,), lambda: Unavailable(_BUSY)),
    ((msgspec.DecodeError, UnicodeDecodeError), lambda: Damaged("What is stored here cannot be read.")),
    ((ClientConfigurationError,), lambda: Conflict("The address of the PostgreSQL database cannot be understood.")),
    ((TimeoutError,), lambda: Unavailable(SLOW)),
    ((OSError, InterfaceError, InternalClientError), lambda: Unavailable(UNREACHABLE)),
)


def _told_by_server(state: str, cause: BaseException | None) -> TailorbirdError:
    if state == "54000":
        return Invalid("A text is too long to be kept.")
    if state.startswith("22"):
        return _bad(cause)
    return Unavailable(_SENTENCES.get(state) or _SENTENCES.get(state[:2], _OTHER))


def _bad(cause: BaseException | None) -> Invalid:
    """The driver says so before anything is sent, and keeps the reason as a cause."""
    if isinstance(cause, UnicodeEncodeError):
        return Invalid("A text holds half of a surrogate pair, which is no character.")
    if isinstance(cause, OverflowError):
        return Invalid("A whole number is larger than 64 bits.")
    return Invalid("A value cannot be kept as it is.")
