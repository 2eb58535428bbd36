"""Clients that send for ever, slowly, hugely, deeply nested, say nothing, never read, or hang up in the middle."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

#: (port, secret) → misbehaves until it is cancelled or thrown out
Client = Callable[[int, str], Awaitable[None]]

DEEP = b'{"visitor":{"id":"x"},"context":{"attributes":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}}"


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection that is gone afterwards, without a good-bye."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def head(secret: str, path: str, *lines: str) -> bytes:
    told = (f"POST {path} HTTP/1.1", "host: x", f"authorization: Bearer {secret}", *lines)
    return ("\r\n".join(told) + "\r\n").encode()


async def pour(writer: asyncio.StreamWriter, part: bytes, pause: float = 0.0) -> None:
    """The same again and again."""
    while True:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(pause)


async def headers_for_ever(port: int, secret: str) -> None:
    async with connected(port) as (_, writer):
        writer.write(head(secret, "/v1/decide"))
        await pour(writer, b"x: " + b"a" * 8_000, 0.002)


async def body_for_ever(port: int, secret: str) -> None:
    async with connected(port) as (_, writer):
        writer.write(head(secret, "/v1/events", "transfer-encoding: chunked") + b"\r\n")
        await pour(writer, b"2000\r\n" + b"a" * 8_192 + b"\r\n", 0.002)


async def body_nobody_asked_for(port: int, secret: str) -> None:
    async with connected(port) as (_, writer):
        writer.write(head(secret, "/nothing/here", "transfer-encoding: chunked") + b"\r\n")
        await pour(writer, b"2000\r\n" + b"a" * 8_192 + b"\r\n", 0.002)


async def slow_headers(port: int, secret: str) -> None:
    async with connected(port) as (_, writer):
        await pour(writer, b"x: a\r\n", 0.05)


async def slow_body(port: int, secret: str) -> None:
    async with connected(port) as (_, writer):
        writer.write(head(secret, "/v1/events", "content-length: 100000") + b"\r\n")
        await pour(writer, b" ", 0.05)


async def says_nothing(port: int, secret: str) -> None:
    async with connected(port) as (reader, _):
        await reader.read()


async def huge_body(port: int, secret: str) -> None:
    async with connected(port) as (_, writer):
        writer.write(head(secret, "/v1/events", "content-length: 20000000000") + b"\r\n")
        await pour(writer, b'{"events":[' + b" " * 100_000, 0.01)


async def huge_batch(port: int, secret: str) -> None:
    """As much as one call may bring, and a bit more."""
    event = json.dumps({"name": "view", "visitor": {"id": "huge"}, "properties": {"text": "x" * 9_000}}).encode()
    body = b'{"events":[' + b",".join([event] * 600) + b"]}"
    async with connected(port) as (reader, writer):
        writer.write(head(secret, "/v1/events", f"content-length: {len(body)}") + b"\r\n" + body)
        await reader.read(100)
        await asyncio.sleep(0.5)


async def deep_body(port: int, secret: str) -> None:
    for path in ("/v1/decide", "/v1/events"):
        async with connected(port) as (reader, writer):
            writer.write(head(secret, path, f"content-length: {len(DEEP)}") + b"\r\n" + DEEP)
            assert (await reader.readline()).split()[1] == b"400"
    await asyncio.sleep(0.05)


async def hangs_up_in_the_body(port: int, secret: str) -> None:
    async with connected(port) as (_, writer):
        writer.write(head(secret, "/v1/decide", "content-length: 500") + b'\r\n{"visitor":')
        await writer.drain()


async def hangs_up_before_the_answer(port: int, secret: str) -> None:
    body = b'{"visitor":{"id":"visitor-1"},"campaigns":["once","lapsed"]}'
    async with connected(port) as (_, writer):
        writer.write(head(secret, "/v1/decide", f"content-length: {len(body)}") + b"\r\n" + body)
        await writer.drain()
    await asyncio.sleep(0.005)


async def never_reads(port: int, secret: str) -> None:
    async with connected(port) as (_, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await pour(writer, b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n", 0.002)


#: what they do → who does it, and how many of them at a time
CLIENTS: dict[str, tuple[tuple[Client, ...], int]] = {
    "for-ever": ((headers_for_ever, body_for_ever, body_nobody_asked_for), 2),
    "slowly": ((slow_headers, slow_body), 50),
    "says-nothing": ((says_nothing,), 1_200),
    "hugely": ((huge_body, huge_batch), 1),
    "deeply-nested": ((deep_body,), 2),
    "hangs-up": ((hangs_up_in_the_body, hangs_up_before_the_answer), 2),
    "never-reads": ((never_reads,), 2),
}


@asynccontextmanager
async def misbehaving(what: str, port: int, secret: str) -> AsyncIterator[list[str]]:
    """Such clients for as long as the block lasts: whoever is thrown out comes back. What they found is told."""
    clients, each = CLIENTS[what]
    faults: list[str] = []
    tasks = [asyncio.create_task(_again(client, port, secret, faults)) for client in clients for _ in range(each)]
    try:
        yield faults
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again(client: Client, port: int, secret: str, faults: list[str]) -> None:
    while True:
        with contextlib.suppress(OSError):
            try:
                await client(port, secret)
            except (AssertionError, IndexError) as error:
                faults.append(f"{client.__name__}: {error!r}")
        await asyncio.sleep(0.02)
