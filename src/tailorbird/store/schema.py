"""The one schema of every backend, as SQLAlchemy tables.

Migrations build it step by step; ``tests/store/test_schema.py`` holds both to be equal. Times are UTC milliseconds,
JSON is kept as bytes exactly as encoded, text compares by code point on every backend. Person numbers are unique over
all projects. Only migrations and tools import this module: what runs per request is plain SQL on the driver.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, UniqueConstraint, text

from tailorbird.store import schema_accounts as schema_accounts  # its tables are of the same schema
from tailorbird.store.schema_parts import (
    CLUSTERED,
    FLOAT,
    INT,
    NUMBERED,
    STRICT,
    blob,
    integer,
    of_project,
    sequence,
    words,
)
from tailorbird.store.schema_parts import (
    metadata as metadata,
)

projects = Table(
    "projects",
    metadata,
    words("id", primary_key=True),
    words("key", unique=True),
    words("name"),
    integer("created_at"),
    integer("version"),
    integer("items_version"),
    **STRICT,
)

api_keys = Table(
    "api_keys",
    metadata,
    words("id", primary_key=True),
    of_project(),
    words("client"),
    blob("digest", unique=True),
    words("scopes"),
    words("kind"),
    integer("created_at"),
    integer("expires_at"),
    integer("revoked_at"),
    integer("last_used_at"),
    Column("rate", FLOAT, nullable=False),
    integer("burst"),
    Index("api_keys_by_client", "project", "client"),
    **STRICT,
)

signing_keys = Table(
    "signing_keys",
    metadata,
    words("id", primary_key=True),
    of_project(),
    blob("secret"),
    integer("created_at"),
    integer("retired_at"),
    Index("signing_keys_by_project", "project"),
    **STRICT,
)

#: the newest version of each definition, in the order of creation
definitions = Table(
    "definitions",
    metadata,
    sequence(),
    of_project(),
    words("kind"),
    words("id"),
    words("key"),
    integer("version"),
    integer("deleted"),
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
    sequence(),
    of_project(),
    words("kind"),
    words("id"),
    integer("version"),
    words("key"),
    blob("body"),
    words("author"),
    integer("at"),
    integer("deleted"),
    words("action"),
    UniqueConstraint("project", "kind", "id", "version"),
    Index("definition_versions_by_project", "project", "seq"),
    **NUMBERED,
)

#: a list shows the members of one storage whose batch is not above its own; what is being uploaded has a higher one
lists = Table(
    "lists",
    metadata,
    of_project(primary_key=True),
    words("id", primary_key=True),
    integer("storage"),
    integer("batch"),
    #: above ``batch`` while an upload runs, or after one broke off
    integer("pending"),
    integer("size"),
    integer("change"),
    **CLUSTERED,
)

list_storages = Table("list_storages", metadata, sequence("number"), of_project(), **NUMBERED)

list_members = Table(
    "list_members",
    metadata,
    integer("storage", primary_key=True, autoincrement=False),
    words("member", primary_key=True),
    integer("batch"),
    **CLUSTERED,
)

items = Table(
    "items",
    metadata,
    of_project(primary_key=True),
    words("id", primary_key=True),
    #: JSON of the item; none = deleted
    blob("body", nullable=True),
    integer("change"),
    Index("items_by_change", "project", "change"),
    **STRICT,
)

profiles = Table(
    "profiles",
    metadata,
    integer("person", primary_key=True, autoincrement=False),
    words("project"),
    blob("body"),
    integer("updated_at"),
    Index("profiles_by_project", "project", "person"),
    **STRICT,
)

visitor_ids = Table(
    "visitor_ids",
    metadata,
    words("project", primary_key=True),
    words("kind", primary_key=True),
    words("id", primary_key=True),
    integer("person"),
    Index("visitor_ids_by_person", "person"),
    **CLUSTERED,
)

#: who was merged away, and who they are now; ``target`` is always the last of a chain
person_links = Table(
    "person_links",
    metadata,
    sequence(),
    integer("person"),
    words("project"),
    integer("target"),
    integer("at"),
    UniqueConstraint("person"),
    Index("person_links_by_target", "target"),
    **NUMBERED,
)

events = Table(
    "events",
    metadata,
    sequence(),
    words("project"),
    integer("person"),
    words("id"),
    words("name"),
    integer("time"),
    integer("received_at"),
    words("source"),
    words("visitor_id", nullable=True),
    words("anonymous_id", nullable=True),
    words("session_id", nullable=True),
    blob("properties", nullable=True),
    blob("attributes", nullable=True),
    words("channel", nullable=True),
    #: what its token says: the arm it answers, and when that was decided
    words("campaign", nullable=True),
    Column("version", INT),
    words("rule", nullable=True),
    words("arm", nullable=True),
    Column("epoch", INT),
    Column("answers_at", INT),
    words("marks", nullable=True),
    Index("events_by_person", "project", "person", "name", "time"),
    Index("events_by_project", "project", "seq"),
    **NUMBERED,
)

#: identities of events that were counted: narrow, without personal data, outlives retention and erasure
ledger = Table(
    "ledger",
    metadata,
    words("project", primary_key=True),
    blob("identity", primary_key=True),
    blob("content"),
    integer("day"),
    **CLUSTERED,
)

#: the first exposure of a person to a campaign
exposures = Table(
    "exposures",
    metadata,
    sequence(),
    words("project"),
    integer("person"),
    words("campaign"),
    integer("version"),
    words("rule"),
    words("arm"),
    integer("epoch"),
    integer("time"),
    words("door"),
    blob("facts", nullable=True),
    UniqueConstraint("project", "person", "campaign"),
    **NUMBERED,
)

#: the days on which a person was in an arm
exposure_days = Table(
    "exposure_days",
    metadata,
    sequence(),
    words("project"),
    integer("person"),
    words("campaign"),
    words("arm"),
    integer("day"),
    UniqueConstraint("project", "person", "campaign", "arm", "day"),
    **NUMBERED,
)

rejected = Table(
    "rejected",
    metadata,
    sequence(),
    words("project"),
    integer("at"),
    blob("body"),
    Index("rejected_by_project", "project", "seq"),
    **NUMBERED,
)

schema_seen = Table(
    "schema_seen",
    metadata,
    words("project", primary_key=True),
    words("kind", primary_key=True),
    words("name", primary_key=True),
    words("type", primary_key=True),
    integer("first_at"),
    integer("last_at"),
    integer("count"),
    **CLUSTERED,
)

counters = Table(
    "counters",
    metadata,
    words("project", primary_key=True),
    words("name", primary_key=True),
    integer("value"),
    **CLUSTERED,
)

answers = Table(
    "answers",
    metadata,
    words("project", primary_key=True),
    words("request_id", primary_key=True),
    blob("body"),
    integer("at"),
    words("visitor_id", nullable=True),
    words("anonymous_id", nullable=True),
    Index("answers_by_time", "at"),
    **STRICT,
)

#: who was erased, so that a restored backup can be erased again; ``finished`` is 0 while rows are still being removed
erasures = Table(
    "erasures",
    metadata,
    sequence(),
    words("project"),
    integer("person"),
    integer("at"),
    integer("finished"),
    #: id of the signing key that the hashes below were made with
    words("hashed_with", nullable=True),
    #: JSON list of the hashed ids that led to the person
    blob("ids", nullable=True),
    Index("erasures_by_person", "project", "person"),
    **NUMBERED,
)

#: words about the database itself, e.g. its ``incarnation``, which a restore renews
meta = Table("meta", metadata, words("name", primary_key=True), words("value"), **CLUSTERED)

#: which process does the jobs that one must do; what it holds ends by itself
leases = Table(
    "leases",
    metadata,
    words("name", primary_key=True),
    words("holder"),
    integer("until"),
    **CLUSTERED,
)
