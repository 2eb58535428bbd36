"""Members of list audiences: uploaded whole, or added and removed."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Response, Router, get, post, put
from litestar.params import FromPath

from tailorbird.domain.shape import check_nesting, read
from tailorbird.engine import lists
from tailorbird.web import http
from tailorbird.web.api.call import Caller, Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.views import Removed, Size

_BASE = "/v1/projects/{project:str}/audiences/{ref:str}/members"
#: a member is what a visitor's id or attribute is compared with
Member = str | int | float | bool
Members = list[Member]
_decode = msgspec.json.Decoder(Members).decode
_TAKES = ("application/json", "text/plain")
_TYPES = tuple(name.encode() for name in _TAKES)
_SHOWN = ["anna@example.org", "ben@example.org"]
_LIST = {"ref": "newsletter"}


async def _members(caller: Calling) -> Members:
    """A JSON list, or one member a line. Read in a thread: a million members take a second."""
    body = await caller.raw(_TYPES)
    kind = http.headers_of(caller.request.scope).get(b"content-type", b"application/json")
    if kind.startswith(b"text/plain"):
        return await asyncio.to_thread(_lines, body)
    check_nesting(body)
    return await asyncio.to_thread(read, _decode, body)


async def _put(caller: Caller, ref: str, *, replace: bool) -> Response[Any]:
    told = await _members(caller)
    size = await lists.put(caller.runtime, caller.project, ref, told, replace=replace, author=caller.author)
    return answer(Size(size))


def _lines(body: bytes) -> Members:
    text = read(lambda raw: raw.decode("utf-8-sig"), body)
    return [line for line in (part.strip() for part in text.splitlines()) if line]


@get(
    _BASE,
    operation_id="countMembers",
    summary="How many members a list has",
    opt={"operation": Operation(scope="read", answer=Size, parameters=_LIST)},
)
async def size(caller: Calling, ref: FromPath[str]) -> Response[Any]:
    """Members themselves are not read back."""
    return answer(Size(await lists.size(caller.runtime, caller.project, ref)))


@put(
    _BASE,
    operation_id="replaceMembers",
    summary="Replace all members of a list",
    opt={
        "operation": Operation(
            scope="manage",
            body=Members,
            takes=_TAKES,
            answer=Size,
            upload=True,
            example=_SHOWN,
            parameters=_LIST,
            errors=(409,),
        )
    },
)
async def replace(caller: Calling, ref: FromPath[str]) -> Response[Any]:
    """A JSON list, or `text/plain` with one member a line; up to a million. In force within a second."""
    return await _put(caller, ref, replace=True)


@post(
    _BASE,
    operation_id="addMembers",
    summary="Add members to a list",
    status_code=200,
    opt={
        "operation": Operation(
            scope="manage",
            body=Members,
            takes=_TAKES,
            answer=Size,
            upload=True,
            example=_SHOWN,
            parameters=_LIST,
            errors=(409,),
        )
    },
)
async def add(caller: Calling, ref: FromPath[str]) -> Response[Any]:
    """Those that it has already count once."""
    return await _put(caller, ref, replace=False)


@post(
    f"{_BASE}/remove",
    operation_id="removeMembers",
    summary="Remove members from a list",
    status_code=200,
    opt={
        "operation": Operation(
            scope="manage",
            body=Members,
            takes=_TAKES,
            answer=Removed,
            upload=True,
            example=_SHOWN,
            parameters=_LIST,
            errors=(409,),
        )
    },
)
async def remove(caller: Calling, ref: FromPath[str]) -> Response[Any]:
    """Those that it does not have are passed over. Tells how many were removed."""
    gone = await _members(caller)
    return answer(Removed(await lists.remove(caller.runtime, caller.project, ref, gone, author=caller.author)))


members = Router("/", route_handlers=[size, replace, add, remove], tags=["Audiences"])
