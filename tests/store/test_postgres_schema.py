"""The schema on PostgreSQL: what the migrations build is what ``schema.py`` says, and nothing else is worked with."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tailorbird.domain.errors import Conflict, Unavailable
from tailorbird.domain.facts import Verdict
from tailorbird.store import migrate
from tailorbird.store.migrate import HEAD, RUNS_WITH
from tailorbird.store.postgres import PostgresStore
from tailorbird.store.postgres.database import revision_at
from tailorbird.store.revision import Revision
from tailorbird.store.schema import metadata
from tests import postgres
from tests.store.small_fold import SmallFold, event


@pytest.fixture
def empty_url(postgres_server: str) -> Iterator[str]:
    with postgres.database(postgres_server) as url:
        yield url


def engine_at(url: str) -> Any:
    return create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool)


async def with_metadata(url: str, work: Any) -> Any:
    async with engine_at(url).begin() as connection:
        return await connection.run_sync(work)


async def shape(url: str) -> set[tuple[Any, ...]]:
    """Every column, index and constraint, as the server tells them."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name"
            " FROM information_schema.columns WHERE table_schema = 'public'"
            " UNION ALL SELECT tablename, indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'public'"
            " UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', ''"
            " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        )
        return {tuple(row) for row in rows if row[0] != "alembic_version"}
    finally:
        await connection.close()


def test_a_fresh_schema_is_all_migrations_applied(postgres_server: str, postgres_migrated: str) -> None:
    with postgres.database(postgres_server) as fresh:
        asyncio.run(with_metadata(fresh, metadata.create_all))
        migrated = asyncio.run(shape(postgres_migrated))
        assert migrated == asyncio.run(shape(fresh))
    assert {row[0] for row in migrated} == set(metadata.tables)


def test_nothing_is_left_to_migrate(postgres_migrated: str) -> None:
    def differences(connection: Any) -> Any:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert asyncio.run(with_metadata(postgres_migrated, differences)) == []


def test_processes_that_migrate_at_once_wait_for_each_other(empty_url: str) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            migrate(empty_url)
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    before = asyncio.run(shape(empty_url))
    migrate(empty_url)
    assert asyncio.run(shape(empty_url)) == before


def test_a_migration_that_breaks_off_leaves_the_database_as_it_was(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic.operations import Operations

    whole, calls = Operations.create_table, []

    def breaking(self: Operations, name: str, *columns: Any, **options: Any) -> Any:
        calls.append(name)
        if len(calls) == 10:
            raise OSError("pulled the plug")
        return whole(self, name, *columns, **options)

    monkeypatch.setattr(Operations, "create_table", breaking)
    with pytest.raises(Unavailable):
        migrate(empty_url)
    assert asyncio.run(shape(empty_url)) == set()
    monkeypatch.undo()
    migrate(empty_url)
    assert len(asyncio.run(shape(empty_url))) > len(metadata.tables)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
async def test_every_spelling_of_the_address_is_understood(postgres_url: str, scheme: str) -> None:
    url = postgres_url.replace("postgresql://", f"{scheme}://", 1)
    await asyncio.to_thread(migrate, url)
    store = PostgresStore(url)
    await store.open()
    await store.ping()
    await store.close()


# -- what is not worked with -----------------------------------------------------------------------------------------


async def refusal(url: str) -> str:
    with pytest.raises(Conflict) as caught:
        await PostgresStore(url).open()
    return caught.value.detail


async def test_a_database_without_the_schema_is_refused_and_not_touched(empty_url: str) -> None:
    assert "tailorbird migrate" in await refusal(empty_url)
    assert await shape(empty_url) == set()


async def put(url: str, version: str, runs_with: str) -> None:
    mark = f"DELETE FROM meta WHERE name = '{RUNS_WITH}'; INSERT INTO meta VALUES ('{RUNS_WITH}', '{runs_with}')"
    await postgres.execute(url, f"UPDATE alembic_version SET version_num = '{version}'; {mark}")


@pytest.mark.parametrize(
    ("version", "runs_with", "told"),
    [
        ("0001", "0001", "tailorbird migrate"),
        ("9999", "", "newer Tailorbird (its schema is 9999, this one knows"),
        ("9999", "9998", "newer Tailorbird (its schema is 9999, which runs with 9998 or newer; this one knows"),
    ],
)
async def test_another_schema_is_refused(empty_url: str, version: str, runs_with: str, told: str) -> None:
    await asyncio.to_thread(migrate, empty_url)
    await put(empty_url, version, runs_with)
    assert told in await refusal(empty_url)
    await put(empty_url, HEAD, runs_with)
    store = PostgresStore(empty_url)
    await store.open()
    await store.close()


@pytest.mark.parametrize("runs_with", ["0001", HEAD])
async def test_a_newer_schema_that_runs_with_this_code_is_taken_as_it_is(
    empty_url: str, runs_with: str, fold: SmallFold
) -> None:
    await asyncio.to_thread(migrate, empty_url)
    await put(empty_url, "9999", runs_with)
    await asyncio.to_thread(migrate, empty_url)
    store = PostgresStore(empty_url)
    await store.open()
    assert await store.commit([event("e1")], fold) == [Verdict("accepted")]
    await store.close()
    assert await revision_at(empty_url) == Revision(version="9999", runs_with=runs_with)


async def test_a_database_in_another_encoding_is_refused(postgres_server: str) -> None:
    name = f"tailorbird_test_{secrets.token_hex(8)}"
    await postgres.execute(
        postgres_server, f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )
    try:
        assert "UTF8" in await refusal(postgres.at(postgres_server, name))
    finally:
        await postgres.execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")
