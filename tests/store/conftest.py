"""The contract suite runs once per backend: add a way to make one to ``BACKENDS`` and everything here applies to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tailorbird.domain.access import Project, SigningKey
from tailorbird.store import SqliteStore
from tailorbird.store.contract import Store
from tests.store.small_fold import BLOG, SHOP, SmallFold

#: makes a store, not yet open; every call of one test leads to the same data
Backend = Callable[[], Store]


def sqlite_backend(folder: Path) -> Backend:
    return lambda: SqliteStore(folder / "tailorbird.db")


BACKENDS: dict[str, Callable[[Path], Backend]] = {"sqlite": sqlite_backend}


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return BACKENDS[request.param](tmp_path)


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
