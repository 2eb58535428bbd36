"""Profiles: look one up, change attributes, join two ids, export, erase."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, QueryParameter

from tailorbird.domain.errors import Invalid
from tailorbird.domain.ids import MAX_VISITOR_ID
from tailorbird.domain.visitor import IdKind
from tailorbird.engine import people
from tailorbird.web import wire
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.paging import EventName, Limit, Sequence
from tailorbird.web.api.views import Arrived, Export, Page, WholePerson

_BASE = "/v1/profiles/{visitor_id:str}"

KindOfId = Annotated[
    Literal["known", "anonymous"] | None,
    QueryParameter(description="whether it is an id of a known user or of a device; tried in this order when absent"),
]
_KINDS: dict[str | None, IdKind | None] = {"known": "u", "anonymous": "a", None: None}
_WHO = {"visitor_id": "anna@example.org"}


class AttributesIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Attributes to set; those that are not named stay."""

    #: null removes an attribute
    attributes: dict[str, Any]


class AliasIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another known id of the same person."""

    alias: wire.VisitorId


_decode_attributes = msgspec.json.Decoder(AttributesIn).decode
_decode_alias = msgspec.json.Decoder(AliasIn).decode


def _checked(visitor_id: str) -> str:
    if not 1 <= len(visitor_id) <= MAX_VISITOR_ID:
        raise Invalid.field("id", "1 to 256 characters", f"{len(visitor_id)} characters")
    wire.check_id(visitor_id, "id")
    return visitor_id


@get(
    _BASE,
    operation_id="readProfile",
    summary="What is known of a person",
    opt={"operation": Operation(scope="read", answer=WholePerson, parameters=_WHO)},
)
async def read(caller: Calling, visitor_id: FromPath[str], kind: KindOfId = None) -> Response[Any]:
    """Ids, attributes, visits, counters, exposures and what was shown. The events themselves come page by page."""
    return answer(await people.person(caller.runtime, caller.project, _checked(visitor_id), _KINDS[kind]))


@get(
    f"{_BASE}/events",
    operation_id="listEventsOfProfile",
    summary="The events of a person",
    opt={"operation": Operation(scope="read", answer=Page[Arrived], parameters=_WHO)},
)
async def events(
    caller: Calling,
    visitor_id: FromPath[str],
    kind: KindOfId = None,
    limit: Limit = 100,
    before: Sequence = 0,
    name: EventName = "",
) -> Response[Any]:
    """As they are stored, the newest first, under all ids of the person. Pass `next` as `before` for the page that
    follows. Events whose rows outlived `retention_days` are not among them; `event_count` of the person counts them."""
    found = await people.events(
        caller.runtime, caller.project, _checked(visitor_id), _KINDS[kind], limit=limit, before=before, name=name
    )
    return answer(Page(items=found, next=str(found[-1]["seq"]) if len(found) == limit else None))


@get(
    f"{_BASE}/export",
    operation_id="exportProfile",
    summary="Everything that is stored of a person",
    opt={"operation": Operation(scope="read", answer=Export, parameters=_WHO)},
)
async def export(caller: Calling, visitor_id: FromPath[str], kind: KindOfId = None) -> Response[Any]:
    """The profile with every event and exposure, as JSON."""
    return answer(await people.export(caller.runtime, caller.project, _checked(visitor_id), _KINDS[kind]))


@patch(
    _BASE,
    operation_id="setAttributes",
    summary="Set attributes of a person",
    opt={
        "operation": Operation(
            scope="record",
            body=AttributesIn,
            answer=WholePerson,
            example={"attributes": {"plan": "gold", "newsletter": True}},
            parameters=_WHO,
        )
    },
)
async def set_attributes(caller: Calling, visitor_id: FromPath[str], kind: KindOfId = None) -> Response[Any]:
    """For people who were seen before. Attributes of new people come with their first event."""
    told = await caller.told(_decode_attributes)
    own: IdKind = "a" if kind == "anonymous" else "u"
    await people.person(caller.runtime, caller.project, _checked(visitor_id), own)
    return answer(await people.set_attributes(caller.runtime, caller.project, visitor_id, told.attributes, own))


@post(
    f"{_BASE}/alias",
    operation_id="alias",
    summary="Say that two known ids are one person",
    status_code=200,
    opt={
        "operation": Operation(
            scope="record",
            role="admin",
            body=AliasIn,
            answer=WholePerson,
            example={"alias": "customer-17"},
            parameters=_WHO,
        )
    },
)
async def alias(caller: Calling, visitor_id: FromPath[str]) -> Response[Any]:
    """Known ids are joined by this call only, never because they were seen together. It cannot be undone."""
    told = await caller.told(_decode_alias)
    wire.check_id(told.alias, "alias")
    await people.person(caller.runtime, caller.project, _checked(visitor_id), "u")
    return answer(await people.alias(caller.runtime, caller.project, visitor_id, told.alias))


@delete(
    _BASE,
    operation_id="eraseProfile",
    summary="Erase a person",
    opt={"operation": Operation(scope="manage", role="admin", status=204, parameters=_WHO)},
)
async def erase(caller: Calling, visitor_id: FromPath[str], kind: KindOfId = None) -> None:
    """Profile, ids, events, exposures and list memberships are gone; only nameless hashes of event ids stay, so that a
    repeated event is not taken for a new one."""
    await people.erase(caller.runtime, caller.project, _checked(visitor_id), _KINDS[kind], author=caller.author)


profiles = Router("/", route_handlers=[read, events, export, set_attributes, alias, erase], tags=["Profiles"])
