"""One open file: a connection for point reads on the event loop's thread, one per scanning thread, and the writer's."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import msgspec

from tailorbird.domain.errors import Unavailable
from tailorbird.store.sqlite.connection import (
    Connect,
    Connection,
    disconnect,
    is_away,
    is_damage,
    prepare_reader,
    prepare_writer,
    translated,
)
from tailorbird.store.sqlite.file import ServerLock, prepare
from tailorbird.store.sqlite.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

#: a point read waits this long for a lock before it gives up: it holds the event loop meanwhile
_POINT_BUSY_MS = 20
_SCAN_BUSY_MS = 1_000
_SCANNERS = 2
_FAILURES = (sqlite3.Error, UnicodeError, OverflowError, msgspec.DecodeError)


class Database:
    """Runs functions that take a connection; their errors come out as ours."""

    def __init__(self, path: Path, connect: Connect, *, busy_ms: int, synchronous: str) -> None:
        self.path = path
        self._connect = connect
        self._busy_ms = busy_ms
        self._synchronous = synchronous
        self._point: Connection | None = None
        self._scanners: ThreadPoolExecutor | None = None
        self._thread = threading.local()
        self._scanning: list[Connection] = []
        self._writer: Writer | None = None
        self._lock: ServerLock | None = None

    async def open(self, *, exclusive: bool) -> None:
        """Prepare the file and start; with ``exclusive`` as the only server on it."""
        await asyncio.to_thread(prepare, self.path)
        if exclusive:
            self._lock = ServerLock(self.path)
        self._scanners = ThreadPoolExecutor(_SCANNERS, "tailorbird-reader")
        self._writer = Writer(self._writing, asyncio.get_running_loop())
        self._writer.start()
        try:
            # also turns the write-ahead log on, which readers then find
            await self.write(_touch)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Write what is queued, then let go of the file."""
        writer, self._writer = self._writer, None
        scanners, self._scanners = self._scanners, None
        if scanners is not None:
            await asyncio.to_thread(scanners.shutdown)
        self._drop_point()
        while self._scanning:
            disconnect(self._scanning.pop())
        self._thread = threading.local()
        if writer is not None:
            await asyncio.to_thread(writer.stop)
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @property
    def writer(self) -> Writer:
        """The writer, while the store is open."""
        if self._writer is None:
            raise Unavailable("The database is closed.")
        return self._writer

    async def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **options: P.kwargs) -> T:
        """Run a function inside a write transaction, together with what else is waiting."""
        return await self.write_rows(1, work, *args, **options)

    async def write_rows(
        self, rows: int, work: Callable[Concatenate[Connection, P], T], *args: P.args, **options: P.kwargs
    ) -> T:
        """Likewise for a function that writes many rows: it counts for as many in the batch."""
        result: T = await self.writer.run(lambda connection: work(connection, *args, **options), rows)
        return result

    def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **options: P.kwargs) -> T:
        """Run a point read here and now, on the event loop's thread: it takes microseconds."""
        try:
            return work(self._point or self._open_point(), *args, **options)
        except _FAILURES as error:
            if is_away(error):
                self._drop_point()
            self._note(error)
            raise translated(error) from error

    async def scan(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **options: P.kwargs) -> T:
        """Run a read of many rows in a thread."""
        if self._scanners is None:
            raise Unavailable("The database is closed.")

        def run() -> T:
            return work(self._scanner(), *args, **options)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._scanners, run)
        except _FAILURES as error:
            self._note(error)
            raise translated(error) from error

    def _note(self, error: BaseException) -> None:
        if self._writer is not None and is_damage(error):
            self._writer.suspect()

    def _writing(self) -> Connection:
        return prepare_writer(self._connect(str(self.path)), busy_ms=self._busy_ms, synchronous=self._synchronous)

    def _open_point(self) -> Connection:
        if self._writer is None:
            raise Unavailable("The database is closed.")
        self._point = prepare_reader(self._connect(str(self.path)), busy_ms=_POINT_BUSY_MS)
        return self._point

    def _drop_point(self) -> None:
        connection, self._point = self._point, None
        if connection is not None:
            disconnect(connection)

    def _scanner(self) -> Connection:
        connection: Connection | None = getattr(self._thread, "connection", None)
        if connection is None:
            connection = prepare_reader(self._connect(str(self.path)), busy_ms=_SCAN_BUSY_MS)
            self._thread.connection = connection
            self._scanning.append(connection)
        return connection


def _touch(connection: Connection) -> None:
    """Write what is there already: shows that the file can be written (an empty transaction would not)."""
    connection.execute("UPDATE alembic_version SET version_num = version_num")
