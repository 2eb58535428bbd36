"""The ASGI callable: the hot paths by themselves, Litestar for everything else, one form of error for both."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from litestar import Litestar
from litestar.types import HTTPScope, Receive, Scope, Send

from tailorbird.engine.runtime import Runtime
from tailorbird.web import problems
from tailorbird.web.api import build_api
from tailorbird.web.console import Console
from tailorbird.web.entry import Entry
from tailorbird.web.hot import HotPaths, Seen
from tailorbird.web.http import Disconnected, headers_of
from tailorbird.web.observe import NO_ROUTE, Observer
from tailorbird.web.options import Options
from tailorbird.web.paths import keep_escapes
from tailorbird.web.problems import Header, understood
from tailorbird.web.whole import offered

#: added to every answer outside the hot paths that does not say otherwise itself
GUARDED: tuple[Header, ...] = (
    *problems.SECURE,
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"private, no-store"),
)


def build_app(runtime: Runtime, options: Options | None = None) -> App:
    """The application over a running engine."""
    return App(runtime, options or Options())


class App:
    """One server's ASGI application."""

    def __init__(self, runtime: Runtime, options: Options) -> None:
        self._hot = HotPaths(runtime, options)
        self._observer = Observer(runtime.metrics.registry, access_log=options.access_log)
        self._entry = Entry(runtime, options, self._observer)
        self._console = Console()
        self._arrivals = runtime.arrivals
        self._api: Litestar = build_api(runtime, options)

    def close(self) -> None:
        """Told before the server waits for running requests: answers without an end of their own end now, and
        those that wait for events."""
        self._entry.close()
        self._arrivals.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind: str = scope["type"]  # a plain word in ASGI, an enumeration in Litestar's types
        if kind != "http":
            await _other(kind, receive, send)
            return
        request: HTTPScope = scope  # type: ignore[assignment]
        if request["path"] in self._hot.posts:
            await self._answer_hot(request, receive, send)
        elif await self._entry.answered(request, receive, send):
            return
        elif self._console.answers(request["path"]):
            await self._answer_page(request, send)
        else:
            await self._answer(request, receive, send)

    async def _answer_page(self, scope: HTTPScope, send: Send) -> None:
        started = perf_counter()
        status = await self._console.answer(scope, send)
        self._observer.answered("/", scope["method"], status, perf_counter() - started, None)

    async def _answer_hot(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        seen = Seen(headers_of(scope))
        try:
            status, headers, body = await self._hot.answer(scope, receive, seen)
        except Disconnected:
            return
        except Exception as error:  # noqa: BLE001 - the border: whatever happened, the caller gets a problem document
            status, headers, body = self._problem(scope, error)
            headers += self._hot.cross_origin(seen)
        whole = offered(scope)
        if whole is None or not whole(status, headers, body):
            start: Any = {"type": "http.response.start", "status": status, "headers": headers}
            await send(start)
            last: Any = {"type": "http.response.body", "body": body}
            await send(last)
        self._observer.answered(scope["path"], scope["method"], status, perf_counter() - started, seen.key)

    def _problem(self, scope: HTTPScope, error: Exception) -> tuple[int, list[Header], bytes]:
        if understood(error) is None:
            self._observer.failed(scope["path"], scope["method"], error)
        status, headers, body = problems.render(error)
        if status == 405:
            headers.append((b"allow", b"POST, OPTIONS"))
        return status, headers, body

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        status = 0
        head = scope["method"] == "HEAD"
        if head:
            scope["method"] = "GET"

        async def guarded(message: Any) -> None:
            nonlocal status
            if scope["state"].get("gone"):
                return  # the caller hung up: there is nobody to answer
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message["headers"])
                told = {name for name, _ in headers}
                message = {**message, "headers": headers + [h for h in GUARDED if h[0] not in told]}
            elif head:
                message = {**message, "body": b""}
            await send(message)

        keep_escapes(scope)
        state: Any = scope.setdefault("state", {})
        await self._api(scope, receive, guarded)
        if status:
            fault = state.get("fault")
            route = scope.get("path_template") or NO_ROUTE
            if fault is not None:
                self._observer.failed(route, scope["method"], fault)
            self._observer.answered(route, scope["method"], status, perf_counter() - started, state.get("key"))


async def _other(kind: str, receive: Receive, send: Send) -> None:
    """Start and stop need nothing here, since the engine is running already; websockets are refused."""
    message: Any
    if kind == "websocket":
        await receive()
        message = {"type": "websocket.close", "code": 1008}
        await send(message)
        return
    while True:
        told: Any = await receive()
        message = {"type": f"{told['type']}.complete"}
        await send(message)
        if told["type"] == "lifespan.shutdown":
            return
