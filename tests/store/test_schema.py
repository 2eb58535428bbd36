"""One schema: what the migrations build is what ``schema.py`` says, on every backend."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateTable

from tailorbird.store import migrate
from tailorbird.store.migrate import HEAD
from tailorbird.store.schema import metadata


def shape(path: Path) -> set[str]:
    """Every statement that made the file, without its spacing and the migrations' own table."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    finally:
        connection.close()
    return {_plain(sql) for name, sql in rows if name != "alembic_version"}


def _plain(sql: str) -> str:
    """Spaced alike: a column that was added later stands a little differently."""
    return re.sub(r"\s*([,()])\s*", r"\1", re.sub(r"\s+", " ", sql)).strip()


def test_a_fresh_schema_is_all_migrations_applied(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'migrated.db'}")
    engine = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}", poolclass=NullPool)
    metadata.create_all(engine)
    migrated = shape(tmp_path / "migrated.db")
    assert migrated == shape(tmp_path / "fresh.db")
    assert (
        len([sql for sql in migrated if sql.startswith("CREATE TABLE")]) == len(metadata.tables) + 1
    )  # sqlite_sequence


def test_nothing_is_left_to_migrate(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'migrated.db'}"
    migrate(url)
    with create_engine(url, poolclass=NullPool).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'migrated.db'}"
    migrate(url)
    before = shape(tmp_path / "migrated.db")
    migrate(url)
    assert shape(tmp_path / "migrated.db") == before


def test_the_code_names_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__code__.co_filename).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_migration_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic.operations import Operations

    whole, calls = Operations.create_table, []

    def breaking(self: Operations, name: str, *columns: Any, **options: Any) -> Any:
        calls.append(name)
        if len(calls) == 10:
            raise OSError("pulled the plug")
        return whole(self, name, *columns, **options)

    monkeypatch.setattr(Operations, "create_table", breaking)
    url = f"sqlite:///{tmp_path / 'migrated.db'}"
    with pytest.raises(OSError, match="pulled the plug"):
        migrate(url)
    assert shape(tmp_path / "migrated.db") == set()
    monkeypatch.undo()
    migrate(url)
    assert len(shape(tmp_path / "migrated.db")) > len(metadata.tables)


def test_every_table_checks_its_types_on_sqlite(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'migrated.db'}")
    tables = [sql for sql in shape(tmp_path / "migrated.db") if sql.startswith("CREATE TABLE")]
    loose = [sql for sql in tables if not sql.endswith("STRICT") and "sqlite_sequence" not in sql]
    assert not loose


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_the_schema_can_be_said_in_postgresql(table: Any) -> None:
    dialect = postgresql.dialect()
    text = str(CreateTable(table).compile(dialect=dialect))
    text += "".join(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    assert "STRICT" not in text
    assert "BLOB" not in text
    assert "INTEGER" not in text
    assert 'TEXT COLLATE "C"' in text or "TEXT" not in text
