"""People who work with the console: accounts, their roles in projects, their sessions and invitations, as stored."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from tailorbird.domain.errors import Invalid

Role = Literal["viewer", "editor", "publisher", "admin"]
#: from the least to the most; each may what those before it may
ROLES: tuple[Role, ...] = ("viewer", "editor", "publisher", "admin")

MIN_PASSWORD, MAX_PASSWORD = 10, 1_000
MAX_EMAIL, MAX_NAME = 254, 100
_EMAIL = re.compile(r"^[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+$")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in."""

    id: str
    #: as ``canonical_email`` makes it; unique
    email: str
    name: str
    #: argon2 hash; empty = nobody can sign in with a password
    password: str
    #: may create projects and accounts, and is admin of every project
    owner: bool = False
    created_at: int = 0
    #: UTC ms, 0 = may sign in
    disabled_at: int = 0


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different in an account; None = as it is."""

    name: str | None = None
    password: str | None = None
    owner: bool | None = None
    #: UTC ms, 0 = may sign in
    disabled_at: int | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One browser that is signed in."""

    id: str
    #: SHA-256 of the cookie
    digest: bytes
    account: str
    created_at: int
    #: kept to a few minutes
    seen_at: int
    #: moves on with use
    expires_at: int
    #: the browser as it calls itself, for the list of sessions
    agent: str = ""


class Visit(msgspec.Struct, frozen=True):
    """What a session's cookie leads to: who it is, and the role in the project that was asked for."""

    session: Session
    account: Account
    #: the role of the membership; owners have every right without any
    role: Role | None = None


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An account's place in a project."""

    project: str
    account: str
    email: str
    name: str
    role: Role
    #: since when
    at: int


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A link that works once: to join a project, or to choose a new password."""

    id: str
    #: SHA-256 of the token in the link
    digest: bytes
    kind: Literal["join", "password"]
    #: where to, and as what; for ``join``
    project: str = ""
    role: Role = "viewer"
    #: for whom; empty = whoever has the link
    email: str = ""
    #: whose password is chosen; for ``password``
    account: str = ""
    #: e-mail of who made it
    invited_by: str = ""
    created_at: int = 0
    expires_at: int = 0
    #: UTC ms, 0 = not used yet
    used_at: int = 0


def covers(held: Role | None, needed: Role) -> bool:
    """Whether a role includes another one.

    >>> covers("publisher", "editor"), covers("viewer", "editor"), covers(None, "viewer")
    (True, False, False)
    """
    return held is not None and ROLES.index(held) >= ROLES.index(needed)


def canonical_email(told: str) -> str:
    """The form in which an address is kept and compared; ``Invalid`` where it is none.

    >>> canonical_email("  Ada@Example.ORG ")
    'ada@example.org'
    """
    email = told.strip().casefold()
    if len(email) > MAX_EMAIL or not _EMAIL.match(email):
        raise Invalid.field("email", "an e-mail address", told[:80])
    return email


def check_name(told: str) -> str:
    """A person's name, trimmed; ``Invalid`` when empty, long, or with control characters."""
    name = " ".join(told.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise Invalid.field("name", f"a name of 1 to {MAX_NAME} characters", told[:80])
    return name


def check_password(password: str, email: str, field: str = "password") -> None:
    """Long enough, and not the address. What it consists of is nobody's business. Its error never repeats it."""
    expected = f"{MIN_PASSWORD} to {MAX_PASSWORD} characters"
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid.field(field, expected, f"{len(password)} characters")
    if password.strip().casefold() in (email, email.partition("@")[0]):
        raise Invalid.field(field, "something else than the e-mail address", "the e-mail address")
