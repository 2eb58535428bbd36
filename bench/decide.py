"""Decide over HTTP against a raw ASGI echo of equal sizes, interleaved; CPU time per request."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec

from bench.load import Cost, load, request

ROUNDS = 5
REQUESTS = 2_000
#: one request in ten is of somebody who was not exposed yet
NEW = 10


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """One measured case beside its yardstick: medians over the rounds."""

    name: str
    cpu_us: float
    echo_us: float
    p99_ms: float

    @property
    def ratio(self) -> float:
        """How many times the echo's CPU time."""
        return self.cpu_us / self.echo_us


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextlib.contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python module as a child, stopped at the end."""
    child = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        yield child
    finally:
        child.terminate()
        child.wait(30)


class People:
    """Visitors that were exposed already, and a supply of those that were not."""

    def __init__(self, warm: int) -> None:
        self._warm = warm
        self._turn = 0
        self._fresh = warm

    def next(self, new_every: int) -> str:
        """The next visitor; one in ``new_every`` is new (0: nobody)."""
        self._turn += 1
        if new_every and self._turn % new_every == 0:
            self._fresh += 1
            return f"u{self._fresh}"
        return f"u{self._turn % self._warm}"


def decide_request(secret: str, visitor: str, asked: int) -> bytes:
    """One decide call for ``asked`` campaigns."""
    body = {
        "visitor": {"id": visitor},
        "campaigns": [f"c{n:04d}" for n in range(asked)],
        "context": {"session_id": "s1", "url": "https://shop.example/", "attributes": {"page": "home"}},
    }
    return request("/v1/decide", json.dumps(body).encode(), [("Authorization", f"Bearer {secret}")])


async def measure(asked: int, new_every: int, name: str) -> Ratio:
    """Rounds of both, one after the other."""
    warm, fresh = 1_000, ROUNDS * REQUESTS // max(new_every, 1) + 10
    port, echo_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        server = stack.enter_context(
            process("bench.server", directory, str(port), str(asked), str(warm + (fresh if new_every else 0)))
        )
        assert server.stdout is not None  # noqa: S101
        secret = json.loads(server.stdout.readline())["secret"]
        await wait_for(port)
        people = People(warm)
        warming = [decide_request(secret, f"u{n}", asked) for n in range(warm)]
        await load(port, server.pid, warming)
        size = await answer_size(port, secret, asked)
        echo = stack.enter_context(process("bench.echo", str(echo_port), str(size)))
        await wait_for(echo_port)
        costs: list[Cost] = []
        echoes: list[Cost] = []
        for _ in range(ROUNDS):
            requests = [decide_request(secret, people.next(new_every), asked) for _ in range(REQUESTS)]
            costs.append(await load(port, server.pid, requests))
            echoes.append(await load(echo_port, echo.pid, requests))
    return Ratio(
        name=name,
        cpu_us=statistics.median(c.cpu_us for c in costs),
        echo_us=statistics.median(c.cpu_us for c in echoes),
        p99_ms=statistics.median(c.p99_ms for c in costs),
    )


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


async def answer_size(port: int, secret: str, asked: int) -> int:
    """Bytes of a typical answer."""
    async with httpx.AsyncClient() as client:
        data = decide_request(secret, "u1", asked)
        body = data.partition(b"\r\n\r\n")[2]
        headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
        answer = await client.post(f"http://127.0.0.1:{port}/v1/decide", content=body, headers=headers)
        return len(answer.content)


async def main() -> list[Ratio]:
    """All cases."""
    return [
        await measure(10, NEW, "10 campaigns asked, 10 % of decisions new exposures"),
        await measure(50, NEW, "50 campaigns asked, 10 % of decisions new exposures"),
        await measure(10, 0, "10 campaigns asked, nobody new"),
        await measure(50, 0, "50 campaigns asked, nobody new"),
        await measure(10, 1, "10 campaigns asked, everybody new"),
    ]


if __name__ == "__main__":
    for found in asyncio.run(main()):
        sys.stdout.write(f"{found.name}: {found.cpu_us:.0f} us, echo {found.echo_us:.0f} us, {found.ratio:.2f}x, p99 {found.p99_ms:.1f} ms\n")
