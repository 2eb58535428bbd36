"""Catalogue items: the newest state of each, and when it changed."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird.domain.definitions import Item
from tailorbird.domain.errors import NotFound
from tailorbird.store.rows import decode_item, encode
from tailorbird.store.sqlite.bulk import insert
from tailorbird.store.sqlite.connection import Connection


def _bump(connection: Connection, project: str) -> int:
    row = connection.execute(
        "UPDATE projects SET items_version = items_version + 1 WHERE id = ? RETURNING items_version", (project,)
    ).fetchone()
    if row is None:
        raise NotFound("There is no such project.")
    return int(row[0])


def put_items(connection: Connection, project: str, items: Sequence[Item]) -> None:
    """Insert or replace items; of two with one id the last one stays."""
    change = _bump(connection, project)
    if items:
        insert(
            connection,
            "INTO items (project, id, body, change)",
            [(project, item.id, encode(item), change) for item in items],
            "ON CONFLICT (project, id) DO UPDATE SET body = excluded.body, change = excluded.change",
        )


def delete_items(connection: Connection, project: str, ids: Sequence[str]) -> int:
    """Delete items and say how many there were. Their ids stay behind, so that other processes notice."""
    change = _bump(connection, project)
    removed = 0
    for item_id in ids:
        row = connection.execute(
            "UPDATE items SET body = NULL, change = ? WHERE project = ? AND id = ? AND body IS NOT NULL RETURNING 1",
            (change, project, item_id),
        ).fetchone()
        removed += row is not None
    return removed


def items(connection: Connection, project: str, changed_after: int) -> list[tuple[str, bytes | None, int]]:
    """What changed, in the order of change."""
    rows = connection.execute(
        "SELECT id, body, change FROM items WHERE project = ? AND change > ? ORDER BY change, id",
        (project, changed_after),
    )
    return [(row[0], row[1], row[2]) for row in rows.fetchall()]


def item_page(connection: Connection, project: str, after: str, limit: int) -> list[Item]:
    """Items that exist, in the order of their ids."""
    rows = connection.execute(
        "SELECT body FROM items WHERE project = ? AND id > ? AND body IS NOT NULL ORDER BY id LIMIT ?",
        (project, after, limit),
    )
    return [decode_item(body) for (body,) in rows.fetchall()]
