"""One connection: uvicorn's, with the bounds on a request's head that uvicorn does not set.

By itself it collects the first lines of a request for as long as somebody sends them, however many there are, and waits
for ever for whoever connects and says nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tailorbird.domain.errors import TailorbirdError
from tailorbird.web import problems
from tailorbird.web.whole import EXTENSION, Exchange

#: bytes that an unfinished head may have, beside what the first packet brought
HEAD_BYTES = 64 * 1024


def bounded(head_seconds: float) -> type[HttpToolsProtocol]:
    """The protocol of connections on which a head must have arrived within so many seconds of its first byte."""

    class Connection(_Connection):
        seconds = head_seconds

    return Connection


class _Connection(HttpToolsProtocol):
    seconds = 10.0
    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    #: the request that is being answered; uvicorn's ``cycle`` is the last one that came
    _running: Any = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)
        running, self._running = self._running, None
        if running is not None and not running.response_complete:
            running.disconnected = True  # of several on one connection uvicorn tells only the last
            running.message_event.set()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        cycle.scope["extensions"] = {EXTENSION: Exchange(cycle)}
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # of a request whose head is complete, uvicorn has made the cycle
        scope: Any = self.scope
        cycle: Any = self.cycle
        if scope is None or cycle is None or cycle.scope is not scope:
            self._go_on_waiting(len(data))
        elif self._head_timer is not None:
            self._forget_head()

    def _go_on_waiting(self, size: int) -> None:
        if self.transport.is_closing():
            return
        if self._head_timer is None:
            late = problems.RequestTimeout(f"The headers did not arrive within {self.seconds:g} seconds.")
            self._head_timer = self.loop.call_later(self.seconds, self._refuse, late)
            return
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES:
            self._refuse(
                problems.HeadTooLarge(f"The request's line and headers may hold {HEAD_BYTES:,} bytes together.")
            )

    def _forget_head(self) -> None:
        timer, self._head_timer, self._head_bytes = self._head_timer, None, 0
        if timer is not None:
            timer.cancel()

    def _refuse(self, error: TailorbirdError) -> None:
        """Say why and hang up; without a word where another answer is on its way."""
        self._forget_head()
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:
            status, headers, body = problems.render(error)
            lines = [b"%s: %s" % header for header in headers if header[0] != b"connection"]
            self.transport.write(b"\r\n".join([_first_line(status), *lines, b"connection: close", b"", body]))
        self.transport.close()


def _first_line(status: int) -> bytes:
    return b"HTTP/1.1 %d %s" % (status, {408: b"Request Timeout"}.get(status, b"Request Header Fields Too Large"))
