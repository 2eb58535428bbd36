"""The wire of the two hot paths: what callers send and get, and how it becomes the engine's protocol-neutral form.

Unknown members of these bodies are ignored, so that a newer client can talk to an older server. Ids are text: a number
is refused, because ``1`` and ``"1"`` would be two visitors.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tailorbird.domain.campaign import Device, Expose
from tailorbird.domain.errors import Invalid
from tailorbird.domain.ids import MAX_VISITOR_ID, is_attribute_name
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.engine.calls import DecideCall, EventInput

VisitorId = Annotated[str, Meta(min_length=1, max_length=MAX_VISITOR_ID)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Text = Annotated[str, Meta(max_length=512)]
LongText = Annotated[str, Meta(max_length=8192)]
#: ISO 8601 text or epoch milliseconds
Moment = str | int

#: 9999-12-31T23:59:59.999Z
LATEST_MS = 253_402_300_799_999
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT_EXPECTED = "an ISO 8601 time or epoch milliseconds"


class VisitorIn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Whose call this is. At least one of the two ids is given."""

    #: the id that your system knows the user by: 1 to 256 characters, text only
    id: VisitorId | None = None
    #: the id of a device or browser before its user is known
    anonymous_id: VisitorId | None = None
    #: with a publishable key: the visitor token (a JWT that your backend signed) that vouches for ``id``
    token: LongText | None = None


class ContextIn(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about this request. All of it is optional."""

    #: facts about this request that conditions and content may read; they are not stored
    attributes: dict[str, Any] = {}
    #: your session; "once a visit" goes by it
    session_id: Text | None = None
    #: else recognised from ``user_agent``
    device: Device | None = None
    #: address of the page that is shown
    url: LongText | None = None
    #: address that the visitor came from
    referrer: LongText | None = None
    #: the visitor's address, for country and city; it is not stored
    ip: Annotated[str, Meta(max_length=64)] | None = None
    #: the visitor's user agent; it is not stored
    user_agent: Annotated[str, Meta(max_length=2048)] | None = None
    #: ISO 8601 or epoch milliseconds; moves only the weekday, hour and date facts. Its offset is taken as the visitor's
    time: Moment | None = None
    #: language and region of the visitor, e.g. ``de-AT``
    locale: Annotated[str, Meta(max_length=35)] | None = None
    #: the visitor's offset from UTC in seconds
    utc_offset: Annotated[int, Meta(ge=-64800, le=64800)] | None = None
    #: 0 (Monday) to 6; wins over the clock
    weekday: Annotated[int, Meta(ge=0, le=6)] | None = None
    #: 0 to 23; wins over the clock
    hour: Annotated[int, Meta(ge=0, le=23)] | None = None


NO_CONTEXT = ContextIn()


class DecideIn(msgspec.Struct, frozen=True, kw_only=True):
    """What should this visitor see? Neither campaigns nor groups = everything that is open."""

    visitor: VisitorIn
    #: keys of campaigns, answered in this order
    campaigns: tuple[Name, ...] = ()
    #: groups; their campaigns are answered after the named ones, by key
    groups: tuple[Name, ...] = ()
    context: ContextIn = NO_CONTEXT
    #: the same id within 10 minutes gets the same answer and consumes nothing again
    request_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    #: tell for each campaign why it decided so
    explain: bool = False
    #: when exposures count: now, or when the token comes back; absent = as each campaign says
    expose: Expose | None = None


class EventsIn(msgspec.Struct, frozen=True, kw_only=True):
    """What visitors did: up to 1,000 events, each judged by itself."""

    #: each an event; see ``EventIn``
    events: list[msgspec.Raw]


class EventIn(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a visitor did."""

    #: what happened, e.g. ``order``; ``impression``, ``click`` and ``dismissal`` hand a decision's token back
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    visitor: VisitorIn
    #: your id of this event: sent again, it is counted once. Made from the content when absent
    id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    #: when it happened; now when absent
    time: Moment | None = None
    session_id: Text | None = None
    #: facts about the event
    properties: dict[str, Any] = {}
    #: facts about the visitor, remembered in the profile
    attributes: dict[str, Any] = {}
    #: token of the decision that this event answers
    token: LongText | None = None
    #: where it happened, e.g. ``web``, ``app``, ``shop``
    channel: Text = ""


decode_decide = msgspec.json.Decoder(DecideIn).decode
decode_events = msgspec.json.Decoder(EventsIn).decode
decode_event = msgspec.json.Decoder(EventIn).decode


def moment(value: Moment, field: str) -> tuple[int, int | None]:
    """UTC milliseconds, and the offset from UTC in seconds where the text tells one. Text without an offset is UTC."""
    if isinstance(value, int):
        if not -LATEST_MS <= value <= LATEST_MS:
            raise Invalid.field(field, _MOMENT_EXPECTED, value)
        return value, None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise Invalid.field(field, _MOMENT_EXPECTED, f'"{value[:60]}"') from None
    offset = found.utcoffset()
    if offset is None:
        found = found.replace(tzinfo=UTC)
    since = found - _EPOCH
    ms = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
    return ms, None if offset is None else int(offset.total_seconds())


def visitor(told: VisitorIn, field: str = "visitor") -> Visitor:
    """The ids of a call; ``Invalid`` without any, or with control characters in them."""
    if told.id is None and told.anonymous_id is None:
        raise Invalid.field(field, "an id or an anonymous_id", "neither")
    check_id(told.id, f"{field}.id")
    check_id(told.anonymous_id, f"{field}.anonymous_id")
    return Visitor(id=told.id, anonymous_id=told.anonymous_id)


def check_id(value: str | None, field: str) -> None:
    """Refuse control characters in an id: it appears in addresses and exports."""
    if value is not None and not value.isprintable() and _CONTROL.search(value):
        raise Invalid.field(field, "text without control characters", value)


def context(told: ContextIn, who: Visitor, now: int) -> Context:
    """The request as the engine sees it."""
    check_id(told.session_id, "context.session_id")
    time, offset = (None, None) if told.time is None else moment(told.time, "context.time")
    for name in told.attributes:
        if not is_attribute_name(name) or (not name.isprintable() and _CONTROL.search(name)):
            raise Invalid.field("context.attributes", "names that do not begin with @ or $", name)
    return Context(
        visitor=who,
        now=now,
        attributes=told.attributes,
        session_id=told.session_id,
        device=told.device,
        url=told.url,
        referrer=told.referrer,
        ip=told.ip,
        user_agent=told.user_agent,
        locale=told.locale,
        time=time,
        utc_offset=offset if told.utc_offset is None else told.utc_offset,
        weekday=told.weekday,
        hour=told.hour,
    )


def decide_call(told: DecideIn, now: int) -> DecideCall:
    """A decoded body as the engine's call."""
    return DecideCall(
        context=context(told.context, visitor(told.visitor), now),
        campaigns=told.campaigns,
        groups=told.groups,
        request_id=told.request_id,
        explain=told.explain,
        expose=told.expose,
    )


def event_input(told: EventIn) -> EventInput:
    """A decoded event as the engine's input."""
    check_id(told.id, "id")
    check_id(told.session_id, "session_id")
    return EventInput(
        id=told.id,
        name=told.name,
        visitor=visitor(told.visitor),
        time=None if told.time is None else moment(told.time, "time")[0],
        session_id=told.session_id,
        properties=told.properties,
        attributes=told.attributes,
        token=told.token,
        channel=told.channel,
    )
