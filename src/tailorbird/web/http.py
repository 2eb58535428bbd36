"""Reading requests: headers, keys, bodies with their limits, and origins. Shared by the hot paths and the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from litestar.types import HTTPScope, Receive, Scope

from tailorbird.domain.access import ApiKey
from tailorbird.domain.errors import Forbidden, Invalid, TooLarge, Unauthorized, Unavailable
from tailorbird.engine import access
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.stepping import resumed
from tailorbird.web.problems import Header, RequestTimeout, UnsupportedMediaType

#: header names in lower case → value, as ASGI has them; of a repeated header the last one
Headers = dict[bytes, bytes]

#: bodies over their limit are read away up to this size, so that the caller gets to see the answer
DRAIN_LIMIT = 64 * 1024 * 1024
_JSON_TYPES = (b"application/json", b"text/plain")
_BEARER = b"bearer "


class Disconnected(Exception):
    """The caller hung up: there is nobody to answer."""


def headers_of(scope: Scope) -> Headers:
    """The request's headers as a mapping."""
    return dict(scope["headers"])


def secret_of(headers: Headers) -> str:
    """The key in ``Authorization: Bearer …``; ``Unauthorized`` without one."""
    told = headers.get(b"authorization", b"")
    if told[:7].lower() != _BEARER:
        raise Unauthorized("Send `Authorization: Bearer <key>`.")
    return told[7:].strip().decode("latin-1")


def caller(runtime: Runtime, secret: str) -> ApiKey:
    """The key behind a secret, with one request taken from its budget."""
    try:
        key = access.authenticate(runtime, secret)
    except Unauthorized:
        if not runtime.confirmed_at and not runtime.snapshots:
            raise Unavailable("No definitions and no keys were ever loaded: the store is away.") from None
        raise
    access.spend(runtime, key)
    return key


def check_media(headers: Headers, allowed: tuple[bytes, ...] = _JSON_TYPES) -> None:
    """Refuse bodies that are compressed or of another type. A missing type is taken for JSON."""
    coding = headers.get(b"content-encoding")
    if coding and coding.lower() != b"identity":
        raise UnsupportedMediaType(
            f"Bodies are read as they are; send them without Content-Encoding: {_shown(coding)}."
        )
    told = headers.get(b"content-type")
    if told is None or told in allowed:
        return
    kind = told.partition(b";")[0].strip().lower()
    if kind and kind not in allowed:
        names = " or ".join(name.decode() for name in allowed)
        raise UnsupportedMediaType(f"Content-Type must be {names}, not {_shown(kind)}.")


def _shown(value: bytes) -> str:
    return value[:60].decode("ascii", "replace")


async def read_body(receive: Receive, headers: Headers, limit: int, seconds: float) -> bytes:
    """The whole body. ``TooLarge`` over the limit, ``RequestTimeout`` when it takes longer than it may."""
    declared = headers.get(b"content-length")
    keep = -1 if declared is not None and int(declared) > limit else limit
    first = receive().__await__()
    message: Any
    try:
        waiting = next(first)
    except StopIteration as arrived:  # it was here already, as mostly: no timer is set up
        message = arrived.value
        if not message.get("more_body", False) and message["type"] == "http.request":
            body: bytes = message["body"]
            if len(body) <= keep:
                return body
    else:
        message = None
    try:
        async with asyncio.timeout(seconds):
            if message is None:
                message = await resumed(first, waiting)
            return await _collect(receive, message, keep, limit)
    except TimeoutError:
        raise RequestTimeout(f"The body did not arrive within {seconds:g} seconds.") from None


async def _collect(receive: Receive, message: Any, keep: int, limit: int) -> bytes:
    """Join the parts of a body; once over the limit they are only counted."""
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size <= keep:
            parts.append(part)
        elif parts:
            parts.clear()
        if not message.get("more_body", False) or size > DRAIN_LIMIT:
            break
        message = await receive()
    if size > keep:
        raise TooLarge(f"The body may hold at most {limit:,} bytes.")
    return b"".join(parts)


class Proxies:
    """Which neighbours are believed when they say whom they forward for."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        for text in trusted:
            try:
                self._networks.append(ip_network(text, strict=False))
            except ValueError:
                raise Invalid.field("trusted_proxies", "addresses or networks, e.g. 10.0.0.0/8", text) from None

    def trusts(self, address: str) -> bool:
        """Whether this address is one of the operator's proxies."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)

    def client(self, scope: HTTPScope) -> str | None:
        """The caller's address: the last one in the chain that is no proxy of ours."""
        peer = scope.get("client")
        if peer is None:
            return None
        address = peer[0]
        if not self._networks or not self.trusts(address):
            return address
        told = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        for part in reversed(told.decode("latin-1").split(",")):
            hop = part.strip()
            if not hop:
                continue
            address = hop
            if not self.trusts(hop):
                break
        return address


def may_call(runtime: Runtime, origin: str, project: str | None) -> bool:
    """Whether pages of this origin may call: into the given project, or into any where none is known yet."""
    if project is not None:
        snapshot = runtime.snapshots.get(project)
        return snapshot is not None and origin in snapshot.settings.allowed_origins
    return any(origin in snapshot.settings.allowed_origins for snapshot in runtime.snapshots.values())


def cross_origin(runtime: Runtime, headers: Headers, project: str | None) -> list[Header]:
    """The headers that let a page of an allowed origin read the answer; never a wildcard."""
    origin = headers.get(b"origin")
    if origin is None:
        return []
    vary = (b"vary", b"origin")
    if not may_call(runtime, origin.decode("latin-1"), project):
        return [vary]
    return [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", b"retry-after"), vary]


def refuse_publishable(key: ApiKey) -> None:
    """Publishable keys may decide and record, nothing else."""
    if key.kind == "publishable":
        raise Forbidden("A publishable key may only decide and send events. Use a secret key from your backend.")
