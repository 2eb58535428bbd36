"""The people of a project: who they are, their roles, and invitations."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.params import FromPath
from msgspec import Meta

from tailorbird.domain.accounts import Role
from tailorbird.domain.errors import NotFound
from tailorbird.engine import accounts, memberships
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.people_views import (
    InvitationView,
    MemberView,
    NewInvitation,
    invitation_view,
    member_view,
)
from tailorbird.web.api.places import link_to
from tailorbird.web.api.views import Listing

_MEMBERS = "/v1/projects/{project:str}/members"
_INVITATIONS = "/v1/projects/{project:str}/invitations"


class RoleIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody may do in the project."""

    #: viewer, editor, publisher or admin; each may what those before it may
    role: Role


class InvitationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to invite, and as what."""

    #: viewer, editor, publisher or admin; each may what those before it may
    role: Role
    #: only an account with this address may use it; empty = whoever has the link
    email: Annotated[str, Meta(max_length=320)] = ""
    #: days that the link is good for
    days: Annotated[int, Meta(ge=1, le=90)] = 7


_decode_role = msgspec.json.Decoder(RoleIn).decode
_decode_invitation = msgspec.json.Decoder(InvitationIn).decode
_ADMIN: dict[str, Any] = {"scope": None, "who": "account", "role": "admin"}


@get(
    _MEMBERS,
    operation_id="listMembers",
    summary="The people of a project",
    opt={"operation": Operation(scope=None, who="account", role="viewer", answer=Listing[MemberView])},
)
async def listing(caller: Calling) -> Response[Any]:
    """By e-mail address. Owners of the installation, who are admins everywhere, are listed only where they joined."""
    found = await memberships.members(caller.runtime, caller.project)
    return answer(Listing([member_view(one) for one in found]))


@put(
    f"{_MEMBERS}/{{account_id:str}}",
    operation_id="putMember",
    summary="Give an account a role in a project",
    opt={"operation": Operation(**_ADMIN, body=RoleIn, answer=Listing[MemberView], example={"role": "editor"})},
)
async def change(caller: Calling, account_id: FromPath[str]) -> Response[Any]:
    """In force with the account's next request. Who is no member becomes one: only an owner of the installation may
    add accounts so; others invite."""
    told = await caller.told(_decode_role)
    add = caller.signed_in.account.owner
    await memberships.give_role(caller.runtime, caller.project, account_id, told.role, author=caller.author, add=add)
    return answer(Listing([member_view(one) for one in await memberships.members(caller.runtime, caller.project)]))


@delete(
    f"{_MEMBERS}/{{account_id:str}}",
    operation_id="removeMember",
    summary="Remove somebody from a project",
    opt={"operation": Operation(**_ADMIN, status=204)},
)
async def remove(caller: Calling, account_id: FromPath[str]) -> None:
    """In force with the account's next request; the account itself stays."""
    if not await memberships.remove(caller.runtime, caller.project, account_id, author=caller.author):
        raise NotFound(f"There is no member {account_id!r} in this project.")


@get(
    _INVITATIONS,
    operation_id="listInvitations",
    summary="Invitations into a project",
    opt={"operation": Operation(**_ADMIN, answer=Listing[InvitationView])},
)
async def invitations(caller: Calling) -> Response[Any]:
    """The newest first; used ones too, and those that expired within a month."""
    found = await caller.runtime.store.accounts.invitations(caller.project)
    return answer(Listing([invitation_view(one) for one in found]))


@post(
    _INVITATIONS,
    operation_id="invite",
    summary="Invite somebody into a project",
    opt={
        "operation": Operation(
            **_ADMIN,
            body=InvitationIn,
            answer=NewInvitation,
            status=201,
            example={"role": "editor", "email": "ben@example.org"},
        )
    },
)
async def invite(caller: Calling) -> Response[Any]:
    """The answer holds a link that works once, told this once: nothing is mailed, pass it on yourself."""
    told = await caller.told(_decode_invitation)
    made, token = await accounts.invite(
        caller.runtime, caller.project, role=told.role, invited_by=caller.author, email=told.email, days=told.days
    )
    view = msgspec.structs.asdict(invitation_view(made))
    return answer(NewInvitation(**view, token=token, link=link_to(caller, token)), 201)


@delete(
    f"{_INVITATIONS}/{{invitation_id:str}}",
    operation_id="takeInvitationBack",
    summary="Take an invitation back",
    opt={"operation": Operation(**_ADMIN, status=204)},
)
async def take_back(caller: Calling, invitation_id: FromPath[str]) -> None:
    """Its link is dead at once. Who used it before stays a member."""
    if not await memberships.take_back(caller.runtime, caller.project, invitation_id, author=caller.author):
        raise NotFound(f"There is no invitation {invitation_id!r} into this project.")


members_of_project = Router(
    "/", route_handlers=[listing, change, remove, invitations, invite, take_back], tags=["Members"]
)
