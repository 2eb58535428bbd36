"""Bring a database to this version's schema. SQLAlchemy and Alembic are imported only when there is something to do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

#: the newest migration in ``migrations/versions``; numbers are zero-padded, so they compare as text
HEAD = "0006"
#: the word in ``meta`` under which a migrated database says with which schema's code it still works
RUNS_WITH = "runs_with"
#: how long a migration waits for another process that writes
_WAIT_S = 30
#: the name of the lock under which PostgreSQL is migrated
_LOCK = 7_236_100
_POSTGRES = ("postgres", "postgresql")


def migrate(url: str | URL) -> None:
    """Run every migration that ``url`` has not seen, as one transaction; nothing happens when there is none, or when a
    newer version has migrated it.

    A second process that migrates at the same time waits, then finds nothing to do. Not to be called while an event
    loop runs in this thread.
    """
    text = url if isinstance(url, str) else url.render_as_string(hide_password=False)
    if text.partition(":")[0].partition("+")[0] in _POSTGRES:
        asyncio.run(_migrate_postgres(text))
    else:
        _migrate_sqlite(url)


def _migrate_sqlite(url: str | URL) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(url, poolclass=NullPool)
    _transactional(engine)
    with engine.begin() as connection:
        _upgrade(connection)


async def _migrate_postgres(url: str) -> None:
    import asyncpg
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    from tailorbird.store.postgres.connections import CONNECT_SECONDS, address
    from tailorbird.store.postgres.errors import translated

    async def connect() -> Any:
        return await asyncpg.connect(address(url), timeout=CONNECT_SECONDS)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": _LOCK})
            await connection.run_sync(_upgrade)
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        raise translated(cause or error) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise translated(error) from error


def _upgrade(connection: Any) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    if (MigrationContext.configure(connection).get_current_revision() or "") > HEAD:
        return
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    known = ScriptDirectory.from_config(config).walk_revisions()
    # one that says nothing is for its own code only
    _mark(connection, max(getattr(one.module, "runs_with", one.revision) for one in known))


def _mark(connection: Any, oldest: str) -> None:
    """Write down which code still works with the database: what any of its migrations asks for, they all do."""
    from sqlalchemy import delete, insert, select

    from tailorbird.store.schema import meta

    here = meta.c.name == RUNS_WITH
    if connection.scalar(select(meta.c.value).where(here)) != oldest:
        connection.execute(delete(meta).where(here))
        connection.execute(insert(meta).values(name=RUNS_WITH, value=oldest))


def _transactional(engine: Engine) -> None:
    """Make the driver leave transactions to us: by itself it commits each table as it is created."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {_WAIT_S * 1000}")

    @event.listens_for(engine, "begin")
    def began(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
