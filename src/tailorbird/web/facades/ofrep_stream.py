"""The change stream: server-sent events that tell providers to evaluate again once something was published.

One task per process looks whether snapshots moved, however many streams there are. The address of a stream carries a
channel token: project and expiry, signed with the project's key. It opens nothing but the news that there is news.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, AsyncIterator
from functools import lru_cache

import msgspec

from tailorbird.domain.errors import Unauthorized, Unavailable
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot

DAY_MS = 86_400_000
#: how often snapshots are looked at; a publish elsewhere arrives with the runtime's own look at the store
LOOK_SECONDS = 0.2
#: a comment keeps the connection through proxies that close silent ones
COMMENT_SECONDS = 15.0
#: then a stream ends, and its client connects again: to another process, perhaps
LIFE_SECONDS = 3600.0
#: who connects within this many seconds of a change may have evaluated just before it
RECENT_SECONDS = 10.0
#: streams at a time in one process
MAX_STREAMS = 1000
RETRY_MS = 2000
_encode = msgspec.json.Encoder().encode
_UNKNOWN = "The channel of this stream is unknown or has expired. Evaluate again for a new one."


def channel(snapshot: Snapshot, now: int) -> str | None:
    """The channel token of a project, the same for a day and good for one to two; None without a signing key."""
    live = [key for key in snapshot.source.signing_keys if not key.retired_at]
    if not live:
        return None
    key = live[0] if len(live) == 1 else max(live, key=lambda one: one.created_at)
    return _signed(key.secret, f"{snapshot.project.id}|{now // DAY_MS + 2}|{key.id}".encode())


@lru_cache(maxsize=256)
def _signed(secret: bytes, body: bytes) -> str:
    return f"{_text(body)}.{_text(_mac(secret, body))}"


def project_of(runtime: Runtime, token: str) -> str:
    """The id of the project whose channel this is; ``Unauthorized`` for every flaw."""
    try:
        head, _, tail = token.partition(".")
        body, mac = _bytes(head), _bytes(tail)
        project, day, key_id = body.decode().split("|")
        expires = int(day) * DAY_MS
    except ValueError:
        raise Unauthorized(_UNKNOWN) from None
    snapshot = runtime.snapshots.get(project)
    keys = snapshot.source.signing_keys if snapshot is not None else ()
    good = any(
        key.id == key_id and not key.retired_at and hmac.compare_digest(mac, _mac(key.secret, body)) for key in keys
    )
    if not good or runtime.clock() >= expires:
        raise Unauthorized(_UNKNOWN)
    return project


def _mac(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"ofrep stream|" + body, hashlib.sha256)[:16]


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


class News:
    """Who listens in this process, and the one task that looks for changes while anybody does."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._listening: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None
        #: project → version last seen, and when it moved
        self._versions: dict[str, int] = {}
        self._moved: dict[str, float] = {}
        self._closed = False

    @property
    def streams(self) -> int:
        """How many listen now."""
        return len(self._listening)

    def close(self) -> None:
        """End all streams; the server is about to stop."""
        self._closed = True
        for event in self._listening:
            event.set()

    def note(self, project: str) -> int:
        """The version of a project now; whether it moved since is known from here on."""
        version = self._version(project)
        before = self._versions.setdefault(project, version)
        if before != version:
            self._versions[project] = version
            self._moved[project] = self._runtime.monotonic()
        return version

    def listen(self, project: str, last_seen: str) -> AsyncGenerator[bytes, None]:
        """The bytes of one stream. ``last_seen`` is the id of the last event that the client got, if any."""
        if len(self._listening) >= MAX_STREAMS or self._closed:
            raise Unavailable("There are as many streams as this server allows. Ask from time to time.", retry_after=30)
        return self._tell(project, last_seen, asyncio.Event())

    def _enter(self, event: asyncio.Event) -> None:
        self._listening.add(event)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    def _leave(self, event: asyncio.Event) -> None:
        self._listening.discard(event)
        if not self._listening and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _version(self, project: str) -> int:
        snapshot = self._runtime.snapshots.get(project)
        return snapshot.project.version if snapshot is not None else 0

    async def _look(self) -> None:
        while True:
            moved = [project for project in self._versions if self._versions[project] != self._version(project)]
            for project in moved:
                self.note(project)
            if moved:
                for event in self._listening:
                    event.set()
            await asyncio.sleep(LOOK_SECONDS)

    async def _tell(self, project: str, last_seen: str, event: asyncio.Event) -> AsyncGenerator[bytes, None]:
        self._enter(event)
        try:
            async for part in self._parts(project, last_seen, event):
                yield part
        finally:
            self._leave(event)

    async def _parts(self, project: str, last_seen: str, event: asyncio.Event) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        ends = loop.time() + LIFE_SECONDS
        told = self.note(project)
        yield b"retry: %d\n: connected\n\n" % RETRY_MS
        moved = self._moved.get(project)
        recent = moved is not None and self._runtime.monotonic() - moved < RECENT_SECONDS
        if (last_seen and last_seen != str(told)) or (not last_seen and recent):
            yield _message(told)
        while loop.time() < ends and not self._closed:
            try:
                async with asyncio.timeout(COMMENT_SECONDS):
                    await event.wait()
            except TimeoutError:
                yield b": still here\n\n"
            event.clear()
            version = self._version(project)
            if version != told and not self._closed:
                told = version
                yield _message(version)


def _message(version: int) -> bytes:
    data = _encode({"type": "refetchEvaluation", "etag": str(version)})
    return b"id: %d\nevent: message\ndata: %s\n\n" % (version, data)
