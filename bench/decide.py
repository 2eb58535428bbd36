"""Decide over HTTP against a raw ASGI echo of equal sizes, interleaved; CPU time per request."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvloop

from bench import seed
from bench.children import Server, free_port, process, serving, wait_for
from bench.load import Cost, load, request
from bench.progress import say

#: one request in ten is of somebody who was not exposed yet
NEW = 10


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to measure."""

    name: str
    asked: int
    #: one visitor in so many was not exposed yet; 0: nobody
    new_every: int
    #: how many times the echo's CPU time it may take; 0: nothing was promised
    goal: float = 0.0


CASES = (
    Case(name="10 campaigns asked, 10 % of decisions new exposures", asked=10, new_every=NEW, goal=3.0),
    Case(name="50 campaigns asked, 10 % of decisions new exposures", asked=50, new_every=NEW, goal=5.0),
    Case(name="10 campaigns asked, nobody new", asked=10, new_every=0),
    Case(name="50 campaigns asked, nobody new", asked=50, new_every=0),
    Case(name="10 campaigns asked, everybody new", asked=10, new_every=1),
    Case(name="50 campaigns asked, everybody new", asked=50, new_every=1),
)


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    rounds: int = 15
    #: in each round, to each of the two servers
    requests: int = 700
    #: visitors that were exposed before the first round
    warm: int = 1_000
    cases: Sequence[Case] = CASES


QUICK = Sizes(rounds=3, requests=200, warm=200, cases=(*CASES[:2], CASES[4]))


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """One measured case beside its yardstick: medians over the rounds."""

    name: str
    cpu_us: float
    echo_us: float
    #: how many times the echo's CPU time in the same round
    ratio: float
    p99_ms: float
    goal: float = 0.0


class People:
    """Visitors that were exposed already, and a supply of those that were not."""

    def __init__(self, warm: int) -> None:
        self._warm = warm
        self._turn = 0
        self._fresh = warm

    def next(self, new_every: int) -> str:
        """The next visitor; one in ``new_every`` is new (0: nobody)."""
        self._turn += 1
        if new_every and self._turn % new_every == 0:
            self._fresh += 1
            return f"u{self._fresh}"
        return f"u{self._turn % self._warm}"


def decide_request(server: Server, visitor: str, asked: int, expose: str | None = None) -> bytes:
    """One decide call for the first ``asked`` campaigns."""
    body = {
        "visitor": {"id": visitor},
        "campaigns": [seed.key(n) for n in range(asked)],
        "context": {"session_id": "s1", "url": "https://shop.example/", "attributes": {"page": "home"}},
    }
    if expose is not None:
        body["expose"] = expose
    return request("/v1/decide", json.dumps(body).encode(), server.headers)


async def measure(case: Case, sizes: Sizes) -> Ratio:
    """Rounds of both, one after the other."""
    say(f"decide: {case.name}")
    fresh = sizes.rounds * sizes.requests // case.new_every + 10 if case.new_every else 0
    with tempfile.TemporaryDirectory() as directory:
        async with serving(Path(directory), case.asked, sizes.warm + fresh) as server:
            answers: list[bytes] = []
            warming = [decide_request(server, f"u{n}", case.asked) for n in range(sizes.warm)]
            await load(server.port, server.pid, warming, answers=answers)
            size = round(statistics.median(len(answer) for answer in answers))
            costs, echoes = await _rounds(server, case, sizes, size)
    return Ratio(
        name=case.name,
        cpu_us=statistics.median(c.cpu_us for c in costs),
        echo_us=statistics.median(c.cpu_us for c in echoes),
        ratio=statistics.median(c.cpu_us / e.cpu_us for c, e in zip(costs, echoes, strict=True)),
        p99_ms=statistics.median(c.p99_ms for c in costs),
        goal=case.goal,
    )


async def _rounds(server: Server, case: Case, sizes: Sizes, size: int) -> tuple[list[Cost], list[Cost]]:
    people = People(sizes.warm)
    costs: list[Cost] = []
    echoes: list[Cost] = []
    port = free_port()
    with process("bench.echo", str(port), str(size)) as echo:
        await wait_for(port)
        await load(port, echo.pid, [decide_request(server, "u1", case.asked)] * min(sizes.requests, 500))
        for _ in range(sizes.rounds):
            requests = [decide_request(server, people.next(case.new_every), case.asked) for _ in range(sizes.requests)]
            costs.append(await load(server.port, server.pid, requests))
            echoes.append(await load(port, echo.pid, requests))
    return costs, echoes


async def main(sizes: Sizes | None = None) -> list[Ratio]:
    """All cases."""
    chosen = sizes or Sizes()
    return [await measure(case, chosen) for case in chosen.cases]


if __name__ == "__main__":
    for found in uvloop.run(main()):
        sys.stdout.write(
            f"{found.name}: {found.cpu_us:.0f} us, echo {found.echo_us:.0f} us, {found.ratio:.2f}x,"
            f" p99 {found.p99_ms:.1f} ms\n"
        )
