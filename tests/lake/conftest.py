"""A store with a small shop in it, on each backend, and a lake beside it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tailorbird.domain.exports import Facts, OpenFacts
from tailorbird.engine.lakeprocess import facts as facts_of
from tailorbird.lake.client import Lake
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.place import Place
from tailorbird.lake.session import Limits, Session
from tailorbird.lake.wire import Hello
from tailorbird.store.contract import Store
from tests.lake.standing_world import Asking
from tests.lake.threaded import Threaded
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


@pytest.fixture
def asking(place: Place, open_facts: OpenFacts, store: Store) -> Iterator[Asking]:  # noqa: F811
    opened = Asking(place, open_facts)
    yield opened
    opened.close()
