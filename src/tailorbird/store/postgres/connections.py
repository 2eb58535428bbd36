"""Connections that are held open, a few for each kind of work: borrowing from a pool would reset each one after use.

A connection that broke, or whose work was cut off, is thrown away and another one is opened in the background; while
that fails, callers are told so at once instead of waiting.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncpg

from tailorbird.domain.errors import Unavailable
from tailorbird.store.postgres import text
from tailorbird.store.postgres.errors import UNREACHABLE, is_lost, translated

P = ParamSpec("P")
T = TypeVar("T")

Connection = Any  # asyncpg ships no types
#: opens one connection
Open = Callable[[], Awaitable[Connection]]

CONNECT_SECONDS = 3.0
#: after a failure the next attempt waits, twice as long each time, up to the second
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
#: patience at the end with connections that are being opened
_CLOSING_SECONDS = 0.5

#: what every connection is set to: plans of look-ups that do not turn into scans while a table's statistics are young,
#: and a server that notices when we are gone
_SETTINGS = {
    "application_name": "tailorbird",
    "jit": "off",
    "idle_in_transaction_session_timeout": "20s",
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
#: for connections whose statements are all look-ups by key
LOOKUPS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "max_parallel_workers_per_gather": "0",
}


def address(url: str) -> str:
    """The URL as the driver reads it: a driver's name that other tools want is left out."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql{separator}{rest}" if scheme.partition("+")[0] in ("postgres", "postgresql") else url


async def connect(url: str, *, seconds: float, settings: dict[str, str] | None = None) -> Connection:
    """Open a connection whose statements get ``seconds`` each, here and on the server."""
    limits = {"statement_timeout": f"{seconds + 1:.0f}s", "lock_timeout": f"{max(seconds / 2, 1):.0f}s"}
    connection = await asyncpg.connect(
        address(url),
        timeout=CONNECT_SECONDS,
        command_timeout=seconds,
        statement_cache_size=256,
        max_cached_statement_lifetime=0,
        server_settings={**_SETTINGS, **limits, **(settings or {})},
    )
    try:
        await connection.set_type_codec(
            "text", schema="pg_catalog", format="binary", encoder=text.encode, decoder=text.decode
        )
    except BaseException:  # given up in the middle, say because the store closes: nobody else would close it
        connection.terminate()
        raise
    return connection


class Connections:
    """Up to ``most`` connections of one kind, opened when they are needed and kept."""

    def __init__(self, open_one: Open, most: int) -> None:
        self._open_one = open_one
        self._most = most
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[Connection]] = deque()
        self._openers: set[asyncio.Task[None]] = set()
        self._open = 0
        self._pause = 0.0
        self._not_before = 0.0
        self._why: BaseException | None = None
        self._closed = True

    def start(self) -> None:
        """Allow connections to be opened."""
        self._closed = False
        self._pause = self._not_before = 0.0

    async def close(self) -> None:
        """Close the idle ones; those in use are closed when they come back."""
        self._closed = True
        self._fail(Unavailable("The database is closed."))
        if self._openers:  # what opens in a moment is closed by itself; given up half-way, the driver may forget it
            _, late = await asyncio.wait(tuple(self._openers), timeout=_CLOSING_SECONDS)
            for opener in late:
                opener.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        idle, self._idle = self._idle, []
        for connection in idle:
            self._open -= 1
            with suppress(Exception):
                await connection.close(timeout=1)

    async def run(
        self, work: Callable[Concatenate[Connection, P], Awaitable[T]], *args: P.args, **options: P.kwargs
    ) -> T:
        """What ``work`` returns on a connection of its own, in no transaction. Its errors come out as ours."""
        connection = await self.take()
        try:
            result = await work(connection, *args, **options)
        except BaseException as error:
            self.give_back(connection, error)
            ours = translated(error)
            if ours is error:
                raise
            raise ours from error
        self.give_back(connection)
        return result

    async def read(
        self, work: Callable[Concatenate[Connection, P], Awaitable[T]], *args: P.args, **options: P.kwargs
    ) -> T:
        """Likewise for what only reads: tried a second time when the connection was lost under it."""
        try:
            return await self.run(work, *args, **options)
        except Unavailable as error:
            cause = error.__cause__
            if cause is None or isinstance(cause, TimeoutError) or not is_lost(cause):
                raise
        return await self.run(work, *args, **options)

    async def take(self) -> Connection:
        """A connection for the caller alone; ``Unavailable`` at once while none can be opened."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._open -= 1
        self._begin_opening()
        waiting: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            return await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                self.give_back(waiting.result())
            raise

    def give_back(self, connection: Connection, error: BaseException | None = None) -> None:
        """Hand it to the next caller; one that broke, or whose work was cut off in the middle, is thrown away."""
        cut_off = isinstance(error, asyncio.CancelledError) or (error is not None and is_lost(error))
        if self._closed or cut_off or connection.is_closed():
            connection.terminate()
            self._open -= 1
            if self._waiting:
                try:
                    self._begin_opening()
                except Unavailable as away:
                    self._fail(away)
            return
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(connection)
                return
        self._idle.append(connection)

    def _begin_opening(self) -> None:
        if self._closed:
            raise Unavailable("The database is closed.")
        if self._open + len(self._openers) >= self._most:
            return
        if self._open == 0 and asyncio.get_running_loop().time() < self._not_before:
            raise Unavailable(str(translated(self._why)) if self._why else UNREACHABLE)
        task = asyncio.create_task(self._opening())
        self._openers.add(task)
        task.add_done_callback(self._openers.discard)

    async def _opening(self) -> None:
        """Open one and hand it out; when that fails, tell whoever waits."""
        try:
            connection = await self._open_one()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            self._why = error
            self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
            self._not_before = asyncio.get_running_loop().time() + self._pause
            if self._open == 0:
                self._fail(error)
            return
        self._open += 1
        self._pause = self._not_before = 0.0
        self.give_back(connection)

    def _fail(self, error: BaseException) -> None:
        waiting, self._waiting = self._waiting, deque()
        ours = translated(error)
        for one in waiting:
            if not one.done():
                told = Unavailable(str(ours)) if isinstance(ours, Unavailable) else ours
                told.__cause__ = error if told is not error else None
                one.set_exception(told)
