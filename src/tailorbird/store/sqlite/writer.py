"""The one writer: a thread that owns the writing connection and commits together whatever queued while it was busy.

No timer: an idle writer commits a call at once, a busy one finds the next batch already waiting. Callers are answered
after COMMIT, all of a batch with one wake-up of the event loop. When a batch fails because of one call, every call is
tried again in a transaction of its own, so that only the culprit fails.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from tailorbird.domain.errors import Unavailable
from tailorbird.domain.facts import Entry
from tailorbird.store.contract import Fold
from tailorbird.store.sqlite.commit import apply
from tailorbird.store.sqlite.connection import DAMAGED, Connection, disconnect, is_away, is_damage, translated

#: entries (or rows of other writes) in one transaction
MOST_IN_ONE = 2_000
#: entries that may wait; beyond them callers are told to come back
MOST_WAITING = 100_000
#: pages of log that a checkpoint copies, 16 MB: 10 to 40 ms, during which nobody is acknowledged
CHECKPOINT_PAGES = 4_000
#: pages of log above which the file is cut, 64 MB: only after readers held the log for long
LOG_PAGES = 16_384

_CLOSED = "The database is closed."
#: a file that was found damaged is looked at again after so long
_LOOK_AGAIN_S = 1.0


class Job:
    """A call that waits to be written: a function run inside the transaction, or entries to be folded."""

    __slots__ = ("entries", "fold", "future", "weight", "work")

    def __init__(self, future: asyncio.Future[Any], weight: int) -> None:
        self.future = future
        self.weight = weight
        self.work: Callable[[Connection], Any] | None = None
        self.entries: Sequence[Entry] = ()
        self.fold: Fold | None = None


#: what became of a job: the job, its result, its error
Outcome = tuple[Job, Any, BaseException | None]


class Writer:
    """Owns the writing connection. ``start`` it, ``submit`` to it, ``stop`` it."""

    def __init__(self, connect: Callable[[], Connection], loop: asyncio.AbstractEventLoop) -> None:
        self._connect = connect
        self._loop = loop
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._held: Job | None = None
        self._connection: Connection | None = None
        self._waiting = 0
        self._unchecked = 0
        self._checkpoint_after = CHECKPOINT_PAGES // 16
        self._closing = False
        self._suspected = False
        #: by the monotonic clock: when the file was last found damaged
        self._damaged_at = -math.inf
        self._thread = threading.Thread(target=self._run, name="tailorbird-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, then end; blocks."""
        self._closing = True
        self._queue.put(None)
        self._thread.join()

    def commit(self, entries: Sequence[Entry], fold: Fold) -> asyncio.Future[Any]:
        """Queue entries; the future yields their verdicts."""
        job = self._job(len(entries))
        job.entries, job.fold = entries, fold
        self._queue.put(job)
        return job.future

    def run(self, work: Callable[[Connection], Any], weight: int = 1) -> asyncio.Future[Any]:
        """Queue a function that writes ``weight`` rows; the future yields what it returns."""
        job = self._job(weight)
        job.work = work
        self._queue.put(job)
        return job.future

    def suspect(self) -> None:
        """Somebody met damage: acknowledge nothing more before the file was looked at."""
        self._suspected = True

    def _job(self, weight: int) -> Job:
        if self._closing:
            raise Unavailable(_CLOSED)
        if self._waiting > MOST_WAITING:
            raise Unavailable("More is waiting to be written than the disk can take.")
        self._waiting += weight
        return Job(self._loop.create_future(), weight)

    # -- on the writer's thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        while group := self._take():
            outcomes = self._write(group)
            self._answer(outcomes)
            self._unchecked += sum(job.weight for job in group)
            if self._unchecked >= self._checkpoint_after:
                self._checkpoint()
        self._disconnect()

    def _take(self) -> list[Job]:
        """Everything that waits, up to the bound; empty = the end."""
        job = self._held or self._queue.get()
        self._held = None
        group: list[Job] = []
        weight = 0
        while job is not None:
            if group and weight + job.weight > MOST_IN_ONE:
                self._held = job
                break
            group.append(job)
            weight += job.weight
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
        else:
            if group:
                self._queue.put(None)
        return group

    def _write(self, group: list[Job]) -> list[Outcome]:
        live = [job for job in group if not job.future.cancelled()]
        try:
            results = self._transact(live)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to a caller, and the thread goes on
            if is_away(error):
                self._lost(error)
            elif len(live) > 1 or isinstance(error, sqlite3.IntegrityError):
                return [self._write_alone(job) for job in live]
            return [(job, None, error) for job in live]
        return list(zip(live, results, [None] * len(live), strict=True))

    def _write_alone(self, job: Job) -> Outcome:
        """One job in its own transaction; twice where another process took the same person number meanwhile."""
        for last in (False, True):
            try:
                return job, self._transact([job])[0], None
            except Exception as error:  # noqa: BLE001 - as above
                if is_away(error):
                    self._lost(error)
                if last or not isinstance(error, sqlite3.IntegrityError):
                    return job, None, error
        raise AssertionError("unreachable")

    def _lost(self, error: BaseException) -> None:
        self._disconnect()
        if is_damage(error):
            self._suspected = True

    def _examine(self) -> None:
        """Look at the whole file, with nothing of it left in memory; ``Unavailable`` when it is damaged.

        The pages that this connection holds in memory may be good while those of the file are not: what is written on
        top of them would be acknowledged and lie on nothing.
        """
        if monotonic() - self._damaged_at < _LOOK_AGAIN_S:
            raise Unavailable(DAMAGED)
        self._disconnect()
        self._connection = self._connect()
        (found,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            self._damaged_at = monotonic()
            raise Unavailable(DAMAGED)
        self._suspected = False

    def _transact(self, jobs: list[Job]) -> list[Any]:
        if self._suspected:
            self._examine()
        if self._connection is None:
            self._connection = self._connect()
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            results = _perform(connection, jobs)
            connection.execute("COMMIT")
        except BaseException:
            self._roll_back(connection)
            raise
        return results

    def _roll_back(self, connection: Connection) -> None:
        try:
            connection.execute("ROLLBACK")
        except sqlite3.Error:
            # SQLite has rolled back by itself (disk full, I/O error), or the connection is gone: begin with a new one
            self._disconnect()

    def _answer(self, outcomes: list[Outcome]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._resolve, outcomes)

    def _resolve(self, outcomes: list[Outcome]) -> None:
        for job, result, error in outcomes:
            self._waiting -= job.weight
            if job.future.done():
                continue
            if error is None:
                job.future.set_result(result)
            else:
                ours = translated(error)
                ours.__cause__ = error if ours is not error else error.__cause__
                job.future.set_exception(ours)

    def _checkpoint(self) -> None:
        """Copy the log into the file after everybody was answered.

        It is the writer who does it: SQLite before 3.51.3 can damage a file when one connection checkpoints at the very
        moment another one restarts the log.
        """
        written, self._unchecked = self._unchecked, 0
        if self._connection is None:
            return
        try:
            _busy, pages, copied = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            # small batches fill more pages per row than large ones, so the log itself says when to come again
            due = written * CHECKPOINT_PAGES // max(pages, 1)
            self._checkpoint_after = min(max(due, 100), 2 * written, 10 * CHECKPOINT_PAGES)
            # while a reader (a backup, say) still needs the log, cutting it would wait and hold everybody up
            if pages > LOG_PAGES and copied == pages:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            self._lost(error)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            disconnect(connection)


def _perform(connection: Connection, jobs: list[Job]) -> list[Any]:
    """Run the jobs in order; neighbours with the same fold are folded as one batch."""
    results: list[Any] = []
    index = 0
    while index < len(jobs):
        job = jobs[index]
        if job.fold is None:
            assert job.work is not None  # noqa: S101 - a job has one or the other
            results.append(job.work(connection))
            index += 1
            continue
        end = index + 1
        while end < len(jobs) and jobs[end].fold == job.fold:
            end += 1
        results.extend(_fold_together(connection, jobs[index:end], job.fold))
        index = end
    return results


def _fold_together(connection: Connection, jobs: list[Job], fold: Fold) -> list[Any]:
    if len(jobs) == 1:
        return [apply(connection, jobs[0].entries, fold)]
    verdicts = apply(connection, [entry for job in jobs for entry in job.entries], fold)
    results: list[Any] = []
    start = 0
    for job in jobs:
        results.append(verdicts[start : start + len(job.entries)])
        start += len(job.entries)
    return results
