"""OpenFeature's door: the Remote Evaluation Protocol (OFREP) 0.3 under ``/ofrep/v1``.

A flag is a campaign, its variant an experience, its value what that shows. Evaluating one flag counts as seeing it;
evaluating all of them does not: then the exposure counts when the flag's token comes back to ``/ofrep/v1/track``.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import msgspec

from tailorbird.domain.access import ApiKey
from tailorbird.domain.errors import Forbidden, Invalid, TailorbirdError
from tailorbird.domain.reasons import Reason
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.engine import access
from tailorbird.engine.calls import DecideCall, Detail, EventInput
from tailorbird.engine.decide import decide, details
from tailorbird.engine.record import record
from tailorbird.engine.refresh import refresh
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot
from tailorbird.web import http
from tailorbird.web.facades import credentials
from tailorbird.web.facades import ofrep_wire as wire
from tailorbird.web.facades.door import Asked, Reply, body_of, refused, reply_json, sentence
from tailorbird.web.facades.ofrep_stream import News, channel, project_of
from tailorbird.web.facades.told import NO_JSON
from tailorbird.web.options import Options
from tailorbird.web.problems import JSON, NO_STORE, SECURE, Header, MethodNotAllowed
from tailorbird.web.wire import moment

DOOR = "ofrep"
_NO_NAMES: tuple[None, tuple[str, ...]] = (None, ())
BULK, STREAM, TRACK = "/ofrep/v1/evaluate/flags", "/ofrep/v1/stream", "/ofrep/v1/track"
SINGLE = f"{BULK}/{{key}}"
#: seconds that an evaluation waits for a publish which its caller has heard of and this process has not: an answer
#: without it would stand until the next publish
CATCH_UP = 2.0
#: statuses that callers know nothing of, and what they are told instead
STATUSES = {408: 400, 413: 400, 415: 400}
_STREAMED: tuple[Header, ...] = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"private, no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
    *SECURE,
)
_ALLOWED = b"authorization, content-type, if-none-match, x-api-key, x-visitor-token"
_encode = msgspec.json.Encoder().encode


class Ofrep:
    """The door."""

    def __init__(self, runtime: Runtime, options: Options) -> None:
        self._runtime = runtime
        self._options = options
        self._proxies = http.Proxies(options.trusted_proxies)
        #: by project: the snapshot that was looked at last, and its flags
        self._names: dict[str, tuple[Snapshot | None, tuple[str, ...]]] = {}
        self.news = News(runtime)
        self._handlers: dict[str, tuple[str, Callable[[Asked], Awaitable[Reply]]]] = {
            SINGLE: ("POST", self._single),
            BULK: ("POST", self._bulk),
            STREAM: ("GET", self._stream),
            TRACK: ("POST", self._track),
        }

    def close(self) -> None:
        """End the streams: nobody waits for them when the server stops."""
        self.news.close()

    def route(self, path: str) -> str | None:
        """Whatever stands behind ``flags/`` is a key."""
        if path.startswith(BULK):
            return BULK if path == BULK else SINGLE if path[len(BULK)] == "/" else None
        return path if path in (STREAM, TRACK) else None

    async def answer(self, asked: Asked) -> Reply:
        """One call of any kind, readable for pages of allowed origins."""
        method, handler = self._handlers[asked.route]
        if asked.method == "OPTIONS":
            return self._preflight(asked, method)
        if asked.method != method:
            raise MethodNotAllowed(f"{asked.route} takes {method}.")
        reply = await handler(asked)
        return self._readable(asked, reply, asked.key.project if asked.key is not None else None)

    def refuse(self, asked: Asked, error: TailorbirdError) -> Reply:
        """``{"key"?, "errorCode", "errorDetails"}``; callers know of no 408, 413 or 415."""
        key = _key(asked) if asked.route == SINGLE else msgspec.UNSET
        status = STATUSES.get(error.status, error.status)
        reply = refused(error, status, wire.Failure(_code(error), sentence(error.detail), key), b"Bearer")
        if status == 405:
            reply.headers += ((b"allow", self._handlers[asked.route][0].encode() + b", OPTIONS"),)
        return self._readable(asked, reply, asked.key.project if asked.key is not None else None)

    # -- who is asking -------------------------------------------------------------------------------------------------

    def _caller(self, asked: Asked, scope: Any) -> ApiKey:
        """``Authorization: Bearer …`` or ``X-API-Key: …``."""
        told = credentials.bearer(asked.headers) or credentials.header(asked.headers, b"x-api-key")
        key = asked.key = credentials.open_door(self._runtime, told)
        access.require(key, scope)
        return key

    def _visitor(self, asked: Asked, key: ApiKey, told: dict[str, Any]) -> Visitor:
        """From a page the targeting key is an anonymous id, unless a visitor token vouches for it."""
        who = wire.visitor(told)
        if key.kind != "publishable":
            return who
        token = asked.headers.get(b"x-visitor-token", b"").decode("latin-1")
        if not token:
            return Visitor(anonymous_id=who.anonymous_id or who.id)
        vouched = access.verify_visitor(self._runtime, key.project, token)
        if who.id not in (None, vouched):
            raise Forbidden("The visitor token vouches for another id.")
        return Visitor(id=vouched, anonymous_id=who.anonymous_id)

    def _context(self, asked: Asked, key: ApiKey, told: dict[str, Any]) -> Context:
        """With a publishable key the browser itself is asking: its address and user agent are the visitor's."""
        who, now = self._visitor(asked, key, told), self._runtime.clock()
        if key.kind != "publishable":
            return wire.context(told, who, now)
        agent = asked.headers.get(b"user-agent", b"").decode("latin-1")
        return wire.context(told, who, now, user_agent=agent, ip=self._proxies.client(asked.scope))

    async def _body(self, asked: Asked) -> bytes:
        http.check_media(asked.headers)
        return await body_of(asked, self._options)

    # -- evaluating ----------------------------------------------------------------------------------------------------

    async def _single(self, asked: Asked) -> Reply:
        key = self._caller(asked, "decide")
        context = self._context(asked, key, wire.evaluation(await self._body(asked)))
        name = _key(asked)
        answer = await decide(self._runtime, key.project, DecideCall(context=context, campaigns=(name,), door=DOOR))
        decision = answer.decisions[0]
        if decision.reason is Reason.UNKNOWN:
            return reply_json(wire.Failure("FLAG_NOT_FOUND", sentence(f"There is no campaign {name!r}."), name), 404)
        found = wire.flag(self._runtime.project(key.project), decision)
        return reply_json(found, 400 if isinstance(found, wire.Failure) else 200)

    async def _bulk(self, asked: Asked) -> Reply:
        key = self._caller(asked, "decide")
        context = self._context(asked, key, wire.evaluation(await self._body(asked)))
        await self._catch_up(asked, key.project)
        snapshot = self._runtime.project(key.project)
        names = self._offered(snapshot)
        made: list[Detail] = []
        if names:
            call = DecideCall(context=context, campaigns=names, expose="report", door=DOOR)
            made, _ = await details(self._runtime, key.project, call)
        flags = [
            _encoded(snapshot, one)
            for one in made
            if not _is_hidden(snapshot, one.decision.campaign, one.decision.reason)
        ]
        version = self.news.note(key.project)
        token = channel(snapshot, context.now)
        etag = _etag([lasting for _, lasting in flags], token)
        headers = (JSON, NO_STORE, *SECURE, (b"etag", etag))
        if _matches(asked.headers.get(b"if-none-match", b""), etag):
            return Reply(304, b"", headers)
        rest: dict[str, Any] = {"metadata": {"version": version}}
        if token is not None:
            endpoint = {"requestUri": f"{STREAM}?ch={token}"}
            rest["eventStreams"] = [{"type": "sse", "endpoint": endpoint, "inactivityDelaySec": 120}]
        told = b",".join([whole for whole, _ in flags])
        return Reply(200, b'{"flags":[%s],%s' % (told, _encode(rest)[1:]), headers)

    def _offered(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The campaigns that all flags are made of: those that run, those that are paused, which say so, and those of
        which nobody can read whether they run."""
        known, names = self._names.get(snapshot.project.id, _NO_NAMES)
        if known is not snapshot:
            paused = (one.key for one in snapshot.bodies["campaign"].values() if one.status == "paused")
            names = tuple(sorted((*(key for key, _ in snapshot.live), *paused, *snapshot.unreadable)))
            self._names[snapshot.project.id] = snapshot, names
        return names

    async def _catch_up(self, asked: Asked, project: str) -> None:
        """Another process may have told the caller of a publish that this one has not seen yet."""
        told = _query(asked, "flagConfigEtag")
        if not told.isdecimal() or len(told) > 18 or int(told) <= self._runtime.project(project).project.version:
            return
        try:
            async with asyncio.timeout(CATCH_UP):
                await refresh(self._runtime)
        except (TimeoutError, TailorbirdError):
            return  # the store is away: what is known here is the answer

    # -- changes, tracking ---------------------------------------------------------------------------------------------

    async def _stream(self, asked: Asked) -> Reply:
        project = project_of(self._runtime, _query(asked, "ch"))
        last_seen = asked.headers.get(b"last-event-id", b"").decode("latin-1")
        return self._readable(asked, Reply(200, self.news.listen(project, last_seen), _STREAMED), project)

    async def _track(self, asked: Asked) -> Reply:
        key = self._caller(asked, "record")
        told = wire.track(await self._body(asked))
        time = None if told.time is None else moment(told.time, "time")[0]
        event = EventInput(
            name=told.tracking_event_name,
            visitor=self._visitor(asked, key, told.context or {}),
            id=told.id,
            time=time,
            properties=told.tracking_event_details,
            token=told.token,
            channel="openfeature",
        )
        publishable = key.kind == "publishable"
        made = await record(self._runtime, key.project, [event], source=DOOR, publishable=publishable)
        if made.rejected:
            raise Invalid(made.rejected[0].error)
        return reply_json({"accepted": made.accepted, "duplicates": made.duplicates})

    # -- pages of other origins ----------------------------------------------------------------------------------------

    def _preflight(self, asked: Asked, method: str) -> Reply:
        """A preflight names no key: it passes where any project of this server allows the origin."""
        origin = asked.headers.get(b"origin")
        if origin is None:
            return Reply(204, b"", ((b"allow", f"{method}, OPTIONS".encode()), *SECURE))
        if not http.may_call(self._runtime, origin.decode("latin-1"), None):
            raise Forbidden("No project of this server allows calls from pages of this origin.")
        headers = (
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", method.encode()),
            (b"access-control-allow-headers", _ALLOWED),
            (b"access-control-max-age", b"600"),
            (b"vary", b"origin, access-control-request-method, access-control-request-headers"),
        )
        return Reply(204, b"", (*headers, *SECURE))

    def _readable(self, asked: Asked, reply: Reply, project: str | None) -> Reply:
        """The answer with the headers that let a page of an allowed origin read it, its ETag included."""
        if b"origin" not in asked.headers or any(name == b"vary" for name, _ in reply.headers):
            return reply
        for name, value in http.cross_origin(self._runtime, asked.headers, project):
            exposed = name == b"access-control-expose-headers"
            reply.headers += ((name, value + b", etag" if exposed else value),)
        return reply


def _key(asked: Asked) -> str:
    return asked.path[len(BULK) + 1 :]


def _query(asked: Asked, name: str) -> str:
    try:
        told = parse_qs(asked.query.decode("latin-1"), max_num_fields=100).get(name)
    except ValueError:
        return ""  # more fields than anybody sends
    return told[0] if told else ""


def _code(error: TailorbirdError) -> str:
    if isinstance(error, wire.MissingKey):
        return "TARGETING_KEY_MISSING"
    if (error.problems and error.problems[0].expected == NO_JSON) or error.status in STATUSES:
        return "PARSE_ERROR"
    return "INVALID_CONTEXT" if isinstance(error, Invalid) else "GENERAL"


def _encoded(snapshot: Snapshot, detail: Detail) -> tuple[bytes, bytes]:
    """A decision as a flag, with and without its token, which is new every minute and means the same."""
    found = detail.kept.get(DOOR) if detail.kept is not None else None
    if found is None:
        flag = wire.flag(snapshot, detail.decision)
        whole = _encode(flag)
        found = whole, whole if isinstance(flag, wire.Failure) else _encode(wire.without_token(flag))
        if detail.kept is not None:
            detail.kept[DOOR] = found
    return found


def _is_hidden(snapshot: Snapshot, key: str, reason: Reason) -> bool:
    """Campaigns in testing are nobody's business but their test users'; one deleted meanwhile is nobody's."""
    if reason is not Reason.DISABLED:
        return reason is Reason.UNKNOWN
    campaign = snapshot.bodies["campaign"].get(snapshot.campaign_ids.get(key, ""))
    return campaign is not None and campaign.status == "testing"


def _etag(lasting: list[bytes], channel_token: str | None) -> bytes:
    """Of everything but the decisions' tokens."""
    told = b"[%s]" % b",".join(lasting) + _encode(channel_token)
    return b'"%s"' % hashlib.sha256(told).hexdigest()[:32].encode()


def _matches(told: bytes, etag: bytes) -> bool:
    return told.strip() == b"*" or any(one.strip().removeprefix(b"W/") == etag for one in told.split(b","))
