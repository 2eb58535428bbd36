"""Where everything is kept: one contract, SQLite behind it, and the migrations of the schema."""

from tailorbird.store.migrate import migrate
from tailorbird.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore", "migrate"]
