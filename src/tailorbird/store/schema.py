"""The one schema of every backend, as SQLAlchemy tables.

Migrations build it step by step; ``tests/store/test_schema.py`` holds both to be equal. Times are UTC milliseconds,
JSON is kept as bytes exactly as encoded, text compares by code point on every backend. Person numbers are unique over
all projects. Only migrations and tools import this module: what runs per request is plain SQL on the driver.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData()

INT = BigInteger().with_variant(Integer(), "sqlite")
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
BYTES = LargeBinary()
FLOAT: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")

#: every table checks the types of its values
STRICT: dict[str, Any] = {"sqlite_strict": True}
#: the primary key is the table: one B-tree instead of two, right for narrow rows
CLUSTERED: dict[str, Any] = {**STRICT, "sqlite_with_rowid": False}
#: sequence numbers are never given twice, even after the newest row was removed
NUMBERED: dict[str, Any] = {**STRICT, "sqlite_autoincrement": True}


def _int(name: str, **options: Any) -> Column[int]:
    return Column(name, INT, nullable=False, **options)


def _text(name: str, *, nullable: bool = False, **options: Any) -> Column[str]:
    return Column(name, TEXT, nullable=nullable, **options)


def _bytes(name: str, *, nullable: bool = False, **options: Any) -> Column[bytes]:
    return Column(name, BYTES, nullable=nullable, **options)


def _seq(name: str = "seq") -> Column[int]:
    return Column(name, INT, primary_key=True, autoincrement=True)


def _project(**options: Any) -> Column[str]:
    """A definition's project must exist. Facts do not check it: their project was resolved from a key."""
    return Column("project", TEXT, ForeignKey("projects.id"), nullable=False, **options)


projects = Table(
    "projects",
    metadata,
    _text("id", primary_key=True),
    _text("key", unique=True),
    _text("name"),
    _int("created_at"),
    _int("version"),
    _int("items_version"),
    **STRICT,
)

api_keys = Table(
    "api_keys",
    metadata,
    _text("id", primary_key=True),
    _project(),
    _text("client"),
    _bytes("digest", unique=True),
    _text("scopes"),
    _text("kind"),
    _int("created_at"),
    _int("expires_at"),
    _int("revoked_at"),
    _int("last_used_at"),
    Column("rate", FLOAT, nullable=False),
    _int("burst"),
    Index("api_keys_by_client", "project", "client"),
    **STRICT,
)

signing_keys = Table(
    "signing_keys",
    metadata,
    _text("id", primary_key=True),
    _project(),
    _bytes("secret"),
    _int("created_at"),
    _int("retired_at"),
    Index("signing_keys_by_project", "project"),
    **STRICT,
)

#: the newest version of each definition, in the order of creation
definitions = Table(
    "definitions",
    metadata,
    _seq(),
    _project(),
    _text("kind"),
    _text("id"),
    _text("key"),
    _int("version"),
    _int("deleted"),
    UniqueConstraint("project", "kind", "id"),
    Index(
        "definitions_live_key",
        "project",
        "kind",
        "key",
        unique=True,
        sqlite_where=text("deleted = 0"),
        postgresql_where=text("deleted = 0"),
    ),
    **NUMBERED,
)

#: every version ever written: the audit log
definition_versions = Table(
    "definition_versions",
    metadata,
    _seq(),
    _project(),
    _text("kind"),
    _text("id"),
    _int("version"),
    _text("key"),
    _bytes("body"),
    _text("author"),
    _int("at"),
    _int("deleted"),
    _text("action"),
    UniqueConstraint("project", "kind", "id", "version"),
    Index("definition_versions_by_project", "project", "seq"),
    **NUMBERED,
)

#: a list shows the members of one storage whose batch is not above its own; what is being uploaded has a higher one
lists = Table(
    "lists",
    metadata,
    _project(primary_key=True),
    _text("id", primary_key=True),
    _int("storage"),
    _int("batch"),
    #: above ``batch`` while an upload runs, or after one broke off
    _int("pending"),
    _int("size"),
    _int("change"),
    **CLUSTERED,
)

list_storages = Table("list_storages", metadata, _seq("number"), _project(), **NUMBERED)

list_members = Table(
    "list_members",
    metadata,
    _int("storage", primary_key=True, autoincrement=False),
    _text("member", primary_key=True),
    _int("batch"),
    **CLUSTERED,
)

items = Table(
    "items",
    metadata,
    _project(primary_key=True),
    _text("id", primary_key=True),
    #: JSON of the item; none = deleted
    _bytes("body", nullable=True),
    _int("change"),
    Index("items_by_change", "project", "change"),
    **STRICT,
)

profiles = Table(
    "profiles",
    metadata,
    _int("person", primary_key=True, autoincrement=False),
    _text("project"),
    _bytes("body"),
    _int("updated_at"),
    Index("profiles_by_project", "project", "person"),
    **STRICT,
)

visitor_ids = Table(
    "visitor_ids",
    metadata,
    _text("project", primary_key=True),
    _text("kind", primary_key=True),
    _text("id", primary_key=True),
    _int("person"),
    Index("visitor_ids_by_person", "person"),
    **CLUSTERED,
)

#: who was merged away, and who they are now; ``target`` is always the last of a chain
person_links = Table(
    "person_links",
    metadata,
    _int("person", primary_key=True, autoincrement=False),
    _text("project"),
    _int("target"),
    _int("at"),
    Index("person_links_by_target", "target"),
    **STRICT,
)

events = Table(
    "events",
    metadata,
    _seq(),
    _text("project"),
    _int("person"),
    _text("id"),
    _text("name"),
    _int("time"),
    _int("received_at"),
    _text("source"),
    _text("visitor_id", nullable=True),
    _text("anonymous_id", nullable=True),
    _text("session_id", nullable=True),
    _bytes("properties", nullable=True),
    _bytes("attributes", nullable=True),
    _text("channel", nullable=True),
    #: what its token says: the arm it answers, and when that was decided
    _text("campaign", nullable=True),
    Column("version", INT),
    _text("rule", nullable=True),
    _text("arm", nullable=True),
    Column("epoch", INT),
    Column("answers_at", INT),
    _text("marks", nullable=True),
    Index("events_by_person", "project", "person", "name", "time"),
    Index("events_by_project", "project", "seq"),
    **NUMBERED,
)

#: identities of events that were counted: narrow, without personal data, outlives retention and erasure
ledger = Table(
    "ledger",
    metadata,
    _text("project", primary_key=True),
    _bytes("identity", primary_key=True),
    _bytes("content"),
    _int("day"),
    **CLUSTERED,
)

#: the first exposure of a person to a campaign
exposures = Table(
    "exposures",
    metadata,
    _seq(),
    _text("project"),
    _int("person"),
    _text("campaign"),
    _int("version"),
    _text("rule"),
    _text("arm"),
    _int("epoch"),
    _int("time"),
    _text("door"),
    _bytes("facts", nullable=True),
    UniqueConstraint("project", "person", "campaign"),
    **NUMBERED,
)

exposure_days = Table(
    "exposure_days",
    metadata,
    _text("project", primary_key=True),
    _int("person", primary_key=True, autoincrement=False),
    _text("campaign", primary_key=True),
    _text("arm", primary_key=True),
    _int("day", primary_key=True, autoincrement=False),
    **CLUSTERED,
)

rejected = Table(
    "rejected",
    metadata,
    _seq(),
    _text("project"),
    _int("at"),
    _bytes("body"),
    Index("rejected_by_project", "project", "seq"),
    **NUMBERED,
)

schema_seen = Table(
    "schema_seen",
    metadata,
    _text("project", primary_key=True),
    _text("kind", primary_key=True),
    _text("name", primary_key=True),
    _text("type", primary_key=True),
    _int("first_at"),
    _int("last_at"),
    _int("count"),
    **CLUSTERED,
)

counters = Table(
    "counters",
    metadata,
    _text("project", primary_key=True),
    _text("name", primary_key=True),
    _int("value"),
    **CLUSTERED,
)

answers = Table(
    "answers",
    metadata,
    _text("project", primary_key=True),
    _text("request_id", primary_key=True),
    _bytes("body"),
    _int("at"),
    _text("visitor_id", nullable=True),
    _text("anonymous_id", nullable=True),
    Index("answers_by_time", "at"),
    **STRICT,
)

#: who was erased, so that a restored backup can be erased again; ``finished`` is 0 while rows are still being removed
erasures = Table(
    "erasures",
    metadata,
    _seq(),
    _text("project"),
    _int("person"),
    _int("at"),
    _int("finished"),
    #: id of the signing key that the hashes below were made with
    _text("hashed_with", nullable=True),
    #: JSON list of the hashed ids that led to the person
    _bytes("ids", nullable=True),
    Index("erasures_by_person", "project", "person"),
    **NUMBERED,
)

#: words about the database itself, e.g. its ``incarnation``, which a restore renews
meta = Table("meta", metadata, _text("name", primary_key=True), _text("value"), **CLUSTERED)

#: which process does the jobs that one must do; what it holds ends by itself
leases = Table(
    "leases",
    metadata,
    _text("name", primary_key=True),
    _text("holder"),
    _int("until"),
    **CLUSTERED,
)
