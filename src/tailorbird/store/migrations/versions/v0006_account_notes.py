"""What is done to accounts, and by whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
runs_with = "0001"
branch_labels: str | None = None
depends_on: str | None = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table. What was done before stands in no history."""
    op.create_table(
        "account_notes",
        sa.Column("seq", INT, primary_key=True, autoincrement=True),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
