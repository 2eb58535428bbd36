"""Bring a database to this version's schema. SQLAlchemy and Alembic are imported only when there is something to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

#: the newest migration in ``migrations/versions``; numbers are zero-padded, so they compare as text
HEAD = "0002"
#: how long a migration waits for another process that writes
_WAIT_S = 30


def migrate(url: str | URL) -> None:
    """Run every migration that ``url`` has not seen, as one transaction; nothing happens when there is none.

    A second process that migrates at the same time waits, then finds nothing to do.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        _transactional(engine)
    with engine.begin() as connection:
        _upgrade(connection)


def _upgrade(connection: Any) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


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
