"""Events over HTTP in batches of 100, acknowledged after the commit: CPU time of the server per event.

Each batch goes the whole way: ids that came before are sifted out, ids are linked to people, profiles are folded, rows
are stored for history. Afterwards the rows in the file are counted against what was acknowledged.
"""

from __future__ import annotations

import json
import random
import sqlite3
import statistics
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bench import seed
from bench.children import Server, serving
from bench.disk import fdatasync_us
from bench.load import Cost, load, request
from bench.progress import say
from tailorbird.engine.clock import system_clock

BATCH = 100
#: of a batch, events that were sent in an earlier one
REPEATS = 5
#: accepted events per second of the server's CPU time
GOAL = 8_000
NAMES = ("product view", "category view", "search", "add to basket", "order")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """How a batch is made up."""

    name: str
    #: consecutive events of one visitor
    run: int


CASES = (
    Case(name="every event of another visitor", run=1),
    Case(name="five events in a row of each visitor", run=5),
)


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    rounds: int = 5
    #: in each round
    batches: int = 200
    #: known before the first round, each with a profile
    people: int = 10_000


QUICK = Sizes(rounds=2, batches=40, people=1_000)


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What recording cost: medians over the rounds."""

    name: str
    #: accepted events per second of CPU time, that is, of one busy core
    per_core: float
    #: CPU time per accepted event
    cpu_us: float
    #: accepted events per second of wall clock, with the client on the same machine
    per_second: float
    p50_ms: float
    p99_ms: float
    bytes_each: float
    accepted: int
    duplicates: int
    #: of a small append to a file beside the database
    fdatasync_us: float


class Answer(msgspec.Struct):
    """What the server says of a batch."""

    accepted: int
    duplicates: int
    rejected: list[Any]


class Feed:
    """Batches as a shop's backend sends them: 60 % of events with a known id, 30 % with both, 10 % anonymous."""

    def __init__(self, people: int, run: int) -> None:
        self._random = random.Random(7)
        self._people = people
        self._run = run
        self._number = 0
        self._earlier: list[dict[str, Any]] = []

    def batch(self) -> bytes:
        """The body of one call: 95 new events, then 5 that came before (in the first batch 100 new ones)."""
        fresh: list[dict[str, Any]] = []
        repeats = self._random.sample(self._earlier, REPEATS) if self._earlier else []
        while len(fresh) < BATCH - len(repeats):
            person = self._random.randrange(self._people)
            run = min(self._run, BATCH - len(repeats) - len(fresh))
            fresh += [self._event(person) for _ in range(run)]
        self._earlier = [*self._earlier[-4 * BATCH :], *fresh]
        return json.dumps({"events": [*fresh, *repeats]}).encode()

    def _event(self, person: int) -> dict[str, Any]:
        self._number += 1
        kind = self._random.random()
        visitor = {"id": f"u{person}"} if kind < 0.9 else {}
        if kind >= 0.6:
            visitor["anonymous_id"] = f"device-{person}"
        product = self._random.randrange(4_000)
        event: dict[str, Any] = {
            "id": f"event-{self._number:09d}",
            "name": self._random.choice(NAMES),
            "time": system_clock(),
            "visitor": visitor,
            "session_id": f"session-{person}",
            "properties": {
                "sku": f"sku-{product:05d}",
                "category": f"category-{product % 40}",
                "price": product / 100 + 0.99,
                "quantity": 1 + product % 3,
                "url": f"https://shop.example/products/sku-{product:05d}?from=newsletter",
            },
            "channel": "web",
        }
        if self._number % 10 == 0:
            event["attributes"] = {"plan": "gold", "basket": product / 10, "last_category": f"category-{product % 40}"}
        return event


async def measure(case: Case, sizes: Sizes) -> Recording:
    """Rounds of batches to one server; then its file is counted."""
    say(f"events: {case.name}")
    costs: list[Cost] = []
    answers: list[bytes] = []
    sent = 0
    with tempfile.TemporaryDirectory() as directory:
        async with serving(Path(directory), 10, sizes.people) as server:
            feed = Feed(sizes.people, case.run)
            await load(server.port, server.pid, _requests(server, feed, max(sizes.batches // 10, 2)), answers=answers)
            for _ in range(sizes.rounds):
                requests = _requests(server, feed, sizes.batches)
                sent += sum(len(one) for one in requests)
                costs.append(await load(server.port, server.pid, requests, answers=answers))
        fdatasync = fdatasync_us(Path(directory))
        told = [msgspec.json.decode(answer, type=Answer) for answer in answers]
        accepted, duplicates = sum(a.accepted for a in told), sum(a.duplicates for a in told)
        _check(Path(directory), told, accepted)
    each = BATCH - REPEATS
    return Recording(
        name=case.name,
        per_core=statistics.median(each / cost.cpu_us * 1e6 for cost in costs),
        cpu_us=statistics.median(cost.cpu_us / each for cost in costs),
        per_second=statistics.median(each * cost.per_second for cost in costs),
        p50_ms=statistics.median(cost.p50_ms for cost in costs),
        p99_ms=statistics.median(cost.p99_ms for cost in costs),
        bytes_each=sent / (sizes.rounds * sizes.batches * BATCH),
        accepted=accepted,
        duplicates=duplicates,
        fdatasync_us=fdatasync,
    )


def _requests(server: Server, feed: Feed, batches: int) -> list[bytes]:
    return [request("/v1/events", feed.batch(), server.headers) for _ in range(batches)]


def _check(directory: Path, told: list[Answer], accepted: int) -> None:
    """Every acknowledged event is a row, once; repeats and nothing else were called duplicates."""
    for answer in told:
        assert not answer.rejected, answer
        assert answer.accepted + answer.duplicates == BATCH, answer
    assert sum(answer.duplicates for answer in told) == REPEATS * (len(told) - 1)
    with closing(sqlite3.connect(directory / seed.FILE)) as database:
        (rows,) = database.execute("SELECT count(*) FROM events WHERE name != ?", (seed.VISIT,)).fetchone()
    assert rows == accepted, (rows, accepted)


async def main(sizes: Sizes | None = None) -> list[Recording]:
    """All cases."""
    return [await measure(case, sizes or Sizes()) for case in CASES]


if __name__ == "__main__":
    for found in uvloop.run(main()):
        sys.stdout.write(
            f"{found.name}: {found.per_core:,.0f} events per core and second ({found.cpu_us:.0f} us each),"
            f" {found.per_second:,.0f}/s, p99 {found.p99_ms:.1f} ms, {found.bytes_each:.0f} B each,"
            f" fdatasync {found.fdatasync_us:.0f} us\n"
        )
