"""Who is asking, and all that the caller tells us about this request."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

#: ``u`` = an id the caller knows its user by; ``a`` = an anonymous (device) id.
IdKind = Literal["u", "a"]


class Visitor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ids that came with a request. At least one is given."""

    id: str | None = None
    anonymous_id: str | None = None

    @property
    def bucket_id(self) -> str:
        """What a visitor that nobody has seen yet is drawn on: the anonymous id, else the known one."""
        return self.anonymous_id or self.id or ""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One request's view of the world. ``now`` comes from the engine's clock; the rest from the caller."""

    visitor: Visitor
    #: UTC milliseconds
    now: int
    attributes: dict[str, Any] = {}
    session_id: str | None = None
    #: given by the caller; else recognised from the user agent
    device: str | None = None
    url: str | None = None
    referrer: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    locale: str | None = None
    #: moves only the weekday, hour and date facts (UTC milliseconds)
    time: int | None = None
    #: the visitor's offset from UTC in seconds, when the caller told it
    utc_offset: int | None = None
    #: 0 (Monday) … 6 and 0 … 23, when the caller told them: they win over the clock
    weekday: int | None = None
    hour: int | None = None
