"""Upgrades: a server refuses a schema that it does not know, and a migration leaves the version before it alive."""

from __future__ import annotations

import re
import sqlite3
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tailorbird.cli.place import FILE
from tailorbird.engine import disk
from tailorbird.store import migrations
from tailorbird.store.migrate import HEAD, RUNS_WITH
from tests.architecture.sources import ROOT
from tests.cli.commands import tailorbird
from tests.deploy.contracting import contractions, unused_since
from tests.deploy.shop import Shop, open_shop, start_campaign, within

FOLDER = Path(str(migrations.__file__)).parent
MODULES = sorted((FOLDER / "versions").glob("v*.py"))
CHANGES = ROOT / "CHANGELOG.md"

# -- a schema that is too new -----------------------------------------------------------------------------------------


def write_schema(shop: Shop, revision: str, runs_with: str = "") -> None:
    """Let the database be of that schema, which runs with none but its own code, or says with which it does."""
    connection = sqlite3.connect(shop.folder / FILE)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.execute("UPDATE meta SET value = ? WHERE name = ?", (runs_with or revision, RUNS_WITH))
    connection.close()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop that was served before: a copy of its definitions is on disk."""
    shop = open_shop(tmp_path)
    with shop.served() as server:
        start_campaign(server, shop)
        within(20, "no copy of the definitions", lambda: disk.exists(shop.folder))
        assert server.stop() == 0
    return shop


@pytest.mark.parametrize("copied", [False, True], ids=["without a copy", "with a copy of the definitions"])
def test_a_server_refuses_a_newer_schema_in_a_sentence(shop: Shop, copied: bool) -> None:
    if not copied:
        (shop.folder / disk.FILE).unlink()
    write_schema(shop, "9999")
    done = tailorbird("serve", "--port", "0", "--data", str(shop.folder))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("tailorbird: The database was written by a newer Tailorbird (its schema is 9999,")
    assert HEAD in done.err
    assert done.err.count("\n") == 1
    write_schema(shop, HEAD)
    with shop.served() as server:
        asked = {"visitor": {"id": "anna"}, "campaigns": ["hero"]}
        assert server.good("POST", "/v1/decide", shop.secret, asked)["degraded"] is False


def test_migrate_refuses_a_newer_schema_too(shop: Shop) -> None:
    write_schema(shop, "9999")
    done = tailorbird("migrate", "--data", str(shop.folder))
    assert done.code == 1
    assert "newer Tailorbird" in done.err
    assert done.err.count("\n") == 1


# -- expand first, contract later -------------------------------------------------------------------------------------


def test_every_migration_is_looked_at() -> None:
    numbers = [path.name[1:5] for path in MODULES]
    assert [revision.revision for revision in revisions()] == numbers
    assert numbers[-1] == HEAD


def runs_with(module: Path) -> str | None:
    """What the migration of a file says about older code."""
    told = next(one for one in revisions() if one.revision == module.name[1:5])
    return getattr(told.module, "runs_with", None)


def released() -> set[str]:
    """The versions that are out, by the change log."""
    return set(re.findall(r"^## \[(\d+\.\d+\.\d+)\]", CHANGES.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_migration_removes_only_what_a_released_version_does_without(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    found = contractions(source)
    assert not found or unused_since(source) in released(), (
        f"{module.name} would break the version before it: {found}. Add now, remove in a later release, and say there"
        " since which released version it is unused: unused_since."
    )


@pytest.mark.parametrize("number", range(1, len(MODULES)), ids=lambda number: MODULES[number].stem)
def test_a_migration_says_whose_code_still_works(number: int) -> None:
    before, module = MODULES[number - 1 : number + 1]
    told, earlier = runs_with(module), runs_with(before)
    assert told is not None, f"{module.name} does not say runs_with; the package's docstring tells what it means."
    assert (earlier or "0001") <= told <= module.name[1:5]
    removed = contractions(module.read_text(encoding="utf-8"))
    assert not removed or told > str(earlier), f"{module.name} removes {removed}: older code does not work with it."


@pytest.mark.parametrize(
    ("operation", "breaks"),
    [
        ('op.add_column("events", sa.Column("door", TEXT))', False),
        ('op.add_column("events", sa.Column("door", TEXT, nullable=False))', True),
        ('op.add_column("events", sa.Column("door", TEXT, nullable=False, server_default="api"))', False),
        ('op.drop_column("events", "channel")', True),
        ('with op.batch_alter_table("events") as batch:\n        batch.drop_column("channel")', True),
        ('op.drop_table("answers")', True),
        ('op.drop_index("answers_by_time")', True),
        ('op.rename_table("events", "facts")', True),
        ('op.alter_column("events", "door", new_column_name="entrance")', True),
        ('op.alter_column("events", "door", type_=sa.Integer())', True),
        ('op.alter_column("events", "door", nullable=False)', True),
        ('op.alter_column("events", "door", server_default="api")', False),
        ('op.create_unique_constraint("once", "events", ["id"])', True),
        ('op.create_index("once", "events", ["id"], unique=True)', True),
        ('op.create_index("quick", "events", ["id"])', False),
        ('op.create_table("doors")\n    op.create_index("once", "doors", ["id"], unique=True)', False),
        ('op.execute("ALTER TABLE events DROP COLUMN channel")', True),
        ('op.execute(sa.text("alter table events rename to facts"))', True),
        ("op.execute(\"UPDATE events SET door = 'api'\")", False),
    ],
)
def test_what_breaks_an_older_version_is_found(operation: str, breaks: bool) -> None:
    source = (
        f'revision = "0002"\n\n\ndef upgrade():\n    {operation}\n\n\ndef downgrade():\n    op.drop_table("doors")\n'
    )
    assert bool(contractions(source)) is breaks


def test_a_removal_names_the_version_that_does_without() -> None:
    assert unused_since('unused_since = "0.3.0"\n') == "0.3.0"
    assert unused_since('revision = "0002"\n') is None


# -- the version before, on the new schema ----------------------------------------------------------------------------


def revisions() -> list[Any]:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return list(reversed(list(ScriptDirectory.from_config(config).walk_revisions())))


def bring_to(file: Path, revision: str) -> None:
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def columns(connection: sqlite3.Connection) -> dict[str, list[tuple[str, str]]]:
    """Every table with its columns: name and type."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name != 'alembic_version'"
    ).fetchall()
    return {
        name: [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({name})").fetchall()]
        for (name,) in names
    }


def write(connection: sqlite3.Connection, tables: dict[str, list[tuple[str, str]]], number: int) -> None:
    """One row in each table, with a value in each of the given columns."""
    values = {"INTEGER": number, "TEXT": f"text {number}", "BLOB": b"bytes %d" % number, "REAL": number / 2}
    for table, parts in tables.items():
        row = [values[kind] for _, kind in parts]
        marks = ", ".join("?" for _ in parts)
        connection.execute(f"INSERT INTO {table} ({quoted(parts)}) VALUES ({marks})", row)
    connection.commit()


def content(connection: sqlite3.Connection, tables: dict[str, list[tuple[str, str]]]) -> dict[str, list[Any]]:
    """What stands in the given columns of each table."""
    return {
        table: sorted(connection.execute(f"SELECT {quoted(parts)} FROM {table}")) for table, parts in tables.items()
    }


def quoted(parts: list[tuple[str, str]]) -> str:
    return ", ".join(f'"{name}"' for name, _ in parts)


def covered() -> list[Any]:
    """Each older schema and newer one of which the migrations say that code for the first works with the second."""
    pairs = combinations(revisions(), 2)
    return [
        pytest.param(old.revision, new.revision, id=f"{old.revision} on {new.revision}")
        for old, new in pairs
        if getattr(new.module, "runs_with", new.revision) <= old.revision
    ]


@pytest.mark.parametrize(("before", "after"), covered())
def test_code_for_an_older_schema_reads_and_writes_on_a_newer_one(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "old.db"
    bring_to(file, before)
    connection = sqlite3.connect(file)
    known = columns(connection)
    assert "events" in known
    write(connection, known, 1_000_001)
    kept = content(connection, known)
    connection.close()
    bring_to(file, after)
    connection = sqlite3.connect(file)
    assert content(connection, known) == kept, "the migration changed what was stored"
    write(connection, known, 1_000_002)
    assert all(len(rows) > len(kept[table]) for table, rows in content(connection, known).items())
    connection.close()
