"""The schema on PostgreSQL: what the migrations build is what ``schema.py`` says, and nothing else is worked with."""

from __future__ import annotations

import asyncio
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
from tailorbird.store import migrate
from tailorbird.store.migrate import HEAD
from tailorbird.store.postgres import PostgresStore
from tailorbird.store.schema import metadata
from tests import postgres


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


@pytest.mark.parametrize(("version", "told"), [("0001", "tailorbird migrate"), ("9999", "newer Tailorbird")])
async def test_another_schema_is_refused(postgres_url: str, version: str, told: str) -> None:
    await postgres.execute(postgres_url, f"UPDATE alembic_version SET version_num = '{version}'")
    try:
        assert told in await refusal(postgres_url)
    finally:
        await postgres.execute(postgres_url, f"UPDATE alembic_version SET version_num = '{HEAD}'")
    store = PostgresStore(postgres_url)
    await store.open()
    await store.close()


async def test_a_database_in_another_encoding_is_refused(postgres_server: str) -> None:
    name = "tailorbird_test_latin1"
    await postgres.execute(postgres_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await postgres.execute(
        postgres_server, f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )
    try:
        assert "UTF8" in await refusal(postgres.at(postgres_server, name))
    finally:
        await postgres.execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")
