"""MoEngage Personalize's door: ``/v1/experiences/fetch``, ``/events`` and ``/metadata``.

A workspace is one of our projects, its Personalize key one of our secret keys. The decision's token travels inside the
``cid`` of the experience's context, in MoEngage's form, and comes back with impressions and clicks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import parse_qs

import msgspec

from tailorbird.domain import ids
from tailorbird.domain.access import ApiKey
from tailorbird.domain.campaign import Campaign
from tailorbird.domain.errors import Invalid, TailorbirdError, Unauthorized
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.calls import DecideCall
from tailorbird.engine.decide import details
from tailorbird.engine.record import record
from tailorbird.engine.runtime import Runtime
from tailorbird.web import http
from tailorbird.web.facades import credentials
from tailorbird.web.facades import moengage_shown as shown
from tailorbird.web.facades import moengage_wire as wire
from tailorbird.web.facades.door import Asked, Reply, body_of, refused, reply_json, sentence
from tailorbird.web.facades.moengage_events import events
from tailorbird.web.facades.told import NO_JSON, document, identity
from tailorbird.web.options import Options
from tailorbird.web.problems import MethodNotAllowed

BASE = "/v1/experiences/"
#: statuses that callers know nothing of, and what they are told instead
STATUSES = {403: 401, 408: 400, 413: 400, 415: 400, 503: 500}
#: how other statuses than 200 are headed
TITLES = {400: "Request Error", 401: "Authentication required", 429: "Too Many Requests", 500: "Internal Server Error"}
_decode_events = msgspec.json.Decoder(wire.Events).decode


class MoEngage:
    """The door."""

    def __init__(self, runtime: Runtime, options: Options) -> None:
        self._runtime = runtime
        self._options = options
        self._handlers: dict[str, tuple[str, Callable[[Asked, ApiKey], Awaitable[Reply]]]] = {
            f"{BASE}fetch": ("POST", self._fetch),
            f"{BASE}events": ("POST", self._events),
            f"{BASE}metadata": ("GET", self._metadata),
        }

    def route(self, path: str) -> str | None:
        """The three paths are their own templates."""
        return path if path in self._handlers else None

    async def answer(self, asked: Asked) -> Reply:
        """One call of any kind."""
        method, handler = self._handlers[asked.route]
        if asked.method != method and not (asked.route.endswith("metadata") and asked.method == "POST"):
            raise MethodNotAllowed(f"{asked.route} takes {method}.")
        return await handler(asked, self._caller(asked))

    def refuse(self, asked: Asked, error: TailorbirdError) -> Reply:
        """``{"title", "description", "code"?}``; callers know of no 403, 413 or 503."""
        status = STATUSES.get(error.status, error.status)
        body = {"title": TITLES.get(status, error.title), "description": sentence(error.detail)}
        if error.extra.get("enum"):
            body |= {"title": "Invalid Field Value", "code": ids.short_id(self._runtime.randbits, 8)}
        elif error.problems and error.problems[0].expected == NO_JSON:
            body["title"] = "Malformed JSON"
        return refused(error, status, body, b"Basic")

    def _caller(self, asked: Asked) -> ApiKey:
        """Workspace and key as Basic, and the workspace again in ``MOE-APPKEY``: all three must agree."""
        told = credentials.basic(asked.headers)
        key = asked.key = credentials.open_door(self._runtime, told)
        app = asked.headers.get(b"moe-appkey", b"").strip().decode("latin-1")
        for workspace in (told.name if told is not None else "", app):
            if not credentials.is_project(self._runtime, key, workspace):
                raise Unauthorized("Workspace id, key and MOE-APPKEY do not belong together.")
        return key

    async def _body(self, asked: Asked, limit: int | None = None) -> bytes:
        http.check_media(asked.headers)
        return await body_of(asked, self._options, limit)

    # -- fetching ------------------------------------------------------------------------------------------------------

    async def _fetch(self, asked: Asked, key: ApiKey) -> Reply:
        credentials.require_secret(key, "decide")
        told, members = document(wire.fetch, await self._body(asked))
        names = wire.keys(told)
        visitor = Visitor(id=wire.known_id(told), anonymous_id=identity(told.visitor_id, "visitor_id"))
        stranger = visitor.id is None and visitor.anonymous_id is None
        if stranger:  # nobody that could come back: drawn by chance, counted when the context comes back with an id
            visitor = Visitor(anonymous_id=f"{self._runtime.randbits(128):032x}")
        context = wire.context(told, members, visitor, self._runtime.clock())
        if names == ():
            return reply_json({"experiences": {}})
        call = DecideCall(
            context=context, campaigns=names or (), expose="report" if stranger else None, door=shown.DOOR
        )
        made, _ = await details(self._runtime, key.project, call)
        anonymous = None if visitor.id is not None or stranger else visitor.anonymous_id
        return Reply(200, b'{"experiences":{%s}}' % shown.shown(made, wire.mark(key.project, anonymous)))

    # -- events --------------------------------------------------------------------------------------------------------

    async def _events(self, asked: Asked, key: ApiKey) -> Reply:
        credentials.require_secret(key, "record")
        told = document(_decode_events, await self._body(asked, self._options.events_limit))
        if not 1 <= len(told.elements) <= wire.MAX_ELEMENTS:
            raise Invalid.field("elements", f"1 to {wire.MAX_ELEMENTS} elements", len(told.elements))
        items = events(told, key.project)
        limit = self._runtime.limits.batch
        errors: list[str] = []
        for start in range(0, len(items), limit):
            recorded = await record(self._runtime, key.project, items[start : start + limit], source=shown.DOOR)
            errors.extend(one.error for one in recorded.rejected)
        if errors:
            enum = any(isinstance(item, Invalid) and item.extra.get("enum") for item in items)
            text = f"{len(errors)} of {len(items)} actions were refused, the others recorded: {errors[0]}"
            raise Invalid(text, enum=enum)
        request_id = ids.short_id(self._runtime.randbits, 8)
        return reply_json({"status": "success", "message": "Accepted and recorded.", "req_id": request_id})

    # -- metadata ------------------------------------------------------------------------------------------------------

    async def _metadata(self, asked: Asked, key: ApiKey) -> Reply:
        credentials.require_secret(key, "decide")
        snapshot, now = self._runtime.project(key.project), self._runtime.clock()
        wanted = _wanted(asked.query)
        campaigns: Iterable[Campaign] = sorted(snapshot.bodies["campaign"].values(), key=lambda c: c.key)
        found = [
            {"experience_name": campaign.name, "experience_key": campaign.key, "status": status}
            for campaign in campaigns
            if (status := shown.status(snapshot, campaign, now)) in wanted
        ]
        return reply_json({"metadata": {"count": len(found), "experiences": found}})


def _wanted(query: bytes) -> Iterable[str]:
    """The statuses asked for; all where none is named."""
    try:
        told = parse_qs(query.decode("latin-1"), max_num_fields=100).get("status")
    except ValueError:
        raise Invalid("The query has more fields than anybody sends.") from None
    return {one for one in ",".join(told).split(",") if one} if told else shown.STATUSES
