"""Campaigns, audiences, templates and goals; and what only campaigns can do: their lifecycle, clones and previews."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta

from tailorbird.domain.errors import Conflict, Invalid, NotFound
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import publish
from tailorbird.engine.calls import PreviewCall
from tailorbird.engine.preview import Preview, preview
from tailorbird.engine.selection import Facets, facets
from tailorbird.web import wire
from tailorbird.web.api import specimens
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.definitions import Definitions, created, of_kind, shown
from tailorbird.web.api.operation import Operation, Stand
from tailorbird.web.api.views import Listing

_BASE = "/v1/projects/{project:str}"
_ONE = "/v1/projects/{project:str}/campaigns/{ref:str}"
_OPT = {"resource": specimens.CAMPAIGN}


Campaigns, Audiences, Templates, Goals = (of_kind(Definitions, one) for one in specimens.ALL)


class CloneIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the copy is called."""

    #: made from the original's when absent
    name: Annotated[str, Meta(max_length=200)] = ""


class PreviewIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom, and when. Without a visitor a made-up profile is used."""

    #: somebody that was seen before, or a stranger
    visitor: wire.VisitorIn | None = None
    #: attributes of a made-up profile, instead of the visitor's
    attributes: dict[str, Any] | None = None
    #: the request as it would come; ``time`` sets the clock for schedules too
    context: wire.ContextIn = wire.NO_CONTEXT
    #: 0 = the newest
    version: Annotated[int, Meta(ge=0, le=2_147_483_647)] = 0
    #: id or name of an experience to show, whatever the gates say
    experience: str | None = None


class PauseIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Campaigns to pause."""

    #: keys or ids
    campaigns: Annotated[list[wire.Name], Meta(min_length=1, max_length=200)]


class Paused(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one of them."""

    #: as it was named
    campaign: str
    paused: bool
    #: why not
    detail: str = ""


_decode_pause = msgspec.json.Decoder(PauseIn).decode
_decode_clone = msgspec.json.Decoder(CloneIn).decode
_decode_preview = msgspec.json.Decoder(PreviewIn).decode


def _verb(verb: str, summary: str, story: str, example: str) -> HTTPRouteHandler:
    """The route of one lifecycle verb."""
    operation = Operation(
        scope="manage",
        role="publisher",
        answer=Stand.VIEW,
        errors=(409,),
        if_match="optional",
        etag=True,
        parameters={"ref": example},
    )

    async def handle(caller: Calling, ref: FromPath[str]) -> Response[Any]:
        definition = await publish.lifecycle(caller.runtime, caller.project, ref, verb, caller.author, caller.version())
        return shown(caller, definition)

    handle.__doc__ = story
    decorate = post(
        f"{_ONE}/{verb}",
        status_code=200,
        operation_id=f"{verb}Campaign",
        summary=summary,
        opt={"operation": operation, **_OPT},
    )
    return decorate(handle)


@post(
    f"{_ONE}/clone",
    operation_id="cloneCampaign",
    summary="Copy a campaign",
    opt={
        "operation": Operation(
            scope="manage",
            body=CloneIn,
            answer=Stand.VIEW,
            status=201,
            errors=(409,),
            etag=True,
            location=True,
            example={"name": "Home hero, second try"},
        ),
        **_OPT,
    },
)
async def clone(caller: Calling, ref: FromPath[str]) -> Response[Any]:
    """The copy is a draft with an id and draws of its own: its groups are not those of the original."""
    told = await caller.maybe(_decode_clone, CloneIn())
    definition = await publish.clone(caller.runtime, caller.project, ref, caller.author, told.name)
    return created(caller, specimens.CAMPAIGN, definition)


@post(
    f"{_ONE}/preview",
    status_code=200,
    operation_id="previewCampaign",
    summary="What somebody would see, and why",
    opt={
        "operation": Operation(
            scope="read",
            body=PreviewIn,
            answer=Preview,
            example={"attributes": {"plan": "gold"}, "context": {"time": "2030-03-01T21:30:00+01:00"}},
            examples={"visitor": {"visitor": {"id": "anna@example.org"}, "version": 1, "experience": "Discount"}},
        )
    },
)
async def show(caller: Calling, ref: FromPath[str]) -> Response[Any]:
    """Any version, any experience, any visitor or made-up profile, at any time. Nothing is recorded."""
    return answer(await preview(caller.runtime, caller.project, await preview_call(caller, ref)))


async def preview_call(caller: Calling, ref: str) -> PreviewCall:
    """What a preview's body asks for."""
    told = await caller.maybe(_decode_preview, PreviewIn())
    known = told.visitor is not None
    who = wire.visitor(told.visitor) if told.visitor is not None else Visitor(id="preview")
    return PreviewCall(
        campaign=ref,
        context=wire.context(told.context, who, caller.runtime.clock()),
        version=told.version,
        experience=told.experience,
        attributes=told.attributes if known or told.attributes is not None else {},
    )


@post(
    f"{_BASE}/campaigns:pause",
    status_code=200,
    operation_id="pauseCampaigns",
    summary="Pause several campaigns",
    opt={
        "operation": Operation(
            scope="manage",
            role="publisher",
            body=PauseIn,
            answer=Listing[Paused],
            example={"campaigns": ["home-hero", "resting"]},
        )
    },
)
async def pause_several(caller: Calling) -> Response[Any]:
    """Each by itself, in the order named: one that cannot be paused does not keep the others from it, and says why."""
    told = await caller.told(_decode_pause)
    done = []
    for name in dict.fromkeys(told.campaigns):
        try:
            await publish.lifecycle(caller.runtime, caller.project, name, "pause", caller.author)
            done.append(Paused(campaign=name, paused=True))
        except (NotFound, Conflict, Invalid) as error:
            done.append(Paused(campaign=name, paused=False, detail=error.detail))
    return answer(Listing(done))


@get(
    f"{_BASE}/campaigns:facets",
    operation_id="readCampaignFacets",
    summary="What campaigns can be chosen by",
    opt={"operation": Operation(scope="read", answer=Facets)},
)
async def choices(caller: Calling) -> Response[Any]:
    """The groups, owners and exclusion sets that the project's campaigns have, and how many are of each status."""
    return answer(await facets(caller.runtime, caller.project))


_VERBS = (
    _verb(
        "start",
        "Start a campaign",
        "From draft, testing or paused. Needs all that `missing` and `setup` list.",
        "checkout-upsell",
    ),
    _verb(
        "test",
        "Serve a campaign to its test users only",
        "Nobody is exposed and nothing is counted.",
        "checkout-upsell",
    ),
    _verb("pause", "Pause a campaign", "It answers `DISABLED` until it is started again.", "home-hero"),
    _verb("archive", "Archive a campaign", "It ends; its results stay. `restore` brings it back.", "home-hero"),
    _verb(
        "restore",
        "Take a campaign out of the archive",
        "It is again what it was before: draft, testing, running or paused. What ran needs all that starting needs.",
        "resting",
    ),
    _verb("draft", "Take a campaign back to draft", "From testing, paused or archived.", "resting"),
)
campaign_verbs = Router("/", route_handlers=[*_VERBS, clone, show, pause_several, choices], tags=["Campaigns"])
