"""What a fold changed, written with one statement per table."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird.domain.facts import Changes, IdKey, State
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.errors import Again
from tailorbird.store.postgres.text import columns
from tailorbird.store.rows import EVENT_COLUMNS, EXPOSURE_COLUMNS, encode, event_values, exposure_values

#: (project, counter name) → increment
Counts = dict[tuple[str, str], int]

_ID_COLUMNS = "SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])"
_NEW_IDS = f"INSERT INTO visitor_ids (project, kind, id, person) {_ID_COLUMNS} ON CONFLICT DO NOTHING"
_MOVED_IDS = (
    f"INSERT INTO visitor_ids (project, kind, id, person) {_ID_COLUMNS}"
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


async def write(connection: Connection, changes: Changes, state: State, asked: Sequence[IdKey], at: int) -> None:
    """Write all but the counters. ``asked`` are the ids that ``state`` was read for."""
    merged = {person: target for _, person, target, _ in changes.links}
    if changes.links:
        await _write_links(connection, changes, merged)
    if changes.ids:
        await _write_ids(connection, changes, state, set(asked), merged)
    if changes.profiles:
        await _write_profiles(connection, changes, state, merged, at)
    if changes.events:
        rows = [event_values(event, person) for event, person in changes.events]
        await connection.copy_records_to_table("events", records=rows, columns=EVENT_COLUMNS)
    if changes.exposures:
        exposures = sorted(changes.exposures, key=lambda row: (row.project, row.person, row.answers.campaign))
        await connection.execute(_EXPOSURES, *columns([exposure_values(row) for row in exposures]))
    if changes.days:
        await connection.execute(_DAYS, *columns(sorted(changes.days)))


async def _write_links(connection: Connection, changes: Changes, merged: dict[int, int]) -> None:
    """Everything that led to the people merged away leads on to where their chains end: ids, and earlier links."""
    rows = sorted((person, _end(merged, person), project, at) for project, person, _, at in changes.links)
    people, targets, projects, times = columns(rows)
    await connection.execute(_MERGED_IDS, people, targets)
    await connection.execute(_MERGED_BEFORE, people, targets)
    await connection.execute(_LINKS, people, targets, projects, times)
    await connection.execute(_GONE_PROFILES, people)


def _end(merged: dict[int, int], person: int) -> int:
    while person in merged:
        person = merged[person]
    return person


async def _write_ids(
    connection: Connection, changes: Changes, state: State, asked: set[IdKey], merged: dict[int, int]
) -> None:
    """Ids that led to nobody are inserted, and must still lead to nobody; the others are moved."""
    new: list[tuple[str, str, str, int]] = []
    moved: list[tuple[str, str, str, int]] = []
    for key, person in changes.ids.items():
        end, before = _end(merged, person), state.persons.get(key)
        if before is None and key in asked:
            new.append((*key, end))
        elif before is None or _end(merged, before) != end:
            moved.append((*key, end))
    if new:
        status = await connection.execute(_NEW_IDS, *columns(sorted(new)))
        if written(status) != len(new):
            raise Again
    if moved:
        await connection.execute(_MOVED_IDS, *columns(sorted(moved)))


async def _write_profiles(
    connection: Connection, changes: Changes, state: State, merged: dict[int, int], at: int
) -> None:
    """Update who was read, insert who is new: a number that another process gave out too fails, never overwrites."""
    known: list[tuple[int, bytes]] = []
    new: list[tuple[int, bytes, str]] = []
    for person, profile in changes.profiles.items():
        if person in merged:
            continue
        if person in state.profiles:
            known.append((person, encode(profile)))
        else:
            new.append((person, encode(profile), changes.projects[person]))
    if known:
        status = await connection.execute(_KNOWN_PROFILES, *columns(sorted(known)), at)
        if written(status) != len(known):
            raise Again
    if new:
        await connection.execute(_NEW_PROFILES, *columns(new), at)


async def write_counts(connection: Connection, counts: Counts) -> None:
    """Add to named counters."""
    if counts:
        rows = sorted((project, name, number) for (project, name), number in counts.items())
        await connection.execute(_COUNTS, *columns(rows))


def written(status: str) -> int:
    """How many rows a statement says that it wrote: ``INSERT 0 3`` → 3."""
    return int(status.rpartition(" ")[2])
