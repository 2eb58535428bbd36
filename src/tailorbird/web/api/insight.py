"""What arrives and what was changed: audit, schema, events, refused events, counters."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, Router, get
from litestar.params import QueryParameter

from tailorbird.domain.audit import NoteKind
from tailorbird.domain.definitions import Kind
from tailorbird.engine import firsts, insight
from tailorbird.engine.view import AuditEntry, audit
from tailorbird.web.api.call import Calling, answer, until_gone
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.paging import EventName, Limit, Sequence
from tailorbird.web.api.views import Arrived, Connected, Counts, Listing, Page, Refused, Seen

_BASE = "/v1/projects/{project:str}"

OfKind = Annotated[Kind | NoteKind | None, QueryParameter(description="only what was done to this kind of thing")]
Who = Annotated[str, QueryParameter(description="only events of who has this id, of either kind", max_length=256)]
Seconds = Annotated[float, QueryParameter(description="seconds to wait for the first event", ge=0, le=25)]


@get(
    f"{_BASE}/audit",
    operation_id="readAudit",
    summary="Everything that was changed",
    opt={"operation": Operation(scope="read", answer=Page[AuditEntry])},
)
async def entries(caller: Calling, limit: Limit = 100, before: Sequence = 0, kind: OfKind = None) -> Response[Any]:
    """Every write of a definition, and what was done to keys, members, invitations, lists, items and people: who, when,
    what, and what changed; newest first. Pass `next` as `before` for the page that follows. Of who was erased, nothing
    is told."""
    found = await audit(caller.runtime, caller.project, limit, before, kind or "")
    return answer(Page(items=found, next=str(found[-1].seq) if len(found) == limit else None))


@get(
    f"{_BASE}/schema",
    operation_id="readSchema",
    summary="Attributes, events and properties that were seen",
    opt={"operation": Operation(scope="read", answer=Listing[Seen])},
)
async def schema(caller: Calling) -> Response[Any]:
    """With the types of their values and when they were seen first and last."""
    return answer(Listing(await insight.schema(caller.runtime, caller.project)))


@get(
    f"{_BASE}/events",
    operation_id="listEvents",
    summary="The newest events",
    opt={"operation": Operation(scope="read", answer=Page[Arrived])},
)
async def events(
    caller: Calling,
    limit: Limit = 100,
    after: Sequence = 0,
    name: EventName = "",
    visitor: Who = "",
    wait: Seconds = 0,
) -> Response[Any]:
    """Of everybody, for looking at what arrives. With `after`, only those with a higher `seq`; with `wait` too, the
    answer comes with the first of them, half a second after they were stored. Handing `next` back as `after` shows all
    of them live: where several servers write at once, an event may show up after one with a higher `seq`, and so `next`
    stays below those that are not sure yet, which then come again. A name is looked for among the newest 100,000, a
    visitor's events among their newest 1,000."""
    found = insight.next_events(caller.runtime, caller.project, limit, after, name=name, visitor=visitor, seconds=wait)
    told = await until_gone(caller, found)
    return answer(Page(items=told.events, next=str(told.next)))


@get(
    f"{_BASE}/events/rejected",
    operation_id="listRejectedEvents",
    summary="Events that were refused",
    opt={"operation": Operation(scope="read", answer=Listing[Refused])},
)
async def rejected(caller: Calling, limit: Limit = 100) -> Response[Any]:
    """The last 1,000 of the last week, with the reason. Values are masked: only their types and lengths are kept."""
    return answer(Listing(await insight.rejected(caller.runtime, caller.project, limit)))


@get(
    f"{_BASE}/counts",
    operation_id="readCounts",
    summary="Named counters",
    opt={"operation": Operation(scope="read", answer=Counts)},
)
async def counts(caller: Calling) -> Response[Any]:
    """For example `identity_conflicts`: contradictions that were met while ids were linked."""
    return answer(Counts(await insight.counts(caller.runtime, caller.project)))


@get(
    f"{_BASE}/connection",
    operation_id="readConnection",
    summary="Whether a backend has called yet",
    opt={"operation": Operation(scope="read", answer=Connected)},
)
async def connected(caller: Calling) -> Response[Any]:
    """When a decision was first asked for, through any door, and the newest event."""
    return answer(await firsts.connection(caller.runtime, caller.project))


insights = Router("/", route_handlers=[entries, schema, events, rejected, counts, connected], tags=["Insight"])
