"""A server's end of the process that keeps the lake and computes results. It is started when it is first needed, and
again when it ended; ended when nobody needs it; imports nothing heavy."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog

from tailorbird.domain.errors import Conflict, Damaged, Invalid, NotFound, TailorbirdError, TooLarge, Unavailable
from tailorbird.lake import wire
from tailorbird.lake.queries.ask import Question

log = structlog.get_logger(__name__)

#: questions that wait or run; one more is told to come back
MOST_WAITING = 16
#: a process that ended is not started again before this
_PAUSE_S = 1.0
#: one that was asked nothing for so long is ended, and its memory free
IDLE_S = 600.0

_KINDS: dict[str, type[TailorbirdError]] = {
    kind.__name__: kind for kind in (Conflict, Damaged, Invalid, NotFound, TooLarge)
}

_ENDED = "The process that computes results ended. Try again."

#: named tables, as rows
Answer = dict[str, list[dict[str, Any]]]
#: told the steps that are done, and how many there are about
Progress = Callable[[int, int], None]

T = TypeVar("T", wire.Answered, wire.Kept, wire.Looked)


class Lake:
    """Facts for analysis. ``close`` it before the event loop ends."""

    def __init__(self, command: Sequence[str], hello: wire.Hello, *, idle_seconds: float = IDLE_S) -> None:
        self._idle_seconds = idle_seconds
        self._idle: asyncio.TimerHandle | None = None
        #: questions, turns and looks that are under way, its start included
        self._calls = 0
        self._command = tuple(command)
        self._hello = hello
        self._numbers = itertools.count(1)
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._not_before = 0.0
        self._waiting: dict[int, tuple[asyncio.Future[wire.FromChild], Progress | None]] = {}
        self._questions = 0
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return self._process.pid if self._process is not None else None

    @property
    def busy(self) -> bool:
        """Whether questions wait or run."""
        return self._questions > 0

    async def run(self, project: str, question: Question, progress: Progress | None = None) -> Answer:
        """The named tables that answer a question. Cancelling the caller stops the computation.

        ``Unavailable`` names the reason why there is no answer now: the lake is catching up, follows a restore, is not
        this database's, cannot be reached; or too many wait already.
        """
        if self._questions >= MOST_WAITING:
            raise Unavailable("Too many questions wait for the lake already.", retry_after=5)
        self._questions += 1
        try:
            answered = await self._call(
                wire.Answered, lambda number: wire.Ask(id=number, project=project, question=question), progress
            )
        finally:
            self._questions -= 1
        return answered.rows

    async def keep(self, rules: wire.Rules) -> wire.Turn:
        """Do one turn of the leader: restores, erasures, export, tidying up. Only for who holds the lease."""
        return (await self._call(wire.Kept, lambda number: wire.Keep(id=number, rules=rules))).turn

    async def status(self) -> wire.Status:
        """How far the lake is."""
        return (await self._call(wire.Looked, lambda number: wire.Look(id=number))).status

    async def close(self) -> None:
        """End the process; what it was asked fails."""
        self._closed = True
        if self._idle is not None:
            self._idle.cancel()
        async with self._starting:
            process = self._end()
            if process is not None:
                await process.wait()
            if self._reading is not None:
                await asyncio.gather(self._reading, return_exceptions=True)

    def _end(self) -> asyncio.subprocess.Process | None:
        """End the process, if one runs. Every step of it is whole or not there."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        self._fail_all()
        return process

    def _fail_all(self) -> None:
        for future, _ in self._waiting.values():
            if not future.done():
                future.set_exception(Unavailable(_ENDED))

    async def _call(self, kind: type[T], message: Callable[[int], wire.ToChild], progress: Progress | None = None) -> T:
        if self._idle is not None:
            self._idle.cancel()
        self._calls += 1
        try:
            return await self._asked(kind, message, progress)
        finally:
            self._calls -= 1
            if not self._calls and not self._closed:
                self._idle = asyncio.get_running_loop().call_later(self._idle_seconds, self._end)

    async def _asked(self, kind: type[T], message: Callable[[int], wire.ToChild], progress: Progress | None) -> T:
        number = next(self._numbers)
        future: asyncio.Future[wire.FromChild] = asyncio.get_running_loop().create_future()
        process = await self._started()
        if process is not self._process:  # it ended before anything was said
            raise Unavailable(_ENDED)
        self._waiting[number] = future, progress
        try:
            self._send(process, message(number))
            answer = await future
        except asyncio.CancelledError:
            self._send(process, wire.Cancel(id=number))
            raise
        finally:
            del self._waiting[number]
        if isinstance(answer, wire.Failed):
            raise _error(answer)
        assert isinstance(answer, kind)  # noqa: S101 - the other end is ours
        return answer

    def _send(self, process: asyncio.subprocess.Process, message: wire.Hello | wire.ToChild) -> None:
        if process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(wire.framed(message))

    async def _started(self) -> asyncio.subprocess.Process:
        """The process. It starts to the end even if whoever asked first leaves meanwhile."""
        return await asyncio.shield(asyncio.ensure_future(self._running()))

    async def _running(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._closed:
                raise Unavailable("The lake is closed.")
            if self._process is None:
                now = asyncio.get_running_loop().time()
                if now < self._not_before:
                    raise Unavailable(_ENDED)
                self._not_before = now + _PAUSE_S
                self._process = await self._start()
                self._reading = asyncio.create_task(self._read(self._process))
            return self._process

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        except OSError as error:
            raise Unavailable(f"The process that computes results cannot be started: {error.strerror}.") from error
        self._send(process, self._hello)
        return process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand out what it says, until it ends; then whoever waits is told."""
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            while True:
                head = await process.stdout.readexactly(wire.HEAD)
                self._heard(wire.read_from_child(await process.stdout.readexactly(int.from_bytes(head, "big"))))
        except asyncio.IncompleteReadError:
            pass
        finally:
            unasked = self._process is process
            if unasked:
                self._process = None
                self._fail_all()
            code = await process.wait()
            if unasked:
                log.warning("lake: its process ended", code=code)

    def _heard(self, message: wire.FromChild) -> None:
        future, progress = self._waiting.get(message.id, (None, None))
        if future is None or future.done():
            return
        if isinstance(message, wire.Advanced):
            if progress is not None:
                progress(message.done, message.of)
            return
        future.set_result(message)


def _error(failed: wire.Failed) -> TailorbirdError:
    if failed.error == "Unavailable":
        return Unavailable(failed.detail, retry_after=failed.retry_after)
    return _KINDS.get(failed.error, Unavailable)(failed.detail)
