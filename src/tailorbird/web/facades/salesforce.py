"""Salesforce Interaction Studio's door: ``/api2/event/{dataset}`` and ``/api2/authevent/{dataset}``.

A dataset is one of our projects. ``authevent`` is for servers, which are believed; ``event`` is for browsers: it has
the rights of a publishable key, and is open only where a project says so.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from tailorbird.domain.access import ApiKey
from tailorbird.domain.errors import Forbidden, Invalid, NotFound, TailorbirdError, Unauthorized
from tailorbird.engine import access
from tailorbird.engine.runtime import Runtime
from tailorbird.web import http
from tailorbird.web.facades import credentials
from tailorbird.web.facades import salesforce_request as request
from tailorbird.web.facades.door import Asked, Reply, body_of, refused, reply_json, sentence
from tailorbird.web.facades.salesforce_call import DOOR, Call, Handling
from tailorbird.web.facades.salesforce_response import Answer
from tailorbird.web.facades.salesforce_visitor import BUSY, NO_EVENT, who
from tailorbird.web.facades.told import NO_JSON
from tailorbird.web.options import Options
from tailorbird.web.problems import NO_STORE, SECURE, MethodNotAllowed

_PATH = re.compile(r"/api2/(?P<kind>event|authevent)/(?P<dataset>[^/]+)")
_TYPES = (b"application/json", b"text/plain", request.FORM)
#: statuses that clients know nothing of; busy is told by the code
STATUSES = {408: 400, 413: 400, 415: 400, 503: 200}


class Salesforce:
    """The door."""

    def __init__(self, runtime: Runtime, options: Options) -> None:
        self._runtime = runtime
        self._options = options
        self._proxies = http.Proxies(options.trusted_proxies)
        self._handling = Handling(runtime)

    def route(self, path: str) -> str | None:
        """The two paths, whatever the dataset."""
        found = _PATH.fullmatch(path)
        return f"/api2/{found['kind']}/{{dataset}}" if found is not None else None

    async def answer(self, asked: Asked) -> Reply:
        """One event."""
        found = _PATH.fullmatch(asked.path)
        if found is None:
            raise NotFound("There is nothing at this path.")
        if found["kind"] == "authevent":
            if asked.method != "POST":
                raise MethodNotAllowed("authevent takes POST.")
            asked.key = self._server(asked, found["dataset"])
            return reply_json(await self._answered(asked, asked.key, authenticated=True))
        if asked.method == "OPTIONS":
            return self._preflight(asked)
        if asked.method not in ("POST", "GET"):
            raise MethodNotAllowed("event takes POST and GET.")
        asked.key = self._anybody(found["dataset"])
        answer = await self._answered(asked, asked.key, authenticated=False)
        return reply_json(answer, 200, *http.cross_origin(self._runtime, asked.headers, asked.key.project))

    def refuse(self, asked: Asked, error: TailorbirdError) -> Reply:
        """The protocol's answer without campaigns, with its word for busy and one sentence of ours."""
        status = STATUSES.get(error.status, error.status)
        code = BUSY if error.status in (429, 503) else NO_EVENT
        reply = refused(error, status, Answer(error_code=code, message=sentence(error.detail)), b"Basic")
        if asked.route.endswith("/event/{dataset}"):
            project = asked.key.project if asked.key is not None else None
            origin = http.cross_origin(self._runtime, asked.headers, project)
            reply = Reply(reply.status, reply.body, (*reply.headers, *origin))
        return reply

    # -- who may -------------------------------------------------------------------------------------------------------

    def _server(self, asked: Asked, dataset: str) -> ApiKey:
        """Key id and secret as Basic; some documents call the header ``Authentication``."""
        headers = asked.headers
        if b"authorization" not in headers and b"authentication" in headers:
            headers = {**headers, b"authorization": headers[b"authentication"]}
        key = credentials.open_door(self._runtime, credentials.basic(headers))
        credentials.require_secret(key, "record")
        if not credentials.is_project(self._runtime, key, dataset):
            raise Unauthorized("The key is not one of this dataset.")
        return key

    def _anybody(self, dataset: str) -> ApiKey:
        """Everybody's key to a dataset that is open: a publishable one that no one has to send."""
        runtime = self._runtime
        if not runtime.snapshots:
            runtime.project(dataset)  # says whether the store is away or the dataset unknown
        snapshot = runtime.snapshots.get(runtime.project_ids.get(dataset, dataset))
        if snapshot is None or not snapshot.settings.event_api_open:
            raise Forbidden("This dataset takes events only with authentication, at /api2/authevent/.")
        project = snapshot.project.id
        key = ApiKey(
            id=f"open-{project}",
            project=project,
            client="everybody",
            digest=b"",
            scopes=("decide", "record"),
            kind="publishable",
        )
        access.spend(runtime, key)
        return key

    def _preflight(self, asked: Asked) -> Reply:
        origin = asked.headers.get(b"origin", b"")
        if not http.may_call(self._runtime, origin.decode("latin-1"), None):
            raise Forbidden("No project of this server allows calls from pages of this origin.")
        headers = (
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", b"POST, GET"),
            (b"access-control-allow-headers", b"content-type"),
            (b"access-control-max-age", b"600"),
            (b"vary", b"origin, access-control-request-method, access-control-request-headers"),
        )
        return Reply(204, b"", (NO_STORE, *SECURE, *headers))

    # -- one event -----------------------------------------------------------------------------------------------------

    async def _body(self, asked: Asked, *, authenticated: bool) -> bytes:
        """The event in JSON, whatever it was wrapped in."""
        if asked.method == "GET":
            return request.of_form(asked.query)
        http.check_media(asked.headers, _TYPES[:2] if authenticated else _TYPES)
        body = await body_of(asked, self._options)
        form = asked.headers.get(b"content-type", b"").lower().startswith(request.FORM)
        return request.of_form(body) if form or body.startswith(b"event=") else body

    async def _answered(self, asked: Asked, key: ApiKey, *, authenticated: bool) -> Answer:
        snapshot = self._runtime.project(key.project)
        body = await self._body(asked, authenticated=authenticated)
        try:
            members = request.members(body)
            event = request.event(members)
            if event.flags is not None and event.flags.do_not_track:
                return Answer()
            person = who(snapshot, event, self._runtime.randbits, authenticated=authenticated)
        except Invalid as error:
            if error.problems and error.problems[0].expected == NO_JSON:
                raise
            return Answer(error_code=error.extra.get("code", NO_EVENT), message=sentence(error.detail))
        timed = event.source is not None and event.source.time is not None
        digest = blake2b(body, digest_size=12, person=DOOR.encode(), key=key.project.encode()).hexdigest()
        agent = None if authenticated else asked.headers.get(b"user-agent", b"").decode("latin-1")[:2048] or None
        address = None if authenticated else self._proxies.client(asked.scope)
        now = self._runtime.clock()
        call = Call(
            snapshot=snapshot,
            key=key,
            event=event,
            members=members,
            who=person,
            context=request.context(event, person.visitor, now, agent, address),
            id=digest if timed else self._runtime.ordered_id(now)[:24],
            authenticated=authenticated,
        )
        return await self._handling.answer(call)
