"""How much of everything one call may bring, and how much this process remembers."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from tailorbird.engine.calls import Answer


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds that hold whatever callers send. All have a named error."""

    #: events in one call
    batch: int = 1_000
    #: campaigns and groups named in one decide call
    names: int = 1_000
    #: top-level and nested attributes or properties of one item
    members: int = 500
    #: nesting of attributes and properties
    depth: int = 8
    #: characters in one text value
    text: int = 10_000
    #: values in one list
    list_values: int = 1_000
    #: bytes of one event
    event_bytes: int = 64_000
    #: attributes that a profile may hold
    profile_attributes: int = 1_000
    #: members of one list audience
    list_members: int = 1_000_000
    #: catalogue items in one call
    items: int = 10_000
    #: attribute and property names listed in a project's schema
    schema_names: int = 10_000
    #: requests per second and burst of a key that names none
    rate: float = 2_000.0
    burst: int = 4_000


class AnswerMemory:
    """The answers of the last 10 minutes by request id, and those still being made."""

    LIFE_MS = 600_000

    def __init__(self, size: int = 50_000) -> None:
        self._size = size
        self._kept: OrderedDict[tuple[str, str], tuple[int, Answer]] = OrderedDict()
        #: under way: a second call with the same request id waits for the first
        self.under_way: dict[tuple[str, str], asyncio.Future[Answer]] = {}

    def recall(self, name: tuple[str, str], now: int) -> Answer | None:
        """The answer given to this request id within its life."""
        held = self._kept.get(name)
        return held[1] if held is not None and now - held[0] < self.LIFE_MS else None

    def keep(self, name: tuple[str, str], now: int, answer: Answer) -> None:
        """Remember an answer."""
        self._kept[name] = (now, answer)
        self._kept.move_to_end(name)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)


class TokenBucket:
    """``rate`` requests a second, up to ``burst`` at once. Per process."""

    __slots__ = ("_at", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate, self.burst = rate, burst
        self._tokens, self._at = burst, now

    def take(self, now: float) -> float:
        """0.0 when the request may pass, else the seconds until one may."""
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self.rate


class SchemaMemory:
    """Names and types that came in since the last flush to the store."""

    def __init__(self, size: int) -> None:
        self._size = size
        #: (project, kind, name, type) → [first, last, count]
        self.seen: dict[tuple[str, str, str, str], list[int]] = {}

    def note(self, project: str, kind: str, names: Iterable[tuple[str, str]], at: int) -> None:
        """Count (name, type) pairs seen at ``at``."""
        for name, type_ in names:
            row = self.seen.get((project, kind, name, type_))
            if row is not None:
                row[1] = at
                row[2] += 1
            elif len(self.seen) < self._size:
                self.seen[(project, kind, name, type_)] = [at, at, 1]

    def take(self) -> dict[tuple[str, str, str, str], list[int]]:
        """What was seen; forgotten here."""
        taken, self.seen = self.seen, {}
        return taken
