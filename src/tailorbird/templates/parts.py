"""What compiled strings become in a run: native JSON, a number, or catalogue items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tailorbird.domain.errors import shorten
from tailorbird.templates.limits import MAX_ITEMS, LimitReached
from tailorbird.templates.plain import number, plain, unicode
from tailorbird.templates.run import Run

if TYPE_CHECKING:
    from tailorbird.templates.sandbox import Text

#: what a part of the content becomes in a run
Part = Callable[[Run], Any]


def native_of(text: Text) -> Part:
    """The value of the string's only output as JSON; empty text where nothing was found and that does not withhold."""

    def build(run: Run) -> Any:
        value = text.native(run)
        if value is None:
            return ""
        made = plain(value, run.budget)
        if made is None:
            run.miss(f"{text}: {shorten(value)} is no JSON value")
            return ""
        return made

    return build


def number_of(text: Text) -> Part:
    """The string's value as a JSON number. What is no number counts as missing; null where that does not withhold."""

    def build(run: Run) -> int | float | None:
        before = len(run.missing)
        value = text.native(run) if text.single else text.text(run)
        made = number(value)
        if made is None and len(run.missing) == before:
            run.miss(f"{text}: {shorten(value)} is not a number")
        return made

    return build


def items_of(wanted: list[str | Text], ids_only: bool) -> Part:
    """The items that exist among the wanted ones, each once. None of them existing counts as missing."""

    def build(run: Run) -> list[dict[str, Any]]:
        ids: dict[str, None] = {}
        for entry in wanted:
            ids.update(dict.fromkeys([entry] if isinstance(entry, str) else _ids(entry, run)))
        if len(ids) > MAX_ITEMS:
            raise LimitReached(f"more than {MAX_ITEMS} items")
        found = [item for id in ids if (item := run.values.item(id)) is not None]
        if not found and not run.missing:
            run.miss("catalogue: none of the items " + ", ".join(list(ids)[:10]) if ids else "catalogue: no item id")
        if ids_only:
            return [{"id": item["id"]} for item in found]
        return [_whole(item, run) for item in found]

    return build


def _whole(item: Mapping[str, Any], run: Run) -> dict[str, Any]:
    return {"id": item["id"], "type": item["type"], "attributes": plain(item.get("attributes") or {}, run.budget)}


def _ids(text: Text, run: Run) -> list[str]:
    value = text.native(run) if text.single else text.text(run).strip()
    values = value if isinstance(value, list | tuple | range) else [value]
    return [id for one in values if (id := _id(one))]


def _id(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return unicode(str(value))
