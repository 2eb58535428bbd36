"""A rollout and the way back: the release after this one migrates, and this one is started again on what it left."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest

from tailorbird.store.migrate import HEAD
from tests import postgres
from tests.cli.commands import Server, serving, tailorbird, told
from tests.deploy.releases import NEXT, next_release
from tests.deploy.shop import Shop as Keys
from tests.deploy.shop import start_campaign, within
from tests.store.conftest import BACKENDS, postgres_server

__all__ = ["postgres_server"]

#: what a command is told of the place
Words = tuple[str, ...]


class Place(NamedTuple):
    """A shop before the rollout, on either store."""

    words: Words
    folder: Path
    url: str
    secret: str

    def decides_and_records(self, server: Server, event: str) -> None:
        """A visitor is decided for, and an event of theirs is counted once."""

        def decides() -> bool:
            asked = {"visitor": {"id": "anna"}, "campaigns": ["hero"]}
            status, answer = server.call("POST", "/v1/decide", self.secret, asked)
            return status == 200 and not answer["degraded"] and answer["decisions"][0]["campaign"] == "hero"

        within(20, "it does not decide", decides)
        sent = {"events": [{"id": event, "name": "order", "visitor": {"id": "anna"}}]}
        assert server.good("POST", "/v1/events", self.secret, sent)["accepted"] == 1

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """What the database says."""
        if self.url:
            return asyncio.run(_asked(self.url, question))
        connection = sqlite3.connect(self.folder / "tailorbird.db")
        try:
            return connection.execute(question).fetchall()
        finally:
            connection.close()


async def _asked(url: str, question: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(question)]
    finally:
        await connection.close()


@pytest.fixture(params=BACKENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "data"
    if request.param == "sqlite":
        yield opened(folder, "")
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            yield opened(folder, url)


def opened(folder: Path, url: str) -> Place:
    """A shop with a campaign that runs, made by this release."""
    words: Words = ("--data", str(folder), *(("--database", url) if url else ()))
    told("migrate", "--json", *words)
    told("project", "create", "Shop", "--json", *words)
    secret = told("key", "create", "shop", "--scope", "decide,record,manage", *words)["secret"]
    with serving(*words) as server:
        start_campaign(server, Keys(folder, secret))
        assert server.stop() == 0
    return Place(words, folder, url, secret)


def test_the_release_before_works_on_the_schema_of_the_next_one(place: Place, tmp_path: Path) -> None:
    coming = next_release(tmp_path / "next", runs_with=HEAD)
    assert told("migrate", "--json", *place.words, PYTHONPATH=coming)["after"] == NEXT
    with serving(*place.words, PYTHONPATH=coming) as server:
        place.decides_and_records(server, "by the next one")
        assert server.stop() == 0
    with serving(*place.words) as server:
        place.decides_and_records(server, "by this one")
        assert server.stop() == 0
    with serving(*place.words, PYTHONPATH=coming) as server:
        place.decides_and_records(server, "by the next one again")
        assert server.stop() == 0
    assert sorted(place.rows("SELECT id, door FROM events WHERE name = 'order'")) == [
        ("by the next one", "api"),
        ("by the next one again", "api"),
        ("by this one", "api"),
    ]


def test_tools_of_the_release_before_work_too_and_change_no_schema(place: Place, tmp_path: Path) -> None:
    coming = next_release(tmp_path / "next", runs_with=HEAD)
    assert tailorbird("migrate", *place.words, PYTHONPATH=coming).code == 0
    done = tailorbird("migrate", *place.words)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(f" has a newer schema ({NEXT}), with which this version works ({HEAD}).\n")
    assert told("migrate", "--json", *place.words)["after"] == NEXT
    assert told("project", "list", "--json", *place.words)
    assert place.rows("SELECT version_num FROM alembic_version") == [(NEXT,)]


def test_a_schema_that_needs_newer_code_is_refused_by_the_release_before(place: Place, tmp_path: Path) -> None:
    coming = next_release(tmp_path / "next", runs_with=NEXT)
    assert tailorbird("migrate", *place.words, PYTHONPATH=coming).code == 0
    for words in (("serve", "--port", "0"), ("migrate",), ("project", "list")):
        done = tailorbird(*words, *place.words)
        assert (done.code, done.out) == (1, "")
        sentence = f"newer Tailorbird (its schema is {NEXT}, which runs with {NEXT} or newer; this one knows {HEAD})"
        assert sentence in done.err
        assert done.err.count("\n") == 1
    with serving(*place.words, PYTHONPATH=coming) as server:
        place.decides_and_records(server, "by the next one")


def test_replicas_of_two_releases_serve_one_database_at_once(postgres_server: str, tmp_path: Path) -> None:
    with postgres.database(postgres_server) as url:
        place = opened(tmp_path / "data", url)
        coming = next_release(tmp_path / "next", runs_with=HEAD)
        new = ("--database", url, "--data", str(tmp_path / "new"))
        with serving(*place.words) as running:
            place.decides_and_records(running, "before the migration")
            assert tailorbird("migrate", "--database", url, PYTHONPATH=coming).code == 0
            place.decides_and_records(running, "after it")
            with serving(*new, PYTHONPATH=coming) as exchanged:
                place.decides_and_records(exchanged, "by the next one")
                again = {"events": [{"id": "by the next one", "name": "order", "visitor": {"id": "anna"}}]}
                assert running.good("POST", "/v1/events", place.secret, again)["duplicates"] == 1
        assert len(place.rows("SELECT id FROM events WHERE name = 'order'")) == 3


def test_a_backup_of_the_next_release_is_restored_by_the_one_before_it_as_far_as_it_runs_on_it(tmp_path: Path) -> None:
    place = opened(tmp_path / "data", "")
    coming = next_release(tmp_path / "next", runs_with=HEAD)
    assert tailorbird("migrate", *place.words, PYTHONPATH=coming).code == 0
    copy, other = str(tmp_path / "copy.db"), str(tmp_path / "other")
    assert told("backup", "--out", copy, "--json", *place.words, PYTHONPATH=coming)["schema"] == NEXT
    assert told("restore", copy, "--data", other, "--json")["schema"] == NEXT
    with serving("--data", other) as server:
        place.decides_and_records(server, "restored")
