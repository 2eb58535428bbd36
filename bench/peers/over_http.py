"""All servers in turns, round by round: CPU time per request of the whole server."""

from __future__ import annotations

import asyncio
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
from bench.peers.spread import quartiles
from bench.progress import say

ECHO = "Raw ASGI echo of Tailorbird's sizes"
NOBODY_NEW = f"{contenders.SQLITE}, nobody new"
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


#: visitors whom a server meets for the first time at once, while it warms: it never has as much to write again
_NEW_AT_ONCE = 50
#: how often they are asked again while it cannot answer in full
_TRIES = 10


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    rounds: int = 21
    #: CPU time that a server is to spend in its part of a round
    seconds: float = 0.5
    fewest: int = 50
    most: int = 1_000
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
    #: answers that were not full ones
    degraded: int = 0


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One contender, all rounds."""

    name: str
    about: str
    turns: Sequence[Turn]
    #: requests in a turn
    requests: int
    answer_bytes: int
    has_database: bool = False

    @property
    def cpu_us(self) -> float:
        """Median CPU time of the server per request."""
        return statistics.median(turn.cpu_us for turn in self.turns)

    @property
    def database_us(self) -> float:
        """The same of its PostgreSQL; 0 where it has none."""
        return statistics.median(turn.database_us for turn in self.turns)

    @property
    def p50_ms(self) -> float:
        """Median of the rounds' medians."""
        return statistics.median(turn.p50_ms for turn in self.turns)

    @property
    def p99_ms(self) -> float:
        """Median of the rounds' 99th percentiles."""
        return statistics.median(turn.p99_ms for turn in self.turns)

    @property
    def degraded(self) -> int:
        """Answers that were not full ones."""
        return sum(turn.degraded for turn in self.turns)

    def times(self, other: Served) -> tuple[float, float, float]:
        """How many times as much as ``other`` it cost in the same rounds: lower quartile, median, upper quartile."""
        return quartiles([mine.cpu_us / theirs.cpu_us for mine, theirs in zip(self.turns, other.turns, strict=True)])


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
        """Warm it and check what it answers."""
        one = self.contender
        say(f"peers: warming {one.name}")
        # everybody whom Tailorbird is to know afterwards has to have come once
        count = max(round(one.warm * self._sizes.warmth), self._sizes.people if one.new_every else 0)
        answers: list[bytes] = []
        at_once = _NEW_AT_ONCE if one.new_every else count
        for first in range(0, count, at_once):
            visitors = range(first, min(first + at_once, count))
            answers += await self._whole_answers([one.ask(f"u{n % self._sizes.people}") for n in visitors])
        check(one, answers[: self._sizes.people])
        (other,) = await self._whole_answers([one.ask_other])
        if one.shown(json.loads(other)):
            raise AssertionError(f"{one.name} shows something to visitors whom its conditions leave out")
        self.answer_bytes = round(statistics.median(map(len, answers)))
        await self.settle()

    async def settle(self) -> None:
        """Find out how many requests fill a turn."""
        one = self.contender
        turn = await self._turn([one.ask(f"u{n % self._sizes.people}") for n in range(self._sizes.fewest)])
        wanted = round(self._sizes.seconds / turn.cpu_us * 1e6)
        self.requests = min(max(wanted, self._sizes.fewest), self._sizes.most)

    async def turn(self) -> None:
        """One part of a round."""
        people = [self._people.next(self.contender.new_every) for _ in range(self.requests)]
        self.turns.append(await self._turn([self.contender.ask(visitor) for visitor in people]))

    async def _whole_answers(self, requests: Sequence[bytes]) -> list[bytes]:
        """To requests that are not measured; asked again where the server could not answer in full."""
        one = self.contender
        for _ in range(_TRIES):
            answers: list[bytes] = []
            await load(one.port, one.pid, requests, connections=2 if one.new_every else 8, answers=answers)
            await at_rest(one.pid)
            if all(map(one.whole, answers)):
                return answers
            await asyncio.sleep(1)
        raise AssertionError(f"{one.name} could not answer in full")

    async def _turn(self, requests: Sequence[bytes]) -> Turn:
        one = self.contender
        before, database = await at_rest(one.pid), await at_rest(one.database) if one.database else 0.0
        answers: list[bytes] = []
        cost = await load(one.port, one.pid, requests, answers=answers)
        used = await at_rest(one.pid) - before
        theirs = await at_rest(one.database) - database if one.database else 0.0
        return Turn(
            cpu_us=used / len(requests) * 1e6,
            database_us=theirs / len(requests) * 1e6,
            p50_ms=cost.p50_ms,
            p99_ms=cost.p99_ms,
            degraded=sum(not one.whole(answer) for answer in answers),
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
            has_database=self.contender.database is not None,
        )


def check(contender: Contender, answers: Sequence[bytes]) -> None:
    """Every campaign shows an arm, both arms to about as many. Tailorbird's control groups get nothing."""
    arms = [arm for answer in answers for arm in contender.shown(json.loads(answer))]
    share = len(arms) / (len(answers) * flags.COUNT)
    if not contender.share <= share <= 1.0:
        raise AssertionError(f"{contender.name} shows {share:.1%} of the campaigns")
    if set(arms) != set(flags.ARMS) or not 0.4 < arms.count("A") / len(arms) < 0.6:
        raise AssertionError(f"{contender.name} does not split by halves: {arms.count('A')} of {len(arms)}")


async def main(sizes: Sizes | None = None, names: Collection[str] = ("postgres", *PEERS)) -> list[Served]:
    """Tailorbird on SQLite, then what is named, then two yardsticks."""
    chosen = sizes or Sizes()
    fresh = chosen.rounds * chosen.most // NEW + 10
    async with contextlib.AsyncExitStack() as stack:
        runners = [_Runner(await stack.enter_async_context(contenders.on_sqlite(chosen.people + fresh)), chosen)]
        if "postgres" in names:
            runners.append(
                _Runner(await stack.enter_async_context(contenders.on_postgres(chosen.people + fresh)), chosen)
            )
        for name, start in PEERS.items():
            if name in names:
                say(f"peers: starting {name}")
                runners.append(_Runner(await stack.enter_async_context(start()), chosen))
        for runner in runners:
            await runner.warm()
        for yardstick in (_nobody_new(runners[0]), await stack.enter_async_context(_echo(runners[0]))):
            runners.append(_Runner(yardstick, chosen))
            runners[-1].answer_bytes = runners[0].answer_bytes
            await runners[-1].settle()
        for number in range(chosen.rounds):
            say(f"peers: round {number + 1} of {chosen.rounds}")
            for runner in runners if number % 2 else reversed(runners):
                await runner.turn()
    return [runner.served for runner in runners]


def _nobody_new(runner: _Runner) -> Contender:
    """The same server, asked only for visitors whose exposures of today it has."""
    return msgspec.structs.replace(runner.contender, name=NOBODY_NEW, new_every=0)


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
