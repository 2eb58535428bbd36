"""What your web framework does already: sessions, cookies, forms, routes. Standard library only."""

import re
import secrets
import uuid
from collections import Counter
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

#: status, headers, body
Reply = tuple[str, dict[str, str], bytes]
LARGEST_FORM = 10_000
DEVICE, DEVICE_SECONDS = "tb_uuid", 400 * 86_400


class Session:
    """Who is logged in, and what they are about to buy."""

    def __init__(self) -> None:
        self.customer, self.code, self.basket = "", "", Counter[str]()


class Visit:
    """One request, and whose it is."""

    def __init__(self, environ: dict[str, Any], sessions: dict[str, Session]) -> None:
        held = cookies(environ.get("HTTP_COOKIE", ""))
        size = min(int(environ.get("CONTENT_LENGTH") or 0), LARGEST_FORM)
        self.environ, self.query = environ, dict(parse_qsl(environ.get("QUERY_STRING", "")))
        self.form = dict(parse_qsl(environ["wsgi.input"].read(size).decode("utf-8", "replace"))) if size else {}
        self.origin = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
        self._sessions, self._name = sessions, held.get("shop", "")
        self.session = sessions.get(self._name) or Session()
        # /sdk/tailorbird.js keeps the device's id in this cookie. Made here, it is known from the first page on.
        self.device = held.get(DEVICE, "")
        if not re.fullmatch(r"[\w-]{8,64}", self.device, re.ASCII):
            self.device = str(uuid.uuid4())
        self.cookies = [f"{DEVICE}={self.device}; Path=/; Max-Age={DEVICE_SECONDS}; SameSite=Lax"]

    def keep(self) -> None:
        """Find the session again at the next request."""
        if self._name not in self._sessions:
            self.begin(self.session)

    def begin(self, session: Session) -> None:
        """A session under a new name: who knew the old one does not get into what a login opens."""
        self._sessions.pop(self._name, None)
        self._name = secrets.token_urlsafe(24)
        self.session = self._sessions[self._name] = session
        self.cookies.append(f"shop={self._name}; Path=/; HttpOnly; SameSite=Lax")


Route = Callable[[Visit, str], Reply]


def cookies(told: str) -> dict[str, str]:
    """Name → value; nothing where they cannot be read."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(told).items()}
    except CookieError:
        return {}


def go(where: str) -> Reply:
    """To another page of the shop."""
    return "303 See Other", {"Location": where}, b""


class Site:
    """A WSGI application: method and first part of the path → what answers, given the visit and the rest of it."""

    def __init__(self, routes: dict[str, Route], missing: Route) -> None:
        self._routes, self._missing = routes, missing
        self._sessions: dict[str, Session] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        visit = Visit(environ, self._sessions)
        word, _, rest = environ["PATH_INFO"][1:].partition("/")
        route = self._routes.get(f"{environ['REQUEST_METHOD']} /{word}", self._missing)
        if environ.get("HTTP_ORIGIN", visit.origin) != visit.origin:
            route = self._missing  # a form on somebody else's page
        status, headers, body = route(visit, rest)
        headers |= {"Content-Length": str(len(body)), "X-Content-Type-Options": "nosniff"}
        start_response(status, [*headers.items(), *(("Set-Cookie", cookie) for cookie in visit.cookies)])
        return [body]


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each request. In production, any WSGI server."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""
