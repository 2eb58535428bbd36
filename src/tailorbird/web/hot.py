"""The hot paths: ``POST /v1/decide`` and ``POST /v1/events``, bytes in and bytes out, with no framework in the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from litestar.types import HTTPScope, Receive

from tailorbird.domain.access import ApiKey
from tailorbird.domain.errors import Forbidden, Invalid, TooLarge, Unauthorized
from tailorbird.domain.shape import check_nesting, invalid, read
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import access
from tailorbird.engine.calls import DecideCall, EventInput
from tailorbird.engine.decide import decide_json
from tailorbird.engine.record import record
from tailorbird.engine.runtime import Runtime
from tailorbird.web import http, wire
from tailorbird.web.http import Headers
from tailorbird.web.options import Options
from tailorbird.web.problems import JSON, NO_STORE, SECURE, Header, MethodNotAllowed

DECIDE, EVENTS = "/v1/decide", "/v1/events"

_encode = msgspec.json.Encoder().encode
_ANSWER_HEADERS: tuple[Header, ...] = (JSON, NO_STORE, *SECURE)
_METHODS = b"POST, OPTIONS"
_PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"authorization, content-type, x-visitor-token"),
    (b"access-control-max-age", b"600"),
    (b"vary", b"origin, access-control-request-method, access-control-request-headers"),
    *SECURE,
)


class Seen(msgspec.Struct):
    """What is known of a request so far, for its log line and for the headers of an error."""

    headers: Headers
    key: ApiKey | None = None


#: status, headers, body
Answered = tuple[int, list[Header], bytes]


class HotPaths:
    """Both hot paths of one server."""

    def __init__(self, runtime: Runtime, options: Options) -> None:
        self._runtime = runtime
        self._options = options
        self._proxies = http.Proxies(options.trusted_proxies)
        self.posts: dict[str, Callable[[HTTPScope, Receive, Seen], Awaitable[bytes]]] = {
            DECIDE: self._decide,
            EVENTS: self._events,
        }

    async def answer(self, scope: HTTPScope, receive: Receive, seen: Seen) -> Answered:
        """The whole answer to one request; mistakes of the caller are raised."""
        method = scope["method"]
        if method == "POST":
            body = await self.posts[scope["path"]](scope, receive, seen)
            headers = [*_ANSWER_HEADERS, (b"content-length", b"%d" % len(body))]
            if b"origin" in seen.headers:
                headers += self.cross_origin(seen)
            return 200, headers, body
        if method == "OPTIONS":
            return self._preflight(seen.headers)
        raise MethodNotAllowed(f"{scope['path']} takes POST.")

    def cross_origin(self, seen: Seen) -> list[Header]:
        """The headers for pages of other origins; asked only when an origin was told."""
        return http.cross_origin(self._runtime, seen.headers, seen.key.project if seen.key else None)

    def _preflight(self, headers: Headers) -> Answered:
        """A preflight names no key: it passes where any project of this server allows the origin."""
        origin = headers.get(b"origin")
        if origin is None:
            return 204, [(b"allow", _METHODS), *SECURE], b""
        if not http.may_call(self._runtime, origin.decode("latin-1"), None):
            raise Forbidden("No project of this server allows calls from pages of this origin.")
        return 204, [(b"access-control-allow-origin", origin), *_PREFLIGHT], b""

    def _caller(self, scope: HTTPScope, seen: Seen) -> ApiKey:
        """The key: from the header, or, for beacons, which cannot set headers, a publishable one from the query."""
        if b"authorization" not in seen.headers and scope["query_string"].startswith(b"key="):
            key = http.caller(self._runtime, scope["query_string"][4:].partition(b"&")[0].decode("latin-1"))
            if key.kind != "publishable":
                raise Unauthorized("Only publishable keys may stand in the query. Send this one as a header.")
        else:
            key = http.caller(self._runtime, http.secret_of(seen.headers))
        seen.key = key
        return key

    async def _decide(self, scope: HTTPScope, receive: Receive, seen: Seen) -> bytes:
        key = self._caller(scope, seen)
        access.require(key, "decide")
        http.check_media(seen.headers)
        body = await http.read_body(receive, seen.headers, self._options.body_limit, self._options.body_seconds)
        check_nesting(body)
        told = read(wire.decode_decide, body)
        call = wire.decide_call(told, self._runtime.clock())
        if key.kind == "publishable":
            call = self._from_browser(call, told.visitor.token, key, scope, seen.headers)
        return await decide_json(self._runtime, key.project, call)

    def _from_browser(
        self, call: DecideCall, token: str | None, key: ApiKey, scope: HTTPScope, headers: Headers
    ) -> DecideCall:
        """What a publishable key may ask: nobody else's decisions, no reasons; the browser itself is the visitor."""
        if call.explain:
            raise Forbidden("Explanations show what is known of a visitor: ask for them with a secret key.")
        who = call.context.visitor
        told = token or headers.get(b"x-visitor-token", b"").decode("latin-1")
        if told:
            vouched = access.verify_visitor(self._runtime, key.project, told)
            if who.id not in (None, vouched):
                raise Forbidden("The visitor token vouches for another id.")
            who = Visitor(id=vouched, anonymous_id=who.anonymous_id)
        elif who.id is not None:
            raise Forbidden("With a publishable key a known id needs a visitor token that your backend signed.")
        agent = call.context.user_agent or headers.get(b"user-agent", b"").decode("latin-1") or None
        address = self._proxies.client(scope)
        context = msgspec.structs.replace(call.context, visitor=who, user_agent=agent, ip=address)
        return msgspec.structs.replace(call, context=context)

    async def _events(self, scope: HTTPScope, receive: Receive, seen: Seen) -> bytes:
        key = self._caller(scope, seen)
        access.require(key, "record")
        http.check_media(seen.headers)
        body = await http.read_body(receive, seen.headers, self._options.events_limit, self._options.body_seconds)
        told = read(wire.decode_events, body)
        limit = self._runtime.limits.batch
        if len(told.events) > limit:
            raise TooLarge(f"A batch holds at most {limit:,} events, this one has {len(told.events):,}.")
        items = [_event(raw) for raw in told.events]
        recorded = await record(self._runtime, key.project, items, publishable=key.kind == "publishable")
        return _encode(recorded)


def _event(raw: msgspec.Raw) -> EventInput | Invalid:
    """One event of a batch, or what is wrong with it: a bad one does not lose the others."""
    body = bytes(raw)
    try:
        check_nesting(body)
        return wire.event_input(wire.decode_event(body))
    except Invalid as error:
        return error.of(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return invalid(error, body).of(body)
