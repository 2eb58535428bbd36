"""Accounts of the installation: what its owners do with them."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath

from tailorbird.engine import account_notes, accounts
from tailorbird.engine.accounts import Person
from tailorbird.engine.view import AuditEntry
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.paging import Limit, Sequence
from tailorbird.web.api.people_views import AccountView, NewLink, account_view
from tailorbird.web.api.places import link_to
from tailorbird.web.api.sessions import Email, Name, Password
from tailorbird.web.api.views import Listing, Page

_BASE = "/v1/accounts"


class AccountIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to make. An invitation is the better way: with it people choose their own password."""

    email: Email
    name: Name
    #: 10 characters or more, and not the e-mail address
    password: Password
    #: may create projects and accounts, and is admin of every project
    owner: bool = False


class AccountChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different; what is left out stays."""

    name: Name | None = None
    #: may create projects and accounts, and is admin of every project
    owner: bool | None = None
    #: true signs the account out everywhere and lets nobody in with it
    disabled: bool | None = None


_decode_account = msgspec.json.Decoder(AccountIn).decode
_decode_change = msgspec.json.Decoder(AccountChange).decode


@get(
    _BASE,
    operation_id="listAccounts",
    summary="All accounts of the installation",
    opt={"operation": Operation(scope=None, who="owner", answer=Listing[AccountView])},
)
async def listing(caller: Calling) -> Response[Any]:
    """Oldest first."""
    return answer(Listing([account_view(one) for one in await caller.runtime.store.accounts.all()]))


@post(
    _BASE,
    operation_id="createAccount",
    summary="Make an account",
    opt={
        "operation": Operation(
            scope=None,
            who="owner",
            body=AccountIn,
            answer=AccountView,
            status=201,
            errors=(409,),
            example={"email": "ben@example.org", "name": "Ben", "password": "told to Ben in person"},
        )
    },
)
async def create(caller: Calling) -> Response[Any]:
    """It has no role in any project yet, unless it is an owner."""
    told = await caller.told(_decode_account)
    person = Person(email=told.email, name=told.name, password=told.password)
    made = await accounts.create_account(caller.runtime, person, owner=told.owner, author=caller.author)
    return answer(account_view(made), 201)


@patch(
    f"{_BASE}/{{account_id:str}}",
    operation_id="changeAccount",
    summary="Rename, disable or make an owner",
    opt={
        "operation": Operation(
            scope=None,
            who="owner",
            body=AccountChange,
            answer=AccountView,
            errors=(409,),
            example={"name": "Benjamin"},
        )
    },
)
async def change(caller: Calling, account_id: FromPath[str]) -> Response[Any]:
    """409 when nobody who may sign in would be an owner any more."""
    told = await caller.told(_decode_change)
    changed = await accounts.change_account(
        caller.runtime, account_id, name=told.name, owner=told.owner, disabled=told.disabled, author=caller.author
    )
    return answer(account_view(changed))


@delete(
    f"{_BASE}/{{account_id:str}}",
    operation_id="deleteAccount",
    summary="Delete an account",
    opt={"operation": Operation(scope=None, who="owner", status=204, errors=(409,))},
)
async def remove(caller: Calling, account_id: FromPath[str]) -> None:
    """With its sessions and memberships. What it wrote keeps its author."""
    await accounts.delete_account(caller.runtime, account_id, author=caller.author)


@post(
    f"{_BASE}/{{account_id:str}}/password-link",
    operation_id="linkToPassword",
    summary="A link to choose a new password with",
    opt={"operation": Operation(scope=None, who="owner", answer=NewLink, status=201)},
)
async def password_link(caller: Calling, account_id: FromPath[str]) -> Response[Any]:
    """For somebody who forgot it. Good once, for a day; told this once, to be passed on by whoever made it."""
    made, token = await accounts.password_link(caller.runtime, account_id, caller.author)
    return answer(NewLink(token=token, link=link_to(caller, token), expires_at=made.expires_at), 201)


@get(
    "/v1/history",
    operation_id="readHistory",
    summary="Everything that was done to accounts",
    opt={"operation": Operation(scope=None, who="owner", answer=Page[AuditEntry])},
)
async def history(caller: Calling, limit: Limit = 100, before: Sequence = 0) -> Response[Any]:
    """Made, renamed, made an owner, disabled, deleted, given another password or a link to one: who did it to whom,
    when, and what changed; newest first. Pass `next` as `before` for the page that follows. What is done in a project
    stands in the history of the project, `GET /v1/projects/{project}/audit`."""
    found = await account_notes.history(caller.runtime, limit, before)
    return answer(Page(items=found, next=str(found[-1].seq) if len(found) == limit else None))


all_accounts = Router("/", route_handlers=[listing, create, change, remove, password_link, history], tags=["Accounts"])
