"""PostgreSQL's outages: nobody listens, nothing comes back, everything takes five seconds, or it only reads."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest

from tests import postgres
from tests.outages.conftest import ServerOf
from tests.outages.course import RECOVERY_S, Figures, befall, judge
from tests.outages.disks import as_root, fill, small_disk
from tests.outages.ground import PostgresGround, Server
from tests.outages.shop import Shop
from tests.store.tcp import wire

BOOT = pytest.mark.parametrize("boot", [False, True], ids=["mid-load", "boot"])


async def outlive(
    ground: PostgresGround,
    server_of: ServerOf,
    figures: Figures,
    outage: AbstractAsyncContextManager[None],
    *,
    boot: bool,
    seconds: float = 3.0,
) -> None:
    server = server_of(ground)
    course = await befall(server, ground, watched(server, outage, trips=not boot), boot=boot, seconds=seconds)
    until = time.monotonic() + RECOVERY_S
    while (await metrics(server))["tailorbird_store_up"] != 1:
        assert time.monotonic() < until, "its metrics do not tell that the store is back"
        await asyncio.sleep(0.1)
    await server.kill()
    figures.start_s, figures.recovery_s = course.start_s, course.recovery_s
    assert 200 not in course.meanwhile(0.1)
    degraded, decides = course.degraded(0.2)
    assert (degraded, decides) == (decides, decides)
    await judge(figures, course.traffic, ground)


@asynccontextmanager
async def watched(server: Server, outage: AbstractAsyncContextManager[None], *, trips: bool) -> AsyncIterator[None]:
    """The outage, of which the server's metrics tell until it ends."""
    async with outage:
        yield
        told = await metrics(server)
        assert told["tailorbird_store_up"] == 0
        assert (told["tailorbird_breaker_trips_total"] > 0) is trips


async def metrics(server: Server) -> dict[str, float]:
    """Those without labels."""
    text = (await server.ask("GET", "/metrics")).body.decode()
    pairs = [line.split(" ") for line in text.splitlines() if not line.startswith("#") and "{" not in line]
    return {name: float(value) for name, value in pairs}


@BOOT
async def test_refused(postgres_ground: PostgresGround, server_of: ServerOf, figures: Figures, boot: bool) -> None:
    await outlive(postgres_ground, server_of, figures, postgres_ground.away(), boot=boot)


@BOOT
async def test_black_holed(postgres_ground: PostgresGround, server_of: ServerOf, figures: Figures, boot: bool) -> None:
    await outlive(postgres_ground, server_of, figures, postgres_ground.black_hole(), boot=boot)


@BOOT
async def test_slow(postgres_ground: PostgresGround, server_of: ServerOf, figures: Figures, boot: bool) -> None:
    await outlive(postgres_ground, server_of, figures, postgres_ground.slow(5.0), boot=boot)


async def test_read_only(postgres_ground: PostgresGround, server_of: ServerOf, figures: Figures) -> None:
    """As after a failover: connections end on a server that takes no writes, until somebody promotes it."""
    server = server_of(postgres_ground)
    course = await befall(server, postgres_ground, read_only(postgres_ground))
    await server.kill()
    figures.recovery_s = course.recovery_s
    assert set(course.meanwhile(0.2)) == {503}
    await judge(figures, course.traffic, postgres_ground)


@asynccontextmanager
async def read_only(ground: PostgresGround) -> AsyncIterator[None]:
    """New connections cannot write, and there are only new ones."""
    database = ground.url.rpartition("/")[2]
    await postgres.execute(ground.admin, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    await ground.terminate_backends()
    try:
        yield
    finally:
        await postgres.execute(ground.admin, f"ALTER DATABASE {database} RESET default_transaction_read_only")
        await ground.terminate_backends()


async def test_backends_are_killed(postgres_ground: PostgresGround, server_of: ServerOf, figures: Figures) -> None:
    """Every connection of the server is ended by PostgreSQL, twenty times within three seconds."""
    server = server_of(postgres_ground)
    killer = Killer(postgres_ground)
    course = await befall(server, postgres_ground, killer, seconds=3.0)
    await server.kill()
    figures.recovery_s, figures.kills = course.recovery_s, killer.killed
    assert killer.killed >= 20
    await judge(figures, course.traffic, postgres_ground)


class Killer:
    """Ends connections again and again while it is entered."""

    def __init__(self, ground: PostgresGround) -> None:
        self._ground = ground
        self._task: asyncio.Task[None] | None = None
        #: connections that were ended
        self.killed = 0

    async def __aenter__(self) -> Killer:
        self._task = asyncio.create_task(self._kill())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        await self._task

    async def _kill(self) -> None:
        for _ in range(20):
            self.killed += await self._ground.terminate_backends()
            await asyncio.sleep(0.15)


async def test_full(postgres_seed: tuple[str, str, Shop], folder: Path, server_of: ServerOf, figures: Figures) -> None:
    """The disk on which PostgreSQL keeps the database is full; its log of transactions lies elsewhere."""
    admin, seeded, shop = postgres_seed
    async with database_on_a_small_disk(admin, seeded) as (url, disk), wire(url) as line:
        ground = PostgresGround(folder, shop, url, line, admin)
        server = server_of(ground)
        course = await befall(server, ground, full(disk), seconds=3.0)
        await server.kill()
        figures.recovery_s = course.recovery_s
        assert 503 in course.meanwhile()
        await judge(figures, course.traffic, ground)


@asynccontextmanager
async def full(disk: Path) -> AsyncIterator[None]:
    """Not one byte of room is left."""
    ballast = fill(disk)
    try:
        yield
    finally:
        ballast.unlink()


@asynccontextmanager
async def database_on_a_small_disk(admin: str, seeded: str) -> AsyncIterator[tuple[str, Path]]:
    """A copy of a database in a tablespace with little room. Whatever happens, it goes before its disk: pages that
    cannot be written any more would stop every checkpoint of this PostgreSQL."""
    owner = await data_owner(admin)
    name = f"tailorbird_test_{secrets.token_hex(8)}"
    with room_to_enter() as disk, small_disk(disk, 48):
        inside = room_for(disk / "tablespace", owner)
        await postgres.execute(admin, f"CREATE TABLESPACE {name} LOCATION '{inside}'")
        try:
            await postgres.execute(
                admin, f"CREATE DATABASE {name} TEMPLATE {seeded.rpartition('/')[2]} TABLESPACE {name}"
            )
            # everything has its room now, so that the checkpoints of others on this PostgreSQL find theirs
            await postgres.execute(admin, "CHECKPOINT")
            yield postgres.at(admin, name), disk
        finally:
            await postgres.execute(admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await postgres.execute(admin, f"DROP TABLESPACE {name}")


@contextmanager
def room_to_enter() -> Iterator[Path]:
    """A folder that PostgreSQL can reach. The folders of pytest are closed to others again whenever it starts."""
    with tempfile.TemporaryDirectory(prefix="tailorbird-disk-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder, "disk")


def room_for(folder: Path, owner: int) -> Path:
    """A folder that PostgreSQL may keep a tablespace in."""
    folder.parent.chmod(0o711)
    folder.mkdir(mode=0o700)
    as_root("chown", str(owner), str(folder))
    return folder


async def data_owner(admin: str) -> int:
    """Whom PostgreSQL runs as; the test is skipped where that is another machine."""
    connection = await asyncpg.connect(admin)
    try:
        return os.stat(await connection.fetchval("SHOW data_directory")).st_uid
    except (OSError, asyncpg.PostgresError):
        pytest.skip("PostgreSQL runs on another machine, or tells nobody where.")
    finally:
        await connection.close()
