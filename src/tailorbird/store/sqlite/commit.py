"""Inside the write transaction: sift out what was counted before, read the people, fold, write what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from tailorbird.domain.facts import Alias, Changes, Entry, Event, IdKey, State, Verdict
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import IdKind
from tailorbird.store.contract import Fold
from tailorbird.store.rows import EVENT_COLUMNS, EXPOSURE_COLUMNS, encode, event_values, exposure_values
from tailorbird.store.sqlite.bulk import answers, insert
from tailorbird.store.sqlite.connection import Connection

#: counter of events that came again under the same id with other content
DUPLICATE_CONFLICTS = "duplicate_conflicts"
DAY_MS = 86_400_000

_DUPLICATE, _CONFLICT = Verdict("duplicate"), Verdict("conflict")
_decode_profiles = msgspec.json.Decoder(list[Profile]).decode
_decode_persons = msgspec.json.Decoder(list[tuple[str, int]]).decode

# each answers one value for a whole IN list
_REMEMBERED = (
    "SELECT group_concat(hex(identity) || hex(content), ' ') FROM ledger WHERE project = ? AND identity IN ({})"
)
_PERSONS = (
    "SELECT json_group_array(json_array(id, person)) FROM visitor_ids WHERE project = ? AND kind = ? AND id IN ({})"
)
_PROFILES = "SELECT '[' || group_concat(CAST(body AS TEXT)) || ']' FROM profiles WHERE person IN ({})"


def apply(connection: Connection, entries: Sequence[Entry], fold: Fold) -> list[Verdict]:
    """Fold the entries that are new into the database; one verdict per entry. The caller holds the transaction."""
    fresh, verdicts = _sift(connection, entries)
    if fresh:
        new = [entries[index] for index in fresh] if len(fresh) < len(entries) else entries
        state = _load(connection, new)
        changes = fold(new, state)
        for index, verdict in zip(fresh, changes.verdicts, strict=True):
            verdicts[index] = verdict
        _write(connection, changes, state, max(entry.received_at for entry in new))
    return verdicts  # type: ignore[return-value]  # every place is filled: by the sieve or by the fold


# -- identities ------------------------------------------------------------------------------------------------------


def _sift(connection: Connection, entries: Sequence[Entry]) -> tuple[list[int], list[Verdict | None]]:
    """Indexes of the entries that are not repeats, and the verdicts of those that are. Writes the new identities."""
    seen = _remembered(connection, entries)
    verdicts: list[Verdict | None] = [None] * len(entries)
    fresh: list[int] = []
    added: list[tuple[str, bytes, bytes, int]] = []
    conflicts: dict[str, int] = defaultdict(int)
    for index, entry in enumerate(entries):
        if type(entry) is not Event or not entry.identity:
            fresh.append(index)
            continue
        key = (entry.project, entry.identity)
        content = seen.get(key)
        if content is None:
            seen[key] = entry.content
            added.append((*key, entry.content, entry.received_at // DAY_MS))
            fresh.append(index)
        elif content == entry.content:
            verdicts[index] = _DUPLICATE
        else:
            verdicts[index] = _CONFLICT
            conflicts[entry.project] += 1
    if added:
        added.sort()
        insert(connection, "INTO ledger (project, identity, content, day)", added)
    if conflicts:
        count(connection, {(project, DUPLICATE_CONFLICTS): number for project, number in conflicts.items()})
    return fresh, verdicts


def _remembered(connection: Connection, entries: Sequence[Entry]) -> dict[tuple[str, bytes], bytes]:
    asked: dict[str, set[bytes]] = defaultdict(set)
    for entry in entries:
        if type(entry) is Event and entry.identity:
            asked[entry.project].add(entry.identity)
    remembered: dict[tuple[str, bytes], bytes] = {}
    for project, identities in asked.items():
        for text in answers(connection, _REMEMBERED, (project,), sorted(identities)):
            for pair in text.split():
                remembered[project, bytes.fromhex(pair[:32])] = bytes.fromhex(pair[32:])
    return remembered


def count(connection: Connection, counts: dict[tuple[str, str], int]) -> None:
    """Add to named counters."""
    insert(
        connection,
        "INTO counters (project, name, value)",
        [(project, name, number) for (project, name), number in counts.items()],
        "ON CONFLICT (project, name) DO UPDATE SET value = value + excluded.value",
    )


# -- people ----------------------------------------------------------------------------------------------------------


def _load(connection: Connection, entries: Sequence[Entry]) -> State:
    """The people that the entries' ids lead to."""
    wanted: dict[tuple[str, IdKind], set[str]] = defaultdict(set)
    for entry in entries:
        if isinstance(entry, Alias):
            wanted[entry.project, "u"].update((entry.visitor_id, entry.alias))
            continue
        if entry.visitor.id is not None:
            wanted[entry.project, "u"].add(entry.visitor.id)
        if entry.visitor.anonymous_id is not None:
            wanted[entry.project, "a"].add(entry.visitor.anonymous_id)
    persons: dict[IdKey, int] = {}
    for (project, kind), ids in wanted.items():
        for text in answers(connection, _PERSONS, (project, kind), sorted(ids)):
            for visitor_id, person in _decode_persons(text):
                persons[project, kind, visitor_id] = person
    profiles: dict[int, Profile] = {}
    for text in answers(connection, _PROFILES, (), sorted(set(persons.values()))):
        for profile in _decode_profiles(text):
            profiles[profile.person] = profile
    return State(persons=persons, profiles=profiles)


# -- writing ---------------------------------------------------------------------------------------------------------


def _write(connection: Connection, changes: Changes, state: State, at: int) -> None:
    if changes.links:
        _write_links(connection, changes)
    merged = {person: target for _, person, target, _ in changes.links}
    if changes.ids:
        insert(
            connection,
            "INTO visitor_ids (project, kind, id, person)",
            sorted((*key, _end(merged, person)) for key, person in changes.ids.items()),
            "ON CONFLICT (project, kind, id) DO UPDATE SET person = excluded.person",
        )
    if changes.profiles:
        _write_profiles(connection, changes, state, merged, at)
    if changes.events:
        insert(connection, _EVENTS, [event_values(event, person) for event, person in changes.events])
    if changes.exposures:
        _write_exposures(connection, changes)
    if changes.days:
        insert(connection, "OR IGNORE INTO exposure_days (project, person, campaign, arm, day)", sorted(changes.days))
    if changes.counts:
        count(connection, changes.counts)


def _write_links(connection: Connection, changes: Changes) -> None:
    """Everything that led to the person merged away leads on to the other: ids, and earlier links."""
    for project, person, target, at in changes.links:
        connection.execute("UPDATE visitor_ids SET person = ? WHERE person = ?", (target, person))
        connection.execute("UPDATE person_links SET target = ? WHERE target = ?", (target, person))
        connection.execute(
            "INSERT INTO person_links (person, project, target, at) VALUES (?, ?, ?, ?)", (person, project, target, at)
        )
        connection.execute("DELETE FROM profiles WHERE person = ?", (person,))


def _end(merged: dict[int, int], person: int) -> int:
    while person in merged:
        person = merged[person]
    return person


def _write_profiles(connection: Connection, changes: Changes, state: State, merged: dict[int, int], at: int) -> None:
    """Update who was read, insert who is new: a number that another process gave out too fails, never overwrites."""
    new: list[tuple[int, str, bytes, int]] = []
    known: list[tuple[int, str, bytes, int]] = []
    for person, profile in changes.profiles.items():
        if person not in merged:
            rows = known if person in state.profiles else new
            rows.append((person, changes.projects[person], encode(profile), at))
    into = "INTO profiles (person, project, body, updated_at)"
    if known:
        update = "ON CONFLICT (person) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at"
        insert(connection, into, sorted(known), update)
    if new:
        insert(connection, into, new)


def _write_exposures(connection: Connection, changes: Changes) -> None:
    insert(
        connection,
        f"OR IGNORE INTO exposures ({', '.join(EXPOSURE_COLUMNS)})",
        list(exposure_values(changes.exposures)),
    )


_EVENTS = f"INTO events ({', '.join(EVENT_COLUMNS)})"
