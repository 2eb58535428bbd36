"""The first schema. What a migration creates is written out here and never changes, whatever ``schema.py`` becomes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
runs_with = "0001"
branch_labels: str | None = None
depends_on: str | None = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BYTES = sa.LargeBinary()
FLOAT: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
STRICT: dict[str, Any] = {"sqlite_strict": True}
CLUSTERED: dict[str, Any] = {**STRICT, "sqlite_with_rowid": False}
NUMBERED: dict[str, Any] = {**STRICT, "sqlite_autoincrement": True}


def upgrade() -> None:
    """Create every table."""
    _access()
    _definitions()
    _lists_and_items()
    _people()
    _events()
    _exposures()
    _what_came_in()


def _access() -> None:
    op.create_table(
        "projects",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("key", TEXT, nullable=False, unique=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("items_version", INT, nullable=False),
        **STRICT,
    )
    op.create_table(
        "api_keys",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("project", TEXT, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("digest", BYTES, nullable=False, unique=True),
        sa.Column("scopes", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("expires_at", INT, nullable=False),
        sa.Column("revoked_at", INT, nullable=False),
        sa.Column("last_used_at", INT, nullable=False),
        sa.Column("rate", FLOAT, nullable=False),
        sa.Column("burst", INT, nullable=False),
        **STRICT,
    )
    op.create_index("api_keys_by_client", "api_keys", ["project", "client"])
    op.create_table(
        "signing_keys",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("project", TEXT, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("secret", BYTES, nullable=False),
        sa.Column("created_at", INT, nullable=False),
        sa.Column("retired_at", INT, nullable=False),
        **STRICT,
    )
    op.create_index("signing_keys_by_project", "signing_keys", ["project"])


def _definitions() -> None:
    op.create_table(
        "definitions",
        sa.Column("seq", INT, primary_key=True, autoincrement=True),
        sa.Column("project", TEXT, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("deleted", INT, nullable=False),
        sa.UniqueConstraint("project", "kind", "id"),
        **NUMBERED,
    )
    op.create_index(
        "definitions_live_key",
        "definitions",
        ["project", "kind", "key"],
        unique=True,
        sqlite_where=sa.text("deleted = 0"),
        postgresql_where=sa.text("deleted = 0"),
    )
    op.create_table(
        "definition_versions",
        sa.Column("seq", INT, primary_key=True, autoincrement=True),
        sa.Column("project", TEXT, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("deleted", INT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.UniqueConstraint("project", "kind", "id", "version"),
        **NUMBERED,
    )
    op.create_index("definition_versions_by_project", "definition_versions", ["project", "seq"])


def _lists_and_items() -> None:
    op.create_table(
        "lists",
        sa.Column("project", TEXT, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("storage", INT, nullable=False),
        sa.Column("batch", INT, nullable=False),
        sa.Column("pending", INT, nullable=False),
        sa.Column("size", INT, nullable=False),
        sa.Column("change", INT, nullable=False),
        **CLUSTERED,
    )
    op.create_table(
        "list_storages",
        sa.Column("number", INT, primary_key=True, autoincrement=True),
        sa.Column("project", TEXT, sa.ForeignKey("projects.id"), nullable=False),
        **NUMBERED,
    )
    op.create_table(
        "list_members",
        sa.Column("storage", INT, primary_key=True, autoincrement=False),
        sa.Column("member", TEXT, primary_key=True),
        sa.Column("batch", INT, nullable=False),
        **CLUSTERED,
    )
    op.create_table(
        "items",
        sa.Column("project", TEXT, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("body", BYTES),
        sa.Column("change", INT, nullable=False),
        **STRICT,
    )
    op.create_index("items_by_change", "items", ["project", "change"])


def _people() -> None:
    op.create_table(
        "profiles",
        sa.Column("person", INT, primary_key=True, autoincrement=False),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("updated_at", INT, nullable=False),
        **STRICT,
    )
    op.create_index("profiles_by_project", "profiles", ["project", "person"])
    op.create_table(
        "visitor_ids",
        sa.Column("project", TEXT, primary_key=True),
        sa.Column("kind", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("person", INT, nullable=False),
        **CLUSTERED,
    )
    op.create_index("visitor_ids_by_person", "visitor_ids", ["person"])
    op.create_table(
        "person_links",
        sa.Column("person", INT, primary_key=True, autoincrement=False),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("target", INT, nullable=False),
        sa.Column("at", INT, nullable=False),
        **STRICT,
    )
    op.create_index("person_links_by_target", "person_links", ["target"])
    op.create_table(
        "erasures",
        sa.Column("seq", INT, primary_key=True, autoincrement=True),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("person", INT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("finished", INT, nullable=False),
        **NUMBERED,
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", INT, primary_key=True, autoincrement=True),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("person", INT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("time", INT, nullable=False),
        sa.Column("received_at", INT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("visitor_id", TEXT),
        sa.Column("anonymous_id", TEXT),
        sa.Column("session_id", TEXT),
        sa.Column("properties", BYTES),
        sa.Column("attributes", BYTES),
        sa.Column("channel", TEXT),
        sa.Column("campaign", TEXT),
        sa.Column("version", INT),
        sa.Column("rule", TEXT),
        sa.Column("arm", TEXT),
        sa.Column("epoch", INT),
        sa.Column("answers_at", INT),
        sa.Column("marks", TEXT),
        **NUMBERED,
    )
    op.create_index("events_by_person", "events", ["project", "person", "name", "time"])
    op.create_index("events_by_project", "events", ["project", "seq"])
    op.create_table(
        "ledger",
        sa.Column("project", TEXT, primary_key=True),
        sa.Column("identity", BYTES, primary_key=True),
        sa.Column("content", BYTES, nullable=False),
        sa.Column("day", INT, nullable=False),
        **CLUSTERED,
    )


def _exposures() -> None:
    op.create_table(
        "exposures",
        sa.Column("seq", INT, primary_key=True, autoincrement=True),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("person", INT, nullable=False),
        sa.Column("campaign", TEXT, nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("arm", TEXT, nullable=False),
        sa.Column("epoch", INT, nullable=False),
        sa.Column("time", INT, nullable=False),
        sa.Column("door", TEXT, nullable=False),
        sa.Column("facts", BYTES),
        sa.UniqueConstraint("project", "person", "campaign"),
        **NUMBERED,
    )
    op.create_table(
        "exposure_days",
        sa.Column("project", TEXT, primary_key=True),
        sa.Column("person", INT, primary_key=True, autoincrement=False),
        sa.Column("campaign", TEXT, primary_key=True),
        sa.Column("arm", TEXT, primary_key=True),
        sa.Column("day", INT, primary_key=True, autoincrement=False),
        **CLUSTERED,
    )


def _what_came_in() -> None:
    op.create_table(
        "rejected",
        sa.Column("seq", INT, primary_key=True, autoincrement=True),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("body", BYTES, nullable=False),
        **NUMBERED,
    )
    op.create_index("rejected_by_project", "rejected", ["project", "seq"])
    op.create_table(
        "schema_seen",
        sa.Column("project", TEXT, primary_key=True),
        sa.Column("kind", TEXT, primary_key=True),
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("type", TEXT, primary_key=True),
        sa.Column("first_at", INT, nullable=False),
        sa.Column("last_at", INT, nullable=False),
        sa.Column("count", INT, nullable=False),
        **CLUSTERED,
    )
    op.create_table(
        "counters",
        sa.Column("project", TEXT, primary_key=True),
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("value", INT, nullable=False),
        **CLUSTERED,
    )
    op.create_table(
        "answers",
        sa.Column("project", TEXT, primary_key=True),
        sa.Column("request_id", TEXT, primary_key=True),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("at", INT, nullable=False),
        sa.Column("visitor_id", TEXT),
        sa.Column("anonymous_id", TEXT),
        **STRICT,
    )
    op.create_index("answers_by_time", "answers", ["at"])
