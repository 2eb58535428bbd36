"""HTTP over one kept connection, with so little of its own that what is measured is the server."""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

import msgspec

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
#: longer than any answer may take; what takes longer is a fault
PATIENCE_S = 30.0


class Answer(NamedTuple):
    """What came back, and how long it took."""

    status: int
    headers: dict[str, str]
    body: Any
    ms: float


class Line:
    """One connection to a server on this machine; it is opened when it is needed, and again after it broke."""

    def __init__(self, port: int, secret: str = "") -> None:
        self._port = port
        self._head = f"host: localhost\r\nauthorization: Bearer {secret}\r\ncontent-type: application/json\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """One request and its answer; ``OSError`` (end of file included) where the connection broke."""
        sent = b"" if body is None else _encode(body)
        head = f"{method} {path} HTTP/1.1\r\n{self._head}content-length: {len(sent)}\r\n\r\n"
        try:
            async with asyncio.timeout(PATIENCE_S):
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", self._port)
                reader, writer = self._streams
                began = time.perf_counter()
                writer.write(head.encode() + sent)
                return await _read(reader, began)
        except asyncio.IncompleteReadError as error:
            self.close()
            raise ConnectionResetError("closed in the middle of an answer") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].transport.abort()


async def _read(reader: asyncio.StreamReader, began: float) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head[:-4].split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    text = await reader.readexactly(int(headers.get("content-length", "0")))
    ms = (time.perf_counter() - began) * 1000
    told = _decode(text) if text and "json" in headers.get("content-type", "") else text
    return Answer(int(first.split(" ", 2)[1]), headers, told, ms)
