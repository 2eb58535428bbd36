"""The other definitions people write, and the envelope in which every kind is stored and versioned."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from tailorbird.domain.campaign import Content

Kind = Literal["campaign", "audience", "template", "goal", "settings"]
KINDS: tuple[Kind, ...] = ("campaign", "audience", "template", "goal", "settings")


class Audience(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A named, reusable condition, or a list of ids. A list's members are uploaded apart and are not versioned."""

    name: str
    key: str = ""
    type: Literal["condition", "list"] = "condition"
    #: for type ``condition``
    condition: dict[str, Any] | None = None
    description: str = ""
    id: str = ""


class Template(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Saved, reusable content."""

    name: str
    content: Content
    key: str = ""
    description: str = ""
    #: client-side code that web-channel campaigns return compiled
    client_bundle: str | None = None
    id: str = ""


class Capping(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How much of one person's total counts, so that a single large order decides nothing. One of the two is given."""

    #: totals above this count as this, in the goal's unit
    value: float | None = None
    #: totals above this percentile of the totals of everybody exposed, whatever their arm, count as it; 100 = no cap
    percentile: float | None = None


class Goal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What counts as success: an event, a condition on its properties, and how it is added up per person."""

    name: str
    #: event name
    event: str
    key: str = ""
    #: condition on the event's properties, of the operators that columns understand
    where: dict[str, Any] | None = None
    #: only events that came through one of these doors, e.g. ``api``; empty = all
    sources: tuple[str, ...] = ()
    #: only events of one of these channels; empty = all
    channels: tuple[str, ...] = ()
    aggregate: Literal["occurrence", "count", "sum", "average", "min", "max", "first", "last", "ratio"] = "occurrence"
    #: dotted path into the properties, for every aggregate but occurrence and count
    property: str | None = None
    #: for ``ratio``: the denominator, e.g. revenue per order
    per: RatioPart | None = None
    better: Literal["higher", "lower"] = "higher"
    #: a person's total may be below zero, as profit may: differences are compared, and there is no relative lift
    signed: bool = False
    #: days from the first exposure within which the event counts
    window_days: float = 7.0
    #: ISO 4217 code of the values; events whose property ``currency`` names another one are left out
    currency: str | None = None
    #: absent = at the 99.9th percentile; never of the aggregate occurrence
    capping: Capping | None = None
    #: attributed to every campaign of the project
    is_global: bool = msgspec.field(default=False, name="global")
    description: str = ""
    id: str = ""


class RatioPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The denominator of a ratio goal."""

    event: str
    where: dict[str, Any] | None = None
    aggregate: Literal["count", "sum"] = "count"
    property: str | None = None


class ProjectSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The switches of one project; a definition like the others, so versioned and audited."""

    time_zone: str = "UTC"
    #: a request with only an anonymous id that was linked: the linked person, or a stranger until the next login
    anonymous_after_logout: Literal["person", "stranger"] = "person"
    #: recognised bots are decided for but never exposed
    exclude_bots: bool = True
    #: keep the IP address / the full user agent with events
    store_ip: bool = False
    store_user_agent: bool = False
    #: browser origins that may call with a publishable key, e.g. ``https://shop.example``
    allowed_origins: tuple[str, ...] = ()
    #: event names that a publishable key may send beside impression, click and dismissal
    publishable_events: tuple[str, ...] = ()
    #: RFC 7517 JSON Web Key Set whose keys sign visitor tokens of known visitors in browsers
    visitor_keys: dict[str, Any] | None = None
    #: consent category without which nothing is recorded / nobody is personalized for; absent = not required
    consent_for_recording: str | None = None
    consent_for_personalizing: str | None = None
    #: days that event rows are kept in the store; absent = for ever
    retention_days: int | None = None
    #: days that facts are kept in the lake, by the time of the fact; absent = for ever
    lake_days: int | None = None
    #: days that an event's identity is remembered: the limit of "counted once"
    dedupe_horizon_days: int = 400
    #: Salesforce's door tells the resolved person's id, instead of an encrypted user id
    identity_resolution: bool = False
    #: Salesforce's door without authentication refuses plain user ids even beside an anonymous one
    encrypted_ids_required: bool = False
    #: Salesforce's door takes events without authentication, with the rights of a publishable key
    event_api_open: bool = False


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A catalogue entry. ``attributes`` hold whatever the shop knows of it."""

    id: str
    type: str = "Product"
    attributes: dict[str, Any] = {}


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one definition, as stored. Versions are never edited; the newest one is in force."""

    project: str
    kind: Kind
    id: str
    key: str
    version: int
    #: JSON of the kind's struct
    body: msgspec.Raw
    author: str
    #: UTC milliseconds
    at: int
    deleted: bool = False
    #: what was done: create, update, start, pause, archive, rollback, delete, …
    action: str = "update"
