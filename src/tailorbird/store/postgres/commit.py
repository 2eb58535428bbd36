"""Inside the write transaction: sift out what was counted before, lock the people, fold, write what changed.

Everything is locked in one order, so that two transactions never wait for each other: identities, then ids that nobody
has, then people by number, then what belongs to those people, then counters and answers; each of them sorted. Of two
that meet the same new id at once, one claims it and the other waits, and finds the person that it leads to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence

from tailorbird.domain.facts import DAY_MS, Entry, Event, IdKey, Verdict
from tailorbird.store.contract import Fold
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.errors import Again
from tailorbird.store.postgres.folding import Counts, Folded, Found, compute, ids_of
from tailorbird.store.postgres.text import columns
from tailorbird.store.postgres.writes import write, write_counts

#: counter of events that came again under the same id with other content
DUPLICATE_CONFLICTS = "duplicate_conflicts"
#: more entries are computed in a thread, so that nobody's answer waits for it
_COMPUTED_HERE = 50

_DUPLICATE, _CONFLICT = Verdict("duplicate"), Verdict("conflict")
#: project, identity
LedgerKey = tuple[str, bytes]
#: runs ``compute`` in a thread
Aside = Callable[[Sequence[Entry], Sequence[IdKey], Collection[IdKey], Sequence[Found], Fold], Awaitable[Folded]]

_REMEMBER = (
    "INSERT INTO ledger (project, identity, content, day)"
    " SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::bigint[])"
    " ON CONFLICT DO NOTHING RETURNING project, identity"
)
_REMEMBERED = (
    "SELECT l.project, l.identity, l.content FROM unnest($1::text[], $2::bytea[]) AS k (project, identity)"
    " JOIN ledger l ON l.project = k.project AND l.identity = k.identity"
)
_CLAIM = (
    "INSERT INTO visitor_ids (project, kind, id, person)"
    " SELECT project, kind, id, 0 FROM unnest($1::text[], $2::text[], $3::text[]) AS k (project, kind, id)"
    " ON CONFLICT DO NOTHING RETURNING project, kind, id"
)
_LOCK_PEOPLE = (
    "SELECT p.person, p.body, g.positions FROM"
    " (SELECT v.person, array_agg(k.position) AS positions"
    " FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (project, kind, id, position)"
    " JOIN visitor_ids v ON v.project = k.project AND v.kind = k.kind AND v.id = k.id GROUP BY v.person) AS g"
    " JOIN profiles p ON p.person = g.person ORDER BY p.person FOR NO KEY UPDATE OF p"
)
_STILL_LEAD = (
    "SELECT count(*) FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS k (project, kind, id, person)"
    " JOIN visitor_ids v ON v.project = k.project AND v.kind = k.kind AND v.id = k.id AND v.person = k.person"
)


async def apply(connection: Connection, entries: Sequence[Entry], fold: Fold, aside: Aside) -> list[Verdict]:
    """Fold the entries that are new into the database; one verdict per entry. The caller holds the transaction.

    Raises ``Again`` when another transaction was faster; nothing of this one may then be kept.
    """
    fresh, verdicts, counts = await _sift(connection, entries)
    if fresh:
        new = [entries[index] for index in fresh] if len(fresh) < len(entries) else entries
        folded = await _fold(connection, new, fold, aside)
        for index, verdict in zip(fresh, folded.verdicts, strict=True):
            verdicts[index] = verdict
        await write(connection, folded)
        for name, number in folded.counts.items():
            counts[name] = counts.get(name, 0) + number
    await write_counts(connection, counts)
    return verdicts  # type: ignore[return-value]  # every place is filled: by the sieve or by the fold


async def _fold(connection: Connection, entries: Sequence[Entry], fold: Fold, aside: Aside) -> Folded:
    """Lock the people that the entries' ids lead to, and fold.

    An id moves only under the lock of the person it leads to, and that person's document lists it. So an id that is
    listed once the person is locked leads there until the end; where one is not, the id is looked at again.
    """
    asked = ids_of(entries)
    claimed: set[IdKey] = set()
    found: Sequence[Found] = ()
    if asked:
        names = columns(asked)
        claimed = {(project, kind, name) for project, kind, name in await connection.fetch(_CLAIM, *names)}
        if len(claimed) < len(asked):
            found = await connection.fetch(_LOCK_PEOPLE, *names)
    if len(entries) > _COMPUTED_HERE:
        folded = await aside(entries, asked, claimed, found, fold)
    else:
        folded = compute(entries, asked, claimed, found, fold)
    if folded.doubtful and await connection.fetchval(_STILL_LEAD, *folded.doubtful) != len(folded.doubtful[0]):
        raise Again
    return folded


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
