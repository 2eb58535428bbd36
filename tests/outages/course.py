"""The course of an outage: traffic before, while and after it, and what must be true of every one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec

from tests.outages.ground import Ground, Server, counted, stored
from tests.outages.load import Traffic

#: folder for the figures of each test; ``python -m tests.outages.measure`` sets it
FIGURES = "OUTAGE_FIGURES"
#: a decision takes at most 150 ms; the machines that run tests are shared, so that they are granted more
P99_MS, MOST_MS = 500.0, 1_000.0
RECOVERY_S = 15.0


class Figures(msgspec.Struct):
    """What was measured in one test."""

    test: str
    decides: int = 0
    degraded: int = 0
    faults: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    most_ms: float = 0.0
    acknowledged: int = 0
    #: calls with events that were told to come back later
    put_off: int = 0
    lost: int = 0
    twice: int = 0
    #: from the start of the process to its first answer
    start_s: float | None = None
    #: from the end of the outage to the first whole answer and the first acknowledged event
    recovery_s: float | None = None
    kills: int = 0
    #: whether callers waited for servers that were being started
    restarted: bool = False

    def write(self) -> None:
        """Leave them where the documentation takes them from, if somebody asked."""
        if folder := os.environ.get(FIGURES):
            name = "".join(letter if letter.isalnum() else "-" for letter in self.test)
            Path(folder, f"{name}.json").write_bytes(msgspec.json.encode(self))


class Course(msgspec.Struct):
    """One outage: its traffic, and when it began and ended."""

    traffic: Traffic
    began: float
    ended: float
    start_s: float | None
    recovery_s: float

    def meanwhile(self, margin: float = 0.0) -> list[int]:
        """The statuses of the calls with events that were sent within the outage."""
        return self.traffic.answered(self.began + margin, self.ended)

    def degraded(self, margin: float = 0.0) -> tuple[int, int]:
        """Of the decide calls sent within the outage: how many were degraded, and how many there were."""
        samples = [s for s in self.traffic.samples if self.began + margin <= s.at < self.ended]
        return sum(sample.degraded for sample in samples), len(samples)


async def befall(
    server: Server,
    ground: Ground,
    outage: AbstractAsyncContextManager[Any],
    *,
    boot: bool = False,
    seconds: float = 2.0,
) -> Course:
    """Let an outage befall a server under load, or one that starts, and wait until all is well again by itself."""
    traffic = Traffic(ground.shop, server.port)
    start_s = None
    async with AsyncExitStack() as trouble:
        if boot:
            await leave_a_copy(server, ground)
            await trouble.enter_async_context(outage)
        server.start()
        start_s = await server.up()
        async with traffic.flowing():
            if not boot:
                await asyncio.sleep(0.6)
                await trouble.enter_async_context(outage)
            began = time.monotonic()
            await asyncio.sleep(seconds)
            ended = time.monotonic()
            await trouble.aclose()
            recovery_s = await recovered(server, traffic, ended)
            await asyncio.sleep(0.4)
    return Course(traffic, began, ended, start_s if boot else None, recovery_s)


async def leave_a_copy(server: Server, ground: Ground) -> None:
    """Serve until there is a copy on disk, then die."""
    server.start()
    await server.up()
    await true_within(5.0, lambda: (ground.folder / "snapshot.json").exists(), "there is no copy on disk")
    await server.kill()


async def recovered(server: Server, traffic: Traffic, since: float) -> float:
    """Wait for whole decisions, acknowledged events and a store that is reached; the seconds that this took."""

    def well() -> bool:
        whole = any(not sample.degraded for sample in traffic.samples[-20:] if sample.at > since)
        return whole and 200 in traffic.answered(since, time.monotonic())

    try:
        await true_within(RECOVERY_S, well, "it did not recover")
        while not (await server.ask("GET", "/readyz")).body["store"]:
            assert time.monotonic() < since + RECOVERY_S, "its store did not come back"
            await asyncio.sleep(0.05)
    except AssertionError as error:
        raise AssertionError(f"{error}:\n{server.tail()}") from error
    return time.monotonic() - since


async def true_within(seconds: float, is_true: Callable[[], bool], otherwise: str) -> None:
    """Wait until something is true."""
    until = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < until, otherwise
        await asyncio.sleep(0.02)


async def judge(figures: Figures, traffic: Traffic, ground: Ground) -> None:
    """What holds in every outage: all decide calls answered, in time and rightly; every acknowledged event once.

    The server has ended, so that what is read is what is durable.
    """
    # where a process may be missing at any time, all of them waited for one now and then
    times = sorted(s.ms for s in traffic.samples if not s.waited) or sorted(s.ms for s in traffic.samples)
    found = await stored(ground.store(), ground.shop.id, "t-")
    figures.decides += len(traffic.samples)
    figures.degraded += sum(sample.degraded for sample in traffic.samples)
    figures.faults += len(traffic.faults)
    figures.p50_ms, figures.p99_ms, figures.most_ms = (times[int(len(times) * part)] for part in (0.5, 0.99, 0.99999))
    figures.acknowledged += len(traffic.acknowledged)
    figures.put_off += sum(status == 503 for _, status, _ in traffic.recorded)
    figures.lost += len(traffic.acknowledged - set(found))
    figures.twice += sum(count - 1 for count in found.values())
    figures.write()
    assert not traffic.faults, traffic.faults[:5]
    assert not traffic.odd, traffic.odd[:5]
    assert not traffic.shown_twice
    assert figures.lost == 0
    assert figures.twice == 0
    assert await counted(ground.store(), ground.shop.id, "view") == sum(found.values())
    assert figures.restarted or (figures.p99_ms <= P99_MS and figures.most_ms <= MOST_MS), figures
    assert traffic.acknowledged


def read_figures(folder: Path) -> list[Figures]:
    """All figures in a folder."""
    return [msgspec.json.decode(path.read_bytes(), type=Figures) for path in sorted(folder.glob("*.json"))]
