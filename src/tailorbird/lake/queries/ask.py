"""What can be asked of the facts of one project: plain frozen values that travel to the process that computes."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

#: what a breakdown or a filter goes by: a fact kept with the exposure, or the target of the person's first click
Dimension = Literal["audience", "device", "country", "visitor", "browser", "os", "language", "attribute", "click"]
Aggregate = Literal["occurrence", "count", "sum", "average", "min", "max", "first", "last"]
Step = Literal["hour", "day"]


class By(msgspec.Struct, frozen=True, kw_only=True):
    """A dimension of people."""

    dimension: Dimension
    #: which attribute, or which property of the click
    name: str = ""


class Only(msgspec.Struct, frozen=True, kw_only=True):
    """People whose value in a dimension is one of these; of audiences, who was in one of them."""

    by: By
    values: tuple[str, ...]


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Which people of a campaign, each by the first exposure of whoever they turned out to be."""

    campaign: str
    #: names under which events without a token may speak of the campaign
    names: tuple[str, ...] = ()
    #: experience id → rule id, of every version; control stands in every rule
    rules: dict[str, str] = {}
    #: first exposed at this time (UTC ms) or after it, and before that
    since: int | None = None
    until: int | None = None
    only: tuple[Only, ...] = ()
    #: leave out who met more than one arm: exploratory, it biases
    exclude_crossed: bool = False


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """Which events count, and how those of one person become one number."""

    event: str
    where: dict[str, Any] | None = None
    sources: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    aggregate: Aggregate = "occurrence"
    #: dotted path to a number
    property: str | None = None
    #: leave out events whose property ``currency`` names another one
    currency: str | None = None


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """Where totals are cut off: at a value, or at a percentile of everybody's totals; neither = nowhere."""

    value: float | None = None
    percentile: float | None = None


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """One goal as it is counted."""

    #: names the goal in the answer
    id: str
    value: Measure
    #: the denominator of a ratio
    per: Measure | None = None
    window_ms: int
    cap: Cap = Cap()
    #: the same value of as many milliseconds before the exposure, for CUPED; 0 = not asked for
    before_ms: int = 0


class Campaign(msgspec.Struct, frozen=True, kw_only=True, tag="campaign"):
    """The figures of one campaign.

    Answers: ``people``, ``touches``, ``crossed`` and ``conflicts``; for each goal ``goal:<id>`` and ``cap:<id>``;
    with a breakdown ``people by``, ``touches by`` and ``goal by:<id>``; where only the mature count, ``people:<id>``.
    """

    people: People
    goals: tuple[Counted, ...] = ()
    attribution: Literal["view", "click"] = "view"
    by: By | None = None
    #: only people whose window is over at ``now``
    mature: bool = False
    now: int = 0
    #: people exposed since then are counted apart: today's traffic
    recent_since: int = 0
    #: impressions, clicks and dismissals, too
    touches: bool = True
    #: people who met more than one arm, too
    crossed: bool = True


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """How far local time is ahead of UTC: ``offset`` holds until ``until`` (UTC ms; None: for ever), both in ms."""

    offset: int
    until: int | None = None


class Series(msgspec.Struct, frozen=True, kw_only=True, tag="series"):
    """One campaign over time. Answers ``entered``, ``touched`` and ``done``, each by local day or hour and arm."""

    people: People
    goal: Counted | None = None
    attribution: Literal["view", "click"] = "view"
    step: Step = "day"
    zone: tuple[Zone, ...] = (Zone(offset=0),)


class Days(msgspec.Struct, frozen=True, kw_only=True, tag="days"):
    """How many people entered campaigns, day by day. Answers ``entered``: people by campaign and local day."""

    campaigns: tuple[str, ...]
    #: first exposed at this time (UTC ms) or after it
    since: int
    step: Step = "day"
    zone: tuple[Zone, ...] = (Zone(offset=0),)


class Summary(msgspec.Struct, frozen=True, kw_only=True, tag="summary"):
    """Campaigns of a project side by side.

    Answers ``exposed`` (people by campaign, rule, arm, epoch, version), ``touched`` (by campaign and arm) and, for each
    goal, ``goal:<id>`` with its moments by campaign and arm.
    """

    #: ids; empty = all
    campaigns: tuple[str, ...] = ()
    goals: tuple[Counted, ...] = ()
    #: for each goal, the campaigns that are judged by it; empty = every goal for all of them
    of: tuple[tuple[str, ...], ...] = ()
    #: campaign → people exposed to it since then count
    begun: dict[str, int] = {}
    since: int | None = None
    until: int | None = None


class Overlap(msgspec.Struct, frozen=True, kw_only=True, tag="overlap"):
    """How many people are in two campaigns at once. Answers ``pairs`` and ``exposed``."""

    campaigns: tuple[str, ...] = ()


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, tag="catalogue"):
    """Each item: how often shown and clicked, and what those who were shown or clicked it bought. Answers ``items``."""

    #: the event of a purchase, and where in its properties the items stand
    purchase: str = "order"
    items: str = "items"
    #: shown and clicked as part of one campaign only; everybody's
    people: People | None = None
    window_ms: int = 7 * 86_400_000
    since: int | None = None
    until: int | None = None
    limit: int = 1000


Question = Campaign | Series | Days | Summary | Overlap | Catalogue
