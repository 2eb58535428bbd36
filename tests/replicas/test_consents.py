"""Consents that two servers are told of at the same moment: none undoes another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store.postgres import PostgresStore
from tailorbird.web.app import build_app
from tailorbird.web.options import Options
from tests.store.conftest import postgres_migrated, postgres_server, postgres_url
from tests.web.conftest import NOON, Site
from tests.web.facades.cases import basic

__all__ = ["postgres_migrated", "postgres_server", "postgres_url"]
CATEGORIES = [f"c{number}" for number in range(8)]


@pytest.fixture
async def servers(postgres_url: str, tmp_path: Path) -> AsyncIterator[list[Site]]:
    """Two servers on one database; both know the project ``shop``."""
    found: list[Site] = []
    async with AsyncExitStack() as opened:
        for number in range(2):
            folder = tmp_path / str(number)
            folder.mkdir()
            runtime = Runtime(PostgresStore(postgres_url), data_dir=folder, clock=lambda: NOON, poll_seconds=0.05)
            runtime.breaker.patience = 60.0
            await opened.enter_async_context(running(runtime))
            site = Site(runtime, build_app(runtime, Options(access_log=False)))
            if found:
                site.project, site.key = found[0].project, found[0].key
            else:
                site.project, site.key = await site.another_project("Shop")
            found.append(site)
        yield found


async def say(site: Site, category: str, action: str, seconds: int) -> None:
    told = {"action": action, "userId": "ada", "category": category, "timestamp": NOON // 1000 - 1_000 + seconds}
    head = {"authorization": basic("shop", site.key)}
    answer = await site.ask("POST", "/v1/acme/projects/shop/consents/data", key="", headers=head, json=told)
    assert answer.status_code == 200, answer.text


async def consents(site: Site) -> Any:
    return (await site.ask("GET", "/v1/profiles/ada")).json()["attributes"]["consent"]


async def test_two_servers_that_are_told_at_the_same_moment_keep_all_of_it(servers: list[Site]) -> None:
    """No withdrawal is undone by what the other server knew before it."""
    for turn in range(12):
        action, undone = ("accept", "reject") if turn % 2 == 0 else ("reject", "accept")
        # half of them are told again at the other server, as they were before: that is older, and changes nothing
        calls = [say(servers[n % 2], name, action, 10 * turn + 5) for n, name in enumerate(CATEGORIES)]
        calls += [say(servers[1 - n % 2], name, undone, 10 * turn) for n, name in enumerate(CATEGORIES[:4])]
        await asyncio.gather(*calls)
        for site in servers:
            assert await consents(site) == dict.fromkeys(CATEGORIES, action == "accept")
