"""``AccountStore`` on PostgreSQL: methods say where they run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

from tailorbird.domain.accounts import Account, Change, Invitation, Member, Role, Session, Visit
from tailorbird.domain.audit import AccountNote, Telling
from tailorbird.store.postgres import accounts, joining
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.database import Database
from tailorbird.store.postgres.noting import noted
from tailorbird.store.postgres.transaction import transact

P = ParamSpec("P")
T = TypeVar("T")


class PostgresAccounts:
    """``AccountStore`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read = database.reads.read

    async def _write(
        self, work: Callable[Concatenate[Connection, P], Awaitable[T]], *args: P.args, **options: P.kwargs
    ) -> T:
        return await self._database.desk.run(transact, work, *args, **options)

    # -- accounts ----------------------------------------------------------------------------------------------------

    async def exist(self) -> bool:
        return await self._read(accounts.exist)

    async def add_setup_code(self, digest: bytes, at: int, *, only: bool = False) -> None:
        await self._write(accounts.add_setup_code, digest, at, only)

    async def create_first(self, account: Account, digest: bytes, *, tell: Telling | None = None) -> bool:
        return await self._write(noted, tell, accounts.create_first, account, digest)

    async def create(self, account: Account, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, accounts.create, account)

    async def account(self, account_id: str) -> Account:
        return await self._read(accounts.read, account_id)

    async def by_email(self, email: str) -> Account | None:
        return await self._read(accounts.by_email, email)

    async def all(self) -> list[Account]:
        return await self._read(accounts.everybody)

    async def change(self, account_id: str, change: Change, *, tell: Telling | None = None) -> Account:
        return await self._write(noted, tell, accounts.change, account_id, change)

    async def delete(self, account_id: str, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, accounts.delete, account_id)

    async def notes(self, limit: int = 100, before: int = 0) -> list[tuple[int, AccountNote]]:
        return await self._read(accounts.notes, limit, before)

    # -- sessions ----------------------------------------------------------------------------------------------------

    async def add_session(self, session: Session) -> None:
        await self._write(accounts.add_session, session)

    async def visit(self, digest: bytes, project: str, now: int) -> Visit | None:
        return await self._read(accounts.visit, digest, project, now)

    async def touch_session(self, session_id: str, seen_at: int, expires_at: int) -> None:
        await self._write(accounts.touch_session, session_id, seen_at, expires_at)

    async def sessions(self, account_id: str, now: int) -> list[Session]:
        return await self._read(accounts.sessions, account_id, now)

    async def end_session(self, account_id: str, session_id: str) -> bool:
        return await self._write(accounts.end_session, account_id, session_id)

    async def end_sessions(self, account_id: str, keep: str = "") -> int:
        return await self._write(accounts.end_sessions, account_id, keep)

    # -- memberships -------------------------------------------------------------------------------------------------

    async def roles(self, account_id: str) -> dict[str, Role]:
        return await self._read(joining.roles, account_id)

    async def members(self, project: str) -> list[Member]:
        return await self._read(joining.members, project)

    async def put_member(
        self, project: str, account_id: str, role: Role, at: int, *, tell: Telling | None = None
    ) -> None:
        await self._write(noted, tell, joining.put_member, project, account_id, role, at)

    async def remove_member(self, project: str, account_id: str, *, tell: Telling | None = None) -> bool:
        return await self._write(noted, tell, joining.remove_member, project, account_id)

    # -- invitations -------------------------------------------------------------------------------------------------

    async def add_invitation(self, invitation: Invitation, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, joining.add_invitation, invitation)

    async def invitation(self, digest: bytes) -> Invitation | None:
        return await self._read(joining.invitation, digest)

    async def invitations(self, project: str) -> list[Invitation]:
        return await self._read(joining.invitations, project)

    async def end_invitation(self, project: str, invitation_id: str, *, tell: Telling | None = None) -> bool:
        return await self._write(noted, tell, joining.end_invitation, project, invitation_id)

    async def join(
        self, digest: bytes, now: int, account_id: str, new: Account | None = None, *, tell: Telling | None = None
    ) -> Invitation | None:
        return await self._write(noted, tell, joining.join, digest, now, account_id, new)

    async def choose_password(
        self, digest: bytes, now: int, password: str, *, tell: Telling | None = None
    ) -> Account | None:
        return await self._write(noted, tell, joining.choose_password, digest, now, password)

    # -- limits ------------------------------------------------------------------------------------------------------

    async def attempt(self, name: bytes, now: int, every_ms: int, burst: int) -> int:
        return await self._write(joining.attempt, name, now, every_ms, burst)

    async def forget_attempts(self, name: bytes) -> None:
        await self._write(joining.forget_attempts, name)

    async def end_ways_in(self, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, joining.end_ways_in)

    async def prune(self, now: int) -> None:
        await self._write(joining.prune, now)
