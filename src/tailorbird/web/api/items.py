"""Catalogue items: written in bulk, read one by one or in pages."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, QueryParameter

from tailorbird.domain.definitions import Item
from tailorbird.engine import catalogue
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.views import Page, Written

_BASE = "/v1/projects/{project:str}/items"


class ItemsIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Items to write; each replaces the item of the same id."""

    items: list[Item]


_decode = msgspec.json.Decoder(ItemsIn).decode
_SHOWN = {"items": [{"id": "mug-blue", "type": "Product", "attributes": {"title": "Blue mug", "price": 7.5}}]}


@post(
    _BASE,
    operation_id="putItems",
    summary="Insert or replace items",
    status_code=200,
    opt={"operation": Operation(scope="manage", body=ItemsIn, answer=Written, upload=True, example=_SHOWN)},
)
async def upsert(caller: Calling) -> Response[Any]:
    """All of a call or none; where some are wrong, each of them is named. The attributes of an item are replaced as a
    whole, and of two with one id the last one stays."""
    told = await caller.told(_decode)
    await catalogue.upsert(caller.runtime, caller.project, told.items, author=caller.author)
    return answer(Written(len(told.items)))


@get(
    _BASE,
    operation_id="listItems",
    summary="A page of items, by id",
    opt={"operation": Operation(scope="read", answer=Page[Item])},
)
async def page(
    caller: Calling,
    after: Annotated[str, QueryParameter(description="the id after which the page begins", max_length=256)] = "",
    start: Annotated[str, QueryParameter(description="the id at which the first page begins", max_length=256)] = "",
    limit: Annotated[int, QueryParameter(description="how many at most", ge=1, le=1000)] = 100,
) -> Response[Any]:
    """Pass `next` as `after` to get the page that follows; `start` is not passed on with it."""
    found = await catalogue.page(caller.runtime, caller.project, after or start, limit, included=not after)
    return answer(Page(items=found, next=found[-1].id if len(found) == limit else None))


@get(
    f"{_BASE}/{{item_id:str}}",
    operation_id="readItem",
    summary="One item",
    opt={"operation": Operation(scope="read", answer=Item)},
)
async def read(caller: Calling, item_id: FromPath[str]) -> Response[Any]:
    """The item as it was written last."""
    return answer(await catalogue.read(caller.runtime, caller.project, item_id))


@delete(
    f"{_BASE}/{{item_id:str}}",
    operation_id="deleteItem",
    summary="Delete an item",
    opt={"operation": Operation(scope="manage", status=204)},
)
async def remove(caller: Calling, item_id: FromPath[str]) -> None:
    """Content that names it goes on without it."""
    await catalogue.delete(caller.runtime, caller.project, [item_id], author=caller.author)


items = Router("/", route_handlers=[upsert, page, read, remove], tags=["Catalogue"])
