"""The processes under measurement: started, waited for, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server that answers: whose CPU time to read, where it listens, and what it lets in."""

    pid: int
    port: int
    project: str
    #: of a key that may do everything
    secret: str

    @property
    def headers(self) -> list[tuple[str, str]]:
        """What a request must carry."""
        return [("Authorization", f"Bearer {self.secret}")]


@contextlib.asynccontextmanager
async def serving(directory: Path, campaigns: int = 0, people: int = 0, *, lags: bool = False) -> AsyncIterator[Server]:
    """A Tailorbird server on the database of ``directory``, which is seeded first when it holds none."""
    port = free_port()
    more = ("lags",) if lags else ()
    with process("bench.server", str(directory), str(port), str(campaigns), str(people), *more) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        if not line:
            raise RuntimeError("the server ended before it served")
        told = json.loads(line)
        await wait_for(port)
        yield Server(pid=child.pid, port=port, project=told["project"], secret=told["secret"])


@contextlib.contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python module as a child, stopped at the end."""
    with subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.terminate()
            child.wait(60)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


async def wait_for(port: int) -> None:
    """Until something listens."""
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise TimeoutError(f"nothing listens on {port}")
