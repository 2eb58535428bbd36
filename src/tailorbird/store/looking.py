"""What a store promises to people who look at data: samples, searches, and events by what they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from tailorbird.domain.needs import EventNeed, History
from tailorbird.domain.profile import Profile

#: events that a search by name goes back over
LOOKED_AT = 100_000


class Looking(Protocol):
    """Reads that are made for people. They run beside decisions, never on their connections' first rank."""

    async def count_people(self, project: str) -> int: ...
    async def sample(self, project: str, one_in: int, after: int = 0, limit: int = 200) -> list[Profile]:
        """A page of the people of which one in ``one_in`` (a power of 2) is taken at random, always the same ones, in
        person order."""

    async def newest_people(self, project: str, limit: int = 50) -> list[Profile]:
        """The newest first."""

    async def search(self, project: str, prefix: str, limit: int = 50) -> list[Profile]:
        """People with an id of either kind that begins so, each once, in the order of these ids."""

    async def histories(
        self, project: str, persons: Sequence[Sequence[int]], needs: Iterable[EventNeed], now: int
    ) -> list[History]:
        """What ``history`` tells, for many people in one query; each is their own number and those merged into it."""

    async def events_named(
        self, project: str, name: str = "", limit: int = 100, after: int = 0
    ) -> list[dict[str, Any]]:
        """The newest events of a name among the newest ``LOOKED_AT`` after a sequence number."""

    async def settled(self) -> int:
        """A sequence number: of the events up to it, those that will ever be there can be seen by whoever asks next.
        Numbers are given out before what holds them is committed, so above it an event may appear below others."""

    async def arrived(self, project: str, after: int, limit: int) -> list[dict[str, Any]]:
        """The newest events after a sequence number, newest first, each with its ``person``."""


def wanted(needs: Iterable[EventNeed], now: int) -> tuple[list[str], int, bool]:
    """Names, the earliest time of all, and whether properties are read."""
    asked = list(needs)
    names = sorted({need.name for need in asked})
    earliest = min((need.earliest(now) for need in asked), default=now)
    return names, earliest, any(need.properties for need in asked)


def end_of(prefix: str) -> str:
    """Comes after every text that begins with ``prefix``, by code point."""
    return prefix + "\U0010ffff"
