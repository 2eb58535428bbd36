"""What a server stands on: a database that is filled, can be read behind the server's back, and can be taken away."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from tailorbird.store import SqliteStore
from tailorbird.store.contract import Store
from tailorbird.store.postgres import PostgresStore
from tests.outages.line import Answer, Line
from tests.outages.shop import PROJECT, Shop
from tests.store.tcp import Wire

ROOT = Path(__file__).parents[2]


class Nursery:
    """Starts servers by ``tests.outages.serving``."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.outages.serving"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TAILORBIRD_")}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=kept, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, args: list[str], log: Path, ahead: Path | None, die_after: int) -> int:
        """A new server; its process id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        told = {"args": args, "log": str(log), "ahead": str(ahead or ""), "die_after": die_after}
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """Servers that still run go on."""
        self._process.communicate("")


class Server:
    """The server of the moment on one folder and one port."""

    def __init__(
        self, nursery: Nursery, folder: Path, args: list[str], ahead: Path | None = None, log: Path | None = None
    ) -> None:
        self._nursery = nursery
        self._ahead = ahead
        self.log = log or folder / "server.log"
        self.port = free_port()
        self._args = ["--port", str(self.port), "--data", str(folder), *args]
        self.pid = 0

    def start(self, *, die_after: int = 0) -> None:
        """A new process; ``up`` waits for it. It dies right after so many commits, before their replies, if told so."""
        self.pid = self._nursery.start(self._args, self.log, self._ahead, die_after)

    async def up(self, *, within: float = 20.0, or_gone: bool = False) -> float:
        """Wait until it answers (or has died already, where it may); how many seconds that took."""
        began = time.monotonic()
        while time.monotonic() - began < within:
            try:
                if (await self.ask("GET", "/healthz")).status == 200:
                    return time.monotonic() - began
            except OSError:
                if or_gone and not self.lives:
                    return time.monotonic() - began
                assert self.lives, self.tail()
                await asyncio.sleep(0.01)
        raise AssertionError("the server did not come up:\n" + self.tail())

    @property
    def lives(self) -> bool:
        """Whether the process is there."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def tail(self) -> str:
        """The last lines of its log that are no requests."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([line[:400] for line in lines if '"event":"request"' not in line][-12:])

    async def gone(self, within: float = 30.0) -> None:
        """Wait until the process has ended."""
        until = time.monotonic() + within
        while self.lives:
            assert time.monotonic() < until, "the server did not end"
            await asyncio.sleep(0.005)

    async def kill(self) -> None:
        """kill -9."""
        if self.pid and self.lives:
            os.kill(self.pid, signal.SIGKILL)
            await self.gone()

    async def revoke(self, shop: Shop) -> None:
        """Revoke the shop's spare key."""
        answer = await self.ask("DELETE", f"/v1/projects/{PROJECT}/keys/{shop.spare_id}", shop.secret)
        assert answer.status == 204, answer

    async def ask(self, method: str, path: str, secret: str = "", body: Any = None) -> Answer:
        """One request on a connection of its own."""
        line = Line(self.port, secret)
        try:
            return await line.ask(method, path, body)
        finally:
            line.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class SqliteGround:
    """A filled SQLite file in a folder."""

    name = "sqlite"

    def __init__(self, folder: Path, shop: Shop) -> None:
        self.folder = folder
        self.file = folder / "tailorbird.db"
        self.shop = shop

    @property
    def args(self) -> list[str]:
        """What ``serve`` is told."""
        return []

    def store(self) -> Store:
        """The same data, read and written beside a server."""
        return SqliteStore(self.file)

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """No server that starts now can use it: another program has opened the file for itself alone."""
        other = sqlite3.connect(self.file, isolation_level=None)
        try:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            yield
        finally:
            other.close()


class PostgresGround:
    """A filled PostgreSQL database behind a wire that can be cut, blocked and slowed down."""

    name = "postgresql"

    def __init__(self, folder: Path, shop: Shop, url: str, wire: Wire, admin: str) -> None:
        self.folder = folder
        self.shop = shop
        self.url = url
        self.wire = wire
        #: another database of the same server
        self.admin = admin

    @property
    def args(self) -> list[str]:
        """What ``serve`` is told: the way to the database leads over the wire."""
        return ["--database", self.wire.url]

    def store(self) -> Store:
        """The same data, past the wire."""
        return PostgresStore(self.url)

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Nobody listens where the database was."""
        await self.wire.cut()
        try:
            yield
        finally:
            await self.wire.start()

    async def terminate_backends(self) -> int:
        """PostgreSQL ends every connection to the database; how many there were."""
        connection = await asyncpg.connect(self.admin)
        try:
            ended = await connection.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", self.url.rpartition("/")[2]
            )
            return len(ended)
        finally:
            await connection.close()

    @asynccontextmanager
    async def black_hole(self) -> AsyncIterator[None]:
        """Nothing passes, and nobody is told."""
        self.wire.block()
        try:
            yield
        finally:
            self.wire.unblock()

    @asynccontextmanager
    async def slow(self, seconds: float = 5.0) -> AsyncIterator[None]:
        """Everything that is sent to the database takes its time."""
        self.wire.delay = seconds
        try:
            yield
        finally:
            self.wire.delay = 0.0


Ground = SqliteGround | PostgresGround


async def stored(store: Store, project: str, prefix: str) -> Counter[str]:
    """Event ids that begin with a prefix, with how often each is stored."""
    await store.open()
    try:
        return Counter([e["id"] async for e in store.stream_events(project) if e["id"].startswith(prefix)])
    finally:
        await store.close()


async def counted(store: Store, project: str, event: str) -> int:
    """How often the people together did something, by their profiles."""
    await store.open()
    try:
        total, after = 0, 0
        while page := await store.people(project, after=after, limit=500):
            total += sum(profile.counters[event].count for profile in page if event in profile.counters)
            after = page[-1].person
        return total
    finally:
        await store.close()


def integrity(file: Path) -> str:
    """What SQLite says of a file: ``ok``."""
    connection = sqlite3.connect(file)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()
