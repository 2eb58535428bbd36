"""Facts: what machines record. Everything that changes what is known of a person goes through one write path as an
``Entry``."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import IdKind, Visitor

#: Events of ours that hand a token back.
IMPRESSION, CLICK, DISMISSAL = "impression", "click", "dismissal"
#: Name under which attribute changes without an event are recorded.
ATTRIBUTES = "attributes"
#: Event that proves a consent, and the attribute whose members say of each category whether it is given.
CONSENT = "consent"

DAY_MS = 86_400_000
LATE_WINDOW_MS = 7 * DAY_MS
VISIT_GAP_MS = 30 * 60_000
FUTURE_TOLERANCE_MS = 5 * 60_000
#: 2000-01-01; events before it are rejected
EARLIEST_MS = 946_684_800_000


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """Where a decision put a visitor: what a token carries."""

    campaign: str
    version: int
    rule: str
    #: experience id, or ``control``
    arm: str
    epoch: int = 0
    #: the decision left exposure and display to be counted when its token comes back
    report: bool = False


class Event(msgspec.Struct, frozen=True, kw_only=True, tag="event"):
    """Something a visitor did."""

    project: str
    visitor: Visitor
    id: str
    name: str
    #: UTC milliseconds, already corrected by the rules for the future
    time: int
    #: UTC milliseconds, by our clock
    received_at: int
    source: str = "api"
    session_id: str | None = None
    properties: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    channel: str = ""
    #: from the token that came with it
    answers: Arm | None = None
    #: UTC milliseconds of the token, rounded down
    answers_at: int = 0
    #: 16 bytes in the ledger, and 8 of the content
    identity: bytes = b""
    content: bytes = b""
    #: ``late``, ``future``: what was odd about its time
    marks: tuple[str, ...] = ()
    #: context facts kept with an exposure that this event re-creates
    facts: dict[str, Any] = {}
    #: an anonymous id alone, which is linked, is somebody else (project setting ``anonymous_after_logout``)
    stranger: bool = False


class Exposure(msgspec.Struct, frozen=True, kw_only=True, tag="exposure"):
    """A visitor entered an arm. ``cap`` asks for the display to be consumed, and may be refused inside the commit."""

    project: str
    visitor: Visitor
    answers: Arm
    time: int
    received_at: int
    door: str = "api"
    session_id: str | None = None
    cap: Literal["always", "once", "visit"] = "always"
    #: whether anything was shown: withheld content is an exposure, but no display
    shown: bool = True
    #: context facts kept for breakdowns: audiences, device, country, returning, attributes
    facts: dict[str, Any] = {}
    #: the id this campaign was drawn on
    bucket_id: str = ""
    #: an anonymous id alone, which is linked, is somebody else (project setting ``anonymous_after_logout``)
    stranger: bool = False


class Link(msgspec.Struct, frozen=True, kw_only=True, tag="link"):
    """Both ids came with a decide call: they belong together from now on."""

    project: str
    visitor: Visitor
    time: int
    received_at: int


class Alias(msgspec.Struct, frozen=True, kw_only=True, tag="alias"):
    """An explicit call that two known ids are one person. ``alias`` becomes a name of ``visitor_id``'s person."""

    project: str
    visitor_id: str
    alias: str
    time: int
    received_at: int


Entry = Event | Exposure | Link | Alias

#: (project, kind of id, id)
IdKey = tuple[str, IdKind, str]


class Verdict(msgspec.Struct, frozen=True):
    """What became of an entry."""

    #: ``capped``: the exposure was refused because its display cap was already used up
    outcome: Literal["accepted", "duplicate", "conflict", "capped"]
    #: whether this entry was a first exposure
    first: bool = False


class ExposureRow(msgspec.Struct, frozen=True, kw_only=True):
    """The first exposure of a person to a campaign, as stored."""

    project: str
    person: int
    answers: Arm
    time: int
    door: str
    facts: dict[str, Any] = {}


class State(msgspec.Struct, kw_only=True):
    """What the store read before a batch is folded: the people that its ids lead to."""

    persons: dict[IdKey, int]
    profiles: dict[int, Profile]


class Changes(msgspec.Struct, kw_only=True):
    """What folding a batch changed, for the store to write in the same transaction."""

    #: one per entry, in order
    verdicts: list[Verdict] = []
    profiles: dict[int, Profile] = {}
    #: project of each profile above
    projects: dict[int, str] = {}
    #: ids that lead to a (new) person from now on
    ids: dict[IdKey, int] = {}
    #: (project, person merged away, person it became part of, UTC ms)
    links: list[tuple[str, int, int, int]] = []
    exposures: list[ExposureRow] = []
    #: (project, person, campaign, arm, day number since 1970): one row per day seen
    days: set[tuple[str, int, str, str, int]] = set()
    #: events to store, each with the person it happened to
    events: list[tuple[Event, int]] = []
    #: (project, counter name) → increment, e.g. identity conflicts
    counts: dict[tuple[str, str], int] = {}
