"""What a decision costs as a project grows: running campaigns from 10 to 1,000, profiles from 10,000 to 1,000,000.

The servers of all sizes run side by side and are asked in turn, so that a slow minute of the machine hits all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import msgspec
import uvloop

from bench import seed
from bench.children import Server, serving
from bench.decide import decide_request
from bench.load import Cost, load
from bench.progress import say
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.engine.calls import DecideCall
from tailorbird.engine.decide import decide_json
from tailorbird.engine.refresh import drain, running
from tailorbird.engine.runtime import Runtime
from tailorbird.store.sqlite.store import SqliteStore

ASKED = 10
#: how many times the CPU time of the smallest project the largest may take: what the machine's noise leaves open
GOAL = 1.1


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    rounds: int = 15
    #: decide calls in each round, to each server
    requests: int = 700
    campaigns: Sequence[int] = (10, 100, 1_000)
    people: Sequence[int] = (10_000, 100_000, 1_000_000)
    #: visitors of the servers with many campaigns
    warm: int = 1_000
    #: campaigns paused and started again, on each server
    publishes: int = 10
    #: profiles read in each round
    finds: int = 2_000


QUICK = Sizes(rounds=5, requests=150, campaigns=(10, 100), people=(1_000, 10_000), warm=200, publishes=2, finds=1_000)


class Campaigns(msgspec.Struct, frozen=True, kw_only=True):
    """A project with so many running campaigns, of which 10 are asked for: medians over the rounds."""

    running: int
    cpu_us: float
    #: how many times the CPU time of the smallest project in the same round
    times: float
    p99_ms: float
    #: functions called by one decide call inside the engine, Python's and C's: the same number means the same work
    calls: int
    #: from the request to start or pause a campaign until it is in force
    publish_ms: float


class Profiles(msgspec.Struct, frozen=True, kw_only=True):
    """A project with so many profiles; visitors are drawn from all of them: medians over the rounds."""

    people: int
    #: how many times the CPU time of the smallest database in the same round
    times: float
    #: one ``find`` in process, CPU time
    find_us: float
    cpu_us: float
    p99_ms: float
    database_bytes: int
    seed_seconds: float


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """Both."""

    campaigns: Sequence[Campaigns]
    profiles: Sequence[Profiles]


# -- campaigns ---------------------------------------------------------------------------------------------------------


async def campaigns(sizes: Sizes) -> list[Campaigns]:
    """Decide for 10 campaigns beside more and more that nobody asked for; then publish."""
    say(f"growth: {', '.join(f'{number:,}' for number in sizes.campaigns)} campaigns")
    with tempfile.TemporaryDirectory() as directory:
        places = [_new(Path(directory), str(number)) for number in sizes.campaigns]
        calls = [
            await _seed_campaigns(place, number, sizes.warm)
            for place, number in zip(places, sizes.campaigns, strict=True)
        ]
        async with contextlib.AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(serving(place)) for place in places]
            for server in servers:
                await load(server.port, server.pid, [_asked(server, n) for n in range(sizes.warm)])
            costs: list[list[Cost]] = [[] for _ in servers]
            for _ in range(sizes.rounds):
                for server, found in zip(servers, costs, strict=True):
                    requests = [_asked(server, n % sizes.warm) for n in range(sizes.requests)]
                    found.append(await load(server.port, server.pid, requests))
            published = [
                await _publish(server, number - 1, sizes.publishes)
                for server, number in zip(servers, sizes.campaigns, strict=True)
            ]
    return [
        Campaigns(
            running=number,
            cpu_us=statistics.median(cost.cpu_us for cost in costs[n]),
            times=_times(costs[n], costs[0]),
            p99_ms=statistics.median(cost.p99_ms for cost in costs[n]),
            calls=calls[n],
            publish_ms=published[n],
        )
        for n, number in enumerate(sizes.campaigns)
    ]


def _asked(server: Server, person: int, expose: str | None = None) -> bytes:
    return decide_request(server, f"u{person}", ASKED, expose)


def _new(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made


async def _seed_campaigns(place: Path, number: int, people: int) -> int:
    """Fill the directory; how many functions a decide call of its project calls."""
    async with running(seed.runtime_on(place, synchronous="OFF")) as runtime:
        project = await seed.project(runtime, number)
        await seed.people(runtime, project, 0, people)
        return await _calls(runtime, project)


async def _calls(runtime: Runtime, project: str) -> int:
    """Functions that one decide call of a visitor who was here before calls."""
    call = DecideCall(
        context=Context(visitor=Visitor(id="u0"), now=runtime.clock(), session_id="s1"),
        campaigns=tuple(seed.key(n) for n in range(ASKED)),
    )
    await decide_json(runtime, project, call)
    await drain(runtime)
    return min([await _counted(runtime, project, call) for _ in range(5)])


async def _counted(runtime: Runtime, project: str, call: DecideCall) -> int:
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        await decide_json(runtime, project, call)
    finally:
        sys.setprofile(None)
    return count


async def _publish(server: Server, last: int, times: int) -> float:
    """Milliseconds until a campaign that was paused or started is so for every call after it."""
    taken = []
    base = f"http://127.0.0.1:{server.port}/v1/projects/{server.project}/campaigns/{seed.key(last)}"
    async with httpx.AsyncClient(headers=dict(server.headers), timeout=60) as client:
        for verb in ("pause", "start") * times:
            started = time.perf_counter()
            answer = await client.post(f"{base}/{verb}")
            taken.append(time.perf_counter() - started)
            answer.raise_for_status()
    return statistics.median(taken) * 1e3


# -- profiles ----------------------------------------------------------------------------------------------------------


async def profiles(sizes: Sizes) -> list[Profiles]:
    """One database that grows, copied at each size; then all copies are read and served side by side."""
    with tempfile.TemporaryDirectory() as directory:
        places, seconds = await _seed_people(Path(directory), sizes.people)
        bytes_ = [(place / seed.FILE).stat().st_size for place in places]
        found = await _find(places, sizes)
        async with contextlib.AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(serving(place)) for place in places]
            costs: list[list[Cost]] = [[] for _ in servers]
            chance = random.Random(7)
            for turn in range(sizes.rounds + 1):
                for server, people, costing in zip(servers, sizes.people, costs, strict=True):
                    # by report: nothing is recorded, so that visitors drawn from everybody cost a read and no write
                    requests = [_asked(server, chance.randrange(people), "report") for _ in range(sizes.requests)]
                    cost = await load(server.port, server.pid, requests)
                    if turn:  # the first round warms up
                        costing.append(cost)
    return [
        Profiles(
            people=people,
            times=_times(costs[n], costs[0]),
            find_us=found[n],
            cpu_us=statistics.median(cost.cpu_us for cost in costs[n]),
            p99_ms=statistics.median(cost.p99_ms for cost in costs[n]),
            database_bytes=bytes_[n],
            seed_seconds=seconds[n],
        )
        for n, people in enumerate(sizes.people)
    ]


async def _seed_people(directory: Path, numbers: Sequence[int]) -> tuple[list[Path], list[float]]:
    """A directory for each number of people, and the seconds that its people took (those of the smaller included)."""
    growing = _new(directory, "growing")
    places, seconds = [], []
    before, total = 0, 0.0
    for number in numbers:
        async with running(seed.runtime_on(growing, synchronous="OFF")) as runtime:
            project = next(iter(runtime.snapshots), "") or await seed.project(runtime, ASKED)
            started = time.perf_counter()
            await seed.people(runtime, project, before, number)
            total += time.perf_counter() - started
        say(f"growth: {number:,} profiles seeded")
        before = number
        if number == numbers[-1]:
            places.append(growing)
        else:
            places.append(directory / str(number))
            shutil.copytree(growing, places[-1])
        seconds.append(total)
    return places, seconds


async def _find(places: Sequence[Path], sizes: Sizes) -> list[float]:
    """CPU microseconds of one ``find`` in each database."""
    times: list[list[float]] = [[] for _ in places]
    chance = random.Random(11)
    async with contextlib.AsyncExitStack() as stack:
        stores = []
        for place in places:
            store = SqliteStore(place / seed.FILE)
            await store.open()
            stack.push_async_callback(store.close)
            stores.append((store, (await store.projects())[0].id))
        for turn in range(sizes.rounds + 1):
            for (store, project), people, found in zip(stores, sizes.people, times, strict=True):
                visitors = [Visitor(id=f"u{chance.randrange(people)}") for _ in range(sizes.finds)]
                started = time.thread_time()
                for visitor in visitors:
                    assert (await store.find(project, visitor)).known is not None
                if turn:
                    found.append((time.thread_time() - started) / sizes.finds * 1e6)
    return [statistics.median(found) for found in times]


def _times(costs: Sequence[Cost], others: Sequence[Cost]) -> float:
    return statistics.median(cost.cpu_us / other.cpu_us for cost, other in zip(costs, others, strict=True))


async def main(sizes: Sizes | None = None) -> Growth:
    """Both."""
    chosen = sizes or Sizes()
    return Growth(campaigns=await campaigns(chosen), profiles=await profiles(chosen))


def up_to(sizes: Sizes, people: int) -> Sizes:
    """The same with at most so many profiles."""
    return msgspec.structs.replace(sizes, people=(*(n for n in sizes.people if n < people), people))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=Sizes().people[-1], help="the largest number of profiles")
    growth = uvloop.run(main(up_to(Sizes(), parser.parse_args().people)))
    for one in growth.campaigns:
        sys.stdout.write(
            f"{one.running:,} campaigns: {one.cpu_us:.0f} us, {one.calls} calls, publish {one.publish_ms:.0f} ms\n"
        )
    for size in growth.profiles:
        sys.stdout.write(
            f"{size.people:,} profiles: find {size.find_us:.1f} us, decide {size.cpu_us:.0f} us,"
            f" {size.database_bytes / 1e6:,.0f} MB, seeded in {size.seed_seconds:.0f} s\n"
        )
