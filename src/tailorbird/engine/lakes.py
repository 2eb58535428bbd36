"""The lake beside a server: opened with it, kept by one server of all, asked by each through a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import Sequence

import msgspec
import structlog

from tailorbird.domain.errors import Conflict, TailorbirdError
from tailorbird.domain.exports import EXPORTED, FACT_TABLES, Exported, Numbers
from tailorbird.engine.runtime import Runtime
from tailorbird.lake.client import Lake
from tailorbird.lake.wire import Hello, Rules, Turn

log = structlog.get_logger(__name__)

#: of the processes on one database, the one that keeps the lake does so for this long from each turn on
LEASE_MS = 120_000
#: with nothing new the lake is looked after this often: merging, what outlived its time
TIDY_S = 3_600.0
#: after a failure the next attempt waits for the lake's own interval, twice as long after each further one, and at most
PAUSE_S = 30.0
#: what no waiting mends: the lake is another database's
CONFLICT_S = 300.0
#: moments that are remembered to tell how far the lake is behind
_MOMENTS = 10_000
#: what is exported, and what follows from it
_KEPT = (*FACT_TABLES, "erasures")

_decode = msgspec.json.Decoder(Exported).decode


def open_lake(database: str, url: str, *, memory_mb: int, scratch: str | None = None) -> Lake:
    """The lake of a database (path of a file, or address) in a folder or at an address. Nothing is started yet.

    Its process uses at most half the cores.
    """
    threads = max(1, (os.cpu_count() or 1) // 2)
    hello = Hello(database=database, lake=url, threads=threads, memory_mb=memory_mb, scratch=scratch)
    return Lake((sys.executable, "-m", "tailorbird.engine.lakeprocess"), hello)


async def exported(runtime: Runtime) -> Exported | None:
    """What the database knows of its lake; None: it has none."""
    told = await runtime.store.meta(EXPORTED)
    return _decode(told) if told else None


async def keep_lake(runtime: Runtime, lake: Lake) -> None:
    """Until cancelled: export what is new every few seconds, if it is this server's turn. Failures are logged, never
    raised."""
    keeping = _Keeping(runtime, lake)
    try:
        while True:
            await asyncio.sleep(runtime.lake_seconds)
            try:
                if runtime.store_open:
                    await keeping.look()
            except TailorbirdError as error:
                keeping.put_off(error)
            except Exception as error:  # whatever it was, the next turn comes
                log.error("lake not kept", error=type(error).__name__, exc_info=error)
                keeping.put_off()
    finally:
        await keeping.leave()


class _Keeping:
    """One server's part in keeping the lake."""

    def __init__(self, runtime: Runtime, lake: Lake) -> None:
        self._runtime = runtime
        self._lake = lake
        self._holder = f"{runtime.randbits(64):016x}"
        self._leads = False
        #: the store did not answer when it was last asked
        self._blind = False
        self._not_before = 0.0
        #: how long the last failure was waited for; 0: it went well
        self._pause = 0.0
        self._tidied = -TIDY_S
        #: when so much had been given out for the first time
        self._moments: deque[tuple[float, Numbers]] = deque(maxlen=_MOMENTS)
        runtime.metrics.lake_lag.set_function(self._lag)

    def put_off(self, error: TailorbirdError | None = None) -> None:
        """Leave it for a while after a failure, by chance between half the pause and all of it: servers that failed
        together do not come back together."""
        now = self._runtime.monotonic()
        if now < self._not_before:
            return  # it was left already: only looking failed
        if error is not None:
            log.warning("lake not kept", error=error.detail)
        if isinstance(error, Conflict):
            self._not_before = now + CONFLICT_S
            return
        self._pause = min(PAUSE_S, max(2 * self._pause, self._runtime.lake_seconds))
        self._not_before = now + self._pause * (1 + self._runtime.randbits(16) / 2**16) / 2

    async def look(self) -> None:
        """Do what there is to do, unless another server does it."""
        now = self._runtime.monotonic()
        try:
            behind = await self._behind(now)
        except TailorbirdError:
            self._blind = True
            raise
        if self._blind:  # the store was away and is back: this is what was waited for
            self._blind, self._pause, self._not_before = False, 0.0, 0.0
        if now < self._not_before or not (behind or now - self._tidied >= TIDY_S):
            return
        more = True
        while more and await self._lease():
            more = (await self._turn()).more
            await self._behind(self._runtime.monotonic())
            self._tidied = now
        self._pause = 0.0

    async def _turn(self) -> Turn:
        """One turn. What comes meanwhile is noticed when it comes, however long the turn takes."""
        turn = asyncio.ensure_future(self._lake.keep(_rules(self._runtime)))
        try:
            while not (await asyncio.wait((turn,), timeout=self._runtime.lake_seconds))[0]:
                with contextlib.suppress(TailorbirdError):  # the turn itself will tell
                    await self._behind(self._runtime.monotonic())
            return turn.result()
        finally:
            turn.cancel()

    async def _behind(self, now: float) -> bool:
        """Whether facts are not in the lake yet; since when is remembered."""
        given = await self._runtime.store.fact_numbers()
        there = await exported(self._runtime)
        reached = there.numbers if there is not None else Numbers()
        if _beyond(given, reached) and (not self._moments or self._moments[-1][1] != given):
            self._moments.append((now, given))
        while self._moments and not _beyond(self._moments[0][1], reached):
            self._moments.popleft()
        return bool(self._moments)

    def _lag(self) -> float:
        """Seconds, whenever the metrics are read: it grows while a turn is under way, and while the store is away."""
        return self._runtime.monotonic() - self._moments[0][0] if self._moments else 0.0

    async def leave(self) -> None:
        """Let the next server keep the lake at once; where that cannot be said, when the lease has run out."""
        with contextlib.suppress(TailorbirdError, TimeoutError):
            async with asyncio.timeout(1):
                if self._leads:
                    await self._lease(0)

    async def _lease(self, milliseconds: int = LEASE_MS) -> bool:
        now = self._runtime.clock()
        self._leads = await self._runtime.store.lease("lake", self._holder, now, now + milliseconds)
        return self._leads


def _beyond(numbers: Numbers, reached: Numbers, names: Sequence[str] = _KEPT) -> bool:
    return any(getattr(numbers, name) > getattr(reached, name) for name in names)


def _rules(runtime: Runtime) -> Rules:
    keep = {s.project.id: s.settings.lake_days for s in runtime.snapshots.values() if s.settings.lake_days is not None}
    return Rules(keep_days=keep)
