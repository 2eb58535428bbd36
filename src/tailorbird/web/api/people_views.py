"""The forms in which accounts, sessions, members and invitations are told. No password and no secret is in any."""

from __future__ import annotations

from typing import Literal

import msgspec

from tailorbird import __version__
from tailorbird.domain.accounts import Account, Invitation, Member, Role, Session, Visit
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.sessions import csrf_token
from tailorbird.web.options import Options


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in."""

    id: str
    email: str
    name: str
    #: may create projects and accounts, and is admin of every project
    owner: bool
    created_at: int
    #: since when nobody can sign in with it; null = somebody can
    disabled_at: int | None = None


class MyProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project of somebody who is signed in."""

    id: str
    key: str
    name: str
    role: Role
    #: IANA time zone in which the project reckons
    time_zone: str


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, and what their console needs to begin."""

    account: AccountView
    #: by name
    projects: list[MyProject]
    #: goes into the header `X-CSRF-Token` of every request that changes something
    csrf: str
    #: id of this session
    session: str
    #: of the server
    version: str
    #: where the server is reached from outside; empty where its operator did not say
    public_url: str


class SetupState(msgspec.Struct, frozen=True, kw_only=True):
    """What a page needs before anybody is signed in."""

    #: there is no account yet: the first is made with a setup code
    needed: bool
    version: str


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in."""

    id: str
    created_at: int
    #: kept to five minutes
    seen_at: int
    expires_at: int
    #: as the browser calls itself
    agent: str
    #: whether it is the one that asks
    current: bool


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's place in a project."""

    account: str
    email: str
    name: str
    role: Role
    #: since when
    at: int


class InvitationView(msgspec.Struct, frozen=True, kw_only=True):
    """A link that works once, without its token."""

    id: str
    role: Role
    #: for whom; empty = for whoever has the link
    email: str
    invited_by: str
    created_at: int
    expires_at: int
    #: when it was used
    used_at: int | None = None


class NewInvitation(InvitationView, frozen=True, kw_only=True):
    """A new invitation with its link, which is told this once."""

    token: str
    #: to pass on: the token stands behind `#`, so that it is in no log
    link: str


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link to a new password, which is told this once."""

    token: str
    link: str
    expires_at: int


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a link is for."""

    #: to join a project, or to choose a new password
    kind: Literal["join", "password"]
    #: name of the project; empty for a password
    project: str
    role: Role
    #: for whom; empty = for whoever has the link
    email: str
    #: whether there is an account with this address: then it takes signing in
    known: bool
    invited_by: str
    expires_at: int


def account_view(account: Account) -> AccountView:
    """What may be shown of an account."""
    return AccountView(
        id=account.id,
        email=account.email,
        name=account.name,
        owner=account.owner,
        created_at=account.created_at,
        disabled_at=account.disabled_at or None,
    )


async def me(runtime: Runtime, options: Options, visit: Visit, secret: str) -> Me:
    """Who is signed in, with all their projects."""
    account = visit.account
    roles = {} if account.owner else await runtime.store.accounts.roles(account.id)
    mine = [
        MyProject(
            id=snapshot.project.id,
            key=snapshot.project.key,
            name=snapshot.project.name,
            role="admin" if account.owner else roles[snapshot.project.id],
            time_zone=snapshot.settings.time_zone,
        )
        for snapshot in runtime.snapshots.values()
        if account.owner or snapshot.project.id in roles
    ]
    return Me(
        account=account_view(account),
        projects=sorted(mine, key=lambda one: (one.name.casefold(), one.key)),
        csrf=csrf_token(secret),
        session=visit.session.id,
        version=__version__,
        public_url=options.public_url,
    )


def session_view(session: Session, current: str) -> SessionView:
    """What may be shown of a session."""
    return SessionView(
        id=session.id,
        created_at=session.created_at,
        seen_at=session.seen_at,
        expires_at=session.expires_at,
        agent=session.agent,
        current=session.id == current,
    )


def member_view(member: Member) -> MemberView:
    """A member as others see them."""
    return MemberView(account=member.account, email=member.email, name=member.name, role=member.role, at=member.at)


def invitation_view(invitation: Invitation) -> InvitationView:
    """An invitation without its token."""
    return InvitationView(
        id=invitation.id,
        role=invitation.role,
        email=invitation.email,
        invited_by=invitation.invited_by,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        used_at=invitation.used_at or None,
    )
