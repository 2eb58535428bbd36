"""API keys: made once, listed without their secrets, rotated with overlap, revoked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import FromPath
from msgspec import Meta

from tailorbird.domain.access import Scope
from tailorbird.domain.errors import Invalid
from tailorbird.engine import access
from tailorbird.web import wire
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.views import KeyView, Listing, NewKey, key_members

_BASE = "/v1/projects/{project:str}/keys"


class KeyIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make."""

    #: who will use it; one client holds two live secret keys at most
    client: Annotated[str, Meta(min_length=1, max_length=100)]
    #: ``manage`` includes ``read``
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=4)]
    #: a publishable key may stand in web pages; it decides and records for anonymous visitors
    kind: Literal["secret", "publishable"] = "secret"
    #: when it stops working; never when absent
    expires_at: wire.Moment | None = None
    #: requests per second, by each process of the server for itself; 0 = the server's default
    rate: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0
    #: requests at once; 0 = the server's default
    burst: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class RotateIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a key gives way to its successor."""

    #: seconds that the old key keeps working
    overlap_seconds: Annotated[int, Meta(ge=0, le=2_592_000)] = 3600


_decode_key = msgspec.json.Decoder(KeyIn).decode
_decode_rotate = msgspec.json.Decoder(RotateIn).decode
_SHOWN = {"client": "shop-backend", "scopes": ["decide", "record"]}


@get(
    _BASE,
    operation_id="listKeys",
    summary="The keys of a project",
    opt={"operation": Operation(scope="manage", role="admin", answer=Listing[KeyView])},
)
async def listing(caller: Calling) -> Response[Any]:
    """Revoked keys stay listed. Secrets are stored as hashes and cannot be shown again."""
    keys = await access.list_keys(caller.runtime, caller.project)
    return answer(Listing([KeyView(**key_members(key)) for key in keys]))


@post(
    _BASE,
    operation_id="createKey",
    summary="Make a key",
    opt={
        "operation": Operation(
            scope="manage",
            role="admin",
            body=KeyIn,
            answer=NewKey,
            status=201,
            location=True,
            errors=(409,),
            example=_SHOWN,
        )
    },
)
async def create(caller: Calling) -> Response[Any]:
    """The secret is told here and never again. A publishable key may hold `decide` and `record` only."""
    told = await caller.told(_decode_key)
    if told.kind == "publishable" and not {"decide", "record"}.issuperset(told.scopes):
        raise Invalid.field("scopes", "decide and record: the key is publishable", told.scopes)
    expires_at = 0 if told.expires_at is None else wire.moment(told.expires_at, "expires_at")[0]
    if told.expires_at is not None and expires_at <= caller.runtime.clock():
        raise Invalid.field("expires_at", "a time to come", told.expires_at)
    key, secret = await access.create_key(
        caller.runtime,
        caller.project,
        client=told.client,
        scopes=tuple(dict.fromkeys(told.scopes)),
        kind=told.kind,
        expires_at=expires_at,
        rate=told.rate,
        burst=told.burst,
        author=caller.author,
    )
    return answer(
        NewKey(**key_members(key), secret=secret), 201, {"Location": f"/v1/projects/{caller.project}/keys/{key.id}"}
    )


@post(
    f"{_BASE}/{{key_id:str}}/rotate",
    operation_id="rotateKey",
    summary="Replace a key by a new one, with overlap",
    status_code=201,
    opt={
        "operation": Operation(
            scope="manage",
            role="admin",
            body=RotateIn,
            answer=NewKey,
            status=201,
            errors=(404, 409),
            example={"overlap_seconds": 3600},
        )
    },
)
async def rotate(caller: Calling, key_id: FromPath[str]) -> Response[Any]:
    """Client, scopes and limits go over to the new key; the old one works on for `overlap_seconds`."""
    told = await caller.maybe(_decode_rotate, RotateIn())
    key, secret = await access.rotate_key(
        caller.runtime, caller.project, key_id, told.overlap_seconds, author=caller.author
    )
    return answer(NewKey(**key_members(key), secret=secret), 201)


@delete(
    f"{_BASE}/{{key_id:str}}",
    operation_id="revokeKey",
    summary="Revoke a key",
    opt={"operation": Operation(scope="manage", role="admin", status=204)},
)
async def revoke(caller: Calling, key_id: FromPath[str]) -> None:
    """It is refused within two seconds by every process that reaches the store."""
    await access.revoke_key(caller.runtime, caller.project, key_id, author=caller.author)


keys = Router("/", route_handlers=[listing, create, rotate, revoke], tags=["Keys"])
