"""A running engine over a real SQLite file, with a clock that tests move and a store that tests can take away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.domain.access import Project
from tailorbird.domain.definitions import Definition, Kind
from tailorbird.domain.errors import Unavailable
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.engine import access, decide, publish, record
from tailorbird.engine.calls import Answer, DecideCall, EventInput, Recorded
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store.sqlite.store import SqliteStore

#: 2026-03-02 12:00 UTC, a Monday
NOON = 1_772_452_800_000
HOUR, DAY = 3_600_000, 86_400_000


class Severed:
    """The real store behind a line that can be cut: then every call fails, or never comes back."""

    def __init__(self, store: Any, line: Severed | None = None) -> None:
        self._store = store
        self._line = line or self
        self.mode = "connected"

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name in ("close", "stream_events", "writer_pragma"):
            return method
        if name in ("accounts", "drafts", "looking"):
            return Severed(method, self)

        async def call(*args: Any, **kwargs: Any) -> Any:
            if self._line.mode == "refused":
                raise Unavailable("The store is away.")
            if self._line.mode == "black hole":
                await asyncio.sleep(3600)
            return await method(*args, **kwargs)

        return call


class Engine:
    """Short forms of the engine's use cases for one project."""

    def __init__(self, runtime: Runtime, line: Severed, project: Project) -> None:
        self.runtime = runtime
        self.line = line
        self.project = project
        self.now = NOON

    async def make(self, kind: Kind, **body: Any) -> Definition:
        return await publish.create(self.runtime, self.project.id, kind, msgspec.json.encode(body), "ann")

    async def update(self, kind: Kind, ref: str, version: int, **body: Any) -> Definition:
        encoded = msgspec.json.encode(body)
        return await publish.update(self.runtime, self.project.id, kind, ref, encoded, "bob", version)

    async def verb(self, ref: str, verb: str) -> Definition:
        return await publish.lifecycle(self.runtime, self.project.id, ref, verb, "ann")

    async def campaign(self, name: str = "Hero", *, start: bool = True, **body: Any) -> dict[str, Any]:
        """A campaign that is valid whatever ``body`` leaves out, running; its stored body."""
        if not self.runtime.project(self.project.id).bodies["goal"]:
            await self.make("goal", name="Order", event="order", **{"global": True})
        whole: dict[str, Any] = {"name": name, "control": 0, "rules": [rule()]}
        whole.update(body)
        made = await self.make("campaign", **whole)
        if start:
            made = await self.verb(made.key, "start")
        stored: dict[str, Any] = msgspec.json.decode(made.body)
        return stored

    def context(self, id: str | None = "u1", *, anonymous_id: str | None = None, **more: Any) -> Context:
        return Context(visitor=Visitor(id=id, anonymous_id=anonymous_id), now=self.now, **more)

    async def ask(
        self, *campaigns: str, id: str | None = "u1", anonymous_id: str | None = None, call: Any = None, **context: Any
    ) -> Answer:
        """A decision, with everything that nobody waits for committed when it returns."""
        extra = call or {}
        asked = DecideCall(context=self.context(id, anonymous_id=anonymous_id, **context), campaigns=campaigns, **extra)
        answer = await decide.decide(self.runtime, self.project.id, asked)
        await self.settle()
        return answer

    async def one(self, campaign: str = "hero", **more: Any) -> Any:
        return (await self.ask(campaign, **more)).decisions[0]

    async def settle(self) -> None:
        while self.runtime.pending:
            await asyncio.wait(tuple(self.runtime.pending))

    async def did(self, name: str, id: str | None = "u1", *, anonymous_id: str | None = None, **more: Any) -> Recorded:
        item = EventInput(name=name, visitor=Visitor(id=id, anonymous_id=anonymous_id), **more)
        return await record.record(self.runtime, self.project.id, [item])

    async def exposures(self, id: str | None = "u1", anonymous_id: str | None = None) -> list[dict[str, Any]]:
        found = await self.runtime.store.find(self.project.id, Visitor(id=id, anonymous_id=anonymous_id))
        profile = found.known or found.anonymous
        if profile is None:
            return []
        return await self.runtime.store.exposures_of(self.project.id, (profile.person, *profile.merged))


def experience(name: str = "A", body: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "content": {"body": {"shown": name} if body is None else body}, **more}


def rule(*experiences: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"audience": "everyone", "experiences": list(experiences) or [experience()], **more}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    line = Severed(SqliteStore(tmp_path / "test.db"))
    made: list[Engine] = []
    runtime = Runtime(line, data_dir=tmp_path, clock=lambda: made[0].now if made else NOON, poll_seconds=0.05)
    async with running(runtime):
        project = await access.create_project(runtime, "Shop")
        made.append(Engine(runtime, line, project))
        yield made[0]
        line.mode = "connected"


@pytest.fixture
async def shop(engine: Engine) -> Engine:
    """One definition of each kind, and a running campaign with two arms."""
    await engine.make("settings", time_zone="Europe/Vienna")
    await engine.make("audience", name="Gold", condition={"plan": "gold"})
    await engine.make("audience", name="Letter", type="list")
    await engine.make("goal", name="Order", event="order", window_days=14)
    await engine.make("template", name="Banner", content={"body": {"headline": "Hello"}})
    arms = (experience("A", template={"template": "banner"}), {"name": "B", "template": {"template": "banner"}})
    await engine.campaign(
        control=10, groups=["home"], goals=[{"goal": "order", "role": "primary"}], rules=[rule(*arms, name="All")]
    )
    return engine
