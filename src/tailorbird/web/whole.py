"""Answers that are there as a whole, sent with one write.

ASGI hands a server the head of an answer and its body one after the other, and uvicorn writes each by itself: two calls
into the kernel, two packets, and a caller that is woken twice. That was a third of what uvicorn costs for a decision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

#: a header as ASGI has it
Header = tuple[bytes, bytes]
#: from status, headers (``content-length`` among them) and body to whether they were taken
Whole = Callable[[int, Sequence[Header], bytes], bool]

#: the name under which the server offers a ``Whole`` among a scope's extensions
EXTENSION = "tailorbird.whole"


def offered(scope: Any) -> Whole | None:
    """The short way for this request's answer; None where the server knows none."""
    extensions = scope.get("extensions")
    whole: Whole | None = extensions.get(EXTENSION) if extensions else None
    return whole


class Exchange:
    """The short way of one request: what uvicorn's ``send`` would do in two steps. One that is not taken changed
    nothing, and the answer can be sent as ASGI says."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: Any) -> None:
        self._cycle = cycle

    def __call__(self, status: int, headers: Sequence[Header], body: bytes) -> bool:
        cycle = self._cycle
        if cycle.disconnected or cycle.response_started or cycle.flow.write_paused or cycle.scope["method"] == "HEAD":
            return False
        parts = [STATUS_LINE[status]]
        for name, value in cycle.default_headers:
            parts += (name, b": ", value, b"\r\n")
        for name, value in headers:
            if b"\n" in value or b"\r" in value or name == b"connection":
                return False
            parts += (name, b": ", value, b"\r\n")
        parts.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        parts.append(body)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(b"".join(parts))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True
