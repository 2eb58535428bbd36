"""The script for pages, ``/sdk/tailorbird.js``: public, cached, and checked again by its ETag."""

from __future__ import annotations

import gzip
import hashlib
from importlib.resources import files

from tailorbird.domain.errors import TailorbirdError
from tailorbird.engine.runtime import Runtime
from tailorbird.web import problems
from tailorbird.web.facades.door import Asked, Reply
from tailorbird.web.options import Options
from tailorbird.web.problems import SECURE, Header, MethodNotAllowed

PATH = "/sdk/tailorbird.js"
#: any page may load it, also one that isolates itself or names its hash
_OPEN: tuple[Header, ...] = (
    (b"content-type", b"text/javascript; charset=utf-8"),
    (b"cache-control", b"public, max-age=3600, stale-while-revalidate=86400"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"access-control-allow-origin", b"*"),
    (b"vary", b"accept-encoding"),
    *SECURE,
)


class Script:
    """The door at which the script is fetched."""

    def __init__(self, runtime: Runtime, options: Options) -> None:
        self._plain = files("tailorbird.web").joinpath("static/tailorbird.js").read_bytes()
        self._small = gzip.compress(self._plain, mtime=0)
        self._mark = hashlib.sha256(self._plain).hexdigest()[:32].encode()

    def route(self, path: str) -> str | None:
        """One path."""
        return PATH if path == PATH else None

    async def answer(self, asked: Asked) -> Reply:
        """The script, or that it is still the same."""
        if asked.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(f"{PATH} takes GET.")
        small = b"gzip" in asked.headers.get(b"accept-encoding", b"")
        etag = b'"%s%s"' % (self._mark, b"-gzip" if small else b"")
        headers = (*_OPEN, (b"etag", etag))
        if self._mark in asked.headers.get(b"if-none-match", b""):
            return Reply(304, b"", headers)
        if small:
            return Reply(200, self._small, (*headers, (b"content-encoding", b"gzip")))
        return Reply(200, self._plain, headers)

    def refuse(self, asked: Asked, error: TailorbirdError) -> Reply:
        """A problem document, as everywhere outside the other services' protocols."""
        status, headers, body = problems.render(error)
        told = [header for header in headers if header[0] != b"content-length"]
        if status == 405:
            told.append((b"allow", b"GET, HEAD"))
        return Reply(status, body, tuple(told))
