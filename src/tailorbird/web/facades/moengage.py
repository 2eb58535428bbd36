"""MoEngage Personalize's door: ``/v1/experiences/fetch``, ``/events`` and ``/metadata``.

A workspace is one of our projects, its Personalize key one of our secret keys. The decision's token travels inside the
``cid`` of the experience's context, in MoEngage's form, and comes back with impressions and clicks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

import msgspec

from tailorbird.domain import ids
from tailorbird.domain.access import ApiKey
from tailorbird.domain.campaign import Campaign, Rule
from tailorbird.domain.errors import Invalid, TailorbirdError, Unauthorized
from tailorbird.domain.reasons import Group
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.calls import DecideCall, Detail
from tailorbird.engine.decide import details
from tailorbird.engine.record import record
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot
from tailorbird.web import http
from tailorbird.web.facades import credentials
from tailorbird.web.facades import moengage_wire as wire
from tailorbird.web.facades.door import Asked, Reply, body_of, refused, reply_json
from tailorbird.web.facades.told import NO_JSON, document, identity
from tailorbird.web.options import Options
from tailorbird.web.problems import MethodNotAllowed

DOOR = "moengage"
BASE = "/v1/experiences/"
TYPE, EXPERIENCE_TYPE = "Web Personalization", "API based Experience"
EVERYONE = "All Users"
#: the status that callers of ``metadata`` know
ACTIVE, PAUSED, SCHEDULED = "Active", "Paused", "Scheduled"
#: statuses that callers know nothing of, and what they are told instead
STATUSES = {403: 401, 408: 400, 413: 400, 415: 400, 503: 500}
#: how other statuses than 200 are headed
TITLES = {400: "Request Error", 401: "Authentication required", 429: "Too Many Requests", 500: "Internal Server Error"}
_decode_events = msgspec.json.Decoder(wire.Events).decode
_encode = msgspec.json.Encoder().encode


class ExperienceContext(msgspec.Struct, frozen=True):
    """What is echoed with impressions and clicks. All of it is text, the ids too."""

    cid: str
    experience: str
    moe_locale_id: str
    moe_variation_id: str
    audience_name: str
    audience_id: str
    type: str = TYPE
    experience_type: str = EXPERIENCE_TYPE


class Shown(msgspec.Struct, frozen=True):
    """One experience as it is delivered."""

    payload: msgspec.Raw
    experience_context: ExperienceContext


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
        body = {"title": TITLES.get(status, error.title), "description": error.detail}
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
        call = DecideCall(context=context, campaigns=names or (), expose="report" if stranger else None, door=DOOR)
        made, _ = await details(self._runtime, key.project, call)
        anonymous = None if visitor.id is not None or stranger else visitor.anonymous_id
        return reply_json({"experiences": dict(_shown(made, wire.mark(key.project, anonymous)))})

    # -- events --------------------------------------------------------------------------------------------------------

    async def _events(self, asked: Asked, key: ApiKey) -> Reply:
        credentials.require_secret(key, "record")
        told = document(_decode_events, await self._body(asked, self._options.events_limit))
        if not 1 <= len(told.elements) <= wire.MAX_ELEMENTS:
            raise Invalid.field("elements", f"1 to {wire.MAX_ELEMENTS} elements", len(told.elements))
        items = wire.events(told, key.project)
        limit = self._runtime.limits.batch
        errors: list[str] = []
        for start in range(0, len(items), limit):
            recorded = await record(self._runtime, key.project, items[start : start + limit], source=DOOR)
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
        told = parse_qs(asked.query.decode("latin-1"), max_num_fields=100).get("status")
        wanted = ",".join(told).split(",") if told else (ACTIVE, PAUSED, SCHEDULED)
        campaigns: Iterable[Campaign] = sorted(snapshot.bodies["campaign"].values(), key=lambda c: c.key)
        found = [
            {"experience_name": campaign.name, "experience_key": campaign.key, "status": status}
            for campaign in campaigns
            if (status := _status(snapshot, campaign, now)) in wanted
        ]
        return reply_json({"metadata": {"count": len(found), "experiences": found}})


def _shown(made: Iterable[Detail], mark: str) -> Iterable[tuple[str, Shown]]:
    """What is shown, by key; every other decision, control's too, is told by its absence."""
    for detail in made:
        decision, rule, experience = detail.decision, detail.rule, detail.experience
        if decision.group is not Group.TEST or decision.payload is None:
            continue
        if detail.campaign is None or rule is None or experience is None:
            continue
        context = ExperienceContext(
            cid=wire.cid(ids.long_id(detail.campaign.id), experience.id, rule.id, mark, decision.token or ""),
            experience=detail.campaign.name,
            moe_locale_id="0",
            moe_variation_id=experience.id,
            audience_name=_audience(detail.campaign, rule),
            audience_id=rule.id,
        )
        yield decision.campaign, Shown(payload=_payload(decision.payload), experience_context=context)


def _audience(campaign: Campaign, rule: Rule) -> str:
    if rule.name:
        return rule.name
    if all(audience in (None, "everyone") for audience in (campaign.audience, rule.audience)):
        return EVERYONE
    return f"Audience {campaign.rules.index(rule) + 1}"


def _payload(payload: Any) -> msgspec.Raw:
    """A payload as named values with their types."""
    return msgspec.Raw(_variables(bytes(payload) if isinstance(payload, msgspec.Raw) else _encode(payload)))


@lru_cache(maxsize=4096)
def _variables(encoded: bytes) -> bytes:
    """The members of an object; the rows of messages; any other value under the name ``value``."""
    payload = msgspec.json.decode(encoded)
    if not isinstance(payload, dict):
        payload = {"value": payload}
    messages = payload.get("messages")
    if len(payload) == 1 and isinstance(messages, list) and all(_is_message(message) for message in messages):
        payload = _rows(messages)
    return _encode({name: {"value": value, "data_type": _type(value)} for name, value in payload.items()})


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"target", "values"} and isinstance(value["values"], dict)


def _rows(messages: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The rows of all messages by name; a name that an earlier message has gets its target in front."""
    rows: dict[str, Any] = {}
    for message in messages:
        for name, value in message["values"].items():
            rows[f"{message['target']}.{name}" if name in rows else name] = value
    return rows


def _type(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "number"
    return "float" if isinstance(value, float) else "json"


def _status(snapshot: Snapshot, campaign: Campaign, now: int) -> str:
    if campaign.status == "paused":
        return PAUSED
    plan = snapshot.plans.get(campaign.id)
    if campaign.status != "running" or plan is None:
        return ""
    if plan.open.start is not None and now < plan.open.start:
        return SCHEDULED
    return ACTIVE if plan.open.end is None or now < plan.open.end else ""
