"""Libraries in turns, each in a process and an environment of its own: nanoseconds of CPU time per flag."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench import seed
from bench.peers import flags, install
from bench.peers.engines.turns import CHECKED
from bench.peers.spread import quartiles
from bench.progress import say

OURS = "tailorbird"


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured and how it is started."""

    name: str
    #: in ``bench.peers.engines``
    module: str
    #: what the module is told on its command line
    way: str = ""
    #: of ``install``; none: the one that runs this
    environment: str | None
    #: the fifty campaigns in its words
    flags: Callable[[], Any]
    package: str = ""
    #: its attributes have to be texts
    texts: bool = False

    @property
    def about(self) -> str:
        """Package and version."""
        return f"{self.package} {install.version(self.environment, self.package)}" if self.environment else "this one"


def ours() -> list[Any]:
    """The campaigns as they are stored, without a control group, which the others do not know."""
    return [_without_control(number) for number in range(flags.COUNT)]


def _without_control(number: int) -> Any:
    campaign = msgspec.to_builtins(seed.stored_campaign(number))
    campaign["control"] = 0
    for experience, payload in zip(campaign["rules"][0]["experiences"], flags.PAYLOADS.values(), strict=True):
        experience["content"]["body"] = payload
    return campaign


#: by the names that ``--only`` takes
LIBRARIES: Mapping[str, Library] = {
    "growthbook": Library(
        name="growthbook",
        module="growthbook",
        environment="growthbook",
        package="growthbook",
        flags=flags.growthbook,
    ),
    "flag-engine": Library(
        name="flag-engine",
        module="flag_engine",
        environment="flag-engine",
        package="flagsmith-flag-engine",
        flags=flags.flagsmith,
    ),
    "unleash-client": Library(
        name="UnleashClient",
        module="unleash_client",
        environment="unleash",
        package="UnleashClient",
        flags=flags.unleash_state,
        texts=True,
    ),
    "yggdrasil": Library(
        name="yggdrasil (inside UnleashClient)",
        module="yggdrasil",
        environment="unleash",
        package="yggdrasil-engine",
        flags=flags.unleash_state,
        texts=True,
    ),
    "eppo": Library(name="eppo", module="eppo", environment="eppo", package="eppo-server-sdk", flags=flags.eppo),
    "statsig": Library(
        name="statsig", module="statsig", environment="statsig", package="statsig-python-core", flags=flags.statsig
    ),
}
TAILORBIRD = Library(name=OURS, module="tailorbird", way="quick", environment=None, flags=ours)
EVERY_GATE = Library(name=f"{OURS}, every gate", module="tailorbird", way="full", environment=None, flags=ours)


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    rounds: int = 21
    #: CPU time of one turn
    seconds: float = 0.08


QUICK = Sizes(rounds=3, seconds=0.02)


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """One library, all rounds: nanoseconds per flag."""

    name: str
    about: str
    turns: Sequence[float]

    @property
    def ns(self) -> float:
        """The median."""
        return statistics.median(self.turns)

    def times(self, other: Evaluated) -> tuple[float, float, float]:
        """How many times as long as ``other`` it took in the same rounds: lower quartile, median, upper quartile."""
        return quartiles([mine / theirs for mine, theirs in zip(self.turns, other.turns, strict=True)])


class Worker:
    """A library's process."""

    def __init__(self, library: Library, child: subprocess.Popen[str]) -> None:
        self._library = library
        self._child = child
        self.visitors = 5
        self.turns: list[float] = []

    def warm(self, seconds: float) -> None:
        """Hand it its flags, check what it does with them, and settle how much it does in a turn."""
        library = self._library
        people = [
            flags.unleash_context("", one)["properties"] if library.texts else one
            for one in (flags.ATTRIBUTES, flags.OTHERS)
        ]
        given = {"flags": library.flags(), "keys": flags.KEYS, "attributes": people[0], "others": people[1]}
        check(library.name, self._ask(json.dumps(given)))
        for _ in range(2):
            each = self._ask("5") / 5
        self.visitors = max(round(seconds * 1e9 / each), 1)

    def turn(self) -> None:
        """One part of a round."""
        self.turns.append(self._ask(str(self.visitors)) / self.visitors / flags.COUNT)

    @property
    def evaluated(self) -> Evaluated:
        """What was found."""
        return Evaluated(name=self._library.name, about=self._library.about, turns=self.turns)

    def _ask(self, line: str) -> Any:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._library.name} ended with {self._child.wait()}")
        return json.loads(answer)


def check(name: str, told: Any) -> None:
    """All visitors get an arm of every flag, about half of them each; those whom the conditions leave out get none."""
    arms = {str(payload["discount"]) for payload in flags.PAYLOADS.values()}
    counts = told["arms"]
    everybody = CHECKED * flags.COUNT
    if set(counts) != arms or not all(0.4 < count / everybody < 0.6 for count in counts.values()):
        raise AssertionError(f"{name} does not split by halves: {counts}")
    if told["shown_to_others"]:
        raise AssertionError(f"{name} shows something to visitors whom its conditions leave out")


@contextlib.contextmanager
def started(library: Library) -> Iterator[Worker]:
    """A library in its process, until the end of its input."""
    interpreter = install.python(library.environment) if library.environment else Path(sys.executable)
    command = (interpreter, "-m", f"bench.peers.engines.{library.module}", library.way)
    with subprocess.Popen(command, cwd=install.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield Worker(library, child)
        finally:
            assert child.stdin is not None
            child.stdin.close()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()


def main(sizes: Sizes | None = None, names: Collection[str] = tuple(LIBRARIES)) -> list[Evaluated]:
    """Our engine by its usual way and by the full one, then what is named."""
    chosen = sizes or Sizes()
    libraries = [TAILORBIRD, EVERY_GATE, *(one for name, one in LIBRARIES.items() if name in names)]
    with contextlib.ExitStack() as stack:
        workers = []
        for library in libraries:
            say(f"peers: {library.name} in process")
            workers.append(stack.enter_context(started(library)))
            workers[-1].warm(chosen.seconds)
        for number in range(chosen.rounds):
            for worker in workers if number % 2 else reversed(workers):
                worker.turn()
        return [worker.evaluated for worker in workers]
