"""The process beside a server: answers questions on one thread, keeps the lake on another, and ends when the server
does. It yields to everything else on the machine."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

import structlog

from tailorbird.domain.errors import TailorbirdError
from tailorbird.domain.exports import OpenFacts
from tailorbird.lake import wire
from tailorbird.lake.keeper import Keeper, status
from tailorbird.lake.place import Place
from tailorbird.lake.session import Cancelled, Limits, Session

log = structlog.get_logger(__name__)

#: of 19: everything else goes first
NICE = 10
#: when nobody asked for so long, there is time for what makes the next answers quicker
_IDLE_S = 2.0


def serve(facts: Callable[[str], OpenFacts]) -> None:
    """Read messages from standard input until it ends. ``facts`` makes what opens the database that the first message
    names."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server is told, and closes this one
    with contextlib.suppress(OSError):
        os.nice(NICE)
    incoming, outgoing = _streams()
    _log_lines()
    hello = wire.read_hello(_next(incoming) or b"")
    os.environ.setdefault("OMP_NUM_THREADS", str(hello.threads))
    child = Child(hello, facts(hello.database), outgoing)
    child.start()
    while (message := _next(incoming)) is not None:
        child.take(wire.read_to_child(message))
    os._exit(0)  # nobody is left who waits; what is half done was not committed


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """The two ends for ourselves: what a library prints by chance goes to standard error."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return incoming, outgoing


def _log_lines() -> None:
    """Lines of JSON on standard error, as a server writes them: a failure with its traceback, without what was in the
    variables, which may be facts of people."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.ExceptionRenderer(),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _next(incoming: BinaryIO) -> bytes | None:
    head = incoming.read(wire.HEAD)
    if len(head) < wire.HEAD:
        return None
    size = int.from_bytes(head, "big")
    data = incoming.read(size)
    return data if len(data) == size else None


class Child:
    """Two threads and what waits for them."""

    def __init__(self, hello: wire.Hello, open_facts: OpenFacts, outgoing: BinaryIO) -> None:
        self._hello = hello
        self._open_facts = open_facts
        self._outgoing = outgoing
        self._sending = threading.Lock()
        self._questions: queue.SimpleQueue[wire.Ask | wire.Look] = queue.SimpleQueue()
        self._turns: queue.SimpleQueue[wire.Keep] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._cancelled: set[int] = set()
        self._current = 0
        self._tending = False
        self._session: Session | None = None
        self._keeper: Keeper | None = None

    def start(self) -> None:
        """Begin to work on what comes."""
        threading.Thread(target=self._answer_all, name="questions", daemon=True).start()
        threading.Thread(target=self._keep_all, name="keeping", daemon=True).start()

    def take(self, message: wire.ToChild) -> None:
        """Put a message where it belongs."""
        if isinstance(message, wire.Keep):
            self._turns.put(message)
        elif isinstance(message, wire.Cancel):
            self._cancel(message.id)
        else:
            self._questions.put(message)
            with self._lock:
                if self._tending and self._session is not None:
                    self._session.interrupt()

    def _cancel(self, number: int) -> None:
        with self._lock:
            self._cancelled.add(number)
            if number == self._current and self._session is not None:
                self._session.interrupt()

    def _answer_all(self) -> None:
        while True:
            message = self._next_question()
            with self._lock:
                self._current = message.id
                gone = message.id in self._cancelled
            if not gone:
                self._guarded(message.id, lambda message=message: self._answer(message))  # type: ignore[misc]
            with self._lock:
                self._current = 0
                self._cancelled.discard(message.id)

    def _next_question(self) -> wire.Ask | wire.Look:
        """The next one; until it comes, what was asked is made ready to be asked again."""
        while (session := self._session) is not None and session.idle_work:
            try:
                return self._questions.get(timeout=_IDLE_S)
            except queue.Empty:
                self._tend(session)
        return self._questions.get()

    def _tend(self, session: Session) -> None:
        with self._lock:
            self._tending = self._questions.empty()
        try:
            if self._tending:
                session.tend()
        except Exception as error:  # it is of use, but nobody waits for it
            log.error("lake: standing answers were not looked after", error=type(error).__name__, exc_info=error)
        finally:
            with self._lock:
                self._tending = False
            session.calm()

    def _answer(self, message: wire.Ask | wire.Look) -> wire.FromChild:
        if isinstance(message, wire.Look):
            facts = self._open_facts()
            try:
                return wire.Looked(id=message.id, status=status(Place(self._hello.lake), facts))
            finally:
                facts.close()
        if self._session is None:
            limits = Limits(threads=self._hello.threads, memory_mb=self._hello.memory_mb, scratch=self._hello.scratch)
            self._session = Session(Place(self._hello.lake), self._open_facts, limits)

        def advance(done: int, of: int) -> None:
            self._send(wire.Advanced(id=message.id, done=done, of=of))

        with self._lock:
            if message.id in self._cancelled:
                raise Cancelled
        return wire.Answered(id=message.id, rows=self._session.run(message.project, message.question, advance))

    def _keep_all(self) -> None:
        while True:
            message = self._turns.get()
            self._guarded(message.id, lambda message=message: self._keep(message))  # type: ignore[misc]

    def _keep(self, message: wire.Keep) -> wire.FromChild:
        if self._keeper is None:
            self._keeper = Keeper(Place(self._hello.lake), self._open_facts())
        return wire.Kept(id=message.id, turn=self._keeper.turn(message.rules))

    def _guarded(self, number: int, work: Callable[[], wire.FromChild]) -> None:
        """Whatever goes wrong is told, and the next one comes."""
        try:
            self._send(work())
        except Cancelled:
            self._send(wire.Failed(id=number, error="Unavailable", detail="It was cancelled."))
        except TailorbirdError as error:
            after = getattr(error, "retry_after", 1.0)
            self._send(wire.Failed(id=number, error=type(error).__name__, detail=error.detail, retry_after=after))
        except Exception as error:
            log.error("lake: a request failed", error=type(error).__name__, exc_info=error)
            self._send(wire.Failed(id=number, error="Unavailable", detail="It could not be computed; see the log."))

    def _send(self, message: wire.FromChild) -> None:
        data = wire.framed(message)
        with self._sending:
            try:
                self._outgoing.write(data)
                self._outgoing.flush()
            except OSError:
                os._exit(0)  # the server is gone
