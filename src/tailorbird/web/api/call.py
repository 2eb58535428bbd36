"""What handlers share: who calls, the body within its limits, versions in headers, and answers as bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from tailorbird.domain.access import ApiKey
from tailorbird.domain.errors import Invalid
from tailorbird.domain.shape import check_nesting, read
from tailorbird.engine import access
from tailorbird.engine.refresh import catch_up
from tailorbird.engine.runtime import Runtime
from tailorbird.web import http
from tailorbird.web.api.operation import Operation
from tailorbird.web.options import Options
from tailorbird.web.paths import unescape
from tailorbird.web.problems import PreconditionRequired

T = TypeVar("T")
Request_ = Request[Any, Any, Any]

_encode = msgspec.json.Encoder().encode


class Caller:
    """An authorized request: its key holds the operation's scope in ``project``."""

    def __init__(self, runtime: Runtime, options: Options, request: Request_) -> None:
        self.runtime = runtime
        self.options = options
        self.request = request
        self.key: ApiKey = request.scope["state"]["key"]
        self.project = self.key.project

    @property
    def author(self) -> str:
        """Who is named in versions and audit: the client that the key was made for."""
        return self.key.client

    async def body(self) -> bytes:
        """The JSON body, within size, time and nesting limits."""
        body = await self.raw((b"application/json", b"text/plain"))
        check_nesting(body)
        return body

    async def raw(self, types: tuple[bytes, ...]) -> bytes:
        """The body as it came, within size and time limits, of one of the media types."""
        operation: Operation = self.request.route_handler.opt["operation"]
        headers = http.headers_of(self.request.scope)
        http.check_media(headers, types)
        limit = self.options.upload_limit if operation.upload else self.options.body_limit
        return await http.read_body(self.request.receive, headers, limit, self.options.body_seconds)

    async def told(self, decode: Callable[[bytes], T]) -> T:
        """The body decoded, or ``Invalid`` with the field that is wrong."""
        return read(decode, await self.body())

    async def maybe(self, decode: Callable[[bytes], T], absent: T) -> T:
        """The body decoded; ``absent`` where none came."""
        body = await self.body()
        return read(decode, body) if body.strip() else absent

    def version(self) -> int:
        """The version that ``If-Match`` names; 0 where it names none or any, -1 for version 0: none is there yet."""
        told = self.request.headers.get("if-match", "").strip()
        if told in ("", "*"):
            return 0
        number = told.removeprefix("W/").strip('"')
        if not number.isascii() or not number.isdigit() or int(number) > 2**31:
            raise Invalid.field("If-Match", 'a version, e.g. "3"', told)
        return int(number) or -1

    def required_version(self) -> int:
        """Likewise; an update that names none is refused. ``*`` is said by callers who mean to overwrite."""
        if "if-match" not in self.request.headers:
            raise PreconditionRequired('Send the version that you read as If-Match: "<version>".')
        return self.version()


#: how handlers ask for their caller
Calling = NamedDependency[Caller]


def authorize(runtime: Runtime) -> Guard:
    """The guard of all routes: finds the caller, and lets nobody see another project, not even that it exists."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        scope = connection.scope
        told: dict[str, Any] = dict(scope["path_params"])
        parameters = {name: unescape(value) if isinstance(value, str) else value for name, value in told.items()}
        scope["path_params"] = parameters
        operation: Operation | None = handler.opt.get("operation")  # none: Litestar's own answer to OPTIONS
        if operation is None or operation.scope is None:
            return
        key = http.caller(runtime, http.secret_of(http.headers_of(scope)))
        scope["state"]["key"] = key
        http.refuse_publishable(key)
        ref = parameters.get("project")
        if ref is not None:
            access.require_project(runtime, key, ref)
        access.require(key, operation.scope)
        if ref is not None:
            await catch_up(runtime)

    return guard


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """JSON as bytes."""
    return Response(_encode(value), status_code=status, media_type="application/json", headers=headers)
