"""A store with a small shop in it, on each backend, and a lake beside it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tailorbird.domain.exports import Facts, OpenFacts
from tailorbird.engine.lakeprocess import facts as facts_of
from tailorbird.lake.client import Lake
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.place import Place
from tailorbird.lake.queries.ask import Question
from tailorbird.lake.session import Limits, Session
from tailorbird.lake.wire import Hello, Rules, Turn
from tailorbird.store.contract import Store
from tests.store.conftest import (  # noqa: F401 - fixtures
    Backend,
    backend,
    fold,
    migrated,
    postgres_migrated,
    postgres_server,
    postgres_url,
    store,
)


class Threaded:
    """A keeper or session whose calls are made in a thread, as they are in the process beside a server."""

    def __init__(self, inner: Keeper | Session) -> None:
        self.inner = inner

    async def turn(self, rules: Rules) -> Turn:
        assert isinstance(self.inner, Keeper)
        return await asyncio.to_thread(self.inner.turn, rules)

    async def run(self, project: str, question: Question) -> dict[str, Any]:
        assert isinstance(self.inner, Session)
        return await asyncio.to_thread(self.inner.run, project, question)


CHILD = (sys.executable, "-m", "tailorbird.engine.lakeprocess")


@pytest.fixture
def database(request: pytest.FixtureRequest, backend: Backend, tmp_path: Path) -> str:  # noqa: F811
    """What ``Hello`` calls the database under the store."""
    if request.node.callspec.params["backend"] == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return str(tmp_path / "tailorbird.db")


@pytest.fixture
def open_facts(database: str) -> OpenFacts:
    return facts_of(database)


@pytest.fixture
def facts(open_facts: OpenFacts, store: Store) -> Iterator[Facts]:  # noqa: F811
    opened = open_facts()
    yield opened
    opened.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "lake"))


@pytest.fixture
def keeper(place: Place, facts: Facts) -> Threaded:
    return Threaded(Keeper(place, facts))


@pytest.fixture
def session(place: Place, open_facts: OpenFacts, store: Store) -> Iterator[Threaded]:  # noqa: F811
    opened = Session(place, open_facts, Limits(threads=1, memory_mb=512))
    yield Threaded(opened)
    opened.close()


@pytest.fixture
async def lake(database: str, tmp_path: Path, store: Store) -> AsyncIterator[Lake]:  # noqa: F811
    hello = Hello(database=database, lake=str(tmp_path / "lake"), threads=1, memory_mb=512)
    opened = Lake(CHILD, hello)
    yield opened
    await opened.close()
