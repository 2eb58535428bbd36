"""What a compiled definition needs to know before it can be decided: declared at publish, gathered in one go per
request."""

from __future__ import annotations

from typing import Any

import msgspec


class EventNeed(msgspec.Struct, frozen=True, order=True):
    """The events of one name within a look-back. ``within`` (ms before now) or ``since`` (UTC ms); both 0 = ever."""

    name: str
    within: int = 0
    since: int = 0
    #: whether the properties are read, or only that and when it happened
    properties: bool = False

    def earliest(self, now: int) -> int:
        """The oldest time (UTC ms) that matters at ``now``."""
        return max(self.since, now - self.within if self.within else 0)


class Needs(msgspec.Struct, frozen=True):
    """What a condition, a template or a whole plan reads beside the request itself."""

    #: reads the profile: attributes, visits, counters, caps, list membership of the person's other ids
    profile: bool = False
    #: reads past events that the profile does not hold
    events: frozenset[EventNeed] = frozenset()

    def __or__(self, other: Needs) -> Needs:
        if other is self or not (other.profile or other.events):
            return self
        return Needs(self.profile or other.profile, self.events | other.events)

    @property
    def store(self) -> bool:
        """Whether anything is needed that only the store knows."""
        return self.profile or bool(self.events)


NOTHING = Needs()


class PastEvent(msgspec.Struct, frozen=True, array_like=True):
    """One event as conditions and templates see it."""

    name: str
    time: int
    id: str
    properties: dict[str, Any] = {}


#: event name → its gathered events, ascending by (time, id)
History = dict[str, tuple[PastEvent, ...]]
