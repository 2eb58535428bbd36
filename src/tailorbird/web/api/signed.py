"""What a browser sends when somebody is signed in: the cookie, the token beside it, and where the page came from."""

from __future__ import annotations

from litestar.types import HTTPScope, Scope

from tailorbird.domain.errors import Forbidden, Unauthorized
from tailorbird.engine.sessions import LONGEST_MS, check_csrf
from tailorbird.web.http import Headers
from tailorbird.web.options import Options

#: methods that change nothing
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
CSRF_HEADER = b"x-csrf-token"
#: pages that a browser says are not ours
_ELSEWHERE = (b"cross-site", b"same-site")


def cookie_name(options: Options) -> str:
    """Where the server is reached by https only, the name makes browsers refuse a cookie that another host set."""
    return "__Host-tailorbird" if is_secure(options) else "tailorbird_session"


def is_secure(options: Options) -> bool:
    """Whether browsers reach this server by https."""
    return options.public_url.startswith("https://")


def secret_of(headers: Headers, options: Options) -> str:
    """The session's secret in the cookie; empty without one."""
    name = cookie_name(options)
    for part in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        told, _, value = part.strip().partition("=")
        if told == name:
            return value.strip('"')
    return ""


def required_secret(scope: HTTPScope | Scope, headers: Headers, options: Options) -> str:
    """The secret of a request that may act for its session: it came from our own page, and proves it where it changes
    something."""
    secret = secret_of(headers, options)
    if not secret:
        raise Unauthorized("Sign in, or send `Authorization: Bearer <key>`.")
    check_origin(headers, options)
    if scope["method"] not in SAFE:  # type: ignore[typeddict-item]
        check_csrf(secret, headers.get(CSRF_HEADER, b"").decode("latin-1"))
    return secret


def check_origin(headers: Headers, options: Options) -> None:
    """``Forbidden`` for a request that a page of another origin made."""
    told = headers.get(b"origin")
    if headers.get(b"sec-fetch-site") in _ELSEWHERE:
        raise Forbidden("Pages of another origin cannot act for who is signed in here.")
    if told is None:
        return
    host = told.decode("latin-1").partition("://")[2].lower()
    ours = headers.get(b"host", b"").decode("latin-1").lower()
    if not host or host not in (ours, options.public_url.partition("://")[2].partition("/")[0].lower()):
        raise Forbidden("Pages of another origin cannot act for who is signed in here. Behind a proxy, set public_url.")


def set_cookie(secret: str, options: Options) -> str:
    """The header's value that signs a browser in; an empty secret signs it out."""
    parts = [f"{cookie_name(options)}={secret}", "Path=/", "HttpOnly", "SameSite=Lax"]
    parts.append(f"Max-Age={LONGEST_MS // 1000 if secret else 0}")
    if is_secure(options):
        parts.append("Secure")
    return "; ".join(parts)
