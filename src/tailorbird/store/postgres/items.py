"""Catalogue items: the newest state of each, and when it changed."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird.domain.definitions import Item
from tailorbird.domain.errors import NotFound
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.pages import pages
from tailorbird.store.postgres.text import array
from tailorbird.store.rows import decode_item, encode


async def _bump(connection: Connection, project: str) -> int:
    change = await connection.fetchval(
        "UPDATE projects SET items_version = items_version + 1 WHERE id = $1 RETURNING items_version", project
    )
    if change is None:
        raise NotFound("There is no such project.")
    return int(change)


async def put_items(connection: Connection, project: str, items: Sequence[Item]) -> None:
    """Insert or replace items; of two with one id the last one stays."""
    change = await _bump(connection, project)
    newest = {item.id: encode(item) for item in items}
    if newest:
        await connection.execute(
            "INSERT INTO items (project, id, body, change)"
            " SELECT $1, id, body, $4 FROM unnest($2::text[], $3::bytea[]) AS k (id, body)"
            " ON CONFLICT (project, id) DO UPDATE SET body = excluded.body, change = excluded.change",
            project,
            array(list(newest)),
            list(newest.values()),
            change,
        )


async def delete_items(connection: Connection, project: str, ids: Sequence[str]) -> int:
    """Delete items and say how many there were. Their ids stay behind, so that other processes notice."""
    change = await _bump(connection, project)
    removed = await connection.fetch(
        "UPDATE items SET body = NULL, change = $3"
        " WHERE project = $1 AND id = ANY ($2::text[]) AND body IS NOT NULL RETURNING 1",
        project,
        array(list(ids)),
        change,
    )
    return len(removed)


async def items(connection: Connection, project: str, changed_after: int) -> list[tuple[str, bytes | None, int]]:
    """What changed, in the order of change."""
    found: list[tuple[str, bytes | None, int]] = []
    async for page in pages(
        connection,
        "SELECT id, body, change FROM items WHERE project = $1 AND change > $2 ORDER BY change, id",
        project,
        changed_after,
    ):
        found += [(row[0], row[1], row[2]) for row in page]
    return found


async def item_page(connection: Connection, project: str, after: str, limit: int) -> list[Item]:
    """Items that exist, in the order of their ids."""
    rows = await connection.fetch(
        "SELECT body FROM items WHERE project = $1 AND id > $2 AND body IS NOT NULL ORDER BY id LIMIT $3",
        project,
        after,
        limit,
    )
    return [decode_item(body) for (body,) in rows]
