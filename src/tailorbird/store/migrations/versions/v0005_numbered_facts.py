"""Numbers for the days on which campaigns were seen and for merges of people, so that what is new can be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
runs_with = "0001"
branch_labels: str | None = None
depends_on: str | None = None

# SQLite gives numbers by itself only to a table's primary key, so there the tables are made anew.
_SQLITE = (
    "ALTER TABLE exposure_days RENAME TO exposure_days_before",
    "CREATE TABLE exposure_days (seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL,"
    " person INTEGER NOT NULL, campaign TEXT NOT NULL, arm TEXT NOT NULL, day INTEGER NOT NULL,"
    " UNIQUE (project, person, campaign, arm, day)) STRICT",
    "INSERT INTO exposure_days (project, person, campaign, arm, day)"
    " SELECT project, person, campaign, arm, day FROM exposure_days_before",
    "DROP TABLE exposure_days_before",
    "ALTER TABLE person_links RENAME TO person_links_before",
    "CREATE TABLE person_links (seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL,"
    " project TEXT NOT NULL, target INTEGER NOT NULL, at INTEGER NOT NULL, UNIQUE (person)) STRICT",
    "INSERT INTO person_links (person, project, target, at)"
    " SELECT person, project, target, at FROM person_links_before",
    "DROP TABLE person_links_before",
    "CREATE INDEX person_links_by_target ON person_links (target)",
)
_POSTGRES = (
    "ALTER TABLE exposure_days ADD COLUMN seq BIGSERIAL NOT NULL",
    "ALTER TABLE exposure_days DROP CONSTRAINT exposure_days_pkey",
    "ALTER TABLE exposure_days ADD PRIMARY KEY (seq)",
    "ALTER TABLE exposure_days ADD UNIQUE (project, person, campaign, arm, day)",
    "ALTER TABLE person_links ADD COLUMN seq BIGSERIAL NOT NULL",
    "ALTER TABLE person_links DROP CONSTRAINT person_links_pkey",
    "ALTER TABLE person_links ADD PRIMARY KEY (seq)",
    "ALTER TABLE person_links ADD UNIQUE (person)",
)


def upgrade() -> None:
    """Number what is there, in any order, and from now on what comes."""
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES:
        op.execute(sa.text(statement))
