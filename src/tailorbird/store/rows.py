"""Rows as the nouns they stand for, alike for every backend: columns in the order named here, JSON as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from tailorbird.domain.access import ApiKey, Project, SigningKey
from tailorbird.domain.audit import AccountNote, Note, Told
from tailorbird.domain.definitions import Definition, Item
from tailorbird.domain.facts import Event, ExposureRow
from tailorbird.domain.profile import Profile
from tailorbird.store.contract import Rejected, SchemaRow

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode
decode_profile = msgspec.json.Decoder(Profile).decode
decode_item = msgspec.json.Decoder(Item).decode
decode_rejected = msgspec.json.Decoder(Rejected).decode
decode_told = msgspec.json.Decoder(Told).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode

PROJECT_COLUMNS = "id, key, name, created_at, version, items_version"
KEY_COLUMNS = "id, project, client, digest, scopes, kind, created_at, expires_at, revoked_at, last_used_at, rate, burst"
SIGNING_KEY_COLUMNS = "id, project, secret, created_at, retired_at"
SCHEMA_COLUMNS = "kind, name, type, first_at, last_at, count"
ACCOUNT_NOTE_COLUMNS = "account, email, author, at, action, body"
#: of ``definition_versions v``
DEFINITION_COLUMNS = "v.project, v.kind, v.id, v.key, v.version, v.body, v.author, v.at, v.deleted, v.action"
#: as ``event_values`` writes them
EVENT_COLUMNS = (
    "project", "person", "id", "name", "time", "received_at", "source", "visitor_id", "anonymous_id", "session_id",
    "properties", "attributes", "channel", "marks", "campaign", "version", "rule", "arm", "epoch", "answers_at",
)  # fmt: skip
#: as ``event_object`` reads them
EVENT_NAMES = (
    "seq", "id", "name", "time", "received_at", "source", "visitor_id", "anonymous_id", "session_id", "properties",
    "attributes", "channel", "marks", "campaign", "version", "rule", "arm", "epoch", "answers_at", "person",
)  # fmt: skip
EXPOSURE_COLUMNS = (
    "project", "person", "campaign", "version", "rule", "arm", "epoch", "time", "door", "facts",
)  # fmt: skip
_EXPOSURE_NAMES = ("campaign", "version", "rule", "arm", "epoch", "time", "door")
_NO_ARM = (None,) * 6


def project_of(row: Sequence[Any]) -> Project:
    """``PROJECT_COLUMNS`` as a project."""
    return Project(id=row[0], key=row[1], name=row[2], created_at=row[3], version=row[4], items_version=row[5])


def key_of(row: Sequence[Any]) -> ApiKey:
    """``KEY_COLUMNS`` as a key."""
    return ApiKey(
        id=row[0],
        project=row[1],
        client=row[2],
        digest=row[3],
        scopes=tuple(row[4].split()),
        kind=row[5],
        created_at=row[6],
        expires_at=row[7],
        revoked_at=row[8],
        last_used_at=row[9],
        rate=row[10],
        burst=row[11],
    )


def key_values(key: ApiKey) -> tuple[Any, ...]:
    """A key as ``KEY_COLUMNS``."""
    return (
        key.id,
        key.project,
        key.client,
        key.digest,
        " ".join(key.scopes),
        key.kind,
        key.created_at,
        key.expires_at,
        key.revoked_at,
        key.last_used_at,
        key.rate,
        key.burst,
    )


def signing_key_of(row: Sequence[Any]) -> SigningKey:
    """``SIGNING_KEY_COLUMNS`` as a signing key."""
    return SigningKey(id=row[0], project=row[1], secret=row[2], created_at=row[3], retired_at=row[4])


def definition_of(row: Sequence[Any]) -> Definition:
    """``DEFINITION_COLUMNS`` as a version of a definition."""
    return Definition(
        project=row[0],
        kind=row[1],
        id=row[2],
        key=row[3],
        version=row[4],
        body=msgspec.Raw(row[5]),
        author=row[6],
        at=row[7],
        deleted=bool(row[8]),
        action=row[9],
    )


def definition_values(one: Definition) -> tuple[Any, ...]:
    """A version as project, kind, id, version, key, body, author, at, deleted, action."""
    return (
        one.project,
        one.kind,
        one.id,
        one.version,
        one.key,
        bytes(one.body),
        one.author,
        one.at,
        int(one.deleted),
        one.action,
    )


def note_values(note: Note) -> tuple[Any, ...]:
    """A note in the columns of ``definition_values``; no definition has version 0."""
    return (
        note.project,
        note.kind,
        note.id,
        0,
        note.name,
        encode(note.told),
        note.author,
        note.at,
        0,
        note.action,
    )


def account_note_of(row: Sequence[Any]) -> AccountNote:
    """``ACCOUNT_NOTE_COLUMNS`` as a note."""
    return AccountNote(
        account=row[0], email=row[1], author=row[2], at=row[3], action=row[4], told=decode_told(bytes(row[5]))
    )


def account_note_values(one: AccountNote) -> tuple[Any, ...]:
    """A note as ``ACCOUNT_NOTE_COLUMNS``."""
    return one.account, one.email, one.author, one.at, one.action, encode(one.told)


def schema_row(row: Sequence[Any]) -> SchemaRow:
    """``SCHEMA_COLUMNS`` as what was seen."""
    return SchemaRow(kind=row[0], name=row[1], type=row[2], first_at=row[3], last_at=row[4], count=row[5])


def event_values(event: Event, person: int) -> tuple[Any, ...]:
    """An event as ``EVENT_COLUMNS``."""
    arm = event.answers
    return (
        event.project,
        person,
        event.id,
        event.name,
        event.time,
        event.received_at,
        event.source,
        event.visitor.id,
        event.visitor.anonymous_id,
        event.session_id,
        encode(event.properties) if event.properties else None,
        encode(event.attributes) if event.attributes else None,
        event.channel or None,
        ",".join(event.marks) or None,
        *(_NO_ARM if arm is None else (arm.campaign, arm.version, arm.rule, arm.arm, arm.epoch, event.answers_at)),
    )


def event_object(row: Sequence[Any], *, person: bool = False) -> dict[str, Any]:
    """``EVENT_NAMES`` as a plain object, without what the event does not have."""
    event = {name: value for name, value in zip(EVENT_NAMES, row, strict=True) if value is not None}
    for name in ("properties", "attributes"):
        event[name] = _decode_object(event[name]) if name in event else {}
    event["marks"] = event["marks"].split(",") if "marks" in event else []
    if not person:
        del event["person"]
    return event


def exposure_values(rows: Iterable[ExposureRow]) -> Iterator[tuple[Any, ...]]:
    """First exposures as ``EXPOSURE_COLUMNS``. Those of one decide call share their facts, which are encoded once."""
    facts: dict[str, Any] = {}
    encoded: bytes | None = None
    for row in rows:
        if row.facts is not facts:
            facts, encoded = row.facts, encode(row.facts) if row.facts else None
        yield _exposure(row, encoded)


def _exposure(row: ExposureRow, facts: bytes | None) -> tuple[Any, ...]:
    arm = row.answers
    return (
        row.project,
        row.person,
        arm.campaign,
        arm.version,
        arm.rule,
        arm.arm,
        arm.epoch,
        row.time,
        row.door,
        facts,
    )


def exposure_objects(rows: Iterable[Sequence[Any]], days: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """First exposures, each with the days on which the campaign was seen (per arm).

    ``rows`` are sequence number, person, then campaign … facts of ``EXPOSURE_COLUMNS``; ``days`` are person, campaign,
    arm, day, ascending.
    """
    seen: dict[tuple[int, str], dict[str, list[int]]] = {}
    for person, campaign, arm, day in days:
        seen.setdefault((person, campaign), {}).setdefault(arm, []).append(day)
    return [
        {
            "seq": row[0],
            **dict(zip(_EXPOSURE_NAMES, row[2:9], strict=True)),
            "facts": decode(row[9]) if row[9] else {},
            "days": seen.get((row[1], row[2]), {}),
        }
        for row in rows
    ]
