"""Getting in and out: the first account, signing in, one's own account and sessions, and links that were passed on."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import Meta

from tailorbird import __version__
from tailorbird.domain.accounts import Account, Visit
from tailorbird.domain.errors import NotFound
from tailorbird.engine import accounts, sessions
from tailorbird.engine.accounts import Person
from tailorbird.engine.runtime import Runtime
from tailorbird.web import http
from tailorbird.web.api import signed
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.people_views import Me, SessionView, SetupState, me, session_view
from tailorbird.web.api.views import Listing

Email = Annotated[str, Meta(min_length=3, max_length=320)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Password = Annotated[str, Meta(min_length=1, max_length=4000)]
Token = Annotated[str, Meta(min_length=1, max_length=200)]


class SetupIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first account: an owner of the installation."""

    #: as the server printed it
    code: Token
    email: Email
    name: Name
    #: 10 characters or more, and not the e-mail address
    password: Password


class SignInIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs in."""

    email: Email
    password: Password


class NameIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How somebody is called."""

    name: Name


class PasswordIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new password."""

    current_password: Password
    #: 10 characters or more, and not the e-mail address
    new_password: Password


_decode_setup = msgspec.json.Decoder(SetupIn).decode
_decode_sign_in = msgspec.json.Decoder(SignInIn).decode
_decode_name = msgspec.json.Decoder(NameIn).decode
_decode_password = msgspec.json.Decoder(PasswordIn).decode
_ADA = {"email": "ada@example.org", "name": "Ada", "password": "a long enough password"}

KeepThis = Annotated[bool, QueryParameter(description="stay signed in here, end all others")]


async def _signed_in(caller: Calling, visit: Visit, secret: str, status: int = 200) -> Response[Any]:
    """Who it is, with the cookie that says so from now on."""
    told = await me(caller.runtime, caller.options, visit, secret)
    return answer(told, status, {"Set-Cookie": signed.set_cookie(secret, caller.options)})


async def begin(caller: Calling, account: Account, status: int = 200) -> Response[Any]:
    """Sign somebody in who showed who they are."""
    visit, secret = await sessions.begin(caller.runtime, account, _agent(caller))
    return await _signed_in(caller, visit, secret, status)


def _agent(caller: Calling) -> str:
    return str(caller.request.headers.get("user-agent", ""))


def secret_of(caller: Calling) -> str:
    """The secret of the session that asks."""
    return signed.secret_of(http.headers_of(caller.request.scope), caller.options)


@get(
    "/v1/setup",
    operation_id="readSetup",
    summary="Whether the first account is still to be made",
    opt={"operation": Operation(scope=None, answer=SetupState, errors=(503,))},
)
async def setup_state(runtime: NamedDependency[Runtime]) -> Response[Any]:
    """For pages that are shown before anybody is signed in."""
    return answer(SetupState(needed=not await accounts.is_set_up(runtime), version=__version__))


@post(
    "/v1/setup",
    operation_id="setUp",
    summary="Make the first account",
    opt={
        "operation": Operation(
            scope=None,
            body=SetupIn,
            answer=Me,
            status=201,
            errors=(403, 409, 429, 503),
            example={"code": "printed-at-the-start", **_ADA},
        )
    },
)
async def set_up(caller: Calling) -> Response[Any]:
    """With the code that the server printed at its start. The account is an owner: admin of every project. The code
    works once, and none does when there is an account. Signs in."""
    told = await caller.told(_decode_setup)
    person = Person(email=told.email, name=told.name, password=told.password)
    account = await accounts.set_up(caller.runtime, told.code, person, caller.address)
    return await begin(caller, account, 201)


@post(
    "/v1/session",
    operation_id="signIn",
    summary="Sign in",
    status_code=200,
    opt={
        "operation": Operation(
            scope=None,
            body=SignInIn,
            answer=Me,
            errors=(401, 403, 429, 503),
            example={"email": "ada@example.org", "password": "a long enough password"},
        )
    },
)
async def sign_in(caller: Calling) -> Response[Any]:
    """Sets a cookie that scripts cannot read. Attempts are limited by account and by address, over all processes."""
    told = await caller.told(_decode_sign_in)
    visit, secret = await sessions.sign_in(
        caller.runtime, told.email, told.password, address=caller.address, agent=_agent(caller)
    )
    return await _signed_in(caller, visit, secret)


@delete(
    "/v1/session",
    operation_id="signOut",
    summary="Sign out",
    status_code=204,
    opt={"operation": Operation(scope=None, who="account", status=204)},
)
async def sign_out(caller: Calling) -> Response[None]:
    """This browser; `DELETE /v1/me/sessions` signs out everywhere."""
    held = caller.signed_in
    await caller.runtime.store.accounts.end_session(held.account.id, held.session.id)
    return _gone(caller)


def _gone(caller: Calling) -> Response[None]:
    return Response(None, status_code=204, headers={"Set-Cookie": signed.set_cookie("", caller.options)})


@get(
    "/v1/me",
    operation_id="readMe",
    summary="Who is signed in, with projects and roles",
    opt={"operation": Operation(scope=None, who="account", answer=Me)},
)
async def read_me(caller: Calling) -> Response[Any]:
    """`csrf` goes into the header `X-CSRF-Token` of every request of the session that changes something."""
    return answer(await me(caller.runtime, caller.options, caller.signed_in, secret_of(caller)))


@patch(
    "/v1/me",
    operation_id="renameMe",
    summary="Be called something else",
    opt={"operation": Operation(scope=None, who="account", body=NameIn, answer=Me, example={"name": "Ada L."})},
)
async def rename_me(caller: Calling) -> Response[Any]:
    """The e-mail address, by which changes name their author, stays."""
    told = await caller.told(_decode_name)
    held = caller.signed_in
    account = await accounts.change_account(caller.runtime, held.account.id, name=told.name, author=caller.author)
    visit = msgspec.structs.replace(held, account=account)
    return answer(await me(caller.runtime, caller.options, visit, secret_of(caller)))


@put(
    "/v1/me/password",
    operation_id="changePassword",
    summary="Change one's password",
    status_code=204,
    opt={
        "operation": Operation(
            scope=None,
            who="account",
            body=PasswordIn,
            status=204,
            example={"current_password": "a long enough password", "new_password": "another long password"},
        )
    },
)
async def change_password(caller: Calling) -> None:
    """Every other session of the account ends."""
    told = await caller.told(_decode_password)
    await sessions.change_password(caller.runtime, caller.signed_in, told.current_password, told.new_password)


@get(
    "/v1/me/sessions",
    operation_id="listSessions",
    summary="Where one is signed in",
    opt={"operation": Operation(scope=None, who="account", answer=Listing[SessionView])},
)
async def listing(caller: Calling) -> Response[Any]:
    """Every browser in which the account is signed in, the newest first."""
    held = caller.signed_in
    found = await caller.runtime.store.accounts.sessions(held.account.id, caller.runtime.clock())
    return answer(Listing([session_view(one, held.session.id) for one in found]))


@delete(
    "/v1/me/sessions",
    operation_id="signOutEverywhere",
    summary="Sign out everywhere",
    status_code=204,
    opt={"operation": Operation(scope=None, who="account", status=204)},
)
async def end_all(caller: Calling, keep_this: KeepThis = False) -> Response[None]:
    """In force at once, in every process."""
    held = caller.signed_in
    await caller.runtime.store.accounts.end_sessions(held.account.id, keep=held.session.id if keep_this else "")
    return Response(None, status_code=204) if keep_this else _gone(caller)


@delete(
    "/v1/me/sessions/{session_id:str}",
    operation_id="endSession",
    summary="Sign out one browser",
    status_code=204,
    opt={"operation": Operation(scope=None, who="account", status=204)},
)
async def end_one(caller: Calling, session_id: FromPath[str]) -> None:
    """One of one's own sessions."""
    if not await caller.runtime.store.accounts.end_session(caller.signed_in.account.id, session_id):
        raise NotFound(f"There is no session {session_id!r}.")


getting_in = Router(
    "/",
    route_handlers=[
        *(setup_state, set_up, sign_in, sign_out),
        *(read_me, rename_me, change_password),
        *(listing, end_all, end_one),
    ],
    tags=["Sign in"],
)
