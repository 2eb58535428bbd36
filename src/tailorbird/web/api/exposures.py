"""History from another tool: exposures that happened there."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, post
from msgspec import Meta

from tailorbird.domain.errors import Invalid
from tailorbird.domain.shape import invalid
from tailorbird.engine.calls import Recorded
from tailorbird.engine.history import PastExposure, import_exposures
from tailorbird.web import wire
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation


class ExposureIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody entered an arm of a campaign."""

    visitor: wire.VisitorIn
    #: key, earlier key or id of the campaign
    campaign: wire.Name
    #: id or name of the experience, or ``control``
    experience: Annotated[str, Meta(min_length=1, max_length=200)]
    #: when it happened: ISO 8601 or epoch milliseconds
    time: wire.Moment
    #: id or name of the rule; needed for control, and for an experience whose name several rules have, unless the
    #: campaign has one rule only
    rule: Annotated[str, Meta(max_length=200)] = ""
    #: the campaign's version then; the newest when absent
    version: Annotated[int, Meta(ge=0, le=2_147_483_647)] = 0
    #: what was known then, for breakdowns: country, device, …
    facts: dict[str, Any] = {}


class ExposuresIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What another tool knows of who saw what: up to 1,000 exposures, each judged by itself."""

    exposures: Annotated[list[ExposureIn], Meta(max_length=1000)]


class _Unread(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    exposures: list[msgspec.Raw]


_decode = msgspec.json.Decoder(_Unread).decode
_decode_one = msgspec.json.Decoder(ExposureIn).decode
_SHOWN = {
    "exposures": [
        {
            "visitor": {"id": "anna@example.org"},
            "campaign": "home-hero",
            "experience": "Delivery",
            "time": "2026-01-15T09:30:00Z",
            "facts": {"country": "GB", "device": "mobile"},
        },
        {
            "visitor": {"anonymous_id": "device-2"},
            "campaign": "home-hero",
            "experience": "control",
            "time": 1768469400000,
        },
    ]
}


@post(
    "/v1/exposures:import",
    operation_id="importExposures",
    summary="Bring history from another tool",
    status_code=200,
    opt={
        "operation": Operation(
            scope="manage", role="admin", body=ExposuresIn, answer=Recorded, upload=True, example=_SHOWN
        )
    },
)
async def bring(caller: Calling) -> Response[Any]:
    """An item that is wrong is refused alone, by its index. Somebody who has an exposure to the campaign keeps it, and
    the item is a duplicate; so the same call may be sent again. What visitors see does not change: draws stay as they
    are."""
    told = await caller.told(_decode)
    return answer(await import_exposures(caller.runtime, caller.project, [_read(raw) for raw in told.exposures]))


def _read(raw: msgspec.Raw) -> PastExposure | Invalid:
    """One exposure of a batch, or what is wrong with it."""
    body = bytes(raw)
    try:
        told = _decode_one(body)
        return PastExposure(
            visitor=wire.visitor(told.visitor),
            campaign=told.campaign,
            experience=told.experience,
            time=wire.moment(told.time, "time")[0],
            rule=told.rule,
            version=told.version,
            facts=told.facts,
        )
    except Invalid as error:
        return error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return invalid(error, body)


exposures = Router("/", route_handlers=[bring], tags=["Decide and record"])
