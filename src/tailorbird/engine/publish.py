"""Definitions: created, changed, started, rolled back. Publishing compiles; what does not compile is not stored.

Every write is one version with its author, under an optimistic lock. A change of an audience, a goal or the settings
that would break a campaign in force is refused with the campaign's name; a campaign that breaks later all the same
(a list deleted behind its back) is off alone, with a warning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from tailorbird.domain import ids, shape
from tailorbird.domain.campaign import Campaign, Status, TemplateRef
from tailorbird.domain.definitions import Audience, Definition, Goal, Kind, ProjectSettings, Template
from tailorbird.domain.errors import Conflict, Invalid, NotFound
from tailorbird.engine import prepare
from tailorbird.engine.goals import check_goal
from tailorbird.engine.refresh import refresh
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import DECODERS, Snapshot
from tailorbird.engine.validate import (
    SERVING,
    check_audience,
    check_campaign,
    check_settings,
    check_whole,
)
from tailorbird.templates import compile_content

#: verb → (statuses it starts from, status it leads to)
VERBS: dict[str, tuple[tuple[Status, ...], Status]] = {
    "start": (("draft", "testing", "paused"), "running"),
    "test": (("draft", "paused", "running"), "testing"),
    "pause": (("running", "testing"), "paused"),
    "archive": (("draft", "testing", "running", "paused"), "archived"),
    "draft": (("testing", "paused", "archived"), "draft"),
    # To what it was before; to a draft where it never was anything else.
    "restore": (("archived",), "draft"),
}


async def create(runtime: Runtime, project: str, kind: Kind, body: bytes, author: str) -> Definition:
    """A new definition, version 1. ``Invalid`` with paths, or ``Conflict`` when the key is taken."""
    snapshot = runtime.project(project)
    written = shape.read(DECODERS[kind].decode, body)
    return await _publish(runtime, snapshot, kind, None, written, author, "create")


async def update(
    runtime: Runtime, project: str, kind: Kind, ref: str, body: bytes, author: str, expected_version: int
) -> Definition:
    """A new version made from ``expected_version``; ``Conflict`` with both versions when that is not the newest."""
    snapshot = runtime.project(project)
    current = await read(runtime, project, kind, ref)
    written = shape.read(DECODERS[kind].decode, body)
    return await _publish(runtime, snapshot, kind, current, written, author, "update", expected_version)


async def prepared(runtime: Runtime, current: Definition, body: bytes) -> Any:
    """What ``update`` would store with this body. Raises what it would raise, and writes nothing."""
    snapshot = runtime.project(current.project)
    written = shape.read(DECODERS[current.kind].decode, body)
    return await _PREPARE[current.kind](runtime, snapshot, current, written, False)


async def rollback(
    runtime: Runtime, project: str, kind: Kind, ref: str, version: int, author: str, expected_version: int = 0
) -> Definition:
    """A new version that says what ``version`` said: content and weights come back, slot ranges and status do not."""
    snapshot = runtime.project(project)
    current = await read(runtime, project, kind, ref)
    old = await runtime.store.definition(snapshot.project.id, kind, current.id, version)
    written = DECODERS[kind].decode(old.body)
    return await _publish(
        runtime, snapshot, kind, current, written, author, f"rollback to {version}", expected_version, restored=True
    )


async def clone(runtime: Runtime, project: str, ref: str, author: str, name: str = "") -> Definition:
    """A copy of a campaign with its own id and its own salt, in draft."""
    snapshot = runtime.project(project)
    source: Campaign = DECODERS["campaign"].decode((await read(runtime, project, "campaign", ref)).body)
    copy = prepare.fresh_copy(source, name or f"{source.name} (copy)")
    return await _publish(runtime, snapshot, "campaign", None, copy, author, f"clone of {source.key}")


async def lifecycle(
    runtime: Runtime, project: str, ref: str, verb: str, author: str, expected_version: int = 0
) -> Definition:
    """Start, test, pause, archive a campaign, take it back to draft, or restore what it was before it was archived.
    What serves then needs everything that ``missing`` lists."""
    snapshot = runtime.project(project)
    current = await read(runtime, project, "campaign", ref)
    campaign: Campaign = DECODERS["campaign"].decode(current.body)
    sources, target = VERBS[verb]
    if campaign.status not in sources:
        raise Conflict(f"A campaign that is {campaign.status} cannot {verb}; {' or '.join(sources)} can.")
    if verb == "restore":
        target = await _before_archive(runtime, current)
    changed = replace(campaign, status=target)
    await asyncio.to_thread(check_campaign, snapshot, changed)
    return await _write(runtime, snapshot, "campaign", current, changed, author, verb, expected_version)


async def _before_archive(runtime: Runtime, current: Definition) -> Status:
    """What a campaign was last when it was not archived; a draft where it always was."""
    for one in await runtime.store.versions(current.project, "campaign", current.id):
        status: Status = DECODERS["campaign"].decode(one.body).status
        if status != "archived":
            return status
    return VERBS["restore"][1]


async def delete(
    runtime: Runtime, project: str, kind: Kind, ref: str, author: str, expected_version: int = 0
) -> Definition:
    """Soft: versions and audit stay, the key becomes free. Refused while a campaign serves, or others use it."""
    snapshot = runtime.project(project)
    current = await read(runtime, project, kind, ref)
    body = DECODERS[kind].decode(current.body)
    if isinstance(body, Campaign) and body.status in SERVING:
        raise Conflict(f"The campaign is {body.status}. Pause or archive it first.")
    await check_whole(snapshot, kind, current.id, None)
    gone = await _write(runtime, snapshot, kind, current, body, author, "delete", expected_version, deleted=True)
    await runtime.store.drafts.remove(current.project, kind, current.id, None)
    return gone


async def read(runtime: Runtime, project: str, kind: Kind, ref: str, version: int = 0) -> Definition:
    """One definition by id, key or (campaigns) earlier key; version 0 is the newest."""
    snapshot = runtime.project(project)
    try:
        return await runtime.store.definition(snapshot.project.id, kind, ref, version)
    except NotFound:
        alias = snapshot.campaign_ids.get(ref) if kind == "campaign" else None
        if alias is None:
            raise
        return await runtime.store.definition(snapshot.project.id, kind, alias, version)


async def is_serving(runtime: Runtime, project: str, ref: str) -> bool:
    """Whether a campaign is shown to somebody now, so that a new version of it is seen at once."""
    body = DECODERS["campaign"].decode((await read(runtime, project, "campaign", ref)).body)
    return isinstance(body, Campaign) and body.status in SERVING


async def listing(runtime: Runtime, project: str, kind: Kind) -> list[Definition]:
    """The newest version of each definition of a kind."""
    return await runtime.store.definitions(runtime.project(project).project.id, kind)


async def versions(runtime: Runtime, project: str, kind: Kind, ref: str) -> list[Definition]:
    """All versions, newest first."""
    current = await read(runtime, project, kind, ref)
    return await runtime.store.versions(current.project, kind, current.id)


async def put_settings(runtime: Runtime, project: str, body: bytes, author: str, expected_version: int) -> Definition:
    """The project's settings; version 0 is expected where none were ever written."""
    snapshot = runtime.project(project)
    written = shape.read(DECODERS["settings"].decode, body)
    try:
        current = await read(runtime, project, "settings", "settings")
    except NotFound:
        current = None
    action = "update" if current is not None else "create"
    return await _publish(runtime, snapshot, "settings", current, written, author, action, expected_version)


async def _publish(
    runtime: Runtime,
    snapshot: Snapshot,
    kind: Kind,
    current: Definition | None,
    written: Any,
    author: str,
    action: str,
    expected_version: int = 0,
    *,
    restored: bool = False,
) -> Definition:
    if current is not None and expected_version not in (0, current.version):
        raise Conflict(
            f"Version {expected_version} is not the newest: version {current.version} was written by {current.author}.",
            expected=expected_version,
            current=current,
        )
    prepared = await _PREPARE[kind](runtime, snapshot, current, written, restored)
    return await _write(runtime, snapshot, kind, current, prepared, author, action, expected_version)


async def _write(
    runtime: Runtime,
    snapshot: Snapshot,
    kind: Kind,
    current: Definition | None,
    body: Any,
    author: str,
    action: str,
    expected_version: int = 0,
    *,
    deleted: bool = False,
) -> Definition:
    version = current.version if current is not None else 0
    if expected_version and expected_version != version:
        raise Conflict("Somebody else wrote meanwhile.", expected=expected_version, current=current)
    is_settings = kind == "settings"
    definition = Definition(
        project=snapshot.project.id,
        kind=kind,
        id="settings" if is_settings else body.id,
        key="settings" if is_settings else body.key,
        version=version + 1,
        body=msgspec.Raw(msgspec.json.encode(body)),
        author=author,
        at=runtime.clock(),
        deleted=deleted,
        action=action,
    )
    others = _release_aliases(runtime, snapshot, definition) if kind == "campaign" and not deleted else []
    await runtime.store.write_definitions([(definition, version), *others])
    await refresh(runtime)
    return definition


def _release_aliases(runtime: Runtime, snapshot: Snapshot, taken: Definition) -> list[tuple[Definition, int]]:
    """An earlier key of another campaign ends when a definition takes it as its own."""
    released = []
    for campaign_id, campaign in snapshot.bodies["campaign"].items():
        if campaign_id != taken.id and taken.key in campaign.aliases:
            held = snapshot.definitions["campaign"][campaign_id]
            body = replace(campaign, aliases=tuple(a for a in campaign.aliases if a != taken.key))
            changed = prepare.stored(held, body)
            fresh = replace(
                changed,
                version=held.version + 1,
                author=taken.author,
                at=taken.at,
                action=f"key {taken.key} taken by another",
            )
            released.append((fresh, held.version))
    return released


async def _campaign(
    runtime: Runtime, snapshot: Snapshot, current: Definition | None, written: Campaign, restored: bool
) -> Campaign:
    held: Campaign | None = DECODERS["campaign"].decode(current.body) if current is not None else None
    key = _key(snapshot, "campaign", current, written)
    templates = await _templates(runtime, snapshot, written)
    goals = {name: g.id for g in snapshot.bodies["goal"].values() for name in (g.key, g.id)}
    salt = f"{runtime.randbits(64):016x}"
    preparer = prepare.CampaignPreparer(
        held, new_id=new_ids(runtime, snapshot), salt=salt, find_template=templates, goals=goals
    )
    prepared = preparer.prepare(written, key, restored=restored)
    await asyncio.to_thread(check_campaign, snapshot, prepared)
    return prepared


async def _templates(
    runtime: Runtime, snapshot: Snapshot, campaign: Campaign
) -> Callable[[TemplateRef], tuple[str, int, Template]]:
    """The templates that a campaign refers to, read before it is prepared."""
    found: dict[TemplateRef, Definition] = {}
    for rule in campaign.rules:
        for ref in (e.template for e in rule.experiences if e.template is not None):
            if ref not in found:
                try:
                    found[ref] = await runtime.store.definition(
                        snapshot.project.id, "template", ref.template, ref.version
                    )
                except NotFound:
                    continue

    def find(ref: TemplateRef) -> tuple[str, int, Template]:
        definition = found.get(ref)
        if definition is None:
            raise NotFound(f"There is no template {ref.template!r}.")
        return definition.id, definition.version, DECODERS["template"].decode(definition.body)

    return find


async def _audience(
    runtime: Runtime, snapshot: Snapshot, current: Definition | None, written: Audience, restored: bool
) -> Audience:
    check_audience(written)
    prepared: Audience = _named(runtime, snapshot, "audience", current, written)
    await check_whole(snapshot, "audience", prepared.id, prepared)
    return prepared


async def _template(
    runtime: Runtime, snapshot: Snapshot, current: Definition | None, written: Template, restored: bool
) -> Template:
    await asyncio.to_thread(compile_content, written.content, "content")
    prepared: Template = _named(runtime, snapshot, "template", current, written)
    return prepared


async def _goal(
    runtime: Runtime, snapshot: Snapshot, current: Definition | None, written: Goal, restored: bool
) -> Goal:
    check_goal(written)
    prepared: Goal = _named(runtime, snapshot, "goal", current, written)
    return prepared


async def _settings(
    runtime: Runtime, snapshot: Snapshot, current: Definition | None, written: ProjectSettings, restored: bool
) -> ProjectSettings:
    check_settings(snapshot, written)
    await check_whole(snapshot, "settings", "settings", written)
    return written


_PREPARE: dict[Kind, Callable[..., Any]] = {
    "campaign": _campaign,
    "audience": _audience,
    "template": _template,
    "goal": _goal,
    "settings": _settings,
}


def _named(runtime: Runtime, snapshot: Snapshot, kind: Kind, current: Definition | None, written: Any) -> Any:
    own = current.id if current is not None else new_ids(runtime, snapshot)()
    return replace(written, id=own, key=_key(snapshot, kind, current, written))


def _key(snapshot: Snapshot, kind: Kind, current: Definition | None, written: Any) -> str:
    if not written.name.strip():
        raise Invalid.field("name", "a name", written.name)
    own = current.key if current is not None else ""
    taken = {d.key for d in snapshot.definitions[kind].values() if current is None or d.id != current.id}
    return prepare.key_for(written.name, written.key, own, taken)


def new_ids(runtime: Runtime, snapshot: Snapshot, taken: Iterable[str] = ()) -> Callable[[], str]:
    """Ids that no definition, rule or experience of the project's campaigns has, and none of ``taken``."""
    used: set[str] = set(taken)
    for held in snapshot.definitions.values():
        used.update(held)
    for campaign in snapshot.bodies["campaign"].values():
        used.update(inner_ids(campaign))

    def new() -> str:
        while (candidate := ids.short_id(runtime.randbits)) in used:
            pass
        used.add(candidate)
        return candidate

    return new


def inner_ids(campaign: Campaign) -> Sequence[str]:
    """The ids of its rules and experiences."""
    return [r.id for r in campaign.rules] + [e.id for r in campaign.rules for e in r.experiences]
