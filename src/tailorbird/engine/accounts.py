"""Accounts: the first one, invitations, and what owners do. Nothing is mailed: links are shown once, to pass on."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from tailorbird.domain import ids
from tailorbird.domain.accounts import (
    Account,
    Change,
    Invitation,
    Role,
    canonical_email,
    check_name,
    check_password,
)
from tailorbird.domain.audit import Notes, Telling, together
from tailorbird.domain.errors import Conflict, Forbidden, Invalid, NotFound
from tailorbird.engine import account_notes
from tailorbird.engine.memberships import inviting, joining
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.sessions import BY_ADDRESS, DAY_MS, address_part, digest, limit, new_secret

#: a link to a new password is good for so long
RESET_MS = DAY_MS
MOST_DAYS = 90
_DEAD = "The link was used, has expired, or was taken back. Ask for a new one."


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who a new account is for."""

    email: str
    name: str
    password: str


async def is_set_up(runtime: Runtime) -> bool:
    """Whether there is an account; without one the first is made with a setup code."""
    return await runtime.store.accounts.exist()


async def new_setup_code(runtime: Runtime, *, only: bool = False) -> str:
    """A code that makes the first account, once. Earlier ones stay good unless it is to be the ``only`` one.

    ``Conflict`` when there is an account already.
    """
    code = new_secret(runtime)
    await runtime.store.accounts.add_setup_code(digest(code), runtime.clock(), only=only)
    return code


async def set_up(runtime: Runtime, code: str, person: Person, address: str | None) -> Account:
    """The first account, an owner. ``Forbidden`` when the code is none, ``Conflict`` when there is an account."""
    await limit(runtime, "address", address_part(address), BY_ADDRESS)
    account = await _new(runtime, person, owner=True)
    tell = account_notes.making(runtime, account, account.email)
    if not await runtime.store.accounts.create_first(account, digest(code), tell=tell):
        raise Forbidden(
            "This is not the setup code. The server prints it at its start, `tailorbird account reset-setup` a new one."
        )
    return account


async def create_account(runtime: Runtime, person: Person, *, owner: bool = False, author: str = "") -> Account:
    """A new account; the very first one is an owner whatever is said. ``Conflict`` when the e-mail has one."""
    first = not await is_set_up(runtime)
    account = await _new(runtime, person, owner=owner or first)
    await runtime.store.accounts.create(account, tell=account_notes.making(runtime, account, author))
    return account


async def change_account(
    runtime: Runtime,
    account_id: str,
    *,
    name: str | None = None,
    owner: bool | None = None,
    disabled: bool | None = None,
    author: str = "",
) -> Account:
    """What an owner may change of anybody; who is disabled is signed out at once. ``Conflict`` for the last owner."""
    held = await runtime.store.accounts.account(account_id)
    change = Change(
        name=None if name is None else check_name(name),
        owner=owner,
        disabled_at=None if disabled is None else (held.disabled_at or runtime.clock()) * disabled,
    )
    tell = account_notes.changing(runtime, held, change, author)
    return await runtime.store.accounts.change(account_id, change, tell=tell)


async def delete_account(runtime: Runtime, account_id: str, *, author: str = "") -> None:
    """With its sessions and memberships; what it wrote keeps its author. ``Conflict`` for the last owner."""
    held = await runtime.store.accounts.account(account_id)
    before = {"name": held.name, "owner": held.owner}
    tell = account_notes.telling(runtime, held, "delete", author, before=before)
    await runtime.store.accounts.delete(account_id, tell=tell)


async def set_password(runtime: Runtime, email: str, password: str, *, author: str = "") -> Account:
    """For operators: a new password, and every session of the account ends."""
    account = await find(runtime, email)
    check_password(password, account.email)
    change = Change(password=await runtime.passwords.hashed(password))
    tell = account_notes.telling(runtime, account, "set password", author)
    changed = await runtime.store.accounts.change(account.id, change, tell=tell)
    await runtime.store.accounts.end_sessions(account.id)
    return changed


async def find(runtime: Runtime, email: str) -> Account:
    """The account of an address; ``NotFound`` where it has none."""
    who = canonical_email(email)
    found = await runtime.store.accounts.by_email(who)
    if found is None:
        raise NotFound(f"There is no account with the e-mail address {who}.")
    return found


async def invite(
    runtime: Runtime, project: str, *, role: Role, invited_by: str, email: str = "", days: int = 7
) -> tuple[Invitation, str]:
    """A link into a project, for one address or for whoever has it; its token is told once."""
    if not 1 <= days <= MOST_DAYS:
        raise Invalid.field("days", f"1 to {MOST_DAYS} days", days)
    who = canonical_email(email) if email else ""
    made = _link(runtime, days * DAY_MS, invited_by)
    invitation = replace(made[0], kind="join", project=runtime.project(project).project.id, role=role, email=who)
    await runtime.store.accounts.add_invitation(invitation, tell=inviting(runtime, invitation))
    return invitation, made[1]


async def password_link(runtime: Runtime, account_id: str, invited_by: str) -> tuple[Invitation, str]:
    """A link with which the account's person chooses a new password, once, within a day."""
    account = await runtime.store.accounts.account(account_id)
    made = _link(runtime, RESET_MS, invited_by)
    invitation = replace(made[0], account=account.id, email=account.email)
    after = {"expires_at": invitation.expires_at}
    tell = account_notes.telling(runtime, account, "make link to a new password", invited_by, after=after)
    await runtime.store.accounts.add_invitation(invitation, tell=tell)
    return invitation, made[1]


def _link(runtime: Runtime, life_ms: int, by: str) -> tuple[Invitation, str]:
    now, token = runtime.clock(), new_secret(runtime)
    made = Invitation(
        id=ids.short_id(runtime.randbits, 10),
        digest=digest(token),
        kind="password",
        invited_by=by,
        created_at=now,
        expires_at=now + life_ms,
    )
    return made, token


async def look(runtime: Runtime, token: str, address: str | None) -> Invitation:
    """What a link is for, without using it; ``NotFound`` when it is dead."""
    await limit(runtime, "address", address_part(address), BY_ADDRESS)
    found = await runtime.store.accounts.invitation(digest(token))
    if found is None or found.used_at or found.expires_at <= runtime.clock():
        raise NotFound(_DEAD)
    return found


async def join(runtime: Runtime, token: str, account: Account, address: str | None) -> Account:
    """Use an invitation as somebody who is signed in."""
    invitation = await look(runtime, token, address)
    if invitation.email not in ("", account.email):
        raise Forbidden(f"The invitation is for {invitation.email}. Sign in as that, or ask for another one.")
    tell = joining(runtime, account)
    if await runtime.store.accounts.join(digest(token), runtime.clock(), account.id, tell=tell) is None:
        raise NotFound(_DEAD)
    return account


async def join_as_new(runtime: Runtime, token: str, person: Person, address: str | None) -> Account:
    """Use an invitation with a new account. ``Conflict`` when the address has one: sign in first."""
    invitation = await look(runtime, token, address)
    if invitation.email not in ("", canonical_email(person.email)):
        raise Forbidden(f"The invitation is for {invitation.email}.")
    if await runtime.store.accounts.by_email(canonical_email(person.email)) is not None:
        raise Conflict("There is an account with this e-mail address: sign in, then open the link again.")
    account = await _new(runtime, person, owner=False)
    made = account_notes.making(runtime, account, account.email, invitation.invited_by)
    tell = together(joining(runtime, account), lambda used: None if used is None else made(used))
    if await runtime.store.accounts.join(digest(token), runtime.clock(), account.id, account, tell=tell) is None:
        raise NotFound(_DEAD)
    return account


async def choose_password(runtime: Runtime, token: str, password: str, address: str | None) -> Account:
    """Use a link to a new password; every session of the account ends."""
    invitation = await look(runtime, token, address)
    check_password(password, invitation.email)
    hashed = await runtime.passwords.hashed(password)
    tell = _choosing(runtime, invitation)
    account = await runtime.store.accounts.choose_password(digest(token), runtime.clock(), hashed, tell=tell)
    if account is None:
        raise NotFound(_DEAD)
    return account


def _choosing(runtime: Runtime, invitation: Invitation) -> Telling:
    def tell(account: Account | None) -> Notes:
        if account is None:
            return None
        after = {"link_made_by": invitation.invited_by}
        return account_notes.telling(runtime, account, "choose password by a link", account.email, after=after)(account)

    return tell


async def _new(runtime: Runtime, person: Person, *, owner: bool) -> Account:
    email = canonical_email(person.email)
    check_password(person.password, email)
    name = check_name(person.name)
    return Account(
        id=ids.short_id(runtime.randbits, 10),
        email=email,
        name=name,
        password=await runtime.passwords.hashed(person.password),
        owner=owner,
        created_at=runtime.clock(),
    )
