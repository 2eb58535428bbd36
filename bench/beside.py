"""Decide while results are computed: what a running question does to the server that answers visitors meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import msgspec
import psutil
import uvloop

from bench import lakeworld, seed
from bench.children import Server, serving
from bench.decide import NEW, People, decide_request
from bench.load import Cost, cpu_seconds, load
from bench.progress import say
from bench.server import LAGS
from tailorbird.engine.refresh import running

#: what is promised: how much more CPU time a decision may cost, and how late the event loop may be
GROWTH, LAG_MS = 1.10, 20.0
#: campaigns that are asked for; results are asked of the first
ASKED = 10
#: a question that cost its process less CPU time than this was not computed
COMPUTED_S = 0.2
#: in one round, whether anything is answered or not
MOST_LOADS = 40


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    #: of the campaign whose results are asked for
    exposures: int = 2_000_000
    rounds: int = 12
    #: in each load: some alone, then as many beside questions as it takes until one is answered
    requests: int = 1_000
    alone: int = 4
    warm: int = 1_000


QUICK = Sizes(exposures=100_000, rounds=2, requests=400, warm=200)


class Half(msgspec.Struct, frozen=True, kw_only=True):
    """Alone, or beside questions: medians over the rounds."""

    cpu_us: float
    p99_ms: float
    #: how late the event loop is, of each round the median and the 99th percentile; and the latest of all
    lag_p50_ms: float
    lag_p99_ms: float
    lag_most_ms: float
    #: the 99th percentile likewise, without the time in which its thread had work and no core
    own_p99_ms: float
    #: share of the time in which the server's first thread had work and no core
    waiting: float


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """Both, and what the questions were."""

    exposures: int
    alone: Half
    beside: Half
    #: median of the rounds' ratios: CPU time of the server's process for a decision, beside questions over alone; what
    #: the server itself does for an answer (the statistics, the JSON) is in it
    ratio: float
    #: questions that were answered while decisions were asked for
    questions: int
    #: from the asking to the last byte, with decisions beside; and CPU time of the process that computes, for each
    seconds: float
    cpu_s: float


class Round:
    """Several loads, one after the other."""

    def __init__(self) -> None:
        self.costs: list[Cost] = []
        #: milliseconds; and without those in which there was no core
        self.late: list[float] = []
        self.own: list[float] = []
        self.seconds = self.waited_s = 0.0

    @property
    def cpu_us(self) -> float:
        """CPU time per request of all loads together, an answer between them included."""
        return sum(one.cpu_us * one.requests for one in self.costs) / sum(one.requests for one in self.costs)


def _part(lags: Sequence[float], share: float) -> float:
    """The lag below which that share of all lags is."""
    late = sorted(lags)
    return late[min(len(late) - 1, int(len(late) * share))]


class Questions:
    """One question after the other, each another one, so that no answer can be one that was kept."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._windows = itertools.count(1)
        self.seconds: list[float] = []
        self.cpu: list[float] = []

    async def ask(self) -> None:
        """Until cancelled. Fails when an answer cost too little to have been computed."""
        while True:
            before, began = self._used(), time.perf_counter()
            people = await self._answer(7 + next(self._windows) / 1000)
            self.seconds.append(time.perf_counter() - began)
            self.cpu.append(self._used() - before)
            if not people or self.cpu[-1] < COMPUTED_S:
                raise RuntimeError(f"not computed: {people} people in {self.cpu[-1]:.3f} s of CPU time")

    async def answered(self, count: int) -> None:
        """Until so many were answered."""
        async with asyncio.timeout(60):
            while len(self.seconds) < count:  # noqa: ASYNC110 - it is told no other way
                await asyncio.sleep(0.1)

    def _used(self) -> float:
        """CPU time of the process beside the server."""
        return sum(cpu_seconds(child.pid) for child in psutil.Process(self._server.pid).children())

    async def _answer(self, window_days: float) -> int:
        path = f"/v1/projects/{self._server.project}/campaigns/{seed.key(0)}/results?window_days={window_days}"
        headers = [("Host", "127.0.0.1"), ("Connection", "close"), *self._server.headers]
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
            answer = await reader.read()
        finally:
            writer.close()
        told, _, body = answer.partition(b"\r\n\r\n")
        if not told.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode("latin-1"))
        people: int = json.loads(body)["people"]
        return people


async def main(sizes: Sizes | None = None) -> Beside:
    """Rounds of decisions alone and beside questions, in turns, on one server."""
    chosen = sizes or Sizes()
    say(f"beside: {chosen.exposures:,} exposures")
    with tempfile.TemporaryDirectory(prefix="tailorbird-bench-") as folder:
        await _make(Path(folder), chosen)
        async with serving(Path(folder), lags=True) as server:
            return await _measure(server, Path(folder), chosen)


async def _make(folder: Path, sizes: Sizes) -> None:
    """A database with campaigns and people, and beside it a lake with the facts of the first campaign."""
    runtime = seed.runtime_on(folder, synchronous="OFF")
    async with running(runtime):
        project = await seed.project(runtime, ASKED)
        await seed.people(runtime, project, 0, sizes.warm + sizes.rounds * (1 + MOST_LOADS) * sizes.requests // NEW)
    stored = seed.stored_campaign(0)
    rule = stored.rules[0]
    names = lakeworld.Names(project=project, large=stored.id, rule=rule.id, arms=("control", rule.experiences[0].id))
    await asyncio.to_thread(lakeworld.beside, folder, seed.FILE, sizes.exposures, names)


async def _measure(server: Server, folder: Path, sizes: Sizes) -> Beside:
    people, questions = People(sizes.warm), Questions(server)
    await load(server.port, server.pid, [decide_request(server, f"u{n}", ASKED) for n in range(sizes.warm)])
    async with _asking(questions):  # the process starts and reads who is whom
        await questions.answered(1)
    questions.seconds.clear()
    questions.cpu.clear()
    rounds: dict[str, list[Round]] = {"alone": [], "beside": []}

    async def once(which: str) -> None:
        requests = [decide_request(server, people.next(NEW), ASKED) for _ in range(sizes.requests)]
        here = rounds[which][-1]
        await _lags(server, folder)
        waited, began = _waited(server.pid), time.perf_counter()
        here.costs.append(await load(server.port, server.pid, requests))
        here.seconds += time.perf_counter() - began
        here.waited_s += _waited(server.pid) - waited
        for late, waited in await _lags(server, folder):
            here.late.append(late)
            here.own.append(max(0.0, late - waited))

    for _ in range(sizes.rounds):
        rounds["alone"].append(Round())
        with _stopped(server):
            for _ in range(sizes.alone):
                await once("alone")
        rounds["beside"].append(Round())
        async with _asking(questions):
            before = len(questions.seconds)
            await asyncio.sleep(0.2)  # until it is computed
            while len(questions.seconds) == before and len(rounds["beside"][-1].costs) < MOST_LOADS:
                await once("beside")
    return _told(sizes, rounds["alone"], rounds["beside"], questions)


@contextlib.contextmanager
def _stopped(server: Server) -> Iterator[None]:
    """The process beside the server does nothing for a while: what it does unasked, too, would not be alone."""
    children = psutil.Process(server.pid).children()
    for child in children:
        child.suspend()
    try:
        yield
    finally:
        for child in children:
            child.resume()


def _waited(pid: int) -> float:
    """Seconds for which a process's first thread was ready to run and had no core."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


@contextlib.asynccontextmanager
async def _asking(questions: Questions) -> AsyncIterator[None]:
    """Questions are asked as long as the block lasts; then nothing is computed any more."""
    asking = asyncio.create_task(questions.ask())
    try:
        yield
    finally:
        asking.cancel()
        (failure,) = await asyncio.gather(asking, return_exceptions=True)
        await asyncio.sleep(0.5)
    if failure is not None and not isinstance(failure, asyncio.CancelledError):
        raise failure


async def _lags(server: Server, folder: Path) -> list[tuple[float, float]]:
    """How late the server's event loop was since it was last asked, and how long without a core, in milliseconds."""
    file = folder / LAGS
    file.unlink(missing_ok=True)
    os.kill(server.pid, signal.SIGUSR1)
    for _ in range(1_000):
        if file.exists():
            found: list[tuple[float, float]] = json.loads(file.read_text())
            return found
        await asyncio.sleep(0.01)
    raise TimeoutError("the server does not tell how late it is")


def _told(sizes: Sizes, alone: Sequence[Round], beside: Sequence[Round], questions: Questions) -> Beside:
    return Beside(
        exposures=sizes.exposures,
        alone=_half(alone),
        beside=_half(beside),
        ratio=statistics.median(b.cpu_us / a.cpu_us for a, b in zip(alone, beside, strict=True)),
        questions=len(questions.seconds),
        seconds=statistics.median(questions.seconds),
        cpu_s=statistics.median(questions.cpu),
    )


def _half(rounds: Sequence[Round]) -> Half:
    return Half(
        cpu_us=statistics.median(one.cpu_us for one in rounds),
        p99_ms=statistics.median(cost.p99_ms for one in rounds for cost in one.costs),
        lag_p50_ms=statistics.median(_part(one.late, 0.5) for one in rounds),
        lag_p99_ms=statistics.median(_part(one.late, 0.99) for one in rounds),
        lag_most_ms=max(_part(one.late, 1.0) for one in rounds),
        own_p99_ms=statistics.median(_part(one.own, 0.99) for one in rounds),
        waiting=sum(one.waited_s for one in rounds) / sum(one.seconds for one in rounds),
    )


if __name__ == "__main__":
    told = uvloop.run(main(QUICK if "--quick" in sys.argv else Sizes()))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(told)).decode() + "\n")
