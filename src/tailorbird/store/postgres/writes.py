"""What a fold changed, written with one statement per table."""

from __future__ import annotations

from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.folding import Counts, Folded
from tailorbird.store.postgres.text import columns
from tailorbird.store.rows import EVENT_COLUMNS, EXPOSURE_COLUMNS

_NEW_IDS = (
    "UPDATE visitor_ids v SET person = k.person"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS k (project, kind, id, person)"
    " WHERE v.project = k.project AND v.kind = k.kind AND v.id = k.id"
)
_UNUSED_IDS = (
    "DELETE FROM visitor_ids v USING unnest($1::text[], $2::text[], $3::text[]) AS k (project, kind, id)"
    " WHERE v.project = k.project AND v.kind = k.kind AND v.id = k.id"
)
_MOVED_IDS = (
    "INSERT INTO visitor_ids (project, kind, id, person)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])"
    " ON CONFLICT (project, kind, id) DO UPDATE SET person = excluded.person"
    " WHERE visitor_ids.person <> excluded.person"
)
_MERGED_IDS = (
    "UPDATE visitor_ids v SET person = m.target FROM unnest($1::bigint[], $2::bigint[]) AS m (person, target)"
    " WHERE v.person = m.person"
)
_MERGED_BEFORE = (
    "UPDATE person_links l SET target = m.target FROM unnest($1::bigint[], $2::bigint[]) AS m (person, target)"
    " WHERE l.target = m.person"
)
_LINKS = (
    "INSERT INTO person_links (person, target, project, at)"
    " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[])"
)
_GONE_PROFILES = "DELETE FROM profiles WHERE person = ANY ($1::bigint[])"
_KNOWN_PROFILES = (
    "UPDATE profiles p SET body = k.body, updated_at = $3 FROM unnest($1::bigint[], $2::bytea[]) AS k (person, body)"
    " WHERE p.person = k.person"
)
_NEW_PROFILES = (
    "INSERT INTO profiles (person, body, project, updated_at)"
    " SELECT person, body, project, $4 FROM unnest($1::bigint[], $2::bytea[], $3::text[]) AS k (person, body, project)"
)
_EXPOSURES = (
    f"INSERT INTO exposures ({', '.join(EXPOSURE_COLUMNS)})"  # noqa: S608 - constants
    " SELECT * FROM unnest($1::text[], $2::bigint[],"
    " $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[], $10::bytea[])"
    " ON CONFLICT DO NOTHING"
)
_DAYS = (
    "INSERT INTO exposure_days (project, person, campaign, arm, day)"
    " SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[]) ON CONFLICT DO NOTHING"
)
_COUNTS = (
    "INSERT INTO counters (project, name, value) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])"
    " ON CONFLICT (project, name) DO UPDATE SET value = counters.value + excluded.value"
)


async def write(connection: Connection, folded: Folded) -> None:
    """Write all but the counters."""
    if folded.links:
        await _write_links(connection, folded)
    if folded.new_ids:
        await connection.execute(_NEW_IDS, *folded.new_ids)
    if folded.unused_ids:
        await connection.execute(_UNUSED_IDS, *folded.unused_ids)
    if folded.moved_ids:
        await connection.execute(_MOVED_IDS, *folded.moved_ids)
    if folded.known_profiles:
        await connection.execute(_KNOWN_PROFILES, *folded.known_profiles, folded.at)
    if folded.new_profiles:
        # a number that another process gave out too fails, and is never overwritten
        await connection.execute(_NEW_PROFILES, *folded.new_profiles, folded.at)
    if folded.events:
        await connection.copy_records_to_table("events", records=folded.events, columns=EVENT_COLUMNS)
    if folded.exposures:
        await connection.execute(_EXPOSURES, *folded.exposures)
    if folded.days:
        await connection.execute(_DAYS, *folded.days)


async def _write_links(connection: Connection, folded: Folded) -> None:
    """Everything that led to the people merged away leads on to where their chains end: ids, and earlier links."""
    people, targets = folded.links[:2]
    await connection.execute(_MERGED_IDS, people, targets)
    await connection.execute(_MERGED_BEFORE, people, targets)
    await connection.execute(_LINKS, *folded.links)
    await connection.execute(_GONE_PROFILES, people)


async def write_counts(connection: Connection, counts: Counts) -> None:
    """Add to named counters."""
    if counts:
        rows = sorted((project, name, number) for (project, name), number in counts.items())
        await connection.execute(_COUNTS, *columns(rows))


def written(status: str) -> int:
    """How many rows a statement says that it wrote: ``INSERT 0 3`` → 3."""
    return int(status.rpartition(" ")[2])
