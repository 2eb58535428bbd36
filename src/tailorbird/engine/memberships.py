"""Who belongs to a project, and as what. Every change is in its history."""

from __future__ import annotations

from msgspec.structs import replace

from tailorbird.domain.accounts import Account, Invitation, Member, Role
from tailorbird.domain.audit import Notes, Telling
from tailorbird.domain.errors import NotFound
from tailorbird.engine.noting import Act, telling
from tailorbird.engine.runtime import Runtime


async def members(runtime: Runtime, project: str) -> list[Member]:
    """The people of a project, by e-mail."""
    return await runtime.store.accounts.members(runtime.project(project).project.id)


async def give_role(
    runtime: Runtime, project: str, account_id: str, role: Role, *, author: str = "", add: bool = True
) -> None:
    """Make an account a member, or change its role. ``NotFound`` without the account; and, unless members may be
    ``add``ed so, without the member."""
    place = runtime.project(project).project.id
    held = await _member(runtime, place, account_id)
    if held is None and not add:
        raise NotFound(f"There is no member {account_id!r} in this project.")
    account = await runtime.store.accounts.account(account_id)
    action = "add" if held is None else "change role"
    act = Act(project=place, kind="member", author=author, action=action, of=account_id, name=account.email)
    before = {} if held is None else {"role": held.role}
    tell = telling(runtime, replace(act, before=before), {"role": role})
    await runtime.store.accounts.put_member(place, account_id, role, runtime.clock(), tell=tell)


async def remove(runtime: Runtime, project: str, account_id: str, *, author: str = "") -> bool:
    """Take an account out of a project; whether it was in it. The account itself stays."""
    place = runtime.project(project).project.id
    held = await _member(runtime, place, account_id)
    if held is None:
        return False
    act = Act(project=place, kind="member", author=author, action="remove", of=account_id, name=held.email)
    tell = telling(runtime, replace(act, before={"role": held.role}))
    return await runtime.store.accounts.remove_member(place, account_id, tell=tell)


async def take_back(runtime: Runtime, project: str, invitation_id: str, *, author: str = "") -> bool:
    """End an invitation; whether there was one."""
    place = runtime.project(project).project.id
    for one in await runtime.store.accounts.invitations(place):
        if one.id == invitation_id:
            act = Act(project=place, kind="invitation", author=author, action="take back", of=one.id, name=one.email)
            tell = telling(runtime, replace(act, before={"role": one.role}))
            return await runtime.store.accounts.end_invitation(place, invitation_id, tell=tell)
    return False


async def _member(runtime: Runtime, place: str, account_id: str) -> Member | None:
    found = (one for one in await runtime.store.accounts.members(place) if one.account == account_id)
    return next(found, None)


def inviting(runtime: Runtime, invitation: Invitation) -> Telling:
    """What the history tells of an invitation that is made."""
    act = Act(
        project=invitation.project,
        kind="invitation",
        author=invitation.invited_by,
        action="invite",
        of=invitation.id,
        name=invitation.email,
    )
    return telling(runtime, act, {"role": invitation.role, "expires_at": invitation.expires_at})


def joining(runtime: Runtime, account: Account) -> Telling:
    """What the history tells of an invitation that is used."""

    def tell(used: Invitation | None) -> Notes:
        if used is None:
            return None
        act = Act(
            project=used.project,
            kind="member",
            author=account.email,
            action="join",
            of=account.id,
            name=account.email,
        )
        return telling(runtime, act, {"role": used.role, "invited_by": used.invited_by})(used)

    return tell
