"""The one writer of a process: commits together whatever queued while the last commit ran.

No timer: an idle writer commits a call at once, a busy one finds the next batch already waiting; when much waits, a
second transaction runs beside the first. Callers are answered
after COMMIT. When a batch fails because of one call, every call is tried again in a transaction of its own, so that
only the culprit fails. When the database goes away in the middle of a COMMIT nobody knows whether it was made: callers
are told ``Unavailable``, and what they send again is recognised by its identity.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from tailorbird.domain.errors import Unavailable
from tailorbird.domain.facts import Entry
from tailorbird.store.contract import Fold
from tailorbird.store.postgres.answers import Answer, remember
from tailorbird.store.postgres.commit import Aside, apply
from tailorbird.store.postgres.connections import Connection, Connections
from tailorbird.store.postgres.errors import is_away, translated
from tailorbird.store.postgres.folding import Folded, compute
from tailorbird.store.postgres.transaction import transact_in_turn

#: entries in one transaction
MOST_IN_ONE = 500
#: entries that may wait; beyond them callers are told to come back
MOST_WAITING = 100_000
#: entries that wait before a second transaction is begun beside the one that runs
_MANY = 250
#: transactions at a time: while the database works for one, the other is folded
SIDE_BY_SIDE = 2
#: a transaction that takes longer is given up
COMMIT_SECONDS = 10.0

_CLOSED = "The database is closed."


class Job:
    """A call that waits to be written: entries to be folded, or an answer to be remembered."""

    __slots__ = ("answer", "entries", "fold", "future", "weight")

    def __init__(self, entries: Sequence[Entry], fold: Fold | None, answer: Answer | None) -> None:
        self.entries = entries
        self.fold = fold
        self.answer = answer
        self.weight = len(entries) or 1
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


#: what became of a job: the job, its result, its error
Outcome = tuple[Job, Any, BaseException | None]


class Writer:
    """Takes jobs while it is open, and writes them on connections of its own."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._queue: deque[Job] = deque()
        #: entries that were not answered yet, and those of them that no transaction has taken yet
        self._waiting = self._queued = 0
        self._open = False
        self._running: set[asyncio.Task[None]] = set()
        #: folds one batch at a time; none of its memory lasts
        self._thread: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Accept jobs."""
        self._open = True
        self._thread = ThreadPoolExecutor(1, "tailorbird-fold")

    async def stop(self) -> None:
        """Finish what is queued; accept nothing more."""
        self._open = False
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._thread is not None:
            self._thread.shutdown()

    def commit(self, entries: Sequence[Entry], fold: Fold) -> asyncio.Future[Any]:
        """Queue entries; the future yields their verdicts."""
        return self._submit(Job(entries, fold, None))

    def remember(self, answer: Answer) -> asyncio.Future[Any]:
        """Queue an answer; the future yields None when it is kept."""
        return self._submit(Job((), None, answer))

    def _submit(self, job: Job) -> asyncio.Future[Any]:
        if not self._open:
            raise Unavailable(_CLOSED)
        if self._waiting > MOST_WAITING:
            raise Unavailable("More is waiting to be written than the database can take.")
        self._waiting += job.weight
        self._queued += job.weight
        self._queue.append(job)
        if not self._running or (len(self._running) < SIDE_BY_SIDE and self._queued > _MANY):
            self._running.add(asyncio.create_task(self._run()))
        return job.future

    async def _run(self) -> None:
        while self._queue:
            group = self._take()
            for job, result, error in await self._write([job for job in group if not job.future.cancelled()]):
                _answer(job, result, error)
            self._waiting -= sum(job.weight for job in group)
        # at once, not when the loop comes to it: the next call must find nobody running
        self._running.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    def _take(self) -> list[Job]:
        """Everything that waits, up to the bound, as far as it is folded alike."""
        group: list[Job] = []
        weight, fold = 0, None
        while self._queue:
            job = self._queue[0]
            unlike = job.fold is not None and fold is not None and job.fold != fold
            if group and (unlike or weight + job.weight > MOST_IN_ONE):
                break
            fold = fold or job.fold
            weight += job.weight
            group.append(self._queue.popleft())
        self._queued -= weight
        return group

    async def _write(self, group: list[Job]) -> list[Outcome]:
        """Together, else each alone."""
        if not group:
            return []
        try:
            results = await self._transact(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to a caller, and the writer goes on
            if len(group) == 1 or is_away(error):
                return [(job, None, error) for job in group]
            return [outcome for job in group for outcome in await self._write([job])]
        return list(zip(group, results, [None] * len(group), strict=True))

    async def _transact(self, group: list[Job]) -> list[Any]:
        async with asyncio.timeout(COMMIT_SECONDS):
            return await self._connections.run(transact_in_turn, _perform, group, self._aside)

    async def _aside(self, *args: Any) -> Folded:
        return await asyncio.get_running_loop().run_in_executor(self._thread, compute, *args)


async def _perform(connection: Connection, group: list[Job], aside: Aside) -> list[Any]:
    """Fold the entries of all jobs as one batch, then keep the answers."""
    entries = [entry for job in group for entry in job.entries]
    fold = next((job.fold for job in group if job.fold is not None), None)
    verdicts = await apply(connection, entries, fold, aside) if fold is not None else []
    answers = [job.answer for job in group if job.answer is not None]
    if answers:
        await remember(connection, answers)
    results: list[Any] = []
    start = 0
    for job in group:
        end = start + len(job.entries)
        results.append(verdicts[start:end] if job.fold is not None else None)
        start = end
    return results


def _answer(job: Job, result: Any, error: BaseException | None) -> None:
    if job.future.done():
        return
    if error is None:
        job.future.set_result(result)
    else:
        ours = translated(error)
        if ours is not error:
            ours.__cause__ = error
        job.future.set_exception(ours)
