"""Members of id lists: up to a million each, changed in one transaction, so that others see all of it or nothing.

A list shows the members of one storage; replacing it writes another storage. The lock on a list's name keeps two
uploads to one list apart, whichever process they come from; the project is locked for the last step only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from tailorbird.domain.errors import NotFound, TooLarge
from tailorbird.store.postgres.access import bump
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.pages import pages
from tailorbird.store.postgres.text import array
from tailorbird.store.postgres.writes import written

#: members in one statement
BITE = 10_000

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1 || chr(31) || $2, 20201))"
_LIST = "SELECT storage, size FROM lists WHERE project = $1 AND id = $2"
_ADD = (
    "INSERT INTO list_members (storage, member, batch) SELECT $1, member, 1 FROM unnest($2::text[]) AS k (member)"
    " ON CONFLICT DO NOTHING"
)
_REMOVE = "DELETE FROM list_members WHERE storage = $1 AND member = ANY ($2::text[])"
_SHOW = (
    "INSERT INTO lists (project, id, storage, batch, pending, size, change) VALUES ($1, $2, $3, 1, 1, $4, $5)"
    " ON CONFLICT (project, id) DO UPDATE SET storage = excluded.storage, size = excluded.size,"
    " change = excluded.change"
)


class BrokenOff(Exception):
    """The caller's members raised: its cause is theirs to hear of."""


async def put_members(
    connection: Connection, project: str, list_id: str, members: Iterable[str], replace: bool, limit: int
) -> int:
    """Add members, or replace all; returns the new size. ``TooLarge`` over ``limit``."""
    if not await connection.fetchval("SELECT 1 FROM projects WHERE id = $1", project):
        raise NotFound("There is no such project.")
    await connection.execute(_LOCK, project, list_id)
    before = await connection.fetchrow(_LIST, project, list_id)
    if before is None or replace:
        size = 0
        storage = await connection.fetchval("INSERT INTO list_storages (project) VALUES ($1) RETURNING number", project)
    else:
        storage, size = before
    rest = iter(members)
    while bite := _bite(rest):
        size += written(await connection.execute(_ADD, storage, array(bite)))
        if size > limit:
            raise TooLarge(f"A list holds at most {limit:,} members.")
    if before is not None and before[0] != storage:
        await connection.execute("DELETE FROM list_members WHERE storage = $1", before[0])
        await connection.execute("DELETE FROM list_storages WHERE number = $1", before[0])
    await connection.execute(_SHOW, project, list_id, storage, size, await bump(connection, project))
    return int(size)


def _bite(rest: Iterator[str]) -> list[str]:
    try:
        return sorted(set(islice(rest, BITE)))
    except Exception as error:
        raise BrokenOff from error


async def remove_members(connection: Connection, project: str, list_id: str, members: Sequence[str]) -> int:
    """Take members out; returns how many were in it."""
    await connection.execute(_LOCK, project, list_id)
    row = await connection.fetchrow(_LIST, project, list_id)
    if row is None:
        return 0
    storage, size = row
    removed = 0
    for start in range(0, len(members), BITE):
        removed += written(await connection.execute(_REMOVE, storage, array(members[start : start + BITE])))
    if removed:
        await connection.execute(_SHOW, project, list_id, storage, size - removed, await bump(connection, project))
    return removed


async def members(connection: Connection, project: str, list_id: str) -> list[str]:
    """All members, sorted."""
    found: list[str] = []
    async for page in pages(
        connection,
        "SELECT m.member FROM lists l JOIN list_members m ON m.storage = l.storage AND m.batch <= l.batch"
        " WHERE l.project = $1 AND l.id = $2 ORDER BY m.member",
        project,
        list_id,
    ):
        found += [member for (member,) in page]
    return found


async def sizes(connection: Connection, project: str) -> dict[str, tuple[int, int]]:
    """List id → (size, change number)."""
    rows = await connection.fetch("SELECT id, size, change FROM lists WHERE project = $1", project)
    return {row[0]: (row[1], row[2]) for row in rows}


async def forget(connection: Connection, project: str, values: Sequence[str]) -> int:
    """Take values out of every list of a project, one after the other by name."""
    names = sorted(await sizes(connection, project))
    return sum([await remove_members(connection, project, name, values) for name in names])
