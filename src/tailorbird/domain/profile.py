"""Profiles: all that is remembered of one person, folded from what was recorded.

Stored as one JSON document per person. New fields have defaults and no field ever changes its type, so that
documents of any age can be read.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """When an attribute was last written: larger (time, event id) wins, in whatever order writes arrive."""

    time: int
    event_id: str


class Visit(msgspec.Struct, frozen=True, array_like=True):
    """A visit within the last days: from … to (UTC milliseconds) and its session id, empty when none was told."""

    start: int
    end: int
    session_id: str = ""


class Aggregate(msgspec.Struct, frozen=True, array_like=True):
    """One numeric property of one event name, over all time: served where a condition looks back for ever."""

    count: int
    total: float
    low: float
    high: float
    #: (time, event id, value) of the first and of the last
    first: tuple[int, str, float]
    last: tuple[int, str, float]
    #: what ``total`` lost to rounding, largest first: with it the sum is exact, and so the same in any order
    rest: tuple[float, ...] = ()


class Counter(msgspec.Struct, frozen=True, array_like=True):
    """One event name over all time."""

    count: int
    first_at: int
    last_at: int
    numbers: dict[str, Aggregate] = {}


class Display(msgspec.Struct, frozen=True, array_like=True):
    """How often a rule was shown to this person, and where last."""

    count: int
    last_at: int
    last_session: str = ""
    #: (UTC ms of its last display, session id) of the most recent sessions, newest first; an empty id: told without one
    sessions: tuple[tuple[int, str], ...] = ()


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The first exposure to a campaign: the one that counts."""

    at: int
    version: int
    rule: str
    #: experience id, or ``control``
    arm: str
    epoch: int
    #: the last day on which the person was noted in an arm of the campaign (days since 1970), and that arm
    day: int = 0
    day_arm: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person."""

    person: int
    #: the first id this person was ever seen under: what the draws hash
    bucket_id: str
    ids: tuple[str, ...] = ()
    anonymous_ids: tuple[str, ...] = ()
    attributes: dict[str, Any] = {}
    stamps: dict[str, Stamp] = {}
    first_seen: int = 0
    last_seen: int = 0
    visits: tuple[Visit, ...] = ()
    #: visits that ended before the ones kept as intervals
    older_visits: int = 0
    counters: dict[str, Counter] = {}
    #: events of names beyond the number of names that are counted
    uncounted: int = 0
    #: by rule id
    displays: dict[str, Display] = {}
    #: by campaign id
    exposures: dict[str, Seen] = {}
    #: campaign id → the bucket id that this campaign keeps since a merge
    bucket_ids: dict[str, str] = {}
    #: persons whose events are this person's too, since a merge
    merged: tuple[int, ...] = ()
    #: contradictions met while ids were linked; shown, never hidden
    conflicts: int = 0
