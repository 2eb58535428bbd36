"""People who sign in: accounts, memberships, sessions, invitations; and what they write before it is published."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
runs_with = "0001"
branch_labels: str | None = None
depends_on: str | None = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BYTES = sa.LargeBinary()
STRICT: dict[str, Any] = {"sqlite_strict": True}
CLUSTERED: dict[str, Any] = {**STRICT, "sqlite_with_rowid": False}


def upgrade() -> None:
    """Create the tables."""
    _accounts()
    _ways_in()
    op.create_table(
        "unpublished",
        sa.Column("project", TEXT, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("kind", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("base", INT, nullable=False),
        sa.Column("revision", INT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("at", INT, nullable=False),
        **CLUSTERED,
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("email", TEXT, nullable=False, unique=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("password", TEXT, nullable=False),
        sa.Column("owner", INT, nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("disabled_at", INT, nullable=False),
        **STRICT,
    )
    op.create_table(
        "memberships",
        sa.Column("account", TEXT, primary_key=True),
        sa.Column("project", TEXT, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("at", INT, nullable=False),
        **CLUSTERED,
    )
    op.create_index("memberships_by_project", "memberships", ["project"])


def _ways_in() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("digest", BYTES, nullable=False, unique=True),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("seen_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("agent", TEXT, nullable=False),
        **STRICT,
    )
    op.create_index("sessions_by_account", "sessions", ["account"])
    op.create_table(
        "invitations",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("digest", BYTES, nullable=False, unique=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("invited_by", TEXT, nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("used_at", INT, nullable=False),
        **STRICT,
    )
    op.create_index("invitations_by_project", "invitations", ["project"])
    op.create_table(
        "setup_codes",
        sa.Column("digest", BYTES, primary_key=True),
        sa.Column("created_at", INT, nullable=False),
        **CLUSTERED,
    )
    op.create_table(
        "attempts", sa.Column("name", BYTES, primary_key=True), sa.Column("until", INT, nullable=False), **CLUSTERED
    )
