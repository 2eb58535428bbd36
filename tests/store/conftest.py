"""The contract suite runs once per backend: what ``backend`` makes, everything here applies to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from tailorbird.domain.access import Project, SigningKey
from tailorbird.store import SqliteStore, migrate
from tailorbird.store.contract import Store
from tailorbird.store.postgres import PostgresStore
from tests import postgres
from tests.store.small_fold import BLOG, SHOP, SmallFold

#: makes a store, not yet open; every call of one test leads to the same data
Backend = Callable[[], Store]


BACKENDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file with the schema: copying it is quicker than migrating each anew."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """A server on which databases may be made."""
    url = postgres.server()
    if url is None:
        pytest.skip("There is no PostgreSQL here, and none in a wheel for this Python.")
    return url


@pytest.fixture(scope="session")
def postgres_migrated(postgres_server: str) -> Iterator[str]:
    """A database with the schema, for the whole session."""
    with postgres.database(postgres_server) as url:
        migrate(url)
        yield url


@pytest.fixture
def postgres_url(postgres_migrated: str) -> str:
    """That database without rows."""
    return postgres.emptied(postgres_migrated)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        return lambda: PostgresStore(url)
    path = request.getfixturevalue("tmp_path") / "tailorbird.db"
    copyfile(request.getfixturevalue("migrated"), path)
    return lambda: SqliteStore(path)


@pytest.fixture
async def store(backend: Backend) -> AsyncIterator[Store]:
    opened = backend()
    await opened.open()
    for number, project in enumerate((SHOP, BLOG)):
        await opened.create_project(
            Project(id=project, key=f"key-{project}", name=project.title(), created_at=1_000 + number),
            SigningKey(id=f"sign-{project}", project=project, secret=b"s" * 32, created_at=1_000),
        )
    yield opened
    await opened.close()


@pytest.fixture
def fold() -> SmallFold:
    return SmallFold()
