"""A server with a lake beside it, asked over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tailorbird.engine.lakes import open_lake
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store import SqliteStore
from tailorbird.store.contract import Store
from tailorbird.web.app import build_app
from tailorbird.web.options import Options
from tests.web.conftest import NOON, Site

BASE = "/v1/projects/shop"
DAY = 86_400_000
BATCH = 1_000


class Shop(Site):
    """A site whose results can be read."""

    async def make(self, kind: str, **body: Any) -> dict[str, Any]:
        """A new definition."""
        made = await self.ask("POST", f"{BASE}/{kind}", json=body)
        assert made.status_code == 201, made.text
        told: dict[str, Any] = made.json()
        return told

    async def write(self, kind: str, key: str, **changed: Any) -> dict[str, Any]:
        """A new version of a definition that differs in the members given."""
        held = (await self.ask("GET", f"{BASE}/{kind}/{key}")).json()
        headers = {"if-match": f'"{held["version"]}"'}
        answer = await self.ask("PUT", f"{BASE}/{kind}/{key}", json=held["body"] | changed, headers=headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def verb(self, key: str, verb: str) -> None:
        answer = await self.ask("POST", f"{BASE}/campaigns/{key}/{verb}")
        assert answer.status_code == 200, answer.text

    async def campaign(self, key: str = "hero", start: bool = True, **more: Any) -> dict[str, Any]:
        """A campaign with the arms A and control unless told otherwise, and its goal, running."""
        body: dict[str, Any] = {
            "name": key.capitalize(),
            "key": key,
            "control": 50,
            "goals": [{"goal": "order", "role": "primary"}],
            "rules": [rule("All", "A")],
        }
        made = await self.make("campaigns", **body | more)
        if start:
            await self.verb(key, "start")
        return made

    async def bring(self, exposures: Iterable[dict[str, Any]], events: Iterable[dict[str, Any]] = ()) -> None:
        """Exposures and events as they happened."""
        for path, name, items in (
            ("/v1/exposures:import", "exposures", [*exposures]),
            ("/v1/events", "events", [*events]),
        ):
            for start in range(0, len(items), BATCH):
                answer = await self.ask("POST", path, json={name: items[start : start + BATCH]})
                assert answer.status_code == 200, answer.text
                assert answer.json()["rejected"] == []

    async def results(self, key: str = "hero", **view: Any) -> dict[str, Any]:
        """A campaign's report."""
        answer = await self.ask("GET", f"{BASE}/campaigns/{key}/results", params=view)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def refused(self, path: str, **view: Any) -> tuple[int, str]:
        """Status and first field of a refusal."""
        answer = await self.ask("GET", f"{BASE}/{path}", params=view)
        problems = answer.json().get("errors", [])
        return answer.status_code, problems[0]["field"] if problems else answer.json()["detail"]


def rule(name: str, *experiences: str, **more: Any) -> dict[str, Any]:
    """A rule for everyone."""
    arms = [{"name": one, "content": {"body": {"t": one}}} for one in experiences]
    return {"name": name, "audience": "everyone", "experiences": arms, **more}


def crowd(
    prefix: str, size: int, experience: str, *, at: int = NOON - DAY, campaign: str = "hero", **more: Any
) -> list[dict[str, Any]]:
    """Exposures of people who are called ``prefix-0``, ``prefix-1`` …"""
    return [
        {"visitor": {"id": f"{prefix}-{n}"}, "campaign": campaign, "experience": experience, "time": at, **more}
        for n in range(size)
    ]


def orders(prefix: str, numbers: Iterable[int], *, at: int = NOON - DAY + 1, **properties: Any) -> list[dict[str, Any]]:
    """An order of each of those people."""
    return [
        {"id": f"o-{prefix}-{n}-{at}", "name": "order", "visitor": {"id": f"{prefix}-{n}"}, "time": at,
         "properties": properties}
        for n in numbers
    ]  # fmt: skip


def goal_of(report: dict[str, Any], key: str = "order") -> dict[str, Any]:
    """One goal of a report or group."""
    (found,) = (goal for goal in report["goals"] if goal["key"] == key)
    told: dict[str, Any] = found
    return told


def arms_of(report: dict[str, Any], key: str = "order") -> dict[tuple[str, str], dict[str, Any]]:
    """(rule's name, arm's name) → the arm in a goal, its people and touches beside it."""
    known = {(arm["rule"], arm["arm"]): arm for arm in report["arms"]}
    return {
        (known[one["rule"], one["arm"]]["rule_name"], known[one["rule"], one["arm"]]["name"]): {
            **known[one["rule"], one["arm"]],
            **one,
        }
        for one in goal_of(report, key)["arms"]
    }


def values(numbers: Sequence[float | None]) -> list[float | None]:
    """Rounded for comparison."""
    return [None if number is None else round(number, 9) for number in numbers]


@asynccontextmanager
async def opened(store: Store, database: str, folder: Path) -> AsyncIterator[Shop]:
    """A server on an empty store; ``database`` is its file or address."""
    made: list[Shop] = []
    runtime = Runtime(
        store,
        data_dir=folder,
        clock=lambda: made[0].now if made else NOON,
        poll_seconds=0.05,
        lake=open_lake(database, str(folder / "lake"), memory_mb=512),
        lake_seconds=0.2,
    )
    async with running(runtime):
        here = Shop(runtime, build_app(runtime, Options(access_log=False)))
        made.append(here)
        here.project, here.key = await here.another_project("Shop")
        await here.make("goals", name="Order", event="order")
        yield here


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(SqliteStore(tmp_path / "test.db"), str(tmp_path / "test.db"), tmp_path) as here:
        yield here
