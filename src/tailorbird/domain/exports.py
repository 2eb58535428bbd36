"""Facts on their way out of the store: what analysis reads, by which numbers it counts, and whose numbers those are.

Rows of facts are numbered as they are written and never changed, only erased. A restore brings back an older state that
goes on in another way: it begins a new **incarnation**, and a number says something only together with its incarnation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import msgspec

#: what is exported
FactTable = Literal["events", "exposures", "sightings"]
FACT_TABLES: tuple[FactTable, ...] = ("events", "exposures", "sightings")

#: the columns of each, in the order in which a store hands them over
FACT_COLUMNS: dict[FactTable, tuple[str, ...]] = {
    "events": (
        "project", "seq", "person", "id", "name", "time", "received_at", "source", "session_id", "properties",
        "channel", "campaign", "version", "rule", "arm", "epoch", "answers_at", "marks",
    ),
    "exposures": (
        "project", "seq", "person", "campaign", "version", "rule", "arm", "epoch", "time", "door", "facts",
    ),
    "sightings": ("project", "seq", "person", "campaign", "arm", "day"),
}  # fmt: skip

#: words about a database: its incarnations so far, and how far its facts are in which lake
LINEAGE, EXPORTED = "lineage", "exported"


class Numbers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place in each sequence of a store: everything up to it, and nothing above."""

    events: int = 0
    exposures: int = 0
    sightings: int = 0
    #: merges of people
    links: int = 0
    erasures: int = 0

    def lesser(self, other: Numbers) -> Numbers:
        """The smaller of each."""
        return Numbers(**{name: min(getattr(self, name), getattr(other, name)) for name in self.__struct_fields__})

    def of(self, table: FactTable) -> int:
        """The place in one table's sequence."""
        place: int = getattr(self, table)
        return place


class Incarnation(msgspec.Struct, frozen=True, kw_only=True):
    """One life of a database: from its making, or from a restore, to the next restore."""

    name: str
    #: up to here it is the one before it; numbers above are its own
    since: Numbers = Numbers()


Lineage = tuple[Incarnation, ...]


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What a database knows of its lake: whose files they are, and up to where its facts are in them."""

    lake: str
    numbers: Numbers = Numbers()


class Tail(msgspec.Struct, frozen=True, kw_only=True):
    """What a store holds above some numbers, read at one moment. Rows are as wide as ``FACT_COLUMNS``."""

    lineage: Lineage
    rows: dict[FactTable, list[Sequence[Any]]]
    #: number, person merged away, person they became; ascending
    links: list[tuple[int, int, int]]
    #: the newest number up to which links can no longer appear
    links_settled: int


class Erased(msgspec.Struct, frozen=True):
    """An erasure, for whoever keeps copies of facts."""

    seq: int
    project: str
    person: int
    #: all rows of the person have left the store
    finished: bool


class Facts(Protocol):
    """A store's facts, read from another process. Blocking; for one thread at a time.

    ``Unavailable`` when the database is away; every call may be made again.
    """

    def lineage(self) -> Lineage:
        """The incarnations of the database, oldest first."""

    def exported(self) -> Exported | None:
        """What the database knows of its lake; None: it has none yet."""

    def note_exported(self, exported: Exported) -> None:
        """Make the database know it, durably."""

    def settled(self) -> Numbers:
        """Numbers up to which everything is decided: no row at or below them will still appear."""

    def batch(self, table: FactTable, after: int, upto: int, limit: int) -> list[Sequence[Any]]:
        """The first ``limit`` rows of all projects above ``after`` and not above ``upto``, by number."""

    def tail(self, project: str, after: Numbers, limit: int) -> Tail:
        """A project's facts above ``after``. ``TooLarge`` when a table has more than ``limit`` of them."""

    def erased(self, after: int, upto: int, limit: int) -> list[Erased]:
        """Erasures above ``after`` and not above ``upto``, by number."""

    def waiting(self, after: Numbers) -> int:
        """UTC ms at which the oldest event above ``after`` was received; 0: none waits."""

    def close(self) -> None:
        """Disconnect."""


class OpenFacts(Protocol):
    """Opens a store's facts. Called in each thread that wants them."""

    def __call__(self) -> Facts: ...
