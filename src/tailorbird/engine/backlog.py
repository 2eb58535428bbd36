"""What decisions leave to be remembered and wait for nobody: gathered for a moment, committed together.

A commit costs about the same for one visitor as for many. So the first exposure opens a batch, others join it for 20 ms
or until it is full, and one submission takes all of them. Whoever cannot wait closes it early: the next decision of a
visitor in it, a fact that is recorded of one, an erasure, the end of the process.

A batch that fails because of one visitor's data is tried again visitor by visitor; a store that is away loses it, opens
the breaker, and the visitor's next decision notes the exposure anew. A crash loses what was not committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

import structlog

from tailorbird.domain.errors import Damaged, TailorbirdError, Unavailable
from tailorbird.domain.facts import Alias, Entry
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.breaker import Breaker
from tailorbird.engine.metrics import Metrics

log = structlog.get_logger(__name__)

GATHER_SECONDS = 0.02
#: entries in one batch: as many as the stores write in one transaction
MOST_GATHERED = 500
#: a fact waits no longer for the exposures before it: the store keeps the order in which it was asked
SETTLE_SECONDS = 0.1

#: project, id of either kind
Name = tuple[str, str]
#: makes entries durable
Submit = Callable[[Sequence[Entry]], Awaitable[object]]
#: runs what no caller waits for
Background = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Batch:
    """What is gathered for one commit."""

    __slots__ = ("due", "left", "names", "size", "task", "timer")

    def __init__(self, due: asyncio.Future[None], timer: asyncio.TimerHandle) -> None:
        #: what each decision left
        self.left: list[Sequence[Entry]] = []
        self.names: list[Name] = []
        self.size = 0
        self.due = due
        self.timer = timer
        self.task: asyncio.Task[None] | None = None


class Backlog:
    """The decisions of one process that are answered and not remembered yet."""

    def __init__(self, submit: Submit, background: Background, breaker: Breaker, metrics: Metrics) -> None:
        self._submit = submit
        self._background = background
        self._breaker = breaker
        self._metrics = metrics
        #: takes what comes; None until something does
        self._open: Batch | None = None
        #: where a visitor's newest entries are, until they are committed
        self._of: dict[Name, Batch] = {}

    def add(self, project: str, visitor: Visitor, entries: Sequence[Entry]) -> None:
        """Remember what one decision left; until it is committed, ``of`` knows it."""
        batch = self._open or self._begin()
        batch.left.append(entries)
        batch.size += len(entries)
        for name in (visitor.id, visitor.anonymous_id):
            if name is not None:
                self._of[project, name] = batch
                batch.names.append((project, name))
        if batch.size >= MOST_GATHERED:
            self.close()

    def of(self, project: str, visitor: Visitor) -> Coroutine[Any, Any, None] | None:
        """What to wait for until the visitor's own entries are committed, or lost; None where there are none."""
        if not self._of:
            return None
        found = {self._of.get((project, visitor.id or "")), self._of.get((project, visitor.anonymous_id or ""))}
        return self._done(found) if found != {None} else None

    async def settle(self, entries: Iterable[Entry]) -> None:
        """Let what was left by the visitors of ``entries`` be submitted first."""
        if not self._of:
            return
        found = {self._of.get(name) for entry in entries for name in _names(entry)}
        tasks = self._tasks(found)
        if tasks:
            await asyncio.wait(tasks, timeout=SETTLE_SECONDS)

    async def flushed(self) -> None:
        """Wait until everything that was left by now is committed, or lost."""
        await self._done(set(self._of.values()))

    def close(self) -> None:
        """Submit what is gathered; what comes from now on is gathered anew."""
        batch, self._open = self._open, None
        if batch is not None:
            batch.timer.cancel()
            if not batch.due.done():
                batch.due.set_result(None)

    # -- batches -------------------------------------------------------------------------------------------------------

    def _begin(self) -> Batch:
        loop = asyncio.get_running_loop()
        batch = self._open = Batch(loop.create_future(), loop.call_later(GATHER_SECONDS, self.close))
        batch.task = self._background(self._keep(batch))
        batch.task.add_done_callback(partial(self._ended, batch))
        return batch

    def _tasks(self, found: Iterable[Batch | None]) -> list[asyncio.Task[None]]:
        batches = [batch for batch in found if batch is not None]
        if self._open in batches:
            self.close()
        return [batch.task for batch in batches if batch.task is not None]

    async def _done(self, found: Iterable[Batch | None]) -> None:
        tasks = self._tasks(found)
        if tasks:
            await asyncio.wait(tasks)

    async def _keep(self, batch: Batch) -> None:
        await batch.due
        await self._commit(batch.left)

    def _ended(self, batch: Batch, _: object) -> None:
        if self._open is batch:  # given up before it was due
            self.close()
        for name in batch.names:
            if self._of.get(name) is batch:
                del self._of[name]

    async def _commit(self, left: Sequence[Sequence[Entry]]) -> None:
        """All together; where that fails because of what somebody left, everybody's by itself."""
        entries = left[0] if len(left) == 1 else [entry for entries in left for entry in entries]
        try:
            await self._submit(entries)
        except Exception as error:  # noqa: BLE001 - nobody waits: whatever it is, it is told here
            if len(left) == 1 or _is_away(error):
                self._lost(len(entries), error)
                return
        else:
            self._metrics.exposures.inc(len(entries))
            return
        outcomes = await asyncio.gather(*(self._submit(one) for one in left), return_exceptions=True)
        for one, outcome in zip(left, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                self._lost(len(one), outcome)
            else:
                self._metrics.exposures.inc(len(one))

    def _lost(self, count: int, error: BaseException) -> None:
        self._metrics.lost_exposures.inc(count)
        if _is_away(error):
            self._breaker.trip()  # a store that cannot keep what was decided is away: a full disk, say
        told = error.detail if isinstance(error, TailorbirdError) else type(error).__name__
        log.warning("exposures lost", count=count, error=told)


def _is_away(error: BaseException) -> bool:
    """Whether the store is in trouble, rather than one visitor's data."""
    return isinstance(error, Unavailable) and not isinstance(error, Damaged)


def _names(entry: Entry) -> tuple[Name, ...]:
    if isinstance(entry, Alias):
        return (entry.project, entry.visitor_id), (entry.project, entry.alias)
    return (entry.project, entry.visitor.id or ""), (entry.project, entry.visitor.anonymous_id or "")
