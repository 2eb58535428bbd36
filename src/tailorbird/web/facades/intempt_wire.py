"""What Intempt's clients send, as its documents and its published client have it. Unknown members are tolerated."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tailorbird.domain.errors import Invalid
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.calls import EventInput
from tailorbird.web.facades.told import Id, identity, part

#: 2010-01-01, before which the service takes no timestamps
EARLIEST_MS = 1_262_304_000_000
#: 9999-12-31
LATEST_MS = 253_402_300_799_999
DEVICES = ("all", "mobile", "desktop")
KINDS = ("personalization", "experiment")
#: whoever acts for an account and names no user
ACCOUNT = "account:"
_NAME = re.compile(r"[a-zA-Z0-9_-]*")
_NO_GROUP = re.compile(r"[\s*,/+=]")


class Identification(msgspec.Struct, frozen=True, rename="camel"):
    """Who is asking: a user, or a profile of a source."""

    user_id: Id | None = None
    profile_id: Id | None = None
    source_id: Id | None = None


class Choose(msgspec.Struct, frozen=True, rename="camel"):
    """``POST …/optimization/choose-api``."""

    identification: Identification | None = None
    names: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    device: str | None = None
    session_id: Id | None = None
    optimization_type: str | None = None
    url: str | None = None


class Item(msgspec.Struct, frozen=True, rename="camel"):
    """One fact of an entry."""

    event_id: Id | None = None
    timestamp: int | float | None = None
    user_id: Id | None = None
    profile_id: Id | None = None
    account_id: Id | None = None
    session_id: Id | None = None
    page_id: Id | None = None
    another_user_id: Id | None = None
    data: dict[str, Any] | None = None
    user_attributes: dict[str, Any] | None = None
    account_attributes: dict[str, Any] | None = None


class Entry(msgspec.Struct, frozen=True):
    """What happened, once per item."""

    name: str
    payload: tuple[msgspec.Raw, ...]


class Track(msgspec.Struct, frozen=True):
    """``POST …/track``."""

    track: tuple[msgspec.Raw, ...]


class Consent(msgspec.Struct, frozen=True, rename="camel"):
    """``POST …/consents/data``; the time is in seconds."""

    action: str
    timestamp: int | float | None = None
    user_id: Id | None = None
    profile_id: Id | None = None
    category: str | None = None
    valid_until: Any = "unlimited"
    email: str | None = None
    message: str | None = None
    reason: str | None = None
    method: str | None = None
    device_info: Any = None
    source: str | None = None


class FeedAsked(msgspec.Struct, frozen=True, rename="camel"):
    """``POST …/feeds/{feedId}/data``."""

    type: str | None = None
    fields: tuple[str, ...] | None = None
    limit: int | None = None
    offset: int = 0


_decode_entry = msgspec.json.Decoder(Entry).decode
_decode_item = msgspec.json.Decoder(Item).decode


def asking(told: Identification | None) -> Visitor:
    """The visitor of a choose call, in either form."""
    if told is None:
        raise Invalid.field("identification", "an object", detail="Identification is required")
    user = identity(told.user_id, "identification.userId")
    profile = identity(told.profile_id, "identification.profileId")
    source = identity(told.source_id, "identification.sourceId")
    if user is None and (profile is None or source is None):
        text = "Identification needs a userId, or a profileId together with a sourceId"
        raise Invalid.field("identification", "a userId, or a profileId and a sourceId", detail=text)
    return Visitor(id=user, anonymous_id=profile)


def check_names(told: Choose) -> None:
    """Selector names are letters, digits, ``-`` and ``_``; groups hold neither spaces nor any of ``* , / + =``."""
    for name in told.names or ():
        if not _NAME.fullmatch(name):
            raise Invalid.field("names", "letters, digits, - and _", name)
    for group in told.groups or ():
        if _NO_GROUP.search(group):
            raise Invalid.field("groups", "names without spaces and without * , / + =", group)


def one_of(value: str | None, allowed: tuple[str, ...], field: str) -> str | None:
    """The value in lower case; ``Invalid`` when it is none of the allowed ones."""
    if value is None:
        return None
    if value.lower() not in allowed:
        raise Invalid.field(field, " or ".join(allowed), value)
    return value.lower()


def events(told: Track, source: str) -> list[EventInput | Invalid]:
    """The entries' items as events, one by one: a bad one does not lose the others."""
    found: list[EventInput | Invalid] = []
    for index, raw in enumerate(told.track):
        field = f"track[{index}]"
        entry = part(_decode_entry, raw, field)
        if isinstance(entry, Invalid):
            found.append(entry)
            continue
        twins: dict[bytes, int] = {}
        for place, item in enumerate(entry.payload):
            seen = twins[bytes(item)] = twins.get(bytes(item), 0) + 1
            found.append(_event(entry.name, item, seen, f"{field}.payload[{place}]", source))
    return found


def _event(name: str, raw: msgspec.Raw, seen: int, field: str, source: str) -> EventInput | Invalid:
    item = part(_decode_item, raw, field)
    if isinstance(item, Invalid):
        return item.of(item.came, name)
    try:
        return _translated(name, item, seen, source)
    except Invalid as error:
        return error.under(field).of(bytes(raw), name)


def _translated(name: str, item: Item, seen: int, source: str) -> EventInput:
    event_id, account = identity(item.event_id, "eventId", 190), identity(item.account_id, "accountId")
    if event_id is not None and seen > 1:  # two lines of one order that are alike in everything are two lines
        event_id = f"{event_id}#{seen}"
    properties = dict(item.data or {})
    for key, value in (("accountId", account), ("pageId", identity(item.page_id, "pageId"))):
        if value is not None:
            properties.setdefault(key, value)
    return EventInput(
        name=name,
        visitor=_actor(item, account),
        id=event_id,
        time=_time(item.timestamp),
        session_id=identity(item.session_id, "sessionId", 512),
        properties=properties,
        attributes=_attributes(item, account),
        channel=source,
        shared_id=True,
    )


def _actor(item: Item, account: str | None) -> Visitor:
    user, profile = identity(item.user_id, "userId"), identity(item.profile_id, "profileId")
    if user is None and profile is None:
        if account is None:
            raise Invalid.field("userId", "a userId, a profileId or an accountId", "none of them")
        user = f"{ACCOUNT}{account}"
    return Visitor(id=user, anonymous_id=profile)


def _attributes(item: Item, account: str | None) -> dict[str, Any]:
    """A user's own attributes, and beside them those of the account as one object; an account by itself has its own."""
    own = item.user_attributes or {}
    if account is None:
        return own
    if item.user_id is None and item.profile_id is None:
        return {**own, **(item.account_attributes or {})}
    return {**own, "account": {**(item.account_attributes or {}), "id": account}}


def _time(told: int | float | None, unit: int = 1) -> int | None:
    if told is None:
        return None
    if not -LATEST_MS <= told <= LATEST_MS:
        raise Invalid.field("timestamp", "a time since 2010", told)
    time = int(told * unit)
    if time < EARLIEST_MS:
        raise Invalid.field("timestamp", "a time since 2010", told)
    return time


def consent_time(told: Consent) -> int | None:
    """UTC milliseconds of a consent, which tells seconds."""
    return _time(told.timestamp, 1000)


def consenting(told: Consent) -> Visitor:
    """Whose consent it is."""
    user, profile = identity(told.user_id, "userId"), identity(told.profile_id, "profileId")
    if user is None and profile is None:
        raise Invalid.field("userId", "a userId or a profileId", "neither")
    return Visitor(id=user, anonymous_id=profile)


def consent_facts(told: Consent) -> dict[str, Any]:
    """What else was told with a consent, for its event."""
    facts = {
        "action": told.action.lower(),
        "valid_until": told.valid_until,
        "email": told.email,
        "message": told.message,
        "reason": told.reason,
        "method": told.method,
        "device_info": told.device_info,
        "source": told.source,
    }
    return {name: value for name, value in facts.items() if value is not None}


def aliases(told: Track) -> list[tuple[str, str]]:
    """Pairs of users that an entry says are one person."""
    found = []
    for raw in told.track:
        if b"anotherUserId" not in bytes(raw):
            continue
        entry = part(_decode_entry, raw, "")
        for item in () if isinstance(entry, Invalid) else (part(_decode_item, one, "") for one in entry.payload):
            if isinstance(item, Item) and item.user_id is not None and item.another_user_id is not None:
                user, other = identity(item.user_id, "userId"), identity(item.another_user_id, "anotherUserId")
                if user and other:
                    found.append((user, other))
    return found
