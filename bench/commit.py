"""Group commit against one transaction each: the same store, the same events, the same 64 producers.

A store that commits each event by itself is the same writer with its bound set to one entry a transaction: it takes
the next entry from the same queue as soon as the last one is on the disk, so nothing but the grouping differs.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bench import seed
from bench.disk import fdatasync_us
from bench.progress import say
from tailorbird.domain import ids
from tailorbird.domain.facts import Event
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.write import commit
from tailorbird.store.sqlite import writer
from tailorbird.store.sqlite.connection import Rows, connect
from tailorbird.store.sqlite.store import SqliteStore

PRODUCERS = 64
PROJECT = "bench"
#: how many times as many events per second
GOAL = 5.0


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    rounds: int = 5
    #: events of each producer and round, each waited for
    grouped: int = 200
    single: int = 20
    people: int = 10_000


QUICK = Sizes(rounds=2, grouped=30, single=5, people=500)


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One way to commit: medians over the rounds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    #: on average
    per_transaction: float


class Grouping(msgspec.Struct, frozen=True, kw_only=True):
    """Both ways, interleaved."""

    grouped: Side
    single: Side
    fdatasync_us: float
    producers: int = PRODUCERS

    @property
    def ratio(self) -> float:
        """How many times as many events per second."""
        return self.grouped.per_second / self.single.per_second


class Counted:
    """A connection that counts its commits."""

    commits = 0

    def __init__(self, path: str) -> None:
        self._inner = connect(path)
        self.executemany = self._inner.executemany
        self.close = self._inner.close

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Run a statement."""
        if sql == "COMMIT":
            Counted.commits += 1
        return self._inner.execute(sql, parameters)


class Producers:
    """Producers that hand in one event, wait until it is durable, and hand in the next."""

    def __init__(self, runtime: Runtime, people: int) -> None:
        self._runtime = runtime
        self._people = people
        self._numbers = itertools.count()

    async def run(self, each: int) -> Side:
        """``each`` events from every producer."""
        times: list[float] = []
        before, started = Counted.commits, time.perf_counter()
        await asyncio.gather(*(self._produce(each, times) for _ in range(PRODUCERS)))
        seconds = time.perf_counter() - started
        transactions = Counted.commits - before
        times.sort()
        return Side(
            per_second=len(times) / seconds,
            p50_ms=times[len(times) // 2] * 1e3,
            p99_ms=times[len(times) * 99 // 100] * 1e3,
            per_transaction=len(times) / transactions,
        )

    async def _produce(self, each: int, times: list[float]) -> None:
        for _ in range(each):
            event = self._event(next(self._numbers))
            started = time.perf_counter()
            verdicts = await commit(self._runtime, [event])
            times.append(time.perf_counter() - started)
            assert verdicts[0].outcome == "accepted"

    def _event(self, number: int) -> Event:
        now = self._runtime.clock()
        event_id = f"event-{number}"
        return Event(
            project=PROJECT,
            visitor=Visitor(id=f"u{number * 7919 % self._people}"),
            id=event_id,
            name="product view",
            time=now,
            received_at=now,
            session_id="s1",
            properties={"sku": f"sku-{number % 4_000:05d}", "price": 12.5, "url": "https://shop.example/products/one"},
            identity=ids.event_identity("api", event_id),
            content=ids.content_hash(event_id.encode()),
        )


@contextlib.contextmanager
def one_entry_a_transaction() -> Iterator[None]:
    """Take the writer's grouping away."""
    bound = writer.MOST_IN_ONE
    writer.MOST_IN_ONE = 1
    try:
        yield
    finally:
        writer.MOST_IN_ONE = bound


async def measure(sizes: Sizes) -> Grouping:
    """Rounds of both, one after the other, on one store."""
    say("group commit against one transaction each")
    grouped: list[Side] = []
    single: list[Side] = []
    with tempfile.TemporaryDirectory() as directory:
        runtime = Runtime(SqliteStore(Path(directory) / seed.FILE, connect=Counted))
        await runtime.store.open()
        try:
            await seed.people(runtime, PROJECT, 0, sizes.people)
            producers = Producers(runtime, sizes.people)
            await producers.run(min(sizes.grouped, 20))
            for _ in range(sizes.rounds):
                grouped.append(await producers.run(sizes.grouped))
                with one_entry_a_transaction():
                    single.append(await producers.run(sizes.single))
        finally:
            await runtime.store.close()
        fdatasync = fdatasync_us(Path(directory))
    assert all(side.per_transaction == 1 for side in single)
    return Grouping(grouped=_median(grouped), single=_median(single), fdatasync_us=fdatasync)


def _median(sides: list[Side]) -> Side:
    return Side(
        per_second=statistics.median(side.per_second for side in sides),
        p50_ms=statistics.median(side.p50_ms for side in sides),
        p99_ms=statistics.median(side.p99_ms for side in sides),
        per_transaction=statistics.median(side.per_transaction for side in sides),
    )


async def main(sizes: Sizes | None = None) -> Grouping:
    """Both ways to commit."""
    return await measure(sizes or Sizes())


if __name__ == "__main__":
    found = uvloop.run(main())
    for name, side in (("group commit", found.grouped), ("one transaction each", found.single)):
        sys.stdout.write(
            f"{name}: {side.per_second:,.0f}/s, p50 {side.p50_ms:.2f} ms, p99 {side.p99_ms:.2f} ms,"
            f" {side.per_transaction:.1f} a transaction\n"
        )
    sys.stdout.write(f"{found.ratio:.1f}x; fdatasync {found.fdatasync_us:.0f} us\n")
