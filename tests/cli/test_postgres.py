"""The command line on PostgreSQL: migrate is a step of its own, and a server says what it will not do without it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tailorbird.store.migrate import HEAD
from tests import postgres
from tests.cli.commands import serving, tailorbird, told
from tests.store.conftest import postgres_server

__all__ = ["postgres_server"]


@pytest.fixture
def url(postgres_server: str) -> Iterator[str]:
    with postgres.database(postgres_server) as made:
        yield made


def test_migrate_makes_the_schema_once(url: str) -> None:
    done = tailorbird("migrate", "--database", url)
    assert (done.code, done.out) == (0, f"The PostgreSQL database: schema none -> {HEAD}.\n")
    again = tailorbird("migrate", TAILORBIRD_DATABASE=url)
    assert (again.code, again.out) == (0, f"The PostgreSQL database has this version's schema already ({HEAD}).\n")
    assert told("migrate", "--json", "--database", url) == {"before": HEAD, "after": HEAD}


def test_without_the_schema_nothing_is_done_and_nothing_changed(url: str, tmp_path: Path) -> None:
    data = str(tmp_path)
    for words in (("serve", "--port", "0"), ("project", "create", "Shop"), ("project", "list")):
        done = tailorbird(*words, "--database", url, "--data", data)
        assert (done.code, done.out) == (1, "")
        assert "tailorbird migrate" in done.err
        assert done.err.count("\n") == 1
    assert told("migrate", "--json", "--database", url)["before"] is None


def test_a_newer_schema_is_not_touched(url: str, tmp_path: Path) -> None:
    assert tailorbird("migrate", "--database", url).code == 0
    asyncio.run(postgres.execute(url, "UPDATE alembic_version SET version_num = '9999'; DELETE FROM meta"))
    for words in (("migrate",), ("serve", "--port", "0", "--data", str(tmp_path))):
        done = tailorbird(*words, "--database", url)
        assert done.code == 1
        assert "newer Tailorbird" in done.err


def test_a_server_that_cannot_reach_its_database_starts_and_waits(url: str, tmp_path: Path) -> None:
    away = postgres.at("postgresql://shop:hidden@127.0.0.1:1/x", "tailorbird")
    with serving("--database", away, "--data", str(tmp_path)) as server:
        assert server.call("GET", "/healthz", "")[0] == 200
        assert server.call("GET", "/readyz", "")[0] == 503
        server.process.send_signal(signal.SIGTERM)
        _, said = server.process.communicate(timeout=30)
        assert "hidden" not in said
        assert "127.0.0.1:1" not in said


def test_workers_stop_together_and_lose_nothing(url: str, tmp_path: Path) -> None:
    assert tailorbird("migrate", "--database", url).code == 0
    told("project", "create", "Shop", "--json", "--database", url)
    secret = told("key", "create", "shop", "--scope", "record,read", "--database", url)["secret"]
    with serving("--database", url, "--data", str(tmp_path), "--workers", "2") as server:
        events = [{"id": f"e{n}", "name": "order", "visitor": {"id": "anna"}} for n in range(3)]
        until = time.monotonic() + 10
        while server.call("GET", "/readyz", "")[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert server.good("POST", "/v1/events", secret, {"events": events})["accepted"] == 3
        assert server.stop(signal.SIGINT) == 0
    assert asyncio.run(count(url, "events")) == 3


async def count(url: str, table: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))
    finally:
        await connection.close()


def test_workers_that_cannot_start_end_with_a_word(url: str, tmp_path: Path) -> None:
    assert tailorbird("migrate", "--database", url).code == 0
    done = tailorbird(
        *("serve", "--port", "0", "--workers", "2", "--database", url),
        *("--data", str(tmp_path), "--geo", str(tmp_path / "nowhere.mmdb")),
    )
    assert done.code == 1
    assert done.err.splitlines()[-1] == "tailorbird: The workers do not come up; what they say is above."
