"""Definitions as callers see them: the body, its version and author, and what the server has to say about it."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.decision import readiness
from tailorbird.domain.audit import Told
from tailorbird.domain.campaign import Campaign, TemplateRef
from tailorbird.domain.definitions import Definition
from tailorbird.domain.errors import Problem
from tailorbird.domain.ids import long_id
from tailorbird.engine.diff import Change, changes
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import DECODERS, UNREADABLE, Snapshot

_NULL = msgspec.Raw(b"null")
_decode_told = msgspec.json.Decoder(Told).decode


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What a campaign, or one of its rules, still needs before it may start."""

    rule: str
    ready: bool
    missing: tuple[Problem, ...] = ()


class DefinitionView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of one definition."""

    id: str
    key: str
    version: int
    author: str
    #: UTC milliseconds
    at: int
    action: str
    body: msgspec.Raw
    deleted: bool = False
    #: in lists: who wrote the first version, and when
    created_by: str | None = None
    created_at: int | None = None
    #: campaigns: 24 hexadecimal digits, for doors that show long ids
    long_id: str | None = None
    #: campaigns: whether it may start, and rule by rule what is missing
    ready: bool | None = None
    setup: tuple[Missing, ...] = ()
    #: what is missing beside the rules
    missing: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One write of a definition, or one act beside them: who, when, what, and what changed."""

    seq: int
    #: campaign, audience, template, goal, settings; project, key, signing_key, member, invitation, list, items, person;
    #: account in the history of the installation
    kind: str
    #: of what was changed; empty where it has none, and for a person, who is forgotten
    id: str
    #: its key, or what people call it: a key's client, a member's e-mail address
    key: str
    #: of a definition; 0 = it was another act
    version: int
    #: e-mail address of who was signed in, client of the API key, or the command that was run on the machine itself
    author: str
    at: int
    #: what was done; uploads of one author within an hour are one entry
    action: str
    changes: tuple[Change, ...] = ()


def view(runtime: Runtime, definition: Definition) -> DefinitionView:
    """A definition for callers; campaigns carry their readiness and warnings."""
    snapshot = runtime.project(definition.project)
    extra: dict[str, Any] = {}
    body = definition.body
    if definition.kind == "campaign":
        try:
            extra = _campaign(snapshot, definition)
        except UNREADABLE as error:
            extra = {"warnings": (f"Switched off: {error}",)}
    elif warning := snapshot.warnings.get(f"{definition.kind}:{definition.key}"):
        extra = {"warnings": (warning,)}
    if not snapshot.can_be_quoted(definition):
        body = _NULL
    return DefinitionView(
        id=definition.id,
        key=definition.key,
        version=definition.version,
        author=definition.author,
        at=definition.at,
        action=definition.action,
        body=body,
        deleted=definition.deleted,
        **extra,
    )


def _object(body: msgspec.Raw) -> dict[str, Any]:
    """A body for comparison; nothing where it cannot be read."""
    try:
        told = msgspec.json.decode(body)
    except UNREADABLE:
        return {}
    return told if isinstance(told, dict) else {}


def _campaign(snapshot: Snapshot, definition: Definition) -> dict[str, Any]:
    campaign: Campaign = DECODERS["campaign"].decode(definition.body)
    return {
        "long_id": long_id(definition.id),
        **setup_of(snapshot, campaign),
        "warnings": tuple(_warnings(snapshot, definition, campaign)),
    }


def setup_of(snapshot: Snapshot, campaign: Campaign) -> dict[str, Any]:
    """Whether a campaign may start, rule by rule (``ready``, ``setup``), and what is ``missing`` beside the rules."""
    problems = readiness(campaign, bool(snapshot.global_goals))
    setup = []
    for index, rule in enumerate(campaign.rules):
        own = tuple(p for p in problems if p.field.startswith(f"rules[{index}]"))
        setup.append(Missing(rule=rule.id, ready=not own, missing=own))
    return {
        "ready": not problems,
        "setup": tuple(setup),
        "missing": tuple(p for p in problems if not p.field.startswith("rules[")),
    }


def _warnings(snapshot: Snapshot, definition: Definition, campaign: Campaign) -> list[str]:
    warnings = []
    if broken := snapshot.broken.get(definition.id):
        warnings.append(f"Switched off: {broken}")
    plan = snapshot.plans.get(definition.id)
    if plan is not None and plan.version == definition.version:
        warnings.extend(w.detail for w in plan.warnings)
    if campaign.expose == "report":
        warnings.append(
            "Exposures count when the token comes back: a caller that gets no token for control reports none of it."
        )
    for rule in campaign.rules:
        for experience in rule.experiences:
            ref = experience.template
            newest = snapshot.definitions["template"].get(ref.template) if ref is not None else None
            if ref is not None and newest is not None and newest.version > ref.version:
                warnings.append(
                    f"{experience.name}: made from {_copied(ref)} of template {newest.key}, which is now at "
                    f"version {newest.version}; the content here is as it was."
                )
    return warnings


def _copied(ref: TemplateRef) -> str:
    return "an earlier version" if ref.older else f"version {ref.version}"


async def audit(runtime: Runtime, project: str, limit: int = 100, before: int = 0, kind: str = "") -> list[AuditEntry]:
    """Every write of the project's definitions and every other act, newest first, with what each changed; of one
    ``kind`` where it is named."""
    place = runtime.project(project).project.id
    return [await _entry(runtime, seq, one) for seq, one in await runtime.store.audit(place, limit, before, kind=kind)]


async def _entry(runtime: Runtime, seq: int, one: Definition) -> AuditEntry:
    told_of = one.id
    if one.version == 0:
        told = _decode_told(one.body)
        told_of, earlier, later = told.of, told.before, {**told.after, **told.counts}
    else:
        earlier, later = {}, _object(one.body)
        if one.version > 1:
            earlier = _object((await runtime.store.definition(one.project, one.kind, one.id, one.version - 1)).body)
    return AuditEntry(
        seq=seq,
        kind=one.kind,
        id=told_of,
        key=one.key,
        version=one.version,
        author=one.author,
        at=one.at,
        action=one.action,
        changes=tuple(changes(earlier, later)),
    )
