"""What handlers share: who calls, the body within its limits, versions in headers, and answers as bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from tailorbird.domain.access import ApiKey
from tailorbird.domain.accounts import Role, Visit, covers
from tailorbird.domain.errors import Forbidden, Invalid, NotFound, Unauthorized
from tailorbird.domain.shape import check_nesting, read
from tailorbird.engine import access, sessions
from tailorbird.engine.refresh import catch_up
from tailorbird.engine.runtime import Runtime
from tailorbird.web import http
from tailorbird.web.api import signed
from tailorbird.web.api.operation import Operation
from tailorbird.web.http import Headers
from tailorbird.web.observe import Signed
from tailorbird.web.options import Options
from tailorbird.web.paths import unescape
from tailorbird.web.problems import PreconditionRequired

T = TypeVar("T")
Request_ = Request[Any, Any, Any]

_encode = msgspec.json.Encoder().encode


class Caller:
    """Who asks: a key that holds the operation's scope in ``project``, or somebody signed in with the role it needs."""

    def __init__(self, runtime: Runtime, options: Options, request: Request_) -> None:
        self.runtime = runtime
        self.options = options
        self.request = request
        state = request.scope["state"]
        self.visit: Visit | None = state.get("visit")
        self.key: ApiKey | None = state.get("key") if self.visit is None else None
        #: id of the project; empty where the operation belongs to none
        self.project: str = state.get("project", "")

    @property
    def author(self) -> str:
        """Who is named in versions and audit: the e-mail address of who is signed in, or the key's client."""
        if self.visit is not None:
            return self.visit.account.email
        return self.key.client if self.key is not None else ""

    @property
    def signed_in(self) -> Visit:
        """The session, for operations that ask for one."""
        if self.visit is None:
            raise Unauthorized("Sign in first.")
        return self.visit

    @property
    def address(self) -> str | None:
        """Where the request comes from, proxies of ours left out."""
        return http.Proxies(self.options.trusted_proxies).client(self.request.scope)

    def need(self, role: Role) -> None:
        """``Forbidden`` for somebody signed in without this role; keys have their scopes instead."""
        if self.visit is not None:
            check_role(self.visit.role, role)

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


def authorize(runtime: Runtime, options: Options) -> Guard:
    """The guard of all routes: finds the caller, and lets nobody see another project, not even that it exists."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        scope = connection.scope
        told: dict[str, Any] = dict(scope["path_params"])
        parameters = {name: unescape(value) if isinstance(value, str) else value for name, value in told.items()}
        scope["path_params"] = parameters
        operation: Operation | None = handler.opt.get("operation")  # none: Litestar's own answer to OPTIONS
        if operation is None:
            return
        headers = http.headers_of(scope)
        if operation.is_public:
            if connection.scope["method"] not in signed.SAFE:  # type: ignore[typeddict-item]
                signed.check_origin(headers, options)
            return
        ref = parameters.get("project")
        if ref is None and operation.in_project:
            ref = connection.query_params.get("project")
        if b"authorization" in headers or not signed.secret_of(headers, options):
            _check_key(runtime, scope["state"], headers, operation, ref)
        else:
            secret = signed.required_secret(scope, headers, options)
            await _check_session(runtime, scope["state"], secret, operation, ref)
        if ref is not None:
            await catch_up(runtime)

    return guard


def _check_key(runtime: Runtime, state: Any, headers: Headers, operation: Operation, ref: str | None) -> None:
    key = http.caller(runtime, http.secret_of(headers))
    state["key"], state["project"] = key, key.project
    http.refuse_publishable(key)
    if ref is not None:
        access.require_project(runtime, key, ref)
    if operation.scope is None:
        raise Forbidden("This is done by people who are signed in; a key cannot.")
    access.require(key, operation.scope)


async def _check_session(runtime: Runtime, state: Any, secret: str, operation: Operation, ref: str | None) -> None:
    if ref is not None and ref not in runtime.project_ids and ref not in runtime.snapshots:
        await catch_up(runtime)  # another process may have made it a moment ago
    project = runtime.project_ids.get(ref, ref) if ref is not None else ""
    held = await sessions.visit(runtime, secret, project)
    state["visit"], state["project"] = held, project
    state["key"] = Signed(project, f"account:{held.account.id}")
    sessions.spend(runtime, held.account)
    if operation.who == "owner" and not held.account.owner:
        raise Forbidden("This needs an owner of the installation.")
    if not operation.in_project:
        return
    if ref is None:
        raise Invalid.field("project", "the key or id of a project, in the query", "none")
    if held.role is None or project not in runtime.snapshots:
        raise NotFound(f"There is no project {ref!r} among yours.")
    check_role(held.role, operation.needed)


def check_role(held: Role | None, needed: Role) -> None:
    """``Forbidden``, naming the role that is needed, unless the one that is held includes it."""
    if not covers(held, needed):
        raise Forbidden(f"This needs the role {needed!r} in the project; yours is {held!r}.")


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """JSON as bytes."""
    return Response(_encode(value), status_code=status, media_type="application/json", headers=headers)


async def until_gone(caller: Caller, work: Coroutine[Any, Any, T]) -> T:
    """What is computed, unless the caller hangs up: then it is stopped."""
    computing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(caller))
    try:
        await asyncio.wait((computing, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not computing.done():
            raise http.Disconnected
        return computing.result()
    finally:
        for task in (computing, leaving):
            task.cancel()
        await asyncio.gather(computing, leaving, return_exceptions=True)


async def _left(caller: Caller) -> None:
    while (await caller.request.receive())["type"] != "http.disconnect":
        pass
