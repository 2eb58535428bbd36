"""The release after this one: this program with one more migration, in a folder of its own, and its commands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import tailorbird
from tailorbird.store.migrate import HEAD

NEXT = f"{int(HEAD) + 1:04d}"
_MIGRATION = '''"""A migration of the next release: it adds a column, a table and an index, and writes a row."""

import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{head}"
branch_labels = None
depends_on = None
runs_with = "{runs_with}"


def upgrade():
    op.add_column("events", sa.Column("door", sa.Text(), nullable=False, server_default="api"))
    op.create_table("doors", sa.Column("name", sa.Text(), primary_key=True), sqlite_strict=True)
    op.create_index("events_by_door", "events", ["project", "door"])
    op.execute("INSERT INTO doors (name) VALUES ('front')")
'''


def next_release(folder: Path, *, runs_with: str) -> str:
    """The program with one more migration, which says that code from ``runs_with`` on still works. A command whose
    ``PYTHONPATH`` is the answer runs it."""
    package = folder / "tailorbird"
    shutil.copytree(Path(tailorbird.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    store = package / "store"
    text = _MIGRATION.format(next=NEXT, head=HEAD, runs_with=runs_with)
    (store / "migrations" / "versions" / f"v{NEXT}_next.py").write_text(text)
    module = store / "migrate.py"
    changed, times = re.subn(r'^HEAD = ".*"$', f'HEAD = "{NEXT}"', module.read_text(), flags=re.MULTILINE)
    assert times == 1
    module.write_text(changed)
    return str(folder)
