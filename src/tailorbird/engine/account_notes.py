"""What is done to accounts, as owners of the installation read it. No password, hash, token or cookie stands in it."""

from __future__ import annotations

from typing import Any

from tailorbird.domain.accounts import Account, Change
from tailorbird.domain.audit import AccountNote, Telling, Told
from tailorbird.engine.diff import changes
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.view import AuditEntry


async def history(runtime: Runtime, limit: int = 100, before: int = 0) -> list[AuditEntry]:
    """Every act on an account, newest first, with what each changed."""
    return [_entry(seq, one) for seq, one in await runtime.store.accounts.notes(limit, before)]


def _entry(seq: int, one: AccountNote) -> AuditEntry:
    return AuditEntry(
        seq=seq,
        kind="account",
        id=one.account,
        key=one.email,
        version=0,
        author=one.author,
        at=one.at,
        action=one.action,
        changes=tuple(changes(one.told.before, one.told.after)),
    )


def telling(
    runtime: Runtime,
    account: Account,
    action: str,
    author: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Telling:
    """A note of an act on an account, unless it answers that there was nothing to do (False)."""
    note = AccountNote(
        account=account.id,
        email=account.email,
        author=author,
        at=runtime.clock(),
        action=action,
        told=Told(before=before or {}, after=after or {}),
    )
    return lambda result: None if result is False else note


def making(runtime: Runtime, account: Account, author: str, invited_by: str = "") -> Telling:
    """A note of a new account."""
    after: dict[str, Any] = {"name": account.name, "owner": account.owner}
    return telling(runtime, account, "create", author, after=after | ({"invited_by": invited_by} if invited_by else {}))


def changing(runtime: Runtime, held: Account, change: Change, author: str) -> Telling:
    """A note of what differs from the account as it is held, in words; nothing is told where nothing does."""
    deeds: list[str] = []
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if change.name is not None and change.name != held.name:
        deeds.append("rename")
        before["name"], after["name"] = held.name, change.name
    if change.owner is not None and change.owner != held.owner:
        deeds.append("make an owner" if change.owner else "take ownership away")
        before["owner"], after["owner"] = held.owner, change.owner
    if change.disabled_at is not None and bool(change.disabled_at) != bool(held.disabled_at):
        deeds.append("disable" if change.disabled_at else "let in again")
        before["disabled"], after["disabled"] = bool(held.disabled_at), bool(change.disabled_at)
    if not deeds:
        return lambda _: None
    return telling(runtime, held, ", ".join(deeds), author, before=before, after=after)
