"""Inside the write transaction: sift out what was counted before, lock the people, fold, write what changed.

Everything is locked in one order, so that two transactions never wait for each other: identities, then people by
number, then new ids, then what belongs to those people, then counters and answers; each of them sorted. Two that meet
the same new id at once cannot lock what is not there: one of them inserts it, the other begins anew and finds it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from tailorbird.domain.facts import DAY_MS, Alias, Changes, Entry, Event, IdKey, State, Verdict
from tailorbird.domain.profile import Profile
from tailorbird.store.contract import Fold
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.errors import Again
from tailorbird.store.postgres.text import columns
from tailorbird.store.postgres.writes import Counts, write, write_counts
from tailorbird.store.rows import decode_profile

#: counter of events that came again under the same id with other content
DUPLICATE_CONFLICTS = "duplicate_conflicts"
#: more entries are folded in a thread, so that nobody's answer waits for it
_FOLDED_HERE = 100

_DUPLICATE, _CONFLICT = Verdict("duplicate"), Verdict("conflict")
#: project, identity
LedgerKey = tuple[str, bytes]

_REMEMBER = (
    "INSERT INTO ledger (project, identity, content, day)"
    " SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::bigint[])"
    " ON CONFLICT DO NOTHING RETURNING project, identity"
)
_REMEMBERED = (
    "SELECT l.project, l.identity, l.content FROM unnest($1::text[], $2::bytea[]) AS k (project, identity)"
    " JOIN ledger l ON l.project = k.project AND l.identity = k.identity"
)
_LOCK_PEOPLE = (
    "SELECT v.project, v.kind, v.id, v.person, p.body"
    " FROM unnest($1::text[], $2::text[], $3::text[]) AS k (project, kind, id)"
    " JOIN visitor_ids v ON v.project = k.project AND v.kind = k.kind AND v.id = k.id"
    " JOIN profiles p ON p.person = v.person ORDER BY v.person FOR NO KEY UPDATE OF p"
)
_STILL_LEAD = (
    "SELECT count(*) FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS k (project, kind, id, person)"
    " JOIN visitor_ids v ON v.project = k.project AND v.kind = k.kind AND v.id = k.id AND v.person = k.person"
)


async def apply(connection: Connection, entries: Sequence[Entry], fold: Fold) -> list[Verdict]:
    """Fold the entries that are new into the database; one verdict per entry. The caller holds the transaction.

    Raises ``Again`` when another transaction was faster; nothing of this one may then be kept.
    """
    fresh, verdicts, counts = await _sift(connection, entries)
    if fresh:
        new = [entries[index] for index in fresh] if len(fresh) < len(entries) else entries
        asked = _ids(new)
        state = await _lock_people(connection, asked)
        changes = fold(new, state) if len(new) <= _FOLDED_HERE else await asyncio.to_thread(fold, new, state)
        for index, verdict in zip(fresh, changes.verdicts, strict=True):
            verdicts[index] = verdict
        await write(connection, changes, state, asked, max(entry.received_at for entry in new))
        _add(counts, changes)
    await write_counts(connection, counts)
    return verdicts  # type: ignore[return-value]  # every place is filled: by the sieve or by the fold


def _add(counts: Counts, changes: Changes) -> None:
    for name, number in changes.counts.items():
        counts[name] = counts.get(name, 0) + number


# -- identities ------------------------------------------------------------------------------------------------------


async def _sift(connection: Connection, entries: Sequence[Entry]) -> tuple[list[int], list[Verdict | None], Counts]:
    """Indexes of the entries that are not repeats, the verdicts of those that are, and how many were conflicts.

    Writes the new identities; waits for a transaction that is just writing one of them.
    """
    first: dict[LedgerKey, Event] = {}
    for entry in entries:
        if type(entry) is Event and entry.identity:
            first.setdefault((entry.project, entry.identity), entry)
    known = await _remember(connection, first) if first else {}
    verdicts: list[Verdict | None] = [None] * len(entries)
    fresh: list[int] = []
    conflicts: Counts = defaultdict(int)
    for index, entry in enumerate(entries):
        if type(entry) is not Event or not entry.identity:
            fresh.append(index)
            continue
        key = (entry.project, entry.identity)
        content = known.get(key)
        if content is None:
            known[key] = entry.content
            fresh.append(index)
        elif content == entry.content:
            verdicts[index] = _DUPLICATE
        else:
            verdicts[index] = _CONFLICT
            conflicts[entry.project, DUPLICATE_CONFLICTS] += 1
    return fresh, verdicts, conflicts


async def _remember(connection: Connection, first: dict[LedgerKey, Event]) -> dict[LedgerKey, bytes]:
    """Insert identities; returns the contents of those that were there already."""
    keys = sorted(first)
    events = [first[key] for key in keys]
    added = await connection.fetch(
        _REMEMBER,
        *columns(keys),
        [event.content for event in events],
        [event.received_at // DAY_MS for event in events],
    )
    if len(added) == len(keys):
        return {}
    new = {(project, identity) for project, identity in added}
    old = [key for key in keys if key not in new]
    rows = await connection.fetch(_REMEMBERED, *columns(old))
    if len(rows) < len(old):
        raise Again  # pruned at this very moment
    return {(project, identity): content for project, identity, content in rows}


# -- people ----------------------------------------------------------------------------------------------------------


def _ids(entries: Sequence[Entry]) -> list[IdKey]:
    """The ids that the entries name, sorted."""
    wanted: set[IdKey] = set()
    for entry in entries:
        if isinstance(entry, Alias):
            wanted.add((entry.project, "u", entry.visitor_id))
            wanted.add((entry.project, "u", entry.alias))
            continue
        if entry.visitor.id is not None:
            wanted.add((entry.project, "u", entry.visitor.id))
        if entry.visitor.anonymous_id is not None:
            wanted.add((entry.project, "a", entry.visitor.anonymous_id))
    return sorted(wanted)


async def _lock_people(connection: Connection, asked: list[IdKey]) -> State:
    """The people that the ids lead to, locked until the end. An id moves only under the lock of the person it leads
    to, so what still holds once they are locked holds until the end."""
    if not asked:
        return State(persons={}, profiles={})
    rows = await connection.fetch(_LOCK_PEOPLE, *columns(asked))
    persons: dict[IdKey, int] = {}
    profiles: dict[int, Profile] = {}
    for project, kind, visitor_id, person, body in rows:
        persons[project, kind, visitor_id] = person
        if person not in profiles:
            profiles[person] = decode_profile(body)
    if persons:
        found = [(*key, person) for key, person in persons.items()]
        if await connection.fetchval(_STILL_LEAD, *columns(found)) != len(found):
            raise Again
    return State(persons=persons, profiles=profiles)
