"""All servers in turns, round by round: CPU time per request of the whole server."""

from __future__ import annotations

import contextlib
import json
import statistics
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import msgspec

from bench.children import free_port, process, wait_for
from bench.decide import NEW, People
from bench.load import load
from bench.peers import contenders, flags
from bench.peers.contenders import Contender
from bench.peers.family import at_rest
from bench.progress import say

ECHO = "Raw ASGI echo of Tailorbird's sizes"
#: how many times as much as Tailorbird each was promised to cost
GOALS: Mapping[str, float] = {
    contenders.UNLEASH: 5.0,
    contenders.PROXY_EVAL: 1.5,
    contenders.FAST_FEATURE: 20.0,
}
#: by the names that ``--only`` takes; the first is what all others are compared with
PEERS: Mapping[str, Callable[[], AbstractAsyncContextManager[Contender]]] = {
    "unleash": contenders.unleash,
    "proxy-eval": contenders.proxy_eval,
    "fast-feature": contenders.fast_feature,
}


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    rounds: int = 21
    #: CPU time that a server is to spend in its part of a round
    seconds: float = 0.25
    fewest: int = 30
    most: int = 700
    #: visitors who rotate
    people: int = 1_000
    #: multiplies what each contender is warmed by
    warmth: float = 1.0


QUICK = Sizes(rounds=3, seconds=0.1, fewest=10, most=200, people=100, warmth=0.1)


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One contender in one round."""

    cpu_us: float
    database_us: float
    p50_ms: float
    p99_ms: float


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One contender, all rounds."""

    name: str
    about: str
    turns: Sequence[Turn]
    #: requests in a turn
    requests: int
    answer_bytes: int

    @property
    def cpu_us(self) -> float:
        """Median CPU time of the server per request."""
        return statistics.median(turn.cpu_us for turn in self.turns)

    @property
    def database_us(self) -> float:
        """The same of its PostgreSQL; 0 where it has none."""
        return statistics.median(turn.database_us for turn in self.turns)

    def times(self, other: Served) -> tuple[float, float, float]:
        """How many times as much as ``other`` it cost in the same rounds: lower quartile, median, upper quartile."""
        ratios = [mine.cpu_us / theirs.cpu_us for mine, theirs in zip(self.turns, other.turns, strict=True)]
        if len(ratios) < 2:
            return ratios[0], ratios[0], ratios[0]
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return low, middle, high


class _Runner:
    """A contender with its visitors."""

    def __init__(self, contender: Contender, sizes: Sizes) -> None:
        self.contender = contender
        self._sizes = sizes
        self._people = People(sizes.people)
        self.requests = sizes.fewest
        self.answer_bytes = 0
        self.turns: list[Turn] = []

    async def warm(self) -> None:
        """Warm it, check what it answers, and settle how much it does in a turn."""
        one = self.contender
        say(f"peers: warming {one.name}")
        answers: list[bytes] = []
        # everybody whom Tailorbird is to know afterwards has to have come once
        count = max(round(one.warm * self._sizes.warmth), self._sizes.people if one.new_every else 0)
        await self._load([one.ask(f"u{n % self._sizes.people}") for n in range(count)], answers)
        check(one, answers[: self._sizes.people])
        await load(one.port, one.pid, [one.ask_other], answers=answers)
        if one.shown(json.loads(answers.pop())):
            raise AssertionError(f"{one.name} shows something to visitors whom its conditions leave out")
        self.answer_bytes = round(statistics.median(map(len, answers)))
        turn = await self._load([one.ask(f"u{n % self._sizes.people}") for n in range(self._sizes.fewest)])
        wanted = round(self._sizes.seconds / turn.cpu_us * 1e6)
        self.requests = min(max(wanted, self._sizes.fewest), self._sizes.most)

    async def turn(self) -> None:
        """One part of a round."""
        people = [self._people.next(self.contender.new_every) for _ in range(self.requests)]
        self.turns.append(await self._load([self.contender.ask(visitor) for visitor in people]))

    async def _load(self, requests: Sequence[bytes], answers: list[bytes] | None = None) -> Turn:
        one = self.contender
        before, database = await at_rest(one.pid), await at_rest(one.database) if one.database else 0.0
        cost = await load(one.port, one.pid, requests, answers=answers)
        used = await at_rest(one.pid) - before
        theirs = await at_rest(one.database) - database if one.database else 0.0
        return Turn(
            cpu_us=used / len(requests) * 1e6,
            database_us=theirs / len(requests) * 1e6,
            p50_ms=cost.p50_ms,
            p99_ms=cost.p99_ms,
        )

    @property
    def served(self) -> Served:
        """What was found."""
        return Served(
            name=self.contender.name,
            about=self.contender.about,
            turns=self.turns,
            requests=self.requests,
            answer_bytes=self.answer_bytes,
        )


def check(contender: Contender, answers: Sequence[bytes]) -> None:
    """Every campaign shows an arm, both arms to about as many. Tailorbird's control groups get nothing."""
    arms = [arm for answer in answers for arm in contender.shown(json.loads(answer))]
    share = len(arms) / (len(answers) * flags.COUNT)
    if not (0.93 if contender.new_every else 1.0) <= share <= 1.0:
        raise AssertionError(f"{contender.name} shows {share:.1%} of the campaigns")
    if set(arms) != set(flags.ARMS) or not 0.4 < arms.count("A") / len(arms) < 0.6:
        raise AssertionError(f"{contender.name} does not split by halves: {arms.count('A')} of {len(arms)}")


async def main(sizes: Sizes | None = None, only: Collection[str] = ()) -> list[Served]:
    """Tailorbird and its peers, or those of them that ``only`` names."""
    chosen = sizes or Sizes()
    fresh = chosen.rounds * chosen.most // NEW + 10
    async with contextlib.AsyncExitStack() as stack:
        runners = [_Runner(await stack.enter_async_context(contenders.on_sqlite(chosen.people + fresh)), chosen)]
        if not only or "postgres" in only:
            runners.append(
                _Runner(await stack.enter_async_context(contenders.on_postgres(chosen.people + fresh)), chosen)
            )
        for name, start in PEERS.items():
            if not only or name in only:
                say(f"peers: starting {name}")
                runners.append(_Runner(await stack.enter_async_context(start()), chosen))
        for runner in runners:
            await runner.warm()
        echo = await stack.enter_async_context(_echo(runners[0]))
        runners.append(_Runner(echo, chosen))
        runners[-1].requests, runners[-1].answer_bytes = chosen.most, runners[0].answer_bytes
        for number in range(chosen.rounds):
            say(f"peers: round {number + 1} of {chosen.rounds}")
            for runner in runners if number % 2 else reversed(runners):
                await runner.turn()
    return [runner.served for runner in runners]


@contextlib.asynccontextmanager
async def _echo(runner: _Runner) -> AsyncIterator[Contender]:
    """What any answer of Tailorbird's sizes costs on this stack: the yardstick of ``bench.decide``."""
    port = free_port()
    with process("bench.echo", str(port), str(runner.answer_bytes)) as child:
        await wait_for(port)
        yield Contender(
            name=ECHO,
            pid=child.pid,
            port=port,
            ask=runner.contender.ask,
            ask_other=b"",
            shown=lambda answer: [],
            about="uvicorn; reads the same requests, decides nothing",
        )
