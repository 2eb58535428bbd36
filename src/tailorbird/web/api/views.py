"""The forms in which the management API answers. Times in answers are epoch milliseconds, everywhere."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import msgspec

from tailorbird.domain.access import ApiKey, Project, Scope, SigningKey
from tailorbird.domain.errors import Problem
from tailorbird.engine.view import Missing

T = TypeVar("T")


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """A whole list."""

    items: list[T]


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list."""

    items: list[T]
    #: pass it on to get the next page; null on the last one
    next: str | None = None


class ProjectView(msgspec.Struct, frozen=True, kw_only=True):
    """A project: the unit of isolation."""

    id: str
    key: str
    name: str
    created_at: int
    #: grows with every change of what is published
    version: int
    #: definitions that are switched off, and why
    warnings: dict[str, str] = {}


class SigningKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A signing key, without its secret."""

    id: str
    created_at: int
    #: tokens of this key are refused since then
    retired_at: int | None = None

    @classmethod
    def of(cls, key: SigningKey) -> SigningKeyView:
        """What may be shown of ``key``."""
        return cls(id=key.id, created_at=key.created_at, retired_at=key.retired_at or None)


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key, without its secret."""

    id: str
    #: who uses it
    client: str
    kind: Literal["secret", "publishable"]
    scopes: list[Scope]
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None
    #: kept to the minute
    last_used_at: int | None = None
    #: requests per second; null = the server's default
    rate: float | None = None
    #: requests at once; null = the server's default
    burst: int | None = None


class NewKey(KeyView, frozen=True, kw_only=True):
    """A new key with its secret, which is told this once."""

    secret: str


class Size(msgspec.Struct, frozen=True):
    """How many there are now."""

    size: int


class Written(msgspec.Struct, frozen=True):
    """How many were written."""

    written: int


class Removed(msgspec.Struct, frozen=True):
    """How many were removed."""

    removed: int


class Versioned(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One version of one definition: what was written, who wrote it, and what the server has to say about it."""

    id: str
    key: str
    #: the ``ETag``; hand it back as ``If-Match``
    version: int
    author: str
    at: int
    #: what was done: create, update, start, pause, archive, rollback to …
    action: str
    #: what was written
    body: T
    deleted: bool = False
    #: in lists: who wrote the first version, and when
    created_by: str | None = None
    created_at: int | None = None
    #: campaigns: 24 hexadecimal digits, for doors that show long ids
    long_id: str | None = None
    #: campaigns: whether it may start
    ready: bool | None = None
    #: campaigns: rule by rule, what is missing before it may start
    setup: tuple[Missing, ...] = ()
    #: campaigns: what is missing beside the rules
    missing: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute, event or event property that was seen."""

    kind: Literal["attribute", "event", "property"]
    #: attribute or event; ``event.property`` for properties
    name: str
    type: str
    first_at: int
    last_at: int
    count: int


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was refused. Values are masked."""

    at: int
    name: str
    field: str
    error: str
    #: the event with every value replaced by its type and length
    masked: dict[str, Any] = {}
    #: the door that it came through
    source: str = ""
    #: bytes of what could not be decoded; 0 where it could
    size: int = 0
    #: how that begins, masked, where it is nothing that `masked` could tell
    beginning: str = ""


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was stored."""

    #: grows with every event
    seq: int
    id: str
    name: str
    time: int
    received_at: int


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """What arrived of a project's backends."""

    #: when the first decision was asked for, through any door; null = not yet
    decided_at: int | None = None
    #: the newest event; null = there was none
    event: Arrived | None = None


class Did(msgspec.Struct, frozen=True, kw_only=True):
    """How often one person did something."""

    count: int
    first_at: int
    last_at: int


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """The first exposure to a campaign: the one that counts."""

    at: int
    version: int
    #: id of the rule
    rule: str
    #: id of the experience, or ``control``
    arm: str


class Displayed(msgspec.Struct, frozen=True, kw_only=True):
    """How often a rule was shown."""

    count: int
    last_at: int


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one person."""

    ids: list[str]
    anonymous_ids: list[str]
    attributes: dict[str, Any]
    first_seen: int
    last_seen: int
    #: how many visits
    visits: int
    #: by event name
    events: dict[str, Did]
    #: by key of the campaign
    exposures: dict[str, Entered]
    #: by id of the rule
    displays: dict[str, Displayed]
    #: the first id this person was ever seen under: what the draws go by
    bucket_id: str
    #: contradictions met while ids were linked
    conflicts: int


class VisitView(msgspec.Struct, frozen=True, kw_only=True):
    """One visit of a person."""

    started_at: int
    #: the last event or display
    ended_at: int
    #: null where none was told
    session_id: str | None = None


class WholePerson(Person, frozen=True, kw_only=True):
    """What is known of one person, with their visits."""

    #: how many events were ever counted, also those whose rows outlived `retention_days`
    event_count: int
    #: the newest first, kept one by one for 14 days
    recent_visits: list[VisitView]
    #: how many there were before those
    older_visits: int


class PersonId(msgspec.Struct, frozen=True, kw_only=True):
    """One id of a person."""

    kind: Literal["id", "anonymous_id"]
    id: str


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is stored of one person."""

    profile: WholePerson
    ids: list[PersonId]
    events: list[Arrived]
    #: first exposures with the days on which each campaign was seen
    exposures: list[dict[str, Any]]


class Counts(msgspec.Struct, frozen=True):
    """Counters by name."""

    counts: dict[str, int]


def project_view(project: Project, warnings: dict[str, str]) -> ProjectView:
    """A project as callers see it."""
    return ProjectView(
        id=project.id,
        key=project.key,
        name=project.name,
        created_at=project.created_at,
        version=project.version,
        warnings=warnings,
    )


def key_members(key: ApiKey) -> dict[str, Any]:
    """A key's members as callers see them."""
    return {
        "id": key.id,
        "client": key.client,
        "kind": key.kind,
        "scopes": list(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at or None,
        "revoked_at": key.revoked_at or None,
        "last_used_at": key.last_used_at or None,
        "rate": key.rate or None,
        "burst": key.burst or None,
    }
