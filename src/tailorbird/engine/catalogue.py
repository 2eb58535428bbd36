"""The catalogue: items that content names and templates read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from tailorbird.domain.definitions import Item
from tailorbird.domain.errors import Invalid, NotFound, Problem, TooLarge, join_path, shorten
from tailorbird.engine import values
from tailorbird.engine.limits import Limits
from tailorbird.engine.noting import Act, counting
from tailorbird.engine.refresh import refresh
from tailorbird.engine.runtime import Runtime

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


async def upsert(runtime: Runtime, project: str, items: Sequence[Item], *, author: str = "") -> int:
    """Insert or replace items, all or none; ``Invalid`` names every item that is wrong. Returns how many."""
    if len(items) > runtime.limits.items:
        raise TooLarge(f"One call takes at most {runtime.limits.items:,} items.")
    wrong = [one for index, item in enumerate(items) for one in _problems(item, f"items[{index}]", runtime.limits)]
    if wrong:
        raise Invalid(wrong[0].detail, problems=tuple(wrong))
    place = runtime.project(project).project.id
    act = Act(project=place, kind="items", author=author, action="put items")
    tell = counting(runtime, act, lambda _: {"items": len(items)})
    await runtime.store.put_items(place, items, runtime.clock(), tell=tell)
    await refresh(runtime)
    return len(items)


def check(item: Item, field: str, limits: Limits) -> None:
    """``Invalid`` where an item cannot be kept; ``field`` is where it stands."""
    if not item.id or len(item.id) > 200:
        raise Invalid.field(join_path(field, "id"), "text of 1 to 200 characters", shorten(item.id))
    if _CONTROL.search(item.id):
        raise Invalid.field(join_path(field, "id"), "text without control characters", shorten(item.id))
    values.check_name(item.type, join_path(field, "type"))
    values.check_members(item.attributes, join_path(field, "attributes"), limits)


def _problems(item: Item, field: str, limits: Limits) -> tuple[Problem, ...]:
    try:
        check(item, field, limits)
    except Invalid as error:
        return error.problems
    return ()


async def delete(runtime: Runtime, project: str, item_ids: Sequence[str], *, author: str = "") -> int:
    """Remove items; returns how many were there. Content that names them goes on without them."""
    place = runtime.project(project).project.id
    act = Act(project=place, kind="items", author=author, action="delete items")
    tell = counting(runtime, act, lambda many: {"items": many})
    count = await runtime.store.delete_items(place, item_ids, runtime.clock(), tell=tell)
    await refresh(runtime)
    return count


async def read(runtime: Runtime, project: str, item_id: str) -> Item:
    """One item, as this process serves it."""
    found: dict[str, Any] | None = runtime.project(project).catalogue.item(item_id)
    if found is None:
        raise NotFound(f"There is no item {item_id!r}.")
    return msgspec.convert(found, Item)


async def page(
    runtime: Runtime, project: str, after: str = "", limit: int = 100, *, included: bool = False
) -> list[Item]:
    """Items in the order of their ids, after ``after``; that one comes first where it is ``included`` and there."""
    snapshot = runtime.project(project)
    first: dict[str, Any] | None = snapshot.catalogue.item(after) if included and after else None
    begin = [] if first is None else [msgspec.convert(first, Item)]
    return [*begin, *await runtime.store.item_page(snapshot.project.id, after, limit)][:limit]
