"""What MoEngage's callers send, and the context that goes back and forth. Unknown members are tolerated."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from tailorbird.domain.errors import Invalid
from tailorbird.domain.facts import CLICK, IMPRESSION
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.engine.calls import EventInput
from tailorbird.web.facades.told import Id, attributes, identity, part
from tailorbird.web.wire import moment

MAX_KEYS, MAX_ELEMENTS = 25, 100
#: largest distance from UTC, in seconds
MAX_OFFSET = 54_000
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = tuple(f"{hour:02}" for hour in range(24))
ACTIONS = {"MOE_PERSONALIZATION_MESSAGE_SHOWN": IMPRESSION, "MOE_PERSONALIZATION_MESSAGE_CLICKED": CLICK}
PLATFORMS = ("web", "android", "ios", "tv")
UNKNOWN = "Unknown"
#: the mark of a cid that a known visitor asked for
NOBODY = "0"
#: attribute that keeps what an element says of the visitor's clock
OFFSET = "user_timezone_offset"
#: members of a fetch that are not attributes of the visitor
_OWN = frozenset(
    (
        "customer_id",
        "user_id",
        "visitor_id",
        "identifiers",
        "experience_key",
        "DAY_OF_THE_WEEK",
        "TIME_OF_THE_DAY",
        "USER_IP_ADDRESS",
        "USER_AGENT",
    )
)
_CID = re.compile(r"[0-9a-f]{24}_F_T_WP_AB_[^_]*_P_0_AU_(?P<audience>[^_]*)_(?P<mark>[0-9a-f]{8}|0)_(?P<token>.+)")


class Identifiers(msgspec.Struct, frozen=True):
    """Who is asking, in the newer dialect."""

    customer_id: Id | None = None
    user_identifiers: dict[str, Any] | None = None


class Fetch(msgspec.Struct, frozen=True):
    """``POST /v1/experiences/fetch``: the members that have a meaning of their own."""

    customer_id: Id | None = None
    user_id: Id | None = None
    visitor_id: Id | None = None
    identifiers: Identifiers | None = None
    experience_key: str | tuple[str, ...] | None = None
    DAY_OF_THE_WEEK: str | None = None
    TIME_OF_THE_DAY: str | None = None
    USER_IP_ADDRESS: str | None = None
    USER_AGENT: str | None = None


class Action(msgspec.Struct, frozen=True):
    """One thing that a visitor did."""

    action: str
    moe_event_uuid: Id
    event_time: int | float | str
    attributes: dict[str, Any]
    platform: str | None = None
    b_id: Any = None


class Element(msgspec.Struct, frozen=True):
    """One visitor and what they did."""

    actions: tuple[msgspec.Raw, ...]
    customer_id: Id | None = None
    user_id: Id | None = None
    visitor_id: Id | None = None
    identifiers: Identifiers | None = None
    user_attributes: dict[str, Any] | None = None
    user_timezone_offset: int | float | None = None


class Events(msgspec.Struct, frozen=True):
    """``POST /v1/experiences/events``."""

    elements: tuple[msgspec.Raw, ...]


_decode_fetch = msgspec.json.Decoder(Fetch).decode
_decode_members = msgspec.json.Decoder(dict[str, Any]).decode
_decode_element = msgspec.json.Decoder(Element).decode
_decode_action = msgspec.json.Decoder(Action).decode


def fetch(body: bytes) -> tuple[Fetch, dict[str, Any]]:
    """The call, and the attributes of this request: every member that has no meaning of its own."""
    told = _decode_fetch(body)
    return told, attributes({name: value for name, value in _decode_members(body).items() if name not in _OWN})


def known_id(told: Fetch | Element) -> str | None:
    """``customer_id`` before ``user_id``, at the top before ``identifiers``; else an identifier such as an e-mail."""
    inside = told.identifiers or Identifiers()
    candidates = (
        ("customer_id", told.customer_id),
        ("identifiers.customer_id", inside.customer_id),
        ("user_id", told.user_id),
    )
    for field, value in candidates:
        found = identity(value, field)
        if found is not None:
            return found
    for name, value in (inside.user_identifiers or {}).items():
        if isinstance(value, str | int) and not isinstance(value, bool):
            found = identity(value, f"identifiers.user_identifiers.{name}")
            if found is not None:
                return found
    return None


def keys(told: Fetch) -> tuple[str, ...] | None:
    """The experiences asked for, the first 25 of them; None = all."""
    asked = told.experience_key
    if asked is None:
        return None
    return (asked,) if isinstance(asked, str) else tuple(dict.fromkeys(asked))[:MAX_KEYS]


def context(told: Fetch, members: dict[str, Any], visitor: Visitor, now: int) -> Context:
    """The request as the engine sees it. A wrong weekday or hour is refused, as the case of its letters matters."""
    return Context(
        visitor=visitor,
        now=now,
        attributes=members,
        ip=told.USER_IP_ADDRESS[:64] if told.USER_IP_ADDRESS else None,
        user_agent=told.USER_AGENT[:2048] if told.USER_AGENT else None,
        weekday=_place(told.DAY_OF_THE_WEEK, DAYS, "DAY_OF_THE_WEEK"),
        hour=_place(told.TIME_OF_THE_DAY, HOURS, "TIME_OF_THE_DAY"),
    )


def _place(value: str | None, allowed: tuple[str, ...], field: str) -> int | None:
    if value is None or value == "":
        return None
    if value not in allowed:
        raise none_of(allowed, field, value)
    return allowed.index(value)


def none_of(allowed: Iterable[str], field: str, got: str) -> Invalid:
    """A value that is none of those the protocol lists, which this protocol heads differently."""
    error = Invalid.field(field, f"one of {', '.join(allowed)}", got[:100])
    error.extra["enum"] = True
    return error


# -- the context -------------------------------------------------------------------------------------------------------


def cid(campaign: str, variation: str, audience: str, mark: str, token: str) -> str:
    """A campaign id of MoEngage's form, with our token behind the audience."""
    return f"{campaign}_F_T_WP_AB_{variation}_P_0_AU_{audience}_{mark}_{token}"


def mark(project: str, anonymous_id: str | None) -> str:
    """32 bits that stand in a cid for the anonymous visitor who asked; ``0`` where a known one did.

    Events have no member for anonymous ids: they come as ``customer_id`` too. Where the cid of an action bears the mark
    of its ``customer_id``, that id is the anonymous one of before and no customer's.
    """
    if anonymous_id is None:
        return NOBODY
    return hashlib.blake2b(f"{project}:{anonymous_id}".encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def _told_by(context: dict[str, Any]) -> tuple[str | None, str]:
    """Token and mark of an echoed context; none where the cid is not ours."""
    text = context.get("cid")
    if not isinstance(text, str) or not text:
        raise Invalid.field("attributes.cid", "the cid of an experience_context", text)
    found = _CID.fullmatch(text)
    return (found["token"], found["mark"]) if found is not None else (None, NOBODY)


# -- events ------------------------------------------------------------------------------------------------------------


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
        return error.under(field)


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
