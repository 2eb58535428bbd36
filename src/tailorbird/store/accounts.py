"""What a store promises about accounts: kept by both, like ``contract``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from tailorbird.domain.accounts import Account, Change, Invitation, Member, Role, Session, Visit
from tailorbird.domain.audit import AccountNote, Telling
from tailorbird.domain.errors import Conflict

ACCOUNT_COLUMNS = "a.id, a.email, a.name, a.password, a.owner, a.created_at, a.disabled_at"
SESSION_COLUMNS = "s.id, s.digest, s.account, s.created_at, s.seen_at, s.expires_at, s.agent"
INVITATION_COLUMNS = "id, digest, kind, project, role, email, account, invited_by, created_at, expires_at, used_at"
#: codes for the first account that are good at a time: each start of a server makes one
SETUP_CODES = 10
#: an invitation is listed for so long after it expired
KEPT_MS = 30 * 86_400_000
LAST_OWNER = "Nobody who may sign in would be an owner any more. Make somebody else one first."
SET_UP = "There is an account already: sign in, or ask an owner for an invitation."


class AccountStore(Protocol):
    """Accounts, sessions, memberships, invitations, and the limits of trying."""

    # -- accounts ----------------------------------------------------------------------------------------------------
    async def exist(self) -> bool:
        """Whether there is any account: without one, the first is made with a setup code."""

    async def add_setup_code(self, digest: bytes, at: int, *, only: bool = False) -> None:
        """One more code for the first account; the oldest beyond ``SETUP_CODES``, or with ``only`` all others, end.

        ``Conflict`` when there is an account already.
        """

    async def create_first(self, account: Account, digest: bytes, *, tell: Telling | None = None) -> bool:
        """The first account, and all setup codes gone; False when the code is none. ``Conflict`` when there is one."""

    async def create(self, account: Account, *, tell: Telling | None = None) -> None:
        """``Conflict`` when the e-mail has an account."""

    async def account(self, account_id: str) -> Account: ...
    async def by_email(self, email: str) -> Account | None: ...
    async def all(self) -> list[Account]:
        """Oldest first."""

    async def change(self, account_id: str, change: Change, *, tell: Telling | None = None) -> Account:
        """Write what is given, leave the rest. Who is disabled is signed out.

        ``Conflict`` when nobody who may sign in would be an owner any more.
        """

    async def delete(self, account_id: str, *, tell: Telling | None = None) -> None:
        """With sessions, memberships and links to a new password. ``Conflict`` for the last owner."""

    async def notes(self, limit: int = 100, before: int = 0) -> list[tuple[int, AccountNote]]:
        """What was done to accounts, newest first, as (sequence number, note); ``before`` pages on."""

    # -- sessions ----------------------------------------------------------------------------------------------------
    async def add_session(self, session: Session) -> None: ...
    async def visit(self, digest: bytes, project: str, now: int) -> Visit | None:
        """The live session of an account that may sign in, with its role in a project: one read."""

    async def touch_session(self, session_id: str, seen_at: int, expires_at: int) -> None: ...
    async def sessions(self, account_id: str, now: int) -> list[Session]:
        """The live ones, the newest first."""

    async def end_session(self, account_id: str, session_id: str) -> bool: ...
    async def end_sessions(self, account_id: str, keep: str = "") -> int:
        """All but ``keep``; how many."""

    # -- memberships -------------------------------------------------------------------------------------------------
    async def roles(self, account_id: str) -> dict[str, Role]:
        """Project id → role."""

    async def members(self, project: str) -> list[Member]:
        """By e-mail."""

    async def put_member(
        self, project: str, account_id: str, role: Role, at: int, *, tell: Telling | None = None
    ) -> None:
        """Add, or change the role. ``NotFound`` without the account."""

    async def remove_member(self, project: str, account_id: str, *, tell: Telling | None = None) -> bool: ...

    # -- invitations -------------------------------------------------------------------------------------------------
    async def add_invitation(self, invitation: Invitation, *, tell: Telling | None = None) -> None: ...
    async def invitation(self, digest: bytes) -> Invitation | None: ...
    async def invitations(self, project: str) -> list[Invitation]:
        """Of a project, used and expired ones too, the newest first."""

    async def end_invitation(self, project: str, invitation_id: str, *, tell: Telling | None = None) -> bool: ...
    async def join(
        self, digest: bytes, now: int, account_id: str, new: Account | None = None, *, tell: Telling | None = None
    ) -> Invitation | None:
        """Use an invitation to a project: makes ``new`` where given, then the membership. Who has a higher role
        already keeps it. None when the invitation is used, expired or unknown, and nothing was done."""

    async def choose_password(
        self, digest: bytes, now: int, password: str, *, tell: Telling | None = None
    ) -> Account | None:
        """Use a link to a new password: it is set, and every session of the account ends."""

    # -- limits ------------------------------------------------------------------------------------------------------
    async def attempt(self, name: bytes, now: int, every_ms: int, burst: int) -> int:
        """Count one attempt under a name: 0 when it is allowed, else the milliseconds until one is.

        ``burst`` at once, then one in ``every_ms``, over all processes.
        """

    async def forget_attempts(self, name: bytes) -> None: ...
    async def end_ways_in(self, *, tell: Telling | None = None) -> None:
        """End every session, link and setup code: after a restore, what was ended since the backup would be back."""

    async def prune(self, now: int) -> None:
        """Remove sessions, attempts and invitations that ended long ago."""


def email_taken(email: str) -> Conflict:
    """Somebody has this address already."""
    return Conflict(f"There is already an account with the e-mail address {email}.")


def account_of(row: Sequence[Any]) -> Account:
    """``ACCOUNT_COLUMNS`` as an account."""
    return Account(
        id=row[0],
        email=row[1],
        name=row[2],
        password=row[3],
        owner=bool(row[4]),
        created_at=row[5],
        disabled_at=row[6],
    )


def account_values(one: Account) -> tuple[Any, ...]:
    """An account as ``ACCOUNT_COLUMNS``."""
    return one.id, one.email, one.name, one.password, int(one.owner), one.created_at, one.disabled_at


def session_of(row: Sequence[Any]) -> Session:
    """``SESSION_COLUMNS`` as a session."""
    return Session(
        id=row[0],
        digest=bytes(row[1]),
        account=row[2],
        created_at=row[3],
        seen_at=row[4],
        expires_at=row[5],
        agent=row[6],
    )


def session_values(one: Session) -> tuple[Any, ...]:
    """A session as ``SESSION_COLUMNS``."""
    return one.id, one.digest, one.account, one.created_at, one.seen_at, one.expires_at, one.agent


def member_of(row: Sequence[Any]) -> Member:
    """Project, account, e-mail, name, role, at."""
    return Member(project=row[0], account=row[1], email=row[2], name=row[3], role=row[4], at=row[5])


def invitation_of(row: Sequence[Any]) -> Invitation:
    """``INVITATION_COLUMNS`` as an invitation."""
    return Invitation(
        id=row[0],
        digest=bytes(row[1]),
        kind=row[2],
        project=row[3],
        role=row[4],
        email=row[5],
        account=row[6],
        invited_by=row[7],
        created_at=row[8],
        expires_at=row[9],
        used_at=row[10],
    )


def invitation_values(one: Invitation) -> tuple[Any, ...]:
    """An invitation as ``INVITATION_COLUMNS``."""
    return (
        one.id,
        one.digest,
        one.kind,
        one.project,
        one.role,
        one.email,
        one.account,
        one.invited_by,
        one.created_at,
        one.expires_at,
        one.used_at,
    )
