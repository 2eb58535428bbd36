"""What a façade is: a door with the paths, the bytes and the errors of another service's protocol.

A door translates and decides nothing: bytes become calls of ``engine.decide`` and ``engine.record``, and their results
become bytes. ``web.app`` asks each door whether a path is its own (``route``), hands it the request (``answer``), and
lets it word whatever went wrong (``refuse``).
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from typing import Any, Protocol

import msgspec
from litestar.types import HTTPScope, Receive

from tailorbird.domain.access import ApiKey
from tailorbird.domain.errors import TailorbirdError
from tailorbird.engine.runtime import Runtime
from tailorbird.web import http
from tailorbird.web.http import Headers
from tailorbird.web.options import Options
from tailorbird.web.problems import JSON, NO_STORE, SECURE, Header

#: characters of one sentence about what is wrong
MAX_SENTENCE = 500


class Reply(msgspec.Struct):
    """One answer. A body that is an iterator is sent part by part, until it ends or the caller hangs up."""

    status: int = 200
    body: bytes | AsyncIterator[bytes] = b""
    headers: tuple[Header, ...] = (JSON, NO_STORE, *SECURE)


class Asked(msgspec.Struct):
    """One request, with what is known of it so far."""

    scope: HTTPScope
    receive: Receive
    #: the template of its path, for metrics and the access log
    route: str
    headers: Headers
    #: set as soon as the caller is known
    key: ApiKey | None = None

    @property
    def method(self) -> str:
        """The method, in capitals."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """The path, with its escapes resolved."""
        return self.scope["path"]

    @property
    def query(self) -> bytes:
        """The query as it came; it is never logged."""
        return self.scope["query_string"]


class Door(Protocol):
    """One protocol."""

    def route(self, path: str) -> str | None:
        """The template of this path when it is the door's own, e.g. ``/v1/experiences/fetch``; None otherwise."""
        ...

    async def answer(self, asked: Asked) -> Reply:
        """The answer. Mistakes of the caller may be raised as any ``TailorbirdError``."""
        ...

    def refuse(self, asked: Asked, error: TailorbirdError) -> Reply:
        """An error in the protocol's own form."""
        ...


async def body_of(asked: Asked, options: Options, limit: int | None = None) -> bytes:
    """The body, within the limits of size and time."""
    return await http.read_body(asked.receive, asked.headers, limit or options.body_limit, options.body_seconds)


def reply_json(value: Any, status: int = 200, *headers: Header) -> Reply:
    """A JSON answer that nobody on the way may keep."""
    return Reply(status, _encode(value), (JSON, NO_STORE, *SECURE, *headers))


def sentence(text: str) -> str:
    """What a caller is told, bounded: a name in it may be as long as the body that it came with."""
    return text if len(text) <= MAX_SENTENCE else text[: MAX_SENTENCE - 1] + "…"


def refused(error: TailorbirdError, status: int, body: Any, challenge: bytes) -> Reply:
    """An error's answer with the headers that go with it."""
    headers: list[Header] = []
    if status == 401:
        headers.append((b"www-authenticate", challenge + b' realm="tailorbird"'))
    if error.status in (408, 413):  # what is left of the body is not read
        headers.append((b"connection", b"close"))
    seconds = getattr(error, "retry_after", None)
    if seconds is not None:
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(seconds))))
    return reply_json(body, status, *headers)


_encode = msgspec.json.Encoder().encode


class Opened(Protocol):
    """How a door is made: over the running engine, with the limits of the HTTP side."""

    def __call__(self, runtime: Runtime, options: Options) -> Door:
        """The door."""
        ...
