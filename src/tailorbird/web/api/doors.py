"""A preview as each door would return it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, Router, post
from litestar.params import FromPath

from tailorbird.engine.calls import Detail
from tailorbird.engine.preview import Preview, previewed
from tailorbird.engine.snapshot import Snapshot
from tailorbird.web.api import specimens
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.campaigns import PreviewIn, preview_call
from tailorbird.web.api.operation import Operation
from tailorbird.web.facades import intempt_shown, moengage_shown, moengage_wire, ofrep_wire, salesforce_response


class AtDoors(msgspec.Struct, frozen=True, kw_only=True):
    """What one decision looks like through each door: the bodies of its answers."""

    #: `POST /v1/decide`
    own: Any
    #: Salesforce Interaction Studio's Event API: `campaignResponses` with `dataMap` or `payload`
    salesforce: Any
    #: Intempt Optimization: `choices`
    intempt: Any
    #: MoEngage Personalize: `experiences` with `payload` and `experience_context`
    moengage: Any
    #: OpenFeature Remote Evaluation Protocol: one flag
    ofrep: Any


class DoorsPreview(msgspec.Struct, frozen=True, kw_only=True):
    """A preview, and how each door returns it."""

    preview: Preview
    doors: AtDoors


@post(
    "/v1/projects/{project:str}/campaigns/{ref:str}/preview/doors",
    status_code=200,
    operation_id="previewAtDoors",
    summary="What somebody would see, as each door returns it",
    opt={
        "operation": Operation(
            scope="read",
            body=PreviewIn,
            answer=DoorsPreview,
            example={"attributes": {"plan": "gold"}, "experience": "Discount"},
        ),
        "resource": specimens.CAMPAIGN,
    },
)
async def show(caller: Calling, ref: FromPath[str]) -> Response[Any]:
    """As `previewCampaign`, with the body that a client of each protocol would get for it. Nothing is recorded; tokens
    in it never count."""
    call = await preview_call(caller, ref)
    preview, detail = await previewed(caller.runtime, caller.project, call)
    return answer(DoorsPreview(preview=preview, doors=_bodies(caller.runtime.project(caller.project), detail)))


def _bodies(snapshot: Snapshot, detail: Detail) -> AtDoors:
    response = salesforce_response.shown(detail, snapshot.catalogue.item, {})
    choices = b",".join(intempt_shown.choices((detail,), ()))
    experiences = moengage_shown.shown((detail,), moengage_wire.mark(snapshot.project.id, None))
    return AtDoors(
        own={"decisions": [detail.decision], "degraded": False},
        salesforce={"campaignResponses": [] if response is None else [response]},
        intempt=msgspec.Raw(b'{"choices":[%s]}' % choices),
        moengage=msgspec.Raw(b'{"experiences":{%s}}' % experiences),
        ofrep=ofrep_wire.flag(snapshot, detail.decision),
    )


doors = Router("/", route_handlers=[show], tags=["Campaigns"])
