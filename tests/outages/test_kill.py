"""kill -9, fifty times under load: nothing that was acknowledged is lost or counted twice, nothing is shown twice.

Every other server dies by itself between a commit and its reply, which is where a client cannot know; the others are
killed wherever they are. (A stop by SIGTERM, which loses no request at all, is ``tests/deploy/test_drain.py``.)
"""

from __future__ import annotations

import asyncio
import random

from tests.outages.conftest import ServerOf
from tests.outages.course import Figures, judge, true_within
from tests.outages.ground import Ground, Server
from tests.outages.load import Traffic

KILLS = 50
#: one key is revoked after so many
REVOKED_AFTER = 5


async def test_kill_9(ground: Ground, server_of: ServerOf, figures: Figures) -> None:
    server = server_of(ground)
    chance = random.Random(9)
    traffic = Traffic(ground.shop, server.port, rate=60.0)
    traffic.mortal = True
    starts: list[float] = []
    async with traffic.flowing():
        for number in range(KILLS):
            by_itself = number % 2 == 1
            server.start(die_after=chance.randint(3, 15) if by_itself else 0)
            starts.append(await server.up(or_gone=by_itself))
            if number > REVOKED_AFTER and not by_itself:
                assert (
                    await server.ask("POST", "/v1/decide", ground.shop.spare, {"visitor": {"id": "x"}})
                ).status == 401
            if number == REVOKED_AFTER - 1:
                await server.revoke(ground.shop)
            if by_itself:
                await server.gone()
            else:
                await acknowledged_more(traffic, 5, server)
                await asyncio.sleep(chance.random() * 0.1)
                await server.kill()
        server.start()
        starts.append(await server.up())
        await acknowledged_more(traffic, 20, server)
        traffic.stop()
        await traffic.idle()
    await server.kill()
    figures.kills, figures.start_s, figures.restarted = KILLS, sorted(starts)[len(starts) // 2], True
    assert traffic.broken > KILLS / 2, "the servers were killed under load"
    await judge(figures, traffic, ground)


async def acknowledged_more(traffic: Traffic, number: int, server: Server) -> None:
    """Wait until the server has acknowledged some more events."""
    wanted = len(traffic.acknowledged) + number
    await true_within(10.0, lambda: len(traffic.acknowledged) >= wanted, server.tail())
