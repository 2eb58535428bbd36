"""The server's clock jumps an hour forward or back, in mid-load and between two starts."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.outages.conftest import ServerOf
from tests.outages.course import Figures, befall, judge
from tests.outages.ground import Ground, Server
from tests.outages.serving import put_ahead

HOUR_MS = 3_600_000


@asynccontextmanager
async def jump(ahead: Path, milliseconds: int) -> AsyncIterator[None]:
    """The clock is wrong by so much, then right again: two jumps."""
    put_ahead(ahead, milliseconds)
    try:
        yield
    finally:
        put_ahead(ahead, 0)


@pytest.mark.parametrize("hours", [1, -1], ids=["forward", "back"])
async def test_a_clock_that_jumps(
    ground: Ground, server_of: ServerOf, figures: Figures, tmp_path: Path, hours: int
) -> None:
    ahead = tmp_path / "ahead"
    put_ahead(ahead, 0)
    server = server_of(ground, ahead=ahead)
    course = await befall(server, ground, jump(ahead, hours * HOUR_MS))
    assert set(course.meanwhile()) == {200}, "nothing stands in the way of recording"
    assert ground.name == "postgresql" or course.degraded()[0] == 0
    figures.recovery_s = course.recovery_s
    await revoked_by_a_wrong_clock(server, ground, ahead, hours * HOUR_MS)
    await judge(figures, course.traffic, ground)


async def revoked_by_a_wrong_clock(server: Server, ground: Ground, ahead: Path, wrong: int) -> None:
    """A key that is revoked while the clock is wrong stays revoked when it is right, and the other way round."""
    put_ahead(ahead, wrong)
    await server.revoke(ground.shop)
    for clock in (wrong, 0, -HOUR_MS):
        put_ahead(ahead, clock)
        assert await refused(server, ground)
        await server.kill()
        server.start()
        await server.up()
        assert await refused(server, ground)
    async with ground.away() if ground.name == "postgresql" else only_its_copy(server, ground):
        await server.kill()
        server.start()
        await server.up()
        assert await refused(server, ground), "nor from the copy on disk"
    await server.kill()


@asynccontextmanager
async def only_its_copy(server: Server, ground: Ground) -> AsyncIterator[None]:
    """The file can be locked only when nobody serves from it."""
    await server.kill()
    async with ground.away():
        yield


async def refused(server: Server, ground: Ground) -> bool:
    answer = await server.ask("POST", "/v1/decide", ground.shop.spare, {"visitor": {"id": "x"}})
    return answer.status == 401


async def test_events_of_callers_whose_clock_is_wrong(
    ground: Ground, server_of: ServerOf, figures: Figures, tmp_path: Path
) -> None:
    """Those that lie an hour ahead get the time at which they came; those an hour back keep theirs."""
    server = server_of(ground)
    server.start()
    await server.up()
    now = int(time.time() * 1000)
    events = [
        {"id": f"at{hours}", "name": "late", "visitor": {"id": "clocked"}, "time": iso(now + hours * HOUR_MS)}
        for hours in (-1, 0, 1)
    ]
    answer = await server.ask("POST", "/v1/events", ground.shop.secret, {"events": events})
    assert answer.body["accepted"] == 3
    exported = await server.ask("GET", "/v1/profiles/clocked/export", ground.shop.secret)
    found = {one["id"]: one for one in exported.body["events"]}
    figures.write()
    assert found["at-1"]["time"] == now - HOUR_MS - now % 1000
    assert abs(found["at1"]["time"] - now) < 60_000
    assert (found["at1"]["marks"], found["at-1"]["marks"]) == (["future"], [])


def iso(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at / 1000))
