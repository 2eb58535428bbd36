"""What MoEngage's callers send, and the context that goes back and forth. Unknown members are tolerated."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from tailorbird.domain.errors import Invalid
from tailorbird.domain.ids import is_key
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.web.facades.told import Id, attributes, identity

MAX_KEYS, MAX_ELEMENTS = 25, 100
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = tuple(f"{hour:02}" for hour in range(24))
#: the mark of a cid that a known visitor asked for
NOBODY = "0"
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
    """The experiences asked for, the first 25 of them; None = all. What cannot be a key is nobody's."""
    asked = told.experience_key
    if asked is None:
        return None
    named = (asked,) if isinstance(asked, str) else tuple(dict.fromkeys(asked))[:MAX_KEYS]
    return tuple(filter(is_key, named))


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


def cid(campaign: str, variation: str, audience: str, token: str) -> tuple[str, str]:
    """A campaign id of MoEngage's form, with our token behind the audience: what goes before the visitor's mark, and
    what after it."""
    return f"{campaign}_F_T_WP_AB_{variation}_P_0_AU_{audience}_", f"_{token}"


def mark(project: str, anonymous_id: str | None) -> str:
    """32 bits that stand in a cid for the anonymous visitor who asked; ``0`` where a known one did.

    Events have no member for anonymous ids: they come as ``customer_id`` too. Where the cid of an action bears the mark
    of its ``customer_id``, that id is the anonymous one of before and no customer's.
    """
    if anonymous_id is None:
        return NOBODY
    return hashlib.blake2b(f"{project}:{anonymous_id}".encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
