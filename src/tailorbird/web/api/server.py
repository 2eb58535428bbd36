"""The server about itself: whether it lives, whether it can work, its metrics, its documentation."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Litestar, Response, Router, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from tailorbird.domain.errors import NotFound, Unauthorized
from tailorbird.engine.health import Health, health
from tailorbird.engine.runtime import Runtime
from tailorbird.web import http, openapi, page
from tailorbird.web.api.call import Request_, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.options import Options


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str


@get(
    "/healthz",
    operation_id="alive",
    summary="Whether the process lives",
    opt={"operation": Operation(scope=None, answer=Alive)},
)
async def alive() -> Response[Any]:
    """Asks nothing and nobody. Restart the process when this does not answer."""
    return answer(Alive("alive"))


@get(
    "/readyz",
    operation_id="ready",
    summary="Whether the process can decide and record",
    opt={"operation": Operation(scope=None, answer=Health, also=(503,))},
)
async def ready(runtime: NamedDependency[Runtime]) -> Response[Any]:
    """503 until definitions were loaded once. Without its store a process goes on deciding: `store` is false then, and
    `ready` stays true."""
    found = await health(runtime)
    return answer(found, 200 if found.ready else 503)


@get(
    "/metrics",
    operation_id="metrics",
    summary="Prometheus metrics",
    opt={"operation": Operation(scope=None, answer=str, gives="text/plain", errors=(401, 404))},
)
async def metrics(
    request: Request_, runtime: NamedDependency[Runtime], options: NamedDependency[Options]
) -> Response[bytes]:
    """Switched off by the setting `metrics`; where `metrics_token` is set, it is asked for as a bearer token."""
    if not options.metrics:
        raise NotFound("There is nothing at this path.")
    if options.metrics_token:
        told = http.secret_of(http.headers_of(request.scope))
        if not hmac.compare_digest(told.encode(), options.metrics_token.encode()):
            raise Unauthorized("The token of this server's metrics is another one.")
    return Response(generate_latest(runtime.metrics.registry), headers={"content-type": CONTENT_TYPE_LATEST})


@get(
    "/openapi.json",
    operation_id="openapi",
    summary="This document",
    opt={"operation": Operation(scope=None, answer=dict[str, Any])},
)
async def document(request: Request_, options: NamedDependency[Options]) -> Response[bytes]:
    """OpenAPI 3.1, for this very version of the server."""
    body = await _document(request.app, options.public_url)
    return Response(body, media_type="application/json", headers={"access-control-allow-origin": "*"})


async def _document(app: Litestar, public_url: str) -> bytes:
    return await _made_once(app, "openapi", lambda: msgspec.json.encode(openapi.document(app, public_url)))


async def _page(app: Litestar) -> bytes:
    return await _made_once(app, "docs", lambda: page.api_page(openapi.document(app)).encode())


async def _made_once(app: Litestar, name: str, make: Callable[[], bytes]) -> bytes:
    """Made by whoever asks first, and in a thread: it takes a fifth of a second, for which no decision should wait."""
    held: dict[str, asyncio.Task[bytes]] = app.state.setdefault("documents", {})
    if name not in held:
        held[name] = asyncio.create_task(asyncio.to_thread(make))
    return await asyncio.shield(held[name])


def _html(text: str) -> Response[str]:
    return Response(text, media_type="text/html", headers={"content-security-policy": page.POLICY})


@get(
    "/docs",
    operation_id="docs",
    summary="This document as a page",
    opt={"operation": Operation(scope=None, answer=str, gives="text/html")},
)
async def docs(request: Request_) -> Response[str]:
    """Needs no network but this server."""
    return _html((await _page(request.app)).decode())


@get(
    "/docs/errors",
    operation_id="errors",
    summary="Every kind of problem, as a page",
    opt={"operation": Operation(scope=None, answer=str, gives="text/html")},
)
async def errors() -> Response[str]:
    """The `type` of a problem leads here."""
    return _html(page.errors_page())


server = Router("/", route_handlers=[alive, ready, metrics, document, docs, errors], tags=["Server"])
