"""Links that were passed on: into a project, or to a new password. Each works once."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, Router, post

from tailorbird.engine import accounts
from tailorbird.engine.accounts import Person
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.people_views import Me, Offer, me
from tailorbird.web.api.sessions import Email, Name, Password, Token, begin, secret_of


class TokenIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token of a link, which stands behind its `#`."""

    token: Token


class AcceptIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new account, made with an invitation."""

    token: Token
    #: the invitation's, where it names one
    email: Email
    name: Name
    #: 10 characters or more, and not the e-mail address
    password: Password


class ChooseIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new password, chosen with a link."""

    token: Token
    #: 10 characters or more, and not the e-mail address
    password: Password


_decode_token = msgspec.json.Decoder(TokenIn).decode
_decode_accept = msgspec.json.Decoder(AcceptIn).decode
_decode_choose = msgspec.json.Decoder(ChooseIn).decode
_ADA = {"email": "ada@example.org", "name": "Ada", "password": "a long enough password"}
_TOKEN = {"token": "the-token-of-the-link"}


@post(
    "/v1/invitations/look",
    operation_id="lookAtInvitation",
    summary="What a link is for",
    status_code=200,
    opt={"operation": Operation(scope=None, body=TokenIn, answer=Offer, errors=(403, 404, 429, 503), example=_TOKEN)},
)
async def look(caller: Calling) -> Response[Any]:
    """Without using it. 404 when it was used, has expired or was taken back."""
    told = await caller.told(_decode_token)
    found = await accounts.look(caller.runtime, told.token, caller.address)
    snapshot = caller.runtime.snapshots.get(found.project)
    known = bool(found.email) and await caller.runtime.store.accounts.by_email(found.email) is not None
    return answer(
        Offer(
            kind=found.kind,
            project=snapshot.project.name if snapshot is not None else "",
            role=found.role,
            email=found.email,
            known=known,
            invited_by=found.invited_by,
            expires_at=found.expires_at,
        )
    )


@post(
    "/v1/invitations/accept",
    operation_id="acceptInvitation",
    summary="Join a project with a new account",
    opt={
        "operation": Operation(
            scope=None,
            body=AcceptIn,
            answer=Me,
            status=201,
            errors=(403, 404, 409, 429, 503),
            example={**_TOKEN, **_ADA},
        )
    },
)
async def accept(caller: Calling) -> Response[Any]:
    """Signs in. 409 when the address has an account: sign in, then join with it."""
    told = await caller.told(_decode_accept)
    person = Person(email=told.email, name=told.name, password=told.password)
    account = await accounts.join_as_new(caller.runtime, told.token, person, caller.address)
    return await begin(caller, account, 201)


@post(
    "/v1/invitations/join",
    operation_id="joinProject",
    summary="Join a project with the account that is signed in",
    status_code=200,
    opt={"operation": Operation(scope=None, who="account", body=TokenIn, answer=Me, errors=(404,), example=_TOKEN)},
)
async def join(caller: Calling) -> Response[Any]:
    """A higher role that the account has in the project stays."""
    told = await caller.told(_decode_token)
    await accounts.join(caller.runtime, told.token, caller.signed_in.account, caller.address)
    return answer(await me(caller.runtime, caller.options, caller.signed_in, secret_of(caller)))


@post(
    "/v1/invitations/password",
    operation_id="choosePassword",
    summary="Choose a new password with a link",
    status_code=200,
    opt={
        "operation": Operation(
            scope=None,
            body=ChooseIn,
            answer=Me,
            errors=(403, 404, 429, 503),
            example={**_TOKEN, "password": "a long enough password"},
        )
    },
)
async def choose(caller: Calling) -> Response[Any]:
    """Every session of the account ends, and this browser is signed in."""
    told = await caller.told(_decode_choose)
    account = await accounts.choose_password(caller.runtime, told.token, told.password, caller.address)
    return await begin(caller, account)


links = Router("/", route_handlers=[look, accept, join, choose], tags=["Sign in"])
