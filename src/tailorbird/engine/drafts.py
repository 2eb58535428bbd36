"""Drafts: kept as one types, checked when asked, published as a version of their definition."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from msgspec.structs import replace

from tailorbird.domain import shape
from tailorbird.domain.campaign import Campaign
from tailorbird.domain.definitions import Definition, Kind
from tailorbird.domain.errors import Conflict, Invalid, NotFound, Problem, TooLarge
from tailorbird.domain.unpublished import Unpublished
from tailorbird.engine import publish
from tailorbird.engine.diff import Change, changes
from tailorbird.engine.project_file.plan import Move, called, control_moved, moves
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import DECODERS, UNREADABLE
from tailorbird.engine.validate import check_campaign
from tailorbird.engine.view import Missing, setup_of

#: bytes of one draft
LIMIT = 1_000_000
#: what the server keeps of a campaign; drafts bring it along or not
_KEPT = ("id", "salt", "status", "aliases")


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What publishing a draft would do, and what is in its way."""

    #: the version in force
    live_version: int
    #: somebody published since the draft was begun: publishing needs a draft that was begun from ``live_version``
    outdated: bool
    #: why it cannot be published; empty = it can
    problems: tuple[Problem, ...] = ()
    #: campaigns: whether it may start; null where the draft cannot be read
    ready: bool | None = None
    #: campaigns: rule by rule, what is missing before it may start
    setup: tuple[Missing, ...] = ()
    #: campaigns: what is missing beside the rules
    missing: tuple[Problem, ...] = ()
    #: what differs from the version in force
    changes: tuple[Change, ...] = ()
    #: campaigns: how many of the 10,000 slots pass between control and the experiences
    control_moved: int = 0
    #: campaigns: rule by rule, who moves
    moves: tuple[Move, ...] = ()
    #: id of a rule or experience that ``changes`` names → what people call it
    names: dict[str, str] = {}


async def read(runtime: Runtime, project: str, kind: Kind, ref: str) -> tuple[Definition, Unpublished]:
    """The definition and its draft; ``NotFound`` where it has none."""
    live, found = await find(runtime, project, kind, ref)
    if found is None:
        raise NotFound(f"The {kind} {live.key!r} has no unpublished draft.")
    return live, found


async def find(runtime: Runtime, project: str, kind: Kind, ref: str) -> tuple[Definition, Unpublished | None]:
    """The definition and its draft, None where it has none."""
    live = await publish.read(runtime, project, kind, ref)
    return live, await runtime.store.drafts.read(live.project, kind, live.id)


async def is_outdated(runtime: Runtime, live: Definition, draft: Unpublished) -> bool:
    """Whether somebody published since it was begun. What only starts, pauses or archives a campaign publishes
    nothing."""
    if draft.base == live.version:
        return False
    begun = await runtime.store.definition(live.project, live.kind, live.id, draft.base)
    return _said(begun) != _said(live)


async def listing(runtime: Runtime, project: str, kind: Kind) -> list[Unpublished]:
    """All drafts of a kind."""
    return await runtime.store.drafts.all(runtime.project(project).project.id, kind)


async def write(
    runtime: Runtime,
    project: str,
    kind: Kind,
    ref: str,
    body: msgspec.Raw,
    author: str,
    *,
    expected: int | None,
    base: int = 0,
) -> Unpublished:
    """Keep a draft as it is, over the one of revision ``expected`` (0: there is none; None: whichever it is).

    ``base`` is the version that it was begun from: that of the draft before, else the newest, when 0.
    """
    if len(body) > LIMIT:
        raise TooLarge(f"A draft holds at most {LIMIT:,} bytes.")
    shape.read(_decode_object, bytes(body))
    live, held = await find(runtime, project, kind, ref)
    if base > live.version:
        raise Invalid.field("base", f"a version up to {live.version}, the newest", base)
    draft = Unpublished(
        project=live.project,
        kind=kind,
        id=live.id,
        body=body,
        base=base or (held.base if held is not None else live.version),
        revision=0,
        author=author,
        at=runtime.clock(),
    )
    return await runtime.store.drafts.write(draft, expected)


async def discard(runtime: Runtime, project: str, kind: Kind, ref: str, expected: int | None) -> None:
    """Throw a draft away; ``NotFound`` where there is none."""
    live, _ = await read(runtime, project, kind, ref)
    await runtime.store.drafts.remove(live.project, kind, live.id, expected)


async def release(
    runtime: Runtime, project: str, kind: Kind, ref: str, author: str, expected: int | None
) -> Definition:
    """Make the draft the newest version, and end it. ``Conflict`` when it was written, or the definition published,
    since; ``Invalid`` with everything that is wrong with it."""
    live, draft = await read(runtime, project, kind, ref)
    if expected not in (None, draft.revision):
        raise Conflict("The draft was written meanwhile.", expected=expected, current=draft)
    if await is_outdated(runtime, live, draft):
        raise Conflict(
            f"The draft was begun from version {draft.base}, but {live.author} published version {live.version} since.",
            expected=draft.base,
            current=live,
        )
    made = await publish.update(runtime, project, kind, live.id, _written(draft), author, live.version)
    try:
        await runtime.store.drafts.remove(live.project, kind, live.id, draft.revision)
    except Conflict:
        return made  # somebody typed on meanwhile: their draft is kept, begun from a version that is old now
    return made


async def check(runtime: Runtime, project: str, kind: Kind, ref: str) -> Check:
    """Everything that a reader of the draft wants to know before publishing it; nothing is raised for what is wrong."""
    live, draft = await read(runtime, project, kind, ref)
    told: dict[str, Any] = {}
    body: Any = msgspec.json.decode(draft.body)
    try:
        prepared = await publish.prepared(runtime, live, _written(draft))
        body = msgspec.json.decode(msgspec.json.encode(prepared))
        if isinstance(prepared, Campaign):
            told = _movement(live, prepared)
    except (Invalid, Conflict) as error:
        told["problems"] = await _problems(runtime, live, draft, error)
        body, told["names"] = _as_written(live, draft, body)
    if kind == "campaign":
        told |= _setup(runtime, live, draft)
    before = _compared(msgspec.json.decode(live.body))
    return Check(
        live_version=live.version,
        outdated=await is_outdated(runtime, live, draft),
        changes=tuple(changes(before, _compared({**_kept(before), **body}))),
        **told,
    )


async def _problems(
    runtime: Runtime, live: Definition, draft: Unpublished, first: Invalid | Conflict
) -> tuple[Problem, ...]:
    """What was met first, and of a campaign whatever else does not compile: its author is told of all of it at once."""
    found = first.problems or (Problem(detail=first.detail),)
    if live.kind != "campaign":
        return found
    try:
        written: Campaign = DECODERS["campaign"].decode(_written(draft))
        await asyncio.to_thread(check_campaign, runtime.project(live.project), written)
    except Invalid as more:
        known = {one.field for one in found}
        return (*found, *(one for one in more.problems if one.field not in known))
    except UNREADABLE:
        pass
    return found


def _as_written(live: Definition, draft: Unpublished, body: Any) -> tuple[Any, dict[str, str]]:
    """A body as it would be stored where its form is right, and the names of what it holds."""
    try:
        written, held = (DECODERS[live.kind].decode(one) for one in (_written(draft), live.body))
    except UNREADABLE:
        return body, {}
    names = called(held) | called(written) if isinstance(written, Campaign) else {}
    return msgspec.json.decode(msgspec.json.encode(written)), names


def _movement(live: Definition, prepared: Campaign) -> dict[str, Any]:
    try:
        held: Campaign = DECODERS["campaign"].decode(live.body)
    except UNREADABLE:
        return {"names": called(prepared)}
    return {
        "control_moved": control_moved(held, prepared),
        "moves": moves(held, prepared),
        "names": called(held) | called(prepared),
    }


def _setup(runtime: Runtime, live: Definition, draft: Unpublished) -> dict[str, Any]:
    """Readiness of what can be read, whether or not it could be published."""
    try:
        written: Campaign = DECODERS["campaign"].decode(draft.body)
        held: Campaign = DECODERS["campaign"].decode(live.body)
    except UNREADABLE:
        return {}
    return setup_of(runtime.project(live.project), replace(written, status=held.status))


def _compared(body: dict[str, Any]) -> dict[str, Any]:
    """A body without what is told as moves."""
    rules = body.get("rules")
    for rule in rules if isinstance(rules, list) else ():
        if isinstance(rule, dict):
            rule.pop("ranges", None)
            rule.pop("epoch", None)
    return body


def _written(draft: Unpublished) -> bytes:
    """What a draft says, without the status that its campaign had when it was begun: only verbs change that."""
    if draft.kind != "campaign":
        return bytes(draft.body)
    body = _objects.decode(draft.body)
    body.pop("status", None)
    return msgspec.json.encode(body)


def _said(definition: Definition) -> dict[str, Any]:
    """What a version says, whatever its status."""
    return {**msgspec.json.decode(definition.body), "status": None}


def _kept(before: dict[str, Any]) -> dict[str, Any]:
    return {name: before[name] for name in _KEPT if name in before}


def _decode_object(body: bytes) -> dict[str, Any]:
    return _objects.decode(body)


_objects = msgspec.json.Decoder(dict[str, Any])
