"""Campaigns: what marketers publish. Frozen, plain, and the wire form at the same time.

A campaign tries its **rules** in order; the **experiences** of the first rule that matches share its visitors by
weight. Fields marked *kept by the server* are filled at publish and ignored when a caller sends them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Status = Literal["draft", "testing", "running", "paused", "archived"]
Channel = Literal["server", "web"]
Device = Literal["desktop", "mobile", "tablet"]
Expose = Literal["decision", "report"]
RowType = Literal["text", "number", "items"]
OnMissing = Literal["withhold", "empty"]
#: A condition tree in JSON (``targeting`` compiles it), the explicit choice of everyone, or none given yet.
Audience_ = dict[str, Any] | Literal["everyone"] | None


class Schedule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """When something is open. All parts given must hold; an empty schedule is always open."""

    #: ISO 8601 date or date-time; without an offset it is in ``time_zone``. Open from this moment on.
    start: str | None = None
    #: Likewise; open until just before this moment (a bare date: to the end of that day).
    end: str | None = None
    #: Monday = 0 … Sunday = 6; empty = every day.
    weekdays: tuple[int, ...] = ()
    #: ``["22:00", "06:00"]`` spans midnight; it belongs to the weekday on which it begins. Several are ORed.
    hours: tuple[tuple[str, str], ...] = ()
    #: IANA name; the project's zone when absent.
    time_zone: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One name and value of a message. Liquid is rendered in the value, never in the name."""

    name: str
    #: text (with Liquid), a number, or for ``items`` either ``"$items"`` (all items of the message) or a list of
    #: item ids
    value: Any = ""
    type: RowType = "text"


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One message of an experience: rows under a target. Withheld alone when a value is missing."""

    target: str = ""
    rows: tuple[Row, ...] = ()
    #: catalogue item ids that ``$items`` stands for (static promotion)
    items: tuple[str, ...] = ()
    #: deliver ``{"id": …}`` instead of whole items
    ids_only: bool = False
    #: 5 alphanumerics; kept by the server
    id: str = ""


class Content(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is shown: either one JSON ``body`` or ``messages``. Liquid may stand in any string value."""

    body: Any = msgspec.UNSET
    messages: tuple[Message, ...] = ()
    #: a value without default that finds nothing: withhold the message (or body), or print nothing in its place
    on_missing: OnMissing = "withhold"


class TemplateRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where an experience's content was copied from. The copy keeps working when the template changes."""

    #: key or id of the template on the way in, its id when stored
    template: str
    #: the version copied; on the way in 0 = the newest
    version: int = 0
    #: copied from an earlier version that this project never had (``version`` is 0 then); kept by the server
    older: bool = False


class Experience(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One arm of a rule: a weight and content. Nothing else may differ between the arms of a rule."""

    name: str
    #: relative share among the rule's experiences, at least 0
    weight: float = 1.0
    #: a paused experience's share goes to the others of its rule
    paused: bool = False
    content: Content | None = None
    #: locale (``de``, ``de-AT``) → content used instead when the visitor's locale is that one
    locales: dict[str, Content] = {}
    template: TemplateRef | None = None
    #: 5 alphanumerics; kept by the server; names the experience in updates
    id: str = ""


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Whom, when, where and how often; and the experiences that share those visitors."""

    name: str = ""
    audience: Audience_ = None
    #: empty = all
    devices: tuple[Device, ...] = ()
    schedule: Schedule | None = None
    #: how often one person may be shown this rule: no limit, once in a lifetime, once per visit
    cap: Literal["always", "once", "visit"] = "always"
    experiences: tuple[Experience, ...] = ()
    #: 5 alphanumerics; kept by the server; names the rule in updates
    id: str = ""
    #: experience id → slot ranges ``[low, high)`` out of 0…10000; kept by the server
    ranges: dict[str, tuple[tuple[int, int], ...]] = {}
    #: counts the changes of ``ranges``; kept by the server
    epoch: int = 0


class GoalUse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A goal that a campaign is judged by."""

    #: key or id of the goal
    goal: str
    role: Literal["primary", "secondary", "guardrail"] = "secondary"


class Analysis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the verdict on the primary goal is reached. Fixed when the campaign starts: a later change restarts it."""

    #: ``click``: only what followed a click within the window counts. Control has no clicks, so the baseline is then
    #: the first experience
    attribution: Literal["view", "click"] = "view"
    #: what experiences are compared with: control of their rule, or the first experience of their rule
    baseline: Literal["control", "first"] = "control"
    #: the smallest relative lift worth finding, e.g. 0.1 for ten percent: the sample and the evidence are tuned to it
    lift: float = 0.1
    #: people of all arms together that the campaign is planned for; days left are reckoned with it
    sample: int | None = None


class Campaign(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A personalization or an experiment: one thing with two names."""

    name: str
    #: the selector that callers ask for; made from the name when absent
    key: str = ""
    kind: Literal["personalization", "experiment"] = "personalization"
    groups: tuple[str, ...] = ()
    channel: Channel = "server"
    #: changed by the verbs start, pause, archive; not by an update
    status: Status = "draft"
    schedule: Schedule | None = None
    #: ANDed before every rule's own
    audience: Audience_ = None
    #: percent of the matching visitors who see nothing, 0 to 100, at most two decimals
    control: float = 5.0
    goals: tuple[GoalUse, ...] = ()
    #: absent = by view, against control
    analysis: Analysis | None = None
    #: of one set's campaigns, the one of highest priority whose rule matches holds the visitor
    exclusion_set: str | None = None
    priority: int = 0
    #: when an exposure is counted; absent = as the call says
    expose: Expose | None = None
    rules: tuple[Rule, ...] = ()
    #: visitor ids that a campaign in testing serves
    test_users: tuple[str, ...] = ()
    #: 5 alphanumerics; kept by the server
    id: str = ""
    #: earlier keys that still lead here; kept by the server
    aliases: tuple[str, ...] = ()
    #: what the draws hash with the visitor; made once, never changed by a rename; kept by the server
    salt: str = ""
