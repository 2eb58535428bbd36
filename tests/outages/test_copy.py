"""A start while the database is away: the copy on disk decides, unless it is damaged, too old, or for a revoked key."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from tests.outages.conftest import ServerOf
from tests.outages.course import Figures, leave_a_copy, true_within
from tests.outages.disks import fill, small_disk
from tests.outages.ground import Ground, PostgresGround, Server
from tests.outages.line import Answer
from tests.outages.shop import ASKED, Shop, fault, visitor
from tests.store.tcp import wire

DAY_S = 24 * 3_600
ASK = {"visitor": {"id": visitor(1)}, "campaigns": ASKED}


async def decide(server: Server, secret: str) -> Answer:
    return await server.ask("POST", "/v1/decide", secret, ASK)


def rightly_degraded(answer: Answer, shop: Shop) -> bool:
    return answer.status == 200 and answer.body["degraded"] and not fault(shop, visitor(1), answer.body)


async def whole_again(server: Server, shop: Shop, figures: Figures) -> None:
    """Wait until decisions are whole, which nobody has to help with."""
    began = time.monotonic()
    while True:
        answer = await decide(server, shop.secret)
        if answer.status == 200 and not answer.body["degraded"]:
            break
        assert time.monotonic() - began < 15, (answer, server.tail())
        await asyncio.sleep(0.05)
    figures.recovery_s = time.monotonic() - began
    figures.write()


@pytest.mark.parametrize("damage", ["flipped", "missing"])
async def test_without_a_good_copy_nobody_is_answered_until_the_database_is_back(
    ground: Ground, server_of: ServerOf, figures: Figures, damage: str
) -> None:
    server = server_of(ground)
    await leave_a_copy(server, ground)
    harm(ground.folder / "snapshot.json", damage)
    async with ground.away():
        server.start()
        if damage == "missing" and ground.name == "sqlite":
            await server.gone()  # nothing to wait with: whoever starts servers starts another one
        else:
            figures.start_s = await server.up()
            for path in ("/v1/decide", "/v1/events"):
                answer = await server.ask("POST", path, ground.shop.secret, ASK)
                assert (answer.status, int(answer.headers["retry-after"]) >= 1) == (503, True)
            ready = await server.ask("GET", "/readyz")
            assert (ready.status, ready.body["ready"]) == (503, False)
    if not server.lives:
        server.start()
        await server.up()
    await whole_again(server, ground.shop, figures)


def harm(copy: Path, damage: str) -> None:
    good = copy.read_bytes()
    if damage == "missing":
        copy.unlink()
    else:
        middle = len(good) // 2
        copy.write_bytes(good[:middle] + bytes([good[middle] ^ 4]) + good[middle + 1 :])


@pytest.mark.parametrize(("age_s", "opens"), [(DAY_S - 300, True), (DAY_S + 300, False)], ids=["23-hours", "25-hours"])
async def test_the_keys_of_a_copy_are_believed_for_a_day(
    ground: Ground, server_of: ServerOf, figures: Figures, age_s: int, opens: bool
) -> None:
    server = server_of(ground)
    await leave_a_copy(server, ground)
    confirmed = time.time() - age_s
    os.utime(ground.folder / "snapshot.json", (confirmed, confirmed))
    async with ground.away():
        server.start()
        figures.start_s = await server.up()
        answer = await decide(server, ground.shop.secret)
        assert rightly_degraded(answer, ground.shop) if opens else answer.status == 401
    await whole_again(server, ground.shop, figures)


async def test_a_key_stays_revoked_when_the_copy_is_all_there_is(
    ground: Ground, server_of: ServerOf, figures: Figures
) -> None:
    server = server_of(ground)
    await leave_a_copy(server, ground)
    server.start()
    await server.up()
    assert (await decide(server, ground.shop.spare)).status == 200
    await server.revoke(ground.shop)
    assert (await decide(server, ground.shop.spare)).status == 401
    await server.kill()  # at once: there is no later at which the copy would be written
    async with ground.away():
        server.start()
        figures.start_s = await server.up()
        assert (await decide(server, ground.shop.spare)).status == 401
        assert rightly_degraded(await decide(server, ground.shop.secret), ground.shop)
    await whole_again(server, ground.shop, figures)
    assert (await decide(server, ground.shop.spare)).status == 401


async def test_a_key_that_is_revoked_while_this_server_cannot_reach_the_database(
    postgres_ground: PostgresGround, server_of: ServerOf, tmp_path: Path, figures: Figures
) -> None:
    """Another replica revokes it. This one cannot know, and learns it with the first thing that it hears again."""
    here = server_of(postgres_ground)
    here.start()
    await here.up()
    async with wire(postgres_ground.url) as line:
        folder = tmp_path / "there"
        folder.mkdir()
        elsewhere = PostgresGround(folder, postgres_ground.shop, postgres_ground.url, line, postgres_ground.admin)
        there = server_of(elsewhere)
        there.start()
        await there.up()
        async with postgres_ground.away():
            assert (await decide(here, postgres_ground.shop.spare)).status == 200
            await there.revoke(postgres_ground.shop)
        back = time.monotonic()
        while (await decide(here, postgres_ground.shop.spare)).status != 401:
            assert time.monotonic() - back < 10, here.tail()
            await asyncio.sleep(0.02)
        figures.recovery_s = time.monotonic() - back
        figures.write()
        await there.kill()


async def test_a_full_disk_under_the_copy_keeps_no_revoked_key_alive(
    postgres_ground: PostgresGround, server_of: ServerOf, tmp_path: Path, figures: Figures
) -> None:
    ground = postgres_ground
    with small_disk(ground.folder, 1):
        server = server_of(ground, log=tmp_path / "server.log")
        await leave_a_copy(server, ground)
        server.start()
        await server.up()
        ballast = fill(ground.folder)
        await server.revoke(ground.shop)
        await true_within(5.0, lambda: "snapshot copy not written" in server.tail(), server.tail())
        await server.kill()
        async with ground.away():
            server.start()
            figures.start_s = await server.up()
            assert (await decide(server, ground.shop.spare)).status in (401, 503)
        ballast.unlink()
        await whole_again(server, ground.shop, figures)
        assert (await decide(server, ground.shop.spare)).status == 401
        await server.kill()
