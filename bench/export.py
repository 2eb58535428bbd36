"""Export: how many facts one core brings from the store into Parquet files, and what they weigh there."""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench.progress import say
from tailorbird.engine.lakeprocess import facts
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.place import Place
from tailorbird.lake.wire import Rules
from tailorbird.store import migrate

NOW, DAY = 1_767_225_600_000, 86_400_000
#: events for each exposure
EVENTS_EACH = 2
_EVENTS = (
    "INSERT INTO events (project, person, id, name, time, received_at, source, properties)"
    " VALUES ('bench', ?, ?, ?, ?, ?, 'api', ?)"
)
_EXPOSURES = (
    "INSERT INTO exposures (project, person, campaign, version, rule, arm, epoch, time, door, facts)"
    " VALUES ('bench', ?, 'camp1', 1, 'rule1', ?, 0, ?, 'api', ?)"
)


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    facts: int = 600_000
    #: over how many days they are spread
    days: Sequence[int] = (1, 90)


QUICK = Sizes(facts=30_000, days=(1, 10))


class Exporting(msgspec.Struct, frozen=True, kw_only=True):
    """One export of everything."""

    days: int
    facts: int
    #: facts for each second of CPU time
    per_core: float
    #: and of the clock
    per_second: float
    bytes_each: float
    files: int


def main(sizes: Sizes) -> list[Exporting]:
    """All cases."""
    found = []
    for days in sizes.days:
        say(f"export: {sizes.facts:,} facts of {days} days")
        with tempfile.TemporaryDirectory(prefix="tailorbird-bench-") as folder:
            found.append(_export(Path(folder), sizes.facts, days))
    return found


def _export(folder: Path, number: int, days: int) -> Exporting:
    file = folder / "tailorbird.db"
    migrate(f"sqlite:///{file}")
    _seed(file, number, days)
    opened = facts(str(file))()
    keeper = Keeper(Place(str(folder / "lake")), opened)
    cpu, clock = time.process_time(), time.perf_counter()
    exported, more = 0, True
    while more:
        turn = keeper.turn(Rules(grace=0))
        exported, more = exported + turn.exported, turn.more
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    opened.close()
    assert exported == number, f"{exported:,} of {number:,} facts arrived"
    files = [path.stat().st_size for path in (folder / "lake").glob("facts/**/*.parquet")]
    return Exporting(
        days=days,
        facts=exported,
        per_core=exported / cpu,
        per_second=exported / clock,
        bytes_each=sum(files) / exported,
        files=len(files),
    )


def _seed(file: Path, number: int, days: int) -> None:
    """Rows as they would have been written, without the wait for the disk."""
    chance = random.Random(days)
    exposures = number // (1 + EVENTS_EACH)
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA synchronous = OFF")
    connection.executemany(_EVENTS, _events(chance, number - exposures, days))
    connection.executemany(_EXPOSURES, _exposures(chance, exposures, days))
    connection.commit()
    connection.close()


def _events(chance: random.Random, number: int, days: int) -> Iterator[tuple[Any, ...]]:
    for index in range(number):
        at = NOW - chance.randrange(days) * DAY - chance.randrange(DAY // 2)
        name = chance.choice(("view", "view", "view", "add", "order"))
        properties = b'{"item":"p%d","price":%d.5}' % (chance.randrange(1_000), chance.randrange(100))
        yield chance.getrandbits(60), f"event-{index:09d}", name, at, at, properties


def _exposures(chance: random.Random, number: int, days: int) -> Iterator[tuple[Any, ...]]:
    for _ in range(number):
        at = NOW - chance.randrange(days) * DAY
        yield chance.getrandbits(60), chance.choice(("control", "exp1")), at, b'{"device":"phone","country":"GB"}'


if __name__ == "__main__":
    for one in main(QUICK if "--quick" in sys.argv else Sizes()):
        say(str(one))
