"""The tables of people who sign in, and of what they write before it is published; a part of ``schema``."""

from __future__ import annotations

from sqlalchemy import Index, Table

from tailorbird.store.schema_parts import (
    CLUSTERED,
    NUMBERED,
    STRICT,
    blob,
    integer,
    metadata,
    of_project,
    sequence,
    words,
)

#: people who sign in
accounts = Table(
    "accounts",
    metadata,
    words("id", primary_key=True),
    words("email", unique=True),
    words("name"),
    #: argon2 hash
    words("password"),
    integer("owner"),
    integer("created_at"),
    integer("disabled_at"),
    **STRICT,
)

#: what was done to accounts, and by whom: of no project, so owners read it
account_notes = Table(
    "account_notes",
    metadata,
    sequence(),
    words("account"),
    words("email"),
    words("author"),
    integer("at"),
    words("action"),
    blob("body"),
    **NUMBERED,
)

memberships = Table(
    "memberships",
    metadata,
    words("account", primary_key=True),
    of_project(primary_key=True),
    words("role"),
    integer("at"),
    Index("memberships_by_project", "project"),
    **CLUSTERED,
)

#: browsers that are signed in; of the cookie only its SHA-256
sessions = Table(
    "sessions",
    metadata,
    words("id", primary_key=True),
    blob("digest", unique=True),
    words("account"),
    integer("created_at"),
    integer("seen_at"),
    integer("expires_at"),
    words("agent"),
    Index("sessions_by_account", "account"),
    **STRICT,
)

#: links that work once; ``project`` is empty for a link to a new password, ``account`` for one into a project
invitations = Table(
    "invitations",
    metadata,
    words("id", primary_key=True),
    blob("digest", unique=True),
    words("kind"),
    words("project"),
    words("role"),
    words("email"),
    words("account"),
    words("invited_by"),
    integer("created_at"),
    integer("expires_at"),
    integer("used_at"),
    Index("invitations_by_project", "project"),
    **STRICT,
)

#: what makes the first account, as SHA-256; gone once there is one
setup_codes = Table("setup_codes", metadata, blob("digest", primary_key=True), integer("created_at"), **CLUSTERED)

#: how often somebody tried to sign in: a moment that every attempt moves on
attempts = Table("attempts", metadata, blob("name", primary_key=True), integer("until"), **CLUSTERED)

#: what somebody is writing and has not published: one per definition, no version, no history
unpublished = Table(
    "unpublished",
    metadata,
    of_project(primary_key=True),
    words("kind", primary_key=True),
    words("id", primary_key=True),
    blob("body"),
    #: the version that it was begun from
    integer("base"),
    #: grows with every write
    integer("revision"),
    words("author"),
    integer("at"),
    **CLUSTERED,
)
