"""What a restore needs: erasures that can be recognised in another copy of the data, and words about the database."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
runs_with = "0001"
branch_labels: str | None = None
depends_on: str | None = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
CLUSTERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}


def upgrade() -> None:
    """Add the hashed ids to erasures, and the table of words with the database's first incarnation."""
    op.add_column("erasures", sa.Column("hashed_with", TEXT))
    op.add_column("erasures", sa.Column("ids", sa.LargeBinary()))
    op.create_index("erasures_by_person", "erasures", ["project", "person"])
    meta = op.create_table(
        "meta",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("value", TEXT, nullable=False),
        **CLUSTERED,
    )
    op.bulk_insert(meta, [{"name": "incarnation", "value": secrets.token_hex(16)}])
