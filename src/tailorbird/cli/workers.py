"""Several processes that serve from one socket: started, watched, replaced when they die, stopped together."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType

from tailorbird.cli.errors import Failed

#: what a worker does until it is told to stop: its number, and the socket that all of them share
Serve = Callable[[int, socket.socket], None]

#: a worker that ends sooner did not come up
_UP_SECONDS = 5.0
#: so many in a row that did not come up end the whole
_MOST_FAILURES = 3
_PAUSE_SECONDS = 0.5


def supervise(serve: Serve, workers: int, listener: socket.socket, *, grace: float) -> None:
    """Run ``serve`` (a function that can be pickled) in ``workers`` processes until SIGINT or SIGTERM; returns when all
    of them have ended, which they are given ``grace`` seconds for. ``Failed`` when they do not come up.

    ``listener`` is closed when the stop comes: the last worker lets in who waits at the door, and shuts it.
    """
    _Crew(serve, workers, listener, grace).run()


class _Crew:
    def __init__(self, serve: Serve, workers: int, listener: socket.socket, grace: float) -> None:
        self._serve = serve
        self._listener = listener
        self._grace = grace
        # begun anew instead of forked: nothing that this process opened or started is theirs by accident
        self._context = multiprocessing.get_context("spawn")
        self._stopping = False
        self._failures = 0
        self._running: dict[int, tuple[BaseProcess, float]] = {}
        self._numbers = range(workers)

    def run(self) -> None:
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        try:
            for number in self._numbers:
                self._start(number)
            while self._running:
                wait([process.sentinel for process, _ in self._running.values()], timeout=1.0)
                if self._stopping:
                    self._end()
                else:
                    self._replace_the_dead()
        finally:
            self._end()
        if self._failures >= _MOST_FAILURES:
            raise Failed("The workers do not come up; what they say is above.")

    def _start(self, number: int) -> None:
        process = self._context.Process(
            target=_work, args=(self._serve, number, self._listener), name=f"tailorbird-worker-{number}"
        )
        try:
            process.start()
        except (OSError, ValueError):
            if self._stopping:  # told so in this moment: the socket that it would have got is closed
                return
            raise
        self._running[number] = process, time.monotonic()

    def _replace_the_dead(self) -> None:
        for number, (process, since) in list(self._running.items()):
            if process.is_alive():
                continue
            process.join()
            del self._running[number]
            came_up = time.monotonic() - since > _UP_SECONDS
            self._failures = 0 if came_up else self._failures + 1
            if self._failures >= _MOST_FAILURES:
                self._stopping = True
                return
            print(f"tailorbird: worker {number} ended ({process.exitcode}); another one begins.", file=sys.stderr)
            time.sleep(0 if came_up else _PAUSE_SECONDS)
            self._start(number)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        # at once: as long as it is open here, callers are let into a queue that nobody empties any more
        self._listener.close()

    def _end(self) -> None:
        """Tell everybody to stop, and leave nobody behind."""
        self._listener.close()
        until = time.monotonic() + self._grace
        while self._running:
            for process, _ in self._running.values():
                if process.pid is not None and process.is_alive():
                    # said again and again: one that is just beginning may not have heard the first time
                    os.kill(process.pid, signal.SIGTERM if time.monotonic() < until else signal.SIGKILL)
            wait([process.sentinel for process, _ in self._running.values()], timeout=1.0)
            for number, (process, _) in list(self._running.items()):
                if not process.is_alive():
                    process.join()
                    del self._running[number]


def _work(serve: Serve, number: int, listener: socket.socket) -> None:
    """A worker's whole life."""
    from tailorbird.cli.errors import INTERRUPTED, report

    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        serve(number, listener)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the border: what was foreseen becomes one line, the rest is raised again
        sys.exit(report(error))


def _end_with(parent: int) -> None:
    """Stop when the process that watches over this one is gone: it can no more be told to."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
