"""Path parameters that may hold any character: an id with a slash in it is still one segment.

Servers decode the path before anybody can split it. Where something was escaped, the path is split first and decoded
then, and what would be taken for a separator stays escaped until the parameter is read.
"""

from __future__ import annotations

from urllib.parse import unquote

from litestar.types import Scope


def keep_escapes(scope: Scope) -> None:
    """Replace the path by one in which escaped slashes do not separate. Paths without escapes stay as they are."""
    raw = scope.get("raw_path") or b""
    if b"%" not in raw:
        return
    segments = raw.partition(b"?")[0].decode("ascii", "replace").split("/")
    scope["path"] = "/".join(escape(unquote(segment)) for segment in segments)


def escape(text: str) -> str:
    """A segment in the form in which routing sees it."""
    return text.replace("%", "%25").replace("/", "%2F")


def unescape(segment: str) -> str:
    """What ``escape`` was given."""
    return segment.replace("%2F", "/").replace("%25", "%")
