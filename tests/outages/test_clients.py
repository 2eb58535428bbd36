"""Clients that misbehave: they are bounded, and nobody else notices them."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import psutil
import pytest

from tests.outages.clients import CLIENTS, misbehaving
from tests.outages.conftest import ServerOf
from tests.outages.course import Figures, befall, judge
from tests.outages.ground import SqliteGround

MIB = 1024 * 1024
#: by how much a server may grow under them
MOST_GROWTH = 150 * MIB


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """The clients need as many connections as the server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8_192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("what", CLIENTS)
async def test_clients(sqlite_ground: SqliteGround, server_of: ServerOf, figures: Figures, what: str) -> None:
    server = server_of(sqlite_ground, "--body-seconds", "1")
    grown: list[int] = []

    class Watched:
        """The clients, and how large the server is before and under them."""

        async def __aenter__(self) -> None:
            self.process = psutil.Process(server.pid)
            self.before = self.process.memory_info().rss
            self.clients = misbehaving(what, server.port, sqlite_ground.shop.secret)
            self.faults = await self.clients.__aenter__()

        async def __aexit__(self, *_: object) -> None:
            grown.append(self.process.memory_info().rss - self.before)
            await self.clients.__aexit__(None, None, None)
            assert not self.faults

    course = await befall(server, sqlite_ground, Watched(), seconds=2.5)
    await server.kill()
    figures.recovery_s = course.recovery_s
    assert set(course.meanwhile()) == {200}
    assert grown[0] < MOST_GROWTH
    assert "Traceback" not in server.log.read_text(), "somebody else's misbehaviour is no fault of the server"
    await judge(figures, course.traffic, sqlite_ground)
