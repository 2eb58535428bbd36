"""What tests of a SQLite file share."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tailorbird.domain.access import Project, SigningKey
from tailorbird.domain.errors import TailorbirdError
from tailorbird.store import SqliteStore
from tests.store.small_fold import NOW, SHOP


@asynccontextmanager
async def opened(store: SqliteStore, *, exclusive: bool = False) -> AsyncIterator[SqliteStore]:
    await store.open(exclusive=exclusive)
    try:
        yield store
    finally:
        await store.close()


async def add_project(store: SqliteStore) -> None:
    await store.create_project(
        Project(id=SHOP, key="shop", name="Shop", created_at=NOW),
        SigningKey(id="s1", project=SHOP, secret=b"s", created_at=NOW),
    )


async def ids_of(store: SqliteStore) -> list[str]:
    return [one["id"] async for one in store.stream_events(SHOP)]


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def says_nothing_private(error: TailorbirdError, path: Path) -> bool:
    text = f"{error} {error.detail}"
    return not any(word in text for word in (str(path.parent), path.name, "SELECT", "INSERT", "BEGIN", "PRAGMA"))
