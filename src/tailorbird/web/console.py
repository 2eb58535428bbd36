"""The console as it was built: one page for all of its addresses, and the files that the page is made of.

The files are named by their content and kept by browsers for ever; the page is made anew for each request, with a
number of its own in the policy that says which styles it may have.
"""

from __future__ import annotations

import secrets
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from litestar.types import HTTPScope, Send

from tailorbird.web.http import headers_of
from tailorbird.web.problems import SECURE, Header

#: first parts of the addresses that the page itself tells apart
PLACES = frozenset(("", "p", "sign-in", "setup", "invite", "account"))
NONCE = "__NONCE__"

_TYPES = {
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
    "woff2": b"font/woff2",
}
_FOREVER: Header = (b"cache-control", b"public, max-age=31536000, immutable")
_A_DAY: Header = (b"cache-control", b"public, max-age=86400")
_FRAMED: tuple[Header, ...] = (
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    *SECURE,
)
_UNBUILT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tailorbird</title></head><body>
<h1>Tailorbird runs; its console was not built</h1>
<p>From a clone, <code>make console</code> builds it. The API is described at <a href="/docs">/docs</a>.</p>
</body></html>"""


class Reply:
    """Status, headers and body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[Header], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


class Console:
    """The built console, read from the package when it is first asked for."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._folder = folder if folder is not None else files("tailorbird.web").joinpath("console")
        self._names = frozenset(_names(self._folder))
        self._read: dict[str, bytes] = {}

    @property
    def built(self) -> bool:
        """Whether there is a console to serve."""
        return "index.html" in self._names

    def answers(self, path: str) -> bool:
        """Whether a path is the console's."""
        return path[1:].partition("/")[0] in PLACES or path[1:] in self._names

    async def answer(self, scope: HTTPScope, send: Send) -> int:
        """Send the page or a file; returns the status."""
        reply = self._reply(scope)
        body = b"" if scope["method"] == "HEAD" else reply.body
        headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body)), *_FRAMED]
        start: Any = {"type": "http.response.start", "status": reply.status, "headers": headers}
        await send(start)
        last: Any = {"type": "http.response.body", "body": body}
        await send(last)
        return reply.status

    def _reply(self, scope: HTTPScope) -> Reply:
        if scope["method"] not in ("GET", "HEAD"):
            return Reply(405, [(b"allow", b"GET, HEAD"), (b"content-type", b"text/plain")], b"This is a page: GET it.")
        name = scope["path"][1:]
        if name in self._names and name != "index.html":
            return self._file(name, b"gzip" in headers_of(scope).get(b"accept-encoding", b""))
        return self._page()

    def _file(self, name: str, small: bool) -> Reply:
        kind = _TYPES.get(name.rpartition(".")[2], b"application/octet-stream")
        headers = [(b"content-type", kind), (b"vary", b"accept-encoding")]
        headers.append(_FOREVER if name.startswith("assets/") else _A_DAY)
        if small and f"{name}.gz" in self._names:
            return Reply(200, [*headers, (b"content-encoding", b"gzip")], self._bytes(f"{name}.gz"))
        return Reply(200, headers, self._bytes(name))

    def _page(self) -> Reply:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
            "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        text = self._bytes("index.html").decode() if self.built else _UNBUILT
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", policy.encode()),
        ]
        return Reply(200 if self.built else 503, headers, text.replace(NONCE, nonce).encode())

    def _bytes(self, name: str) -> bytes:
        if name not in self._read:
            self._read[name] = self._folder.joinpath(name).read_bytes()
        return self._read[name]


def _names(folder: Traversable, prefix: str = "") -> list[str]:
    """Every file below a folder, as a path from there; none where the folder is not there."""
    if not folder.is_dir():
        return []
    found: list[str] = []
    for entry in folder.iterdir():
        name = prefix + entry.name
        found += _names(entry, f"{name}/") if entry.is_dir() else [name]
    return found
