"""Catalogue items that arrive with events: collected and written together, and only where they say something new."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from msgspec.structs import replace

from tailorbird.domain.definitions import Item
from tailorbird.domain.errors import Invalid, TailorbirdError
from tailorbird.engine import catalogue
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot

log = structlog.get_logger(__name__)

#: who is named in the history
_AUTHOR = "Salesforce events"


class Arrivals:
    """The items of all projects that are waiting to be written."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: dict[str, dict[str, Item]] = {}

    def note(self, snapshot: Snapshot, items: Iterable[Item]) -> list[Invalid]:
        """Take in what is new: members told replace those of before, the others stay. Returns what cannot be kept.

        An id that another type of item has is left alone: an id names one item in all of a catalogue.
        """
        project = snapshot.project.id
        wrong: list[Invalid] = []
        for item in items:
            before = self._before(snapshot, item.id)
            if before is not None and before.type != item.type:
                continue
            fresh = item if before is None else replace(item, attributes={**before.attributes, **item.attributes})
            if fresh == before:
                continue
            try:
                catalogue.check(fresh, f"catalog.{item.type}", self._runtime.limits)
            except Invalid as error:
                wrong.append(error)
                continue
            if project not in self._waiting:
                self._waiting[project] = {}
                self._runtime.background(self._write(project))
            self._waiting[project][fresh.id] = fresh
        return wrong

    def _before(self, snapshot: Snapshot, item_id: str) -> Item | None:
        waiting = self._waiting.get(snapshot.project.id, {}).get(item_id)
        if waiting is not None:
            return waiting
        held = snapshot.catalogue.item(item_id)
        return Item(**held) if held is not None else None

    async def _write(self, project: str) -> None:
        """All that is waiting, until nothing is; what comes while a write is under way is the next one's."""
        try:
            while waiting := self._waiting[project]:
                self._waiting[project] = {}
                await self._put(project, list(waiting.values()))
        finally:
            del self._waiting[project]

    async def _put(self, project: str, items: list[Item]) -> None:
        limit = self._runtime.limits.items
        try:
            for start in range(0, len(items), limit):
                await catalogue.upsert(self._runtime, project, items[start : start + limit], author=_AUTHOR)
        except TailorbirdError as error:  # they will come again with the next event that names them
            log.warning("items lost", count=len(items), error=error.detail)
