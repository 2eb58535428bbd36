"""Who is being matched: one request's context and the profile behind it; what is derived is computed late and once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tailorbird.domain.needs import History
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Context
from tailorbird.targeting.facts import compute

UTC = ZoneInfo("UTC")


class Place(msgspec.Struct, frozen=True):
    """Where an address is, as far as anybody knows."""

    #: ISO 3166-1 alpha-2, e.g. ``GB``
    country: str | None = None
    #: subdivision code without the country, e.g. ``ENG``
    region: str | None = None
    #: English name
    city: str | None = None


#: From an IP address to a place. Never raises.
Locate = Callable[[str], Place]
NOWHERE = Place()


def nowhere(address: str) -> Place:
    """The ``Locate`` of a server that has no geographic database."""
    return NOWHERE


_NO_HISTORY: History = {}
_NO_ATTRIBUTES: dict[str, Any] = {}


class Subject:
    """What conditions are matched against. Made per request, never shared between requests."""

    __slots__ = (
        "attributes",
        "context",
        "facts",
        "history",
        "known",
        "locate",
        "memo",
        "merged",
        "profile",
        "stored",
        "zone",
    )

    context: Context
    profile: Profile | None
    #: the project's zone, for visitors whose own offset nobody told
    zone: tzinfo
    locate: Locate
    #: events that were gathered, by name
    history: History
    #: False when the store could not be asked, so that a missing profile means nothing
    known: bool
    attributes: dict[str, Any]
    stored: dict[str, Any]
    #: both, those of the request first: what a condition reads by a plain name
    merged: dict[str, Any]
    #: facts computed so far
    facts: dict[str, Any]
    #: audiences decided so far
    memo: dict[str, bool]

    def __init__(
        self,
        context: Context,
        profile: Profile | None = None,
        *,
        zone: tzinfo = UTC,
        locate: Locate = nowhere,
        history: History = _NO_HISTORY,
        known: bool = True,
    ) -> None:
        self.context = context
        self.profile = profile
        self.zone = zone
        self.locate = locate
        self.history = history
        self.known = known
        self.attributes = context.attributes
        self.stored = profile.attributes if profile is not None else _NO_ATTRIBUTES
        self.merged = {**self.stored, **self.attributes} if self.attributes else self.stored
        self.facts = {}
        self.memo = {}

    def fact(self, name: str) -> Any:
        """The value of a built-in fact such as ``@device``; None where it is unknown. Never raises."""
        try:
            return self.facts[name]
        except KeyError:
            value = self.facts[name] = compute(name, self)
            return value
