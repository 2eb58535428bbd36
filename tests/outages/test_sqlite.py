"""SQLite's outages: the file is locked, read-only or damaged, or the disk is full."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copyfile

import psutil
import pytest

from tests.outages.conftest import ServerOf
from tests.outages.course import Figures, befall, judge, recovered, true_within
from tests.outages.disks import as_root, break_disk, breakable_disk, fill, repair, small_disk
from tests.outages.ground import Server, SqliteGround, integrity
from tests.outages.load import Traffic
from tests.outages.shop import Shop

PAGE = 4_096
WRONG = b"\xa5" * PAGE


@asynccontextmanager
async def writing(ground: SqliteGround) -> AsyncIterator[None]:
    """Another program is in the middle of a transaction that writes."""
    other = sqlite3.connect(ground.file, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        other.close()


@pytest.mark.parametrize("boot", [False, True], ids=["mid-load", "boot"])
async def test_locked(sqlite_ground: SqliteGround, server_of: ServerOf, figures: Figures, boot: bool) -> None:
    server = server_of(sqlite_ground)
    outage = sqlite_ground.away() if boot else writing(sqlite_ground)
    course = await befall(server, sqlite_ground, outage, boot=boot, seconds=3.0 if boot else 4.5)
    await server.kill()
    figures.start_s, figures.recovery_s = course.start_s, course.recovery_s
    assert set(course.meanwhile()) <= {503, 200}
    assert 503 in course.meanwhile()
    await judge(figures, course.traffic, sqlite_ground)


@pytest.mark.parametrize("boot", [False, True], ids=["mid-load", "boot"])
async def test_full(
    sqlite_seed: tuple[Path, Shop], folder: Path, server_of: ServerOf, figures: Figures, boot: bool
) -> None:
    path, shop = sqlite_seed
    with small_disk(folder, 12):
        copyfile(path, folder / "tailorbird.db")
        ground = SqliteGround(folder, shop)
        server = server_of(ground)
        course = await befall(server, ground, full(ground), boot=boot)
        await server.kill()
        figures.start_s, figures.recovery_s = course.start_s, course.recovery_s
        assert set(course.meanwhile(0.1)) == {503}
        await judge(figures, course.traffic, ground)


@asynccontextmanager
async def full(ground: SqliteGround) -> AsyncIterator[None]:
    """Not one byte of room is left, neither for the database nor for the server's log."""
    ballast = fill(ground.folder)
    try:
        yield
    finally:
        ballast.unlink()


async def test_quota(sqlite_ground: SqliteGround, server_of: ServerOf, figures: Figures) -> None:
    """No file of the server's may grow, which is what a quota does; shown where nobody may mount a small disk too."""
    server = server_of(sqlite_ground)
    course = await befall(server, sqlite_ground, quota(server))
    await server.kill()
    figures.recovery_s = course.recovery_s
    assert set(course.meanwhile(0.1)) == {503}
    await judge(figures, course.traffic, sqlite_ground)


@asynccontextmanager
async def quota(server: Server) -> AsyncIterator[None]:
    process = psutil.Process(server.pid)
    before = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (4_096, before[1]))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_FSIZE, before)


async def test_read_only_at_boot(
    sqlite_seed: tuple[Path, Shop], folder: Path, server_of: ServerOf, figures: Figures
) -> None:
    path, shop = sqlite_seed
    with small_disk(folder, 24):
        copyfile(path, folder / "tailorbird.db")
        ground = SqliteGround(folder, shop)
        server = server_of(ground, log=folder.parent / "server.log")
        course = await befall(server, ground, read_only(ground), boot=True)
        await server.kill()
        figures.start_s, figures.recovery_s = course.start_s, course.recovery_s
        assert set(course.meanwhile()) == {503}
        await judge(figures, course.traffic, ground)


@asynccontextmanager
async def read_only(ground: SqliteGround) -> AsyncIterator[None]:
    """The disk can only be read."""
    as_root("mount", "-o", "remount,ro", str(ground.folder))
    try:
        yield
    finally:
        as_root("mount", "-o", "remount,rw", str(ground.folder))


async def test_read_only_in_mid_load(
    sqlite_seed: tuple[Path, Shop], folder: Path, server_of: ServerOf, figures: Figures
) -> None:
    """The kernel gives the disk up; somebody repairs it and starts the server again.

    In the moment of giving up Linux may answer a running fsync with success (any program on ext4 sees that), so what is
    acknowledged just then is not judged.
    """
    path, shop = sqlite_seed
    image = folder.parent / "disk.img"
    ground = SqliteGround(folder, shop)
    server = server_of(ground, log=folder.parent / "server.log")
    traffic = Traffic(shop, server.port)
    async with traffic.flowing():
        with breakable_disk(folder, image):
            copyfile(path, folder / "tailorbird.db")
            on_the_disk(folder, folder / "tailorbird.db")
            traffic.mortal = True
            server.start()
            await server.up()
            traffic.mortal = False
            await true_within(5.0, lambda: len(traffic.acknowledged) > 20, "nothing was acknowledged")
            traffic.unsure = True
            await asyncio.to_thread(break_disk, folder)
            await asyncio.sleep(0.2)
            traffic.unsure = False
            broke_at = time.monotonic()
            await asyncio.sleep(2.0)
            assert set(traffic.answered(broke_at, time.monotonic())) == {503}
            traffic.mortal = True
            await server.kill()
        repair(image)
        with breakable_disk(folder, image, fresh=False):
            server.start()
            figures.start_s = await server.up()
            traffic.mortal = False
            figures.recovery_s = await recovered(server, traffic, time.monotonic())
            await asyncio.sleep(0.3)
            traffic.stop()
            await traffic.idle()
            await server.kill()
            await judge(figures, traffic, ground)


def on_the_disk(*paths: Path) -> None:
    """Wait until they are."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


@pytest.mark.parametrize("boot", [False, True], ids=["mid-load", "boot"])
async def test_corrupt(sqlite_ground: SqliteGround, server_of: ServerOf, figures: Figures, boot: bool) -> None:
    server = server_of(sqlite_ground)
    course = await befall(server, sqlite_ground, damaged(sqlite_ground), boot=boot, seconds=2.5)
    await server.kill()
    figures.start_s, figures.recovery_s = course.start_s, course.recovery_s
    assert set(course.meanwhile(1.5)) == {503}, "what was met as damage is not written on"
    degraded, decides = course.degraded(1.5)
    assert degraded == decides
    assert integrity(sqlite_ground.file) == "ok"
    await judge(figures, course.traffic, sqlite_ground)


@asynccontextmanager
async def damaged(ground: SqliteGround) -> AsyncIterator[None]:
    """Every page but the first reads as something else, until the disk reads right again.

    Pages that were written meanwhile are left as they are: the disk is wrong about what lay on it, not about what is
    put there now.
    """
    with ground.file.open("r+b") as file:
        good = file.read()
        file.seek(PAGE)
        file.write(WRONG * (len(good) // PAGE - 1))
    try:
        yield
    finally:
        with ground.file.open("r+b") as file:
            for at in range(PAGE, len(good), PAGE):
                file.seek(at)
                if file.read(PAGE) == WRONG:
                    file.seek(at)
                    file.write(good[at : at + PAGE])
