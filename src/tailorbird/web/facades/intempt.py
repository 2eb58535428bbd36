"""Intempt's door: optimization, tracking, consents and feeds under ``/v1/{org}/projects/{project}``.

The organization of a path may be any; the project is ours. Choosing records the exposure, whether campaigns are named
or not, since the protocol has nothing to hand back; control visitors are exposed too and get nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from typing import TypeVar

import msgspec

from tailorbird.domain.access import ApiKey
from tailorbird.domain.errors import Invalid, NotFound, RateLimited, TailorbirdError, TooLarge, Unavailable
from tailorbird.domain.visitor import Context
from tailorbird.engine import consent, people
from tailorbird.engine.calls import DecideCall, EventInput
from tailorbird.engine.decide import details
from tailorbird.engine.record import record
from tailorbird.engine.runtime import Runtime
from tailorbird.web import http
from tailorbird.web.facades import credentials
from tailorbird.web.facades import intempt_shown as shown
from tailorbird.web.facades import intempt_wire as wire
from tailorbird.web.facades.door import Asked, Reply, body_of, refused, reply_json, sentence
from tailorbird.web.facades.told import document, identity
from tailorbird.web.options import Options
from tailorbird.web.problems import NO_STORE, SECURE, MethodNotAllowed

T = TypeVar("T")
BASE = "/v1/{org}/projects/{project}"
#: the client stops for good after five failures in a row, so tracking waits this many seconds before it fails
PATIENCE = 3.0
_PATH = re.compile(r"/v1/(?!projects/)[^/]+/projects/(?P<project>[^/]+)(?P<rest>/.*)?")
_RESTS = (
    (re.compile(r"/optimization/choose-api"), "/optimization/choose-api", "POST", "choose"),
    (re.compile(r"/sources/(?P<source>[^/]+)/track"), "/sources/{source}/track", "POST", "track"),
    (re.compile(r"/track"), "/track", "POST", "track"),
    (re.compile(r"/consents/data"), "/consents/data", "POST", "consent"),
    (re.compile(r"/feeds/(?P<feed>[^/]+)/data"), "/feeds/{feed}/data", "POST", "recommend"),
    (re.compile(r"/feeds"), "/feeds", "GET", "feeds"),
)
_NO_BODY = (NO_STORE, *SECURE)
_decode_choose = msgspec.json.Decoder(wire.Choose).decode
_decode_track = msgspec.json.Decoder(wire.Track).decode
_decode_consent = msgspec.json.Decoder(wire.Consent).decode
_decode_feed = msgspec.json.Decoder(wire.FeedAsked).decode


class Place(msgspec.Struct, frozen=True):
    """What a path says."""

    template: str
    project: str
    #: how it is asked and who answers; empty where nothing is at this path
    method: str = ""
    handler: str = ""
    #: the ids in the path
    inside: dict[str, str] = {}


class Intempt:
    """The door."""

    def __init__(self, runtime: Runtime, options: Options) -> None:
        self._runtime = runtime
        self._options = options
        self._handlers: dict[str, Callable[[Asked, ApiKey, dict[str, str]], Awaitable[Reply]]] = {
            "choose": self._choose,
            "track": self._track,
            "consent": self._consent,
            "recommend": self._recommend,
            "feeds": self._feeds,
        }

    def route(self, path: str) -> str | None:
        """All paths below ``/v1/{org}/projects/{project}`` are this door's, the unknown ones too."""
        place = _place(path)
        return place.template if place is not None else None

    async def answer(self, asked: Asked) -> Reply:
        """One call of any kind."""
        place = _place(asked.path)
        if place is None or not place.handler:
            raise NotFound("There is nothing at this path.")
        if asked.method != place.method:
            raise MethodNotAllowed(f"{place.template} takes {place.method}.")
        key = await self._caller(asked, patient=place.handler == "track")
        if not credentials.is_project(self._runtime, key, place.project):
            raise NotFound("There is no such project for this key.")
        return await self._handlers[place.handler](asked, key, place.inside)

    def refuse(self, asked: Asked, error: TailorbirdError) -> Reply:
        """``{"errors": [{"message": …}]}``; bodies of another type are 400, as this protocol has no 415."""
        told = [problem.detail for problem in error.problems if problem.detail] or [error.detail]
        status = 400 if error.status == 415 else error.status
        return refused(error, status, {"errors": [{"message": sentence(text)} for text in told]}, b"Basic")

    async def _caller(self, asked: Asked, *, patient: bool) -> ApiKey:
        headers = asked.headers
        told = (
            credentials.basic(headers)
            or credentials.scheme(headers, b"apikey")
            or credentials.query(asked.query, "apiKey")
        )

        async def spend() -> ApiKey:
            return credentials.open_door(self._runtime, told)

        asked.key = await _patiently(spend) if patient else await spend()
        return asked.key

    async def _body(self, asked: Asked, decode: Callable[[bytes], T], limit: int | None = None) -> T:
        http.check_media(asked.headers)
        return document(decode, await body_of(asked, self._options, limit))

    # -- choosing ------------------------------------------------------------------------------------------------------

    async def _choose(self, asked: Asked, key: ApiKey, _: dict[str, str]) -> Reply:
        credentials.require_secret(key, "decide")
        told = await self._body(asked, _decode_choose)
        visitor = wire.asking(told.identification)
        wire.check_names(told)
        device = wire.one_of(told.device, wire.DEVICES, "device")
        kind = wire.one_of(told.optimization_type, wire.KINDS, "optimizationType")
        context = Context(
            visitor=visitor,
            now=self._runtime.clock(),
            session_id=identity(told.session_id, "sessionId", 512),
            device=None if device == "all" else device,
            url=told.url[:8192] if told.url else None,
        )
        snapshot = self._runtime.project(key.project)
        names, groups = shown.asked_for(snapshot, told, kind)
        if names is None:
            return reply_json({"choices": ()})
        call = DecideCall(context=context, campaigns=names, groups=groups, expose="decision", door=shown.DOOR)
        made = (await details(self._runtime, key.project, call))[0]
        return Reply(200, b'{"choices":[%s]}' % b",".join(shown.choices(made, told.groups or ())))

    # -- tracking ------------------------------------------------------------------------------------------------------

    async def _track(self, asked: Asked, key: ApiKey, inside: dict[str, str]) -> Reply:
        credentials.require_secret(key, "record")
        told = await self._body(asked, _decode_track, self._options.events_limit)
        limit = self._runtime.limits.batch
        items = wire.events(told, inside.get("source", "")[:100])
        if len(items) > limit:  # the client halves a batch of entries upon a 413; a single one would block it for good
            error = TooLarge if len(told.track) > 1 else Invalid
            raise error(f"A request holds at most {limit:,} items, this one has {len(items):,}.")
        if items:
            await self._keep(key, items)
        for user, other in wire.aliases(told):
            await people.alias(self._runtime, key.project, user, other)
        return Reply(201, b"", _NO_BODY)

    async def _keep(self, key: ApiKey, items: list[EventInput | Invalid]) -> None:
        recorded = await _patiently(partial(record, self._runtime, key.project, items, source=shown.DOOR))
        if recorded.rejected:
            problems = (Invalid.field("", "", detail=one.error).problems[0] for one in recorded.rejected[:20])
            raise Invalid("Some items were refused; the others were recorded.", problems=tuple(problems))

    async def _consent(self, asked: Asked, key: ApiKey, _: dict[str, str]) -> Reply:
        credentials.require_secret(key, "record")
        told = await self._body(asked, _decode_consent)
        action = wire.one_of(told.action, ("accept", "reject"), "action")
        at = wire.consent_time(told)
        await consent.note(
            self._runtime,
            key.project,
            wire.consenting(told),
            told.category or "all",
            given=action == "accept",
            at=self._runtime.clock() if at is None else at,
            properties=wire.consent_facts(told),
            source=shown.DOOR,
        )
        return Reply(200, b"", _NO_BODY)

    # -- feeds ---------------------------------------------------------------------------------------------------------

    async def _recommend(self, asked: Asked, key: ApiKey, inside: dict[str, str]) -> Reply:
        credentials.require_secret(key, "decide")
        told = await self._body(asked, _decode_feed)
        wire.one_of(told.type, ("user", "account", "profile"), "type")
        if (told.limit is not None and told.limit < 1) or told.offset < 0:
            raise Invalid.field("limit", "a limit from 1 and an offset from 0", told.limit)
        snapshot = self._runtime.project(key.project)
        feed = next(
            (t for t in snapshot.templates.values() if inside["feed"] in (t.key, t.id) and shown.items(t)), None
        )
        if feed is None:
            raise Invalid(f"Invalid feed id: {inside['feed'][:100]}")
        known = [item for item in map(snapshot.catalogue.item, shown.items(feed)) if item is not None]
        end = None if told.limit is None else told.offset + told.limit
        return reply_json({"products": [shown.product(item, told.fields) for item in known[told.offset : end]]})

    async def _feeds(self, asked: Asked, key: ApiKey, _: dict[str, str]) -> Reply:
        credentials.require_secret(key, "decide")
        snapshot = self._runtime.project(key.project)
        feeds = sorted((t for t in snapshot.templates.values() if shown.items(t)), key=lambda t: t.key)
        return reply_json({"feeds": [{"id": t.key, "name": t.name, "feedInput": "NO_INPUT"} for t in feeds]})


@lru_cache(maxsize=1024)
def _place(path: str) -> Place | None:
    """What is at a path; None where it is no path of this door."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    for pattern, template, method, handler in _RESTS:
        inside = pattern.fullmatch(found["rest"] or "")
        if inside is not None:
            return Place(BASE + template, found["project"], method, handler, inside.groupdict())
    return Place(f"{BASE}/…", found["project"])


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Try for a while what may soon work again: a busy key, a store that is away."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while True:
        try:
            return await work()
        except (RateLimited, Unavailable) as error:
            wait = min(error.retry_after, 0.5)
            if loop.time() + wait > deadline:
                raise
            await asyncio.sleep(wait)
