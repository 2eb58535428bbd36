"""From a request to the door whose path it is: the border of the façades, with one line of log and metrics each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from time import perf_counter
from typing import Any

from litestar.types import HTTPScope, Receive, Send

from tailorbird.domain.errors import TailorbirdError
from tailorbird.engine.runtime import Runtime
from tailorbird.web.facades import Doors
from tailorbird.web.facades.door import Asked, Door, Reply
from tailorbird.web.http import Disconnected, headers_of
from tailorbird.web.observe import Observer
from tailorbird.web.options import Options
from tailorbird.web.problems import understood
from tailorbird.web.whole import offered

_FAULT = "The server met a fault that it did not foresee. It was logged."


class Entry:
    """All façades of one server, as the application sees them."""

    def __init__(self, runtime: Runtime, options: Options, observer: Observer) -> None:
        self._doors = Doors(runtime, options)
        self._observer = observer

    def close(self) -> None:
        """End the answers that have no end of their own."""
        self._doors.close()

    async def answered(self, scope: HTTPScope, receive: Receive, send: Send) -> bool:
        """Answer a request whose path is a door's own; False, with nothing done, for every other."""
        found = self._doors.match(scope["path"])
        if found is None:
            return False
        started = perf_counter()
        asked = Asked(scope, receive, found[1], headers_of(scope))
        try:
            reply = await self._reply(found[0], asked)
            await _send(reply, scope, receive, send)
        except Disconnected:
            return True
        self._observer.answered(asked.route, asked.method, reply.status, perf_counter() - started, asked.key)
        return True

    async def _reply(self, door: Door, asked: Asked) -> Reply:
        try:
            return await door.answer(asked)
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001 - the border: whatever happened, the caller gets the door's own error
            known = understood(error)
            if known is None:
                self._observer.failed(asked.route, asked.method, error)
                known = TailorbirdError(_FAULT)
            return door.refuse(asked, known)


async def _send(reply: Reply, scope: HTTPScope, receive: Receive, send: Send) -> None:
    body, headers = reply.body, list(reply.headers)
    if isinstance(body, bytes) and reply.status != 304:
        headers.append((b"content-length", b"%d" % len(body)))
        whole = offered(scope)
        if whole is not None and whole(reply.status, headers, body):
            return
    start: Any = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    if isinstance(body, bytes):
        last: Any = {"type": "http.response.body", "body": body}
        await send(last)
        return
    sending = asyncio.ensure_future(_send_parts(body, send))
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _send_parts(parts: AsyncIterator[bytes], send: Send) -> None:
    message: Any
    try:
        async for part in parts:
            message = {"type": "http.response.body", "body": part, "more_body": True}
            await send(message)
    finally:  # whoever made the parts hears that nobody wants more of them
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()
    message = {"type": "http.response.body", "body": b""}
    await send(message)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
