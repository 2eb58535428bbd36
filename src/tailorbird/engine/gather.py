"""All the reading of a decision, in one place and before any computing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tailorbird.decision import Plan
from tailorbird.domain.errors import Invalid, Unavailable
from tailorbird.domain.facts import CONSENT
from tailorbird.domain.needs import EventNeed, History
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Context
from tailorbird.engine.breaker import Patience
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot
from tailorbird.profiles import combine
from tailorbird.store.contract import Found
from tailorbird.targeting import Subject
from tailorbird.templates import Values

NO_EVENTS: frozenset[EventNeed] = frozenset()


class Gathered(msgspec.Struct, kw_only=True):
    """What is known of the visitor for this one call."""

    subject: Subject
    profile: Profile | None
    #: both ids came, and they do not lead to one person yet
    unlinked: bool = False
    degraded: bool = False
    consent_missing: bool = False
    recording_allowed: bool = True
    #: a linked anonymous id alone, in a project where logging out makes a stranger
    stranger: bool = False
    #: what ``history`` was asked for
    history_needs: frozenset[EventNeed] = frozenset()
    #: what templates read, made when the first one asks
    values: Values | None = None
    #: how much longer this call may wait for the store
    patience: Patience | None = None


async def gather(
    runtime: Runtime,
    snapshot: Snapshot,
    context: Context,
    asked: Sequence[tuple[str, Plan | None]],
    patience: Patience | None = None,
) -> Gathered:
    """Read the profile, and the history if one of the plans (or of those that exclude them) asks for it."""
    patience = patience or runtime.breaker.patient()
    degraded, stranger, found = False, False, Found()
    history: History = {}
    needs = NO_EVENTS
    profile: Profile | None = None
    try:
        found = await find(runtime, snapshot, context, patience)
        stranger = is_stranger(snapshot, context, found)
        profile = None if stranger else combine(found.known, found.anonymous, context.visitor, context.now)
        needs = event_needs(snapshot, asked)
        if needs and profile is not None:
            query = runtime.store.history(snapshot.project.id, profile.person, profile.merged, needs, context.now)
            history = await runtime.breaker.call(query, patience)
    except Unavailable:
        degraded, profile, history, stranger = True, None, {}, False
    subject = Subject(context, profile, zone=snapshot.zone, locate=runtime.locate, history=history, known=not degraded)
    return Gathered(
        subject=subject,
        profile=profile,
        degraded=degraded,
        stranger=stranger,
        unlinked=not degraded and is_unlinked(context, found),
        consent_missing=not has_consent(snapshot.settings.consent_for_personalizing, context, profile),
        recording_allowed=has_consent(snapshot.settings.consent_for_recording, context, profile),
        history_needs=needs,
        patience=patience,
    )


async def find(runtime: Runtime, snapshot: Snapshot, context: Context, patience: Patience | None = None) -> Found:
    """The profiles behind the visitor's ids, guarded by the breaker."""
    waiting = runtime.backlog.of(snapshot.project.id, context.visitor)
    if waiting is not None:
        await runtime.breaker.call(waiting, patience)
    return await runtime.breaker.call(runtime.store.find(snapshot.project.id, context.visitor), patience)


def event_needs(snapshot: Snapshot, asked: Iterable[tuple[str, Plan | None]]) -> frozenset[EventNeed]:
    """The past events that these campaigns, and those that could hold the visitor in their exclusion sets, ask for."""
    if not snapshot.looks_back:
        return NO_EVENTS
    needs = NO_EVENTS
    sets = set()
    for _, plan in asked:
        if plan is None:
            continue
        if plan.needs.events:
            needs |= plan.needs.events
        if plan.exclusion_set:
            sets.add(plan.exclusion_set)
    for name in sets:
        for peer in snapshot.peers.get(name, ()):
            needs |= peer.needs.events
    return needs


def is_stranger(snapshot: Snapshot, context: Context, found: Found) -> bool:
    """Whether an anonymous id that belongs to somebody known comes alone where that makes a stranger."""
    visitor = context.visitor
    return (
        snapshot.settings.anonymous_after_logout == "stranger"
        and visitor.id is None
        and found.anonymous is not None
        and bool(found.anonymous.ids)
    )


def is_unlinked(context: Context, found: Found) -> bool:
    """Whether two ids came that do not lead to one stored person yet."""
    both = context.visitor.id is not None and context.visitor.anonymous_id is not None
    return both and (found.known is None or found.known is not found.anonymous)


def has_consent(category: str | None, context: Context, profile: Profile | None) -> bool:
    """Whether the required consent is there: ``consent.<category>`` true in the request's attributes, else in the
    profile's."""
    if category is None:
        return True
    for attributes in (context.attributes, profile.attributes if profile else {}):
        given = attributes.get(CONSENT)
        if isinstance(given, dict) and category in given:
            return given[category] is True
    return False


async def require_consent(runtime: Runtime, snapshot: Snapshot, context: Context) -> None:
    """``Invalid`` where the project records only with a consent that neither the call nor the profile shows."""
    category = snapshot.settings.consent_for_recording
    if has_consent(category, context, None):
        return
    found = await find(runtime, snapshot, context)
    profile = combine(found.known, found.anonymous, context.visitor, context.now)
    if not has_consent(category, context, profile):
        raise Invalid.field(f"attributes.consent.{category}", "consent, which this project requires", "no consent")
