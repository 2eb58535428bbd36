"""A wire to a database that can be cut, blocked and slowed down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit, urlunsplit


class Wire:
    """Listens on a port of its own and passes on to the server of ``url``, as told by its switches."""

    def __init__(self, url: str) -> None:
        self._url = url
        #: while it is not set nothing passes, in either direction, and nobody is told
        self._open = asyncio.Event()
        self._open.set()
        #: seconds that everything takes on its way to the server
        self.delay = 0.0
        self._refusing = False
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """The database's URL by way of this wire."""
        parts = urlsplit(self._url)
        user = f"{parts.username}@" if parts.username else ""
        return urlunsplit(parts._replace(netloc=f"{user}127.0.0.1:{self.port}", query="sslmode=disable"))

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Nobody listens any more, and whoever was connected is cut off."""
        if self._server is not None:
            self._server.close()
        self.drop()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def block(self) -> None:
        """Let nothing pass, in either direction, and tell nobody."""
        self._open.clear()

    def unblock(self) -> None:
        """Let everything pass again, late as it is."""
        self._open.set()

    def drop(self) -> None:
        """Cut off whoever is connected; new ones may come."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            upstream_reader, upstream = await self._connect()
            self._writers.add(upstream)
            await asyncio.gather(self._pass(reader, upstream, slow=True), self._pass(upstream_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            for one in (writer, locals().get("upstream")):
                if one is not None:
                    self._writers.discard(one)
                    one.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self._url)
        folder = parse_qs(parts.query).get("host", [""])[0]
        if folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{parts.port or 5432}")
        return await asyncio.open_connection(parts.hostname or "127.0.0.1", parts.port or 5432)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool = False) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._open.wait()
                if slow and self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def wire(url: str) -> AsyncIterator[Wire]:
    """A wire that works, until it is told otherwise."""
    made = Wire(url)
    await made.start()
    try:
        yield made
    finally:
        await made.cut()
