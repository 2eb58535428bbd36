"""From MoEngage's events to ours: each action an impression or a click, with the token that its context brings back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from tailorbird.domain.errors import Invalid
from tailorbird.domain.facts import CLICK, IMPRESSION
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.calls import EventInput
from tailorbird.web.facades.moengage_wire import NOBODY, Element, Events, known_id, mark, none_of
from tailorbird.web.facades.told import Id, identity, part
from tailorbird.web.wire import moment

#: largest distance from UTC, in seconds
MAX_OFFSET = 54_000
ACTIONS = {"MOE_PERSONALIZATION_MESSAGE_SHOWN": IMPRESSION, "MOE_PERSONALIZATION_MESSAGE_CLICKED": CLICK}
PLATFORMS = ("web", "android", "ios", "tv")
UNKNOWN = "Unknown"
#: attribute that keeps what an element says of the visitor's clock
OFFSET = "user_timezone_offset"
_CID = re.compile(r"[0-9a-f]{24}_F_T_WP_AB_[^_]*_P_0_AU_(?P<audience>[^_]*)_(?P<mark>[0-9a-f]{8}|0)_(?P<token>.+)")


class Action(msgspec.Struct, frozen=True):
    """One thing that a visitor did."""

    action: str
    moe_event_uuid: Id
    event_time: int | float | str
    attributes: dict[str, Any]
    platform: str | None = None
    b_id: Any = None


_decode_element = msgspec.json.Decoder(Element).decode
_decode_action = msgspec.json.Decoder(Action).decode


def events(told: Events, project: str) -> list[EventInput | Invalid]:
    """Every action of every element as an event, one by one."""
    found: list[EventInput | Invalid] = []
    for index, raw in enumerate(told.elements):
        field = f"elements[{index}]"
        element = part(_decode_element, raw, field)
        if isinstance(element, Invalid):
            found.append(element)
            continue
        found.extend(_actions(element, field, project))
    return found


def _actions(element: Element, field: str, project: str) -> Iterable[EventInput | Invalid]:
    try:
        known, anonymous = known_id(element), identity(element.visitor_id, "visitor_id")
        if known is None and anonymous is None:
            raise Invalid.field("customer_id", "an id", "nothing")
        if not element.actions:
            raise Invalid.field("actions", "one action or more", "none")
        facts = _facts(element)
    except Invalid as error:
        return [error.under(field)]
    return [
        _action(known, anonymous, facts, raw, f"{field}.actions[{place}]", project)
        for place, raw in enumerate(element.actions)
    ]


def _facts(element: Element) -> dict[str, Any]:
    """What an element says of its visitor, as attributes."""
    facts = dict(element.user_attributes or {})
    offset = element.user_timezone_offset
    if offset is not None:
        if not -MAX_OFFSET <= offset <= MAX_OFFSET:
            raise Invalid.field(OFFSET, f"seconds from {-MAX_OFFSET} to {MAX_OFFSET}", offset)
        facts[OFFSET] = int(offset)
    return facts


def _action(
    known: str | None, anonymous: str | None, facts: dict[str, Any], raw: msgspec.Raw, field: str, project: str
) -> EventInput | Invalid:
    action = part(_decode_action, raw, field)
    if isinstance(action, Invalid):
        return action
    try:
        token, told_mark = _told_by(action.attributes)
        if anonymous is None and known is not None and told_mark == mark(project, known):
            who = Visitor(anonymous_id=known)
        else:
            who = Visitor(id=known, anonymous_id=anonymous)
        return EventInput(
            name=_name(action.action),
            visitor=who,
            id=_uuid(action.moe_event_uuid),
            time=_time(action.event_time),
            properties=_properties(action),
            attributes=facts,
            token=token,
            channel=_platform(action.platform),
        )
    except Invalid as error:
        return error.under(field).of(bytes(raw), action.action)


def _name(action: str) -> str:
    name = ACTIONS.get(action)
    if name is None:
        raise none_of(ACTIONS, "action", action)
    return name


def _uuid(told: Id) -> str:
    found = identity(told, "moe_event_uuid", 200)
    if found is None:
        raise Invalid.field("moe_event_uuid", "an id of this event", "nothing")
    return found


def _time(told: float | str) -> int:
    """Epoch seconds, or an ISO 8601 time."""
    if isinstance(told, str):
        return moment(told, "event_time")[0]
    if not abs(told) < 1e12:
        raise Invalid.field("event_time", "epoch seconds or an ISO 8601 time", told)
    return int(told * 1000)


def _platform(told: str | None) -> str:
    """``web``, ``android``, ``ios`` or ``tv``, in any case of letters; others as they are; none = ``Unknown``."""
    text = (told or "").strip()[:100]
    return text.lower() if text.lower() in PLATFORMS else text or UNKNOWN


def _properties(action: Action) -> dict[str, Any]:
    """The echoed context without its cid, whose token says all; ``b_id`` and ``widget_id`` among them."""
    properties = {name: value for name, value in action.attributes.items() if name != "cid"}
    if action.b_id is not None:
        properties.setdefault("b_id", action.b_id)
    return properties


def _told_by(context: dict[str, Any]) -> tuple[str | None, str]:
    """Token and mark of an echoed context; none where the cid is not ours."""
    text = context.get("cid")
    if not isinstance(text, str) or not text:
        raise Invalid.field("attributes.cid", "the cid of an experience_context", text)
    found = _CID.fullmatch(text)
    return (found["token"], found["mark"]) if found is not None else (None, NOBODY)
