"""Stopping without losing a request that is on its way.

By itself uvicorn hangs up on idle connections at once, and on whoever still waits to be let in: a request that was sent
by then and not yet read is lost with its connection. Here the queue at the door is let in first, every answer says that
its connection ends, and a connection that stays silent is waited for a moment before it is closed.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn

#: seconds that silent connections get to send the request that may be on its way
GRACE_SECONDS = 1.0
_TICK_SECONDS = 0.02


class Server(uvicorn.Server):
    """uvicorn's server; only how it stops is ours."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the doors in order, then wait for running requests as long as they may take."""
        await self._close_the_door(sockets or [])
        app: Any = self.config.loaded_app
        getattr(app, "close", _nothing)()  # a stream would be waited for in vain
        closing = _Closing(app)
        self.config.loaded_app = closing
        for connection in list(self.server_state.connections):
            running: Any = getattr(connection, "cycle", None)
            if running is not None and not running.response_complete:
                connection.shutdown()  # its answer ends it
            connection.app = closing  # type: ignore[union-attr]
        if not self.force_exit:
            await self._wait_for_silence()
        await super().shutdown(sockets)

    async def _close_the_door(self, sockets: list[socket.socket]) -> None:
        """Stop listening; connections that were made by then are let in."""
        copies = [each.dup() for each in sockets]
        for server in self.servers:
            server.close()
        for each in sockets:
            each.close()
        await asyncio.sleep(_TICK_SECONDS)  # by then the loop has let go of them
        for copy in copies:
            waiting = _waiting(copy)
            copy.close()
            for each in waiting:
                await self._let_in(each)

    async def _let_in(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            return self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=loop
            )

        try:
            await loop.connect_accepted_socket(protocol, connection)
        except OSError:
            connection.close()

    async def _wait_for_silence(self) -> None:
        """Answer whoever still speaks; returns when all hung up, or when nobody is left who may be trusted to."""
        loop = asyncio.get_running_loop()
        until = loop.time() + GRACE_SECONDS
        # uvicorn keeps a set of its connections, and tells nobody when one goes
        while self.server_state.connections and loop.time() < until and not self.force_exit:  # noqa: ASYNC110
            await asyncio.sleep(_TICK_SECONDS)


def _waiting(listener: socket.socket) -> list[socket.socket]:
    """The connections that nobody accepted yet."""
    listener.setblocking(False)
    found: list[socket.socket] = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return found
        connection.setblocking(False)
        found.append(connection)


def _nothing() -> None:
    """What an application without a way to close does."""


class _Closing:
    """The application, with every answer saying that its connection ends with it."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def last(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        await self._app({**scope, "extensions": {}}, receive, last)
