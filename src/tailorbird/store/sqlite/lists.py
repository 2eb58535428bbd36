"""Members of id lists: up to a million each, written in bites so that events need not wait, visible all at once.

A list shows the members of one storage whose batch is not above its own. Adding writes a higher batch, replacing writes
a new storage; the last step moves the list on. What a broken-off upload left is never visible, and cleared later.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tailorbird.domain.errors import Conflict
from tailorbird.store.sqlite.access import bump
from tailorbird.store.sqlite.bulk import insert
from tailorbird.store.sqlite.connection import Connection, changed

#: rows in one transaction, about 40 ms
BITE = 10_000
#: removing more than this writes the list anew, so that nobody sees half of it
REMOVED_AT_ONCE = 20_000
_CHUNK = 500

_decode_members = msgspec.json.Decoder(list[str]).decode


class Upload(msgspec.Struct, frozen=True):
    """Where the members of a running upload go."""

    storage: int
    batch: int
    #: members that are there already and stay
    size: int = 0
    #: a storage of its own, which replaces the list's
    fresh: bool = False
    #: an earlier upload left rows above the list's batch
    stale: bool = False


def begin(connection: Connection, project: str, list_id: str, replace: bool) -> Upload:
    """Start an upload; nothing of it shows before ``finish``."""
    row = connection.execute(
        "SELECT storage, batch, pending, size FROM lists WHERE project = ? AND id = ?", (project, list_id)
    ).fetchone()
    if replace or row is None:
        bump(connection, project)  # refuses a project that does not exist
        (storage,) = connection.execute(
            "INSERT INTO list_storages (project) VALUES (?) RETURNING number", (project,)
        ).fetchone()
        return Upload(storage, 1, fresh=True)
    storage, batch, pending, size = row
    connection.execute("UPDATE lists SET pending = ? WHERE project = ? AND id = ?", (batch + 1, project, list_id))
    return Upload(storage, batch + 1, size, stale=pending > batch)


def add(connection: Connection, upload: Upload, members: Sequence[str]) -> int:
    """Write members of an upload; returns how many were not there before."""
    (before,) = connection.execute("SELECT total_changes()").fetchone()
    rows = [(upload.storage, member, upload.batch) for member in members]
    insert(connection, "OR IGNORE INTO list_members (storage, member, batch)", rows)
    (after,) = connection.execute("SELECT total_changes()").fetchone()
    return int(after - before)


def finish(connection: Connection, project: str, list_id: str, upload: Upload, size: int) -> int:
    """Show what was uploaded; returns the storage that nothing shows any more, 0 if there is none."""
    known = connection.execute("SELECT 1 FROM list_storages WHERE number = ?", (upload.storage,)).fetchone()
    row = connection.execute("SELECT storage FROM lists WHERE project = ? AND id = ?", (project, list_id)).fetchone()
    old = 0 if row is None else int(row[0])
    if known is None or (not upload.fresh and old != upload.storage):
        raise Conflict("The list was replaced by somebody else meanwhile; upload again.")
    connection.execute(
        "INSERT INTO lists (project, id, storage, batch, pending, size, change) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (project, id) DO UPDATE SET storage = excluded.storage, batch = excluded.batch,"
        " pending = excluded.pending, size = excluded.size, change = excluded.change",
        (project, list_id, upload.storage, upload.batch, upload.batch, size, bump(connection, project)),
    )
    return old if old != upload.storage else 0


def discard(connection: Connection, storage: int, from_batch: int) -> int:
    """Remove a bite of a storage's rows from a batch on; from 0 the storage too. Returns the rows removed."""
    connection.execute(
        "DELETE FROM list_members WHERE storage = ? AND member IN"
        " (SELECT member FROM list_members WHERE storage = ? AND batch >= ? LIMIT ?)",
        (storage, storage, from_batch, BITE),
    )
    removed = changed(connection)
    if removed < BITE and from_batch == 0:
        connection.execute("DELETE FROM list_storages WHERE number = ?", (storage,))
    return removed


def remove(connection: Connection, project: str, list_id: str, members: Sequence[str]) -> int:
    """Take members out; returns how many were in it."""
    row = connection.execute(
        "SELECT storage, batch FROM lists WHERE project = ? AND id = ?", (project, list_id)
    ).fetchone()
    if row is None:
        return 0
    removed = 0
    for start in range(0, len(members), _CHUNK):
        chunk = members[start : start + _CHUNK]
        marks = ", ".join("?" * len(chunk))
        connection.execute(
            f"DELETE FROM list_members WHERE storage = ? AND batch <= ? AND member IN ({marks})",  # noqa: S608 - marks
            (*row, *chunk),
        )
        removed += changed(connection)
    if removed:
        connection.execute(
            "UPDATE lists SET size = size - ?, change = ? WHERE project = ? AND id = ?",
            (removed, bump(connection, project), project, list_id),
        )
    return removed


def members(connection: Connection, project: str, list_id: str) -> list[str]:
    """All members, sorted."""
    (text,) = connection.execute(
        "SELECT json_group_array(member) FROM (SELECT m.member FROM lists l JOIN list_members m"
        " ON m.storage = l.storage AND m.batch <= l.batch WHERE l.project = ? AND l.id = ? ORDER BY m.member)",
        (project, list_id),
    ).fetchone()
    return _decode_members(text)


def sizes(connection: Connection, project: str) -> dict[str, tuple[int, int]]:
    """List id → (size, change number)."""
    rows = connection.execute("SELECT id, size, change FROM lists WHERE project = ?", (project,))
    return {row[0]: (row[1], row[2]) for row in rows.fetchall()}


def forget(connection: Connection, project: str, values: Sequence[str]) -> int:
    """Take values out of every list of a project."""
    return sum(remove(connection, project, list_id, values) for list_id in sizes(connection, project))


def orphans(connection: Connection) -> list[int]:
    """Storages that no list shows: of uploads that broke off, or replaced and not yet cleared."""
    rows = connection.execute("SELECT number FROM list_storages WHERE number NOT IN (SELECT storage FROM lists)")
    return [number for (number,) in rows.fetchall()]
