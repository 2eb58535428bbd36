"""The contract suite runs once per backend: add a way to make one to ``BACKENDS`` and everything here applies to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from shutil import copyfile

import pytest

from tailorbird.domain.access import Project, SigningKey
from tailorbird.store import SqliteStore, migrate
from tailorbird.store.contract import Store
from tests.store.small_fold import BLOG, SHOP, SmallFold

#: makes a store, not yet open; every call of one test leads to the same data
Backend = Callable[[], Store]


def sqlite_backend(folder: Path, migrated: Path) -> Backend:
    copyfile(migrated, folder / "tailorbird.db")
    return lambda: SqliteStore(folder / "tailorbird.db")


BACKENDS: dict[str, Callable[[Path, Path], Backend]] = {"sqlite": sqlite_backend}


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file with the schema: copying it is quicker than migrating each anew."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Backend:
    return BACKENDS[request.param](tmp_path, migrated)


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
