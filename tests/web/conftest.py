"""A whole server over a real SQLite file, with everything that the examples of the documentation name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tailorbird.domain.access import Project, Scope
from tailorbird.domain.definitions import Item
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import access, lists, publish
from tailorbird.engine.calls import EventInput
from tailorbird.engine.catalogue import upsert
from tailorbird.engine.lakes import open_lake
from tailorbird.engine.record import record
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.lake.client import Lake
from tailorbird.store import SqliteStore
from tailorbird.web.api import specimens
from tailorbird.web.app import App, build_app
from tailorbird.web.options import Options

#: 2026-03-02 12:00 UTC, a Monday
NOON = 1_772_452_800_000
ALL: tuple[Scope, ...] = ("decide", "record", "read", "manage")


class Site:
    """One running server, and short forms of what tests do with it."""

    def __init__(self, runtime: Runtime, app: App) -> None:
        self.runtime = runtime
        self.app = app
        self.now = NOON
        self.key = ""
        self.project: Project | None = None
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=True),  # type: ignore[arg-type]
            base_url="http://server",
        )

    async def ask(self, method: str, path: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        """One request with the key of the site's project, or with another one; ``key=""`` sends none."""
        told = self.key if key is None else key
        headers = {**({"authorization": f"Bearer {told}"} if told else {}), **more.pop("headers", {})}
        answer = await self._client.request(method, path, headers=headers, **more)
        self._client.cookies.clear()  # who is signed in is said by each request
        return answer

    async def decide(self, body: Any, **more: Any) -> httpx.Response:
        return await self.ask("POST", "/v1/decide", json=body, **more)

    async def send(self, *events: Any, **more: Any) -> httpx.Response:
        return await self.ask("POST", "/v1/events", json={"events": list(events)}, **more)

    async def another_project(self, name: str) -> tuple[Project, str]:
        """A project of its own with a key that may do everything in it."""
        project = await access.create_project(self.runtime, name)
        return project, await self.make_key(project)

    async def make_key(self, project: Project, *scopes: Scope, client: str = "tests", **more: Any) -> str:
        _, secret = await access.create_key(self.runtime, project.id, client=client, scopes=scopes or ALL, **more)
        return secret

    async def settled(self) -> None:
        """Wait for what no caller waits for."""
        while self.runtime.pending:
            await asyncio.wait(tuple(self.runtime.pending))

    async def settings(self, **body: Any) -> None:
        """Write the project's settings."""
        assert self.project is not None
        await publish.put_settings(self.runtime, self.project.id, msgspec.json.encode(body), "tests", 0)

    async def seed(self, project: Project) -> None:
        """Everything that the examples of the documentation take for granted."""
        runtime, place = self.runtime, project.id
        for resource, body in specimens.GIVEN:
            await publish.create(runtime, place, resource.kind, msgspec.json.encode(body), "tests")
        for key in specimens.RUNNING:
            await publish.lifecycle(runtime, place, key, "start", "tests")
        await publish.lifecycle(runtime, place, "resting", "archive", "tests")
        await lists.put(runtime, place, "newsletter", ["anna@example.org"], replace=True)
        await upsert(runtime, place, [Item(id="mug-blue", attributes={"title": "Blue mug"})])
        who = Visitor(id="anna@example.org", anonymous_id="device-1")
        await record(runtime, place, [EventInput(id="order-1", name="order", visitor=who, attributes={"plan": "gold"})])


#: seconds after which a lake would be exported to: later than any test ends. Answers do not wait for an export
QUIET = 3600.0


def lake_of(database: Path) -> Lake:
    """A lake beside a database; its process is started by whoever asks for results first."""
    return open_lake(str(database), str(database.with_suffix(".lake")), memory_mb=256)


@pytest.fixture
def options() -> Options:
    return Options(access_log=False)


@pytest.fixture
async def site(tmp_path: Path, options: Options) -> AsyncIterator[Site]:
    made: list[Site] = []
    runtime = Runtime(
        SqliteStore(tmp_path / "test.db"),
        data_dir=tmp_path,
        clock=lambda: made[0].now if made else NOON,
        poll_seconds=0.05,
        lake=lake_of(tmp_path / "test.db"),
        lake_seconds=QUIET,
    )
    async with running(runtime):
        here = Site(runtime, build_app(runtime, options))
        made.append(here)
        here.project, here.key = await here.another_project("Shop")
        yield here


@pytest.fixture
async def shop(site: Site) -> Site:
    """The site with everything that the examples name."""
    assert site.project is not None
    await site.seed(site.project)
    return site
