"""A seeded database for every test on either store, servers that start at once, and the figures of the test."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from tailorbird.store import SqliteStore, migrate
from tailorbird.store.postgres import PostgresStore
from tests import postgres
from tests.outages.course import Figures
from tests.outages.ground import Ground, Nursery, PostgresGround, Server, SqliteGround
from tests.outages.shop import Shop, seed
from tests.store.tcp import wire

STORES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="session")
def sqlite_seed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Shop]:
    """A filled SQLite file; copying it is quicker than filling each anew."""
    path = tmp_path_factory.mktemp("seed") / "tailorbird.db"
    return path, asyncio.run(seed(SqliteStore(path)))


@pytest.fixture(scope="session")
def postgres_seed() -> Iterator[tuple[str, str, Shop]]:
    """A server, and a filled database on it that others are made after."""
    server = postgres.server()
    if server is None:
        pytest.skip("There is no PostgreSQL here, and none in a wheel for this Python.")
    with postgres.database(server) as url:
        migrate(url)
        yield server, url, asyncio.run(seed(PostgresStore(url)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the server keeps its data."""
    made = tmp_path / "data"
    made.mkdir()
    return made


@pytest.fixture
def sqlite_ground(folder: Path, sqlite_seed: tuple[Path, Shop]) -> SqliteGround:
    path, shop = sqlite_seed
    copyfile(path, folder / "tailorbird.db")
    return SqliteGround(folder, shop)


@pytest.fixture
async def postgres_ground(folder: Path, postgres_seed: tuple[str, str, Shop]) -> AsyncIterator[PostgresGround]:
    server, seeded, shop = postgres_seed
    name = f"tailorbird_test_{secrets.token_hex(8)}"
    await postgres.execute(server, f"CREATE DATABASE {name} TEMPLATE {seeded.rpartition('/')[2]}")
    url = postgres.at(server, name)
    try:
        async with wire(url) as line:
            yield PostgresGround(folder, shop, url, line, server)
    finally:
        await postgres.execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=STORES)
def ground(request: pytest.FixtureRequest) -> Ground:
    """The same data on each store."""
    found: Ground = request.getfixturevalue("sqlite_ground" if request.param == "sqlite" else "postgres_ground")
    return found


@pytest.fixture
async def server_of(nursery: Nursery) -> AsyncIterator[ServerOf]:
    """Makes the server of a ground, not yet started; it is killed at the end."""
    made = ServerOf(nursery)
    yield made
    for server in made.servers:
        await server.kill()


class ServerOf:
    """See the fixture."""

    def __init__(self, nursery: Nursery) -> None:
        self._nursery = nursery
        self.servers: list[Server] = []

    def __call__(self, ground: Ground, *args: str, ahead: Path | None = None, log: Path | None = None) -> Server:
        self.servers.append(Server(self._nursery, ground.folder, [*ground.args, *args], ahead, log))
        return self.servers[-1]


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """The figures of this test, for the documentation."""
    path = Path(request.node.path).name
    return Figures(test=f"{path}::{request.node.name}")
