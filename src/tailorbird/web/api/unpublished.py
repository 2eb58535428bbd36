"""Unpublished drafts: one per definition, kept as one types; what publishing would do; and publishing."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, Router, delete, get, post, put
from litestar.params import FromPath
from msgspec import Meta

from tailorbird.domain.definitions import Definition, Kind
from tailorbird.domain.unpublished import Unpublished
from tailorbird.engine import drafts, publish
from tailorbird.web.api import specimens
from tailorbird.web.api.call import Caller, Calling, answer
from tailorbird.web.api.definitions import of_kind, shown
from tailorbird.web.api.operation import Operation, Resource, Stand
from tailorbird.web.api.views import Listing
from tailorbird.web.problems import PreconditionRequired

_BASE = "/v1/projects/{project:str}"
_KINDS: tuple[Kind, ...] = ("campaign", "audience", "template", "goal")


class DraftIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft to keep, whatever it says."""

    #: what `PUT` of the definition would take; it may be incomplete and wrong
    body: dict[str, Any]
    #: the version that it was begun from; that of the draft before, else the newest, when absent
    base: Annotated[int, Meta(ge=0, le=2_147_483_647)] = 0


class _Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    body: msgspec.Raw
    base: Annotated[int, Meta(ge=0, le=2_147_483_647)] = 0


class DraftHead(msgspec.Struct, frozen=True, kw_only=True):
    """That there is a draft."""

    kind: Kind
    #: of the definition
    id: str
    key: str
    #: the ``ETag``; hand it back as ``If-Match``
    revision: int
    #: the version that it was begun from
    base: int
    #: the version in force
    live_version: int
    #: who wrote it last
    author: str
    at: int


class DraftView(DraftHead, frozen=True, kw_only=True):
    """A draft."""

    #: somebody published since it was begun; starting or pausing a campaign publishes nothing
    outdated: bool
    #: as it was sent
    body: Any


_decode = msgspec.json.Decoder(_Kept).decode


def _head(live: Definition, draft: Unpublished) -> dict[str, Any]:
    return {
        "kind": draft.kind,
        "id": draft.id,
        "key": live.key,
        "revision": draft.revision,
        "base": draft.base,
        "live_version": live.version,
        "author": draft.author,
        "at": draft.at,
    }


async def _answer(caller: Caller, live: Definition, draft: Unpublished) -> Response[Any]:
    outdated = await drafts.is_outdated(caller.runtime, live, draft)
    told = DraftView(**_head(live, draft), outdated=outdated, body=draft.body)
    return answer(told, 200, {"ETag": f'"{draft.revision}"'})


def _revision(caller: Calling, *, required: bool) -> int | None:
    """The revision that ``If-Match`` names, 0 for none yet; None for whichever there is."""
    if required and "if-match" not in caller.request.headers:
        raise PreconditionRequired('Send the revision that you read as If-Match: "<revision>", "0" for a new draft.')
    told = caller.version()
    return None if told == 0 else max(told, 0)


class Drafts(Controller):
    """The routes of one kind. A subclass says which, in ``opt``; ``{Kind}`` stands for it in names and summaries."""

    @property
    def kind(self) -> Kind:
        """The kind of definition that is drafted."""
        resource: Resource = self.opt["resource"]  # type: ignore[index]
        return resource.kind

    @get(
        operation_id="readUnpublished{Kind}",
        summary="The unpublished draft of a {kind}",
        opt={"operation": Operation(scope="read", answer=DraftView, maybe=True, etag=True)},
    )
    async def read(self, caller: Calling, ref: FromPath[str]) -> Response[Any]:
        """As it was kept. Where there is none, 204 with the `ETag` that a new draft names, `"0"`."""
        live, draft = await drafts.find(caller.runtime, caller.project, self.kind, ref)
        if draft is None:
            return Response(None, status_code=204, headers={"ETag": '"0"'})
        return await _answer(caller, live, draft)

    @put(
        operation_id="keepUnpublished{Kind}",
        summary="Keep an unpublished draft of a {kind}",
        opt={
            "operation": Operation(
                scope="manage",
                body=DraftIn,
                answer=DraftView,
                errors=(409, 428),
                if_match="required",
                etag=True,
                example={"body": {"name": "Not finished"}},
            )
        },
    )
    async def keep(self, caller: Calling, ref: FromPath[str]) -> Response[Any]:
        """Up to a megabyte of JSON, valid or not; it makes no version and shows nobody anything. `If-Match` names the
        revision it was made from, `"0"` for a new draft; where somebody wrote meanwhile, the answer is 409 with
        theirs."""
        expected = _revision(caller, required=True)
        told = await caller.told(_decode)
        runtime, kind = caller.runtime, self.kind
        kept = await drafts.write(
            runtime, caller.project, kind, ref, told.body, caller.author, expected=expected, base=told.base
        )
        return await _answer(caller, await publish.read(runtime, caller.project, kind, ref), kept)

    @delete(
        operation_id="discardUnpublished{Kind}",
        summary="Throw the unpublished draft of a {kind} away",
        opt={"operation": Operation(scope="manage", status=204, errors=(409,), if_match="optional")},
    )
    async def discard(self, caller: Calling, ref: FromPath[str]) -> None:
        """What is in force stays as it is."""
        await drafts.discard(caller.runtime, caller.project, self.kind, ref, _revision(caller, required=False))

    @post(
        "/check",
        status_code=200,
        operation_id="checkUnpublished{Kind}",
        summary="What publishing the draft of a {kind} would do",
        opt={"operation": Operation(scope="read", answer=drafts.Check)},
    )
    async def check(self, caller: Calling, ref: FromPath[str]) -> Response[Any]:
        """What is wrong with it, field by field; what differs from the version in force; and of campaigns what each
        rule still needs, and exactly which share of its visitors would move."""
        return answer(await drafts.check(caller.runtime, caller.project, self.kind, ref))

    @post(
        "/publish",
        status_code=200,
        operation_id="publish{Kind}",
        summary="Publish the draft of a {kind}",
        opt={
            "operation": Operation(
                scope="manage",
                campaigns="publisher",
                answer=Stand.VIEW,
                errors=(409,),
                if_match="optional",
                etag=True,
            )
        },
    )
    async def release(self, caller: Calling, ref: FromPath[str]) -> Response[Any]:
        """Makes a version, with an entry in the audit, and ends the draft. 409 when it was written since the revision
        that `If-Match` names, or when somebody published since it was begun."""
        if self.kind == "campaign":
            caller.need("publisher")
        expected = _revision(caller, required=False)
        made = await drafts.release(caller.runtime, caller.project, self.kind, ref, caller.author, expected)
        return shown(caller, made)


@get(
    f"{_BASE}/unpublished",
    operation_id="listUnpublished",
    summary="All unpublished drafts of a project",
    opt={"operation": Operation(scope="read", answer=Listing[DraftHead])},
)
async def listing(caller: Calling) -> Response[Any]:
    """Of every kind, without what they say."""
    runtime, found = caller.runtime, []
    for kind in _KINDS:
        lives = {one.id: one for one in await publish.listing(runtime, caller.project, kind)}
        kept = await drafts.listing(runtime, caller.project, kind)
        found += [DraftHead(**_head(lives[draft.id], draft)) for draft in kept if draft.id in lives]
    return answer(Listing(found))


unpublished = Router("/", route_handlers=[listing], tags=["Projects"])
ALL_DRAFTS = tuple(of_kind(Drafts, one, "/{ref:str}/unpublished") for one in specimens.ALL)
