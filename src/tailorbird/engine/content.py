"""From a choice to what is shown: the experience's content in the visitor's locale, rendered with what was gathered."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.decision import Choice
from tailorbird.domain.decision import RenderedMessage
from tailorbird.domain.reasons import Group, Reason
from tailorbird.engine.gather import Gathered
from tailorbird.engine.snapshot import Snapshot
from tailorbird.targeting import Subject
from tailorbird.templates import Values, render


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What rendering made of a choice. ``reason`` is set where it changes the choice's own."""

    payload: Any = None
    messages: tuple[RenderedMessage, ...] = ()
    reason: Reason | None = None
    #: what was not found, by path
    missing: tuple[str, ...] = ()


NOTHING = Shown()


def show(snapshot: Snapshot, choice: Choice, gathered: Gathered) -> Shown:
    """The rendered content of a test choice; nothing for every other."""
    if choice.group is not Group.TEST or choice.experience is None:
        return NOTHING
    context = gathered.subject.context
    content = choice.experience.content_for(context.locale)
    if content is None:
        return Shown(reason=Reason.WITHHELD, missing=("content",))
    rendered = content.settled or render(content, values(snapshot, gathered))
    if rendered.payload is None:
        return Shown(reason=Reason.WITHHELD, missing=rendered.missing)
    return Shown(payload=rendered.payload, messages=rendered.messages, missing=rendered.missing)


def values(snapshot: Snapshot, gathered: Gathered) -> Values:
    """What templates may read in this call; made once and kept."""
    if gathered.values is not None:
        return gathered.values
    subject = gathered.subject
    gathered.values = Values(
        attributes=attributes(subject),
        request=request(subject),
        facts=subject.fact,
        history=subject.history,
        item=snapshot.catalogue.item,
        audiences=lambda: memberships(snapshot, gathered)[0],
        now=subject.context.now,
        zone=snapshot.zone,
        profile=gathered.profile,
    )
    return gathered.values


def attributes(subject: Subject) -> dict[str, Any]:
    """The request's attributes over the profile's."""
    stored = subject.profile.attributes if subject.profile is not None else {}
    return {**stored, **subject.context.attributes} if subject.context.attributes else stored


def request(subject: Subject) -> dict[str, Any]:
    """The request as templates see it."""
    context = subject.context
    return {
        "url": context.url,
        "referrer": context.referrer,
        "locale": context.locale,
        "device": context.device,
        "session_id": context.session_id,
        "id": context.visitor.id,
        "anonymous_id": context.visitor.anonymous_id,
        "attributes": context.attributes,
    }


def memberships(snapshot: Snapshot, gathered: Gathered) -> tuple[list[str], list[str]]:
    """Keys of the audiences that the visitor is in, and of those that what was gathered cannot tell."""
    inside, unknown = [], []
    for key in snapshot.audience_keys:
        condition = snapshot.library.audiences.get(key)
        if condition is None:
            continue
        if not condition.needs.events <= gathered.history_needs:
            unknown.append(key)
        elif condition.match(gathered.subject):
            inside.append(key)
    return inside, unknown
