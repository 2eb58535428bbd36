"""What the tests of project files share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tailorbird.domain.access import Project
from tailorbird.domain.errors import Invalid
from tailorbird.engine import access
from tailorbird.engine.project_file import FileText, Plan, apply, export_text, read_yaml
from tailorbird.engine.project_file.plan import Step
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store.sqlite.store import SqliteStore
from tests.engine.conftest import NOON, Engine

GOALS = [{"goal": "order", "role": "primary"}]


async def document(engine: Engine, **more: Any) -> Any:
    """The project's file as plain values, to be edited."""
    return read_yaml((await export_text(engine.runtime, engine.project.id, **more)).encode()).value


async def put(engine: Engine, told: Any, **more: Any) -> Plan:
    return await apply(engine.runtime, engine.project.id, FileText(told), "ci", **more)


def step(plan: Plan, key: str) -> Step:
    (found,) = [each for each in plan.steps if each.key == key]
    return found


def actions(plan: Plan) -> dict[str, str]:
    return {each.key: each.action for each in plan.steps}


async def refused(engine: Engine, told: Any, **more: Any) -> list[str]:
    """The fields that are refused; nothing is written."""
    before = engine.runtime.project(engine.project.id).project.version
    with pytest.raises(Invalid) as error:
        await put(engine, told, **more)
    assert (await engine.runtime.store.projects())[0].version == before
    return [problem.field for problem in error.value.problems]


@asynccontextmanager
async def another(folder: Path) -> AsyncIterator[Engine]:
    """A fresh server with an empty project."""
    made: list[Engine] = []
    store: Any = SqliteStore(folder / "another.db")
    async with running(Runtime(store, clock=lambda: made[0].now if made else NOON)) as runtime:
        project: Project = await access.create_project(runtime, "Elsewhere")
        made.append(Engine(runtime, store, project))
        yield made[0]
