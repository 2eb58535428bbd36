"""What doors are asked and say, in a form in which they can be compared; and our own API, by which they are judged."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import msgspec

from tailorbird.engine.runtime import Runtime
from tailorbird.web.app import App
from tests.properties.door_worlds import AGENTS, Person

JSON = "application/json"
Told = dict[str, Any]


class Outcome(msgspec.Struct, frozen=True):
    """What a door says of one campaign."""

    #: shown, control, nothing, or failed
    what: str
    #: the experience's name, where the protocol tells it
    experience: str | None = None
    #: what is shown in the protocol's dialect, as text in which 1, 1.0 and true differ
    payload: str | None = None
    #: our reason, where the protocol tells it
    reason: str | None = None
    #: what is handed back to report it
    handle: str | None = None

    @property
    def plain(self) -> Outcome:
        """Without the handle, to be compared."""
        return msgspec.structs.replace(self, handle=None)


NOTHING, CONTROL = Outcome("nothing"), Outcome("control")
#: words of reasons that stand for something shown
SHOWN = ("TARGETING_MATCH", "SPLIT")


def text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


class Door:
    """One way in, to a project of its own, since deciding consumes display caps."""

    name = ""
    #: an exposure counts when it is reported, control's too, unless the campaign says otherwise
    by_report = False

    def __init__(self, app: App, runtime: Runtime, project: str, secret: str) -> None:
        self.app, self.runtime, self.project, self.secret = app, runtime, project, secret
        #: campaign key → definition's body, as published in this door's project
        self.bodies: dict[str, Any] = {}
        self.experiences: dict[str, str] = {}

    def learn(self, bodies: dict[str, Any]) -> None:
        """The campaigns of the project."""
        self.bodies = bodies
        self.experiences = {
            experience["id"]: experience["name"]
            for body in bodies.values()
            for rule in body["rules"]
            for experience in rule["experiences"]
        }

    @property
    def salts(self) -> frozenset[tuple[str, str, str]]:
        """What draws depend on."""
        return frozenset(
            (body["id"], body["salt"], text([rule["ranges"] for rule in body["rules"]]))
            for body in self.bodies.values()
        )

    async def call(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One request, with the door's credentials."""
        told = {"authorization": self.credentials(), "content-type": JSON, **headers}
        return await request(self.app, path, b"" if body is None else json.dumps(body).encode(), told)

    def credentials(self) -> str:
        return f"Bearer {self.secret}"

    def basic(self) -> str:
        return "Basic " + b64encode(f"{self.project}:{self.secret}".encode()).decode()

    async def ask(self, person: Person, keys: list[str]) -> dict[str, Outcome]:
        """What the person gets of each campaign."""
        raise NotImplementedError

    def expected(self, key: str, told: Told) -> Outcome:
        """What this door must say where our own API says ``told``."""
        raise NotImplementedError

    async def report(self, person: Person, seen: dict[str, Outcome]) -> int:
        """Report, in the protocol's own way, what was shown (control too where it is visible); returns how many."""
        raise NotImplementedError

    def to_report(self, seen: dict[str, Outcome]) -> dict[str, str | None]:
        """Campaigns that there is something to report of, with what is handed back."""
        kinds = ("shown", "control") if self.by_report else ("shown",)
        return {key: outcome.handle for key, outcome in seen.items() if outcome.what in kinds}


async def request(app: App, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    """One request to the whole application, and the JSON that comes back."""
    path, _, query = path.partition("?")
    method = "GET" if not body else "POST"
    scope: Any = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http"},
        **{"path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": ""},
        **{"headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]},
        **{"client": ("127.0.0.1", 40_000), "server": ("127.0.0.1", 80)},
    }
    parts: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        parts.append(message)

    await app(scope, receive, send)
    content = b"".join(part.get("body", b"") for part in parts)
    return parts[0]["status"], json.loads(content) if content else None


class Api(Door):
    """``/v1/decide``, by which the doors are judged."""

    name = "api"

    async def decide(self, person: Person, keys: list[str]) -> dict[str, Told]:
        """The decisions as they came, by key."""
        agent = {"user_agent": AGENTS[person.device]} if person.device else {}
        status, told = await self.call("/v1/decide", {"visitor": person.visitor, "campaigns": keys, "context": agent})
        assert status == 200, told
        assert [one["campaign"] for one in told["decisions"]] == keys
        return {one["campaign"]: one for one in told["decisions"]}

    def expected(self, key: str, told: Told) -> Outcome:
        what = "shown" if told["reason"] in SHOWN else "control" if told["reason"] == "CONTROL" else "nothing"
        assert told["group"] == {"shown": "test", "control": "control"}.get(what, told["group"])
        assert (told["payload"] is None) == (what != "shown")
        return Outcome(what, told["experience"], text(told["payload"]), told["reason"], told["token"])

    async def report(self, person: Person, seen: dict[str, Outcome]) -> int:
        tokens = self.to_report(seen).values()
        events = [{"name": "impression", "visitor": person.visitor, "token": token} for token in tokens]
        if events:
            status, told = await self.call("/v1/events", {"events": events})
            assert (status, told["accepted"]) == (200, len(events)), told
        return len(events)
