"""Events as they arrive, for everybody in this process who waits for them.

However many wait, the store is asked once in half a second for each project that somebody waits for, and not at all
while nobody does. What another process wrote is seen as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from tailorbird.domain.errors import TailorbirdError
from tailorbird.store.contract import Store

LOOK_SECONDS = 0.5
#: the newest so many of those that came since the last look are handed out
MOST_AT_ONCE = 1_000


class Heard(NamedTuple):
    """What was found by one look."""

    #: the newest first, each with its ``person``
    events: list[dict[str, Any]]
    #: whatever appears later has a higher sequence number
    settled: int


#: None when the server stops
News = asyncio.Queue[Heard | None]


class Arrivals:
    """Looks at the newest events while somebody waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, set[News]] = {}
        #: project → up to which number nothing new can appear, and which ones above it were handed out
        self._known: dict[str, tuple[int, frozenset[int]]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    def close(self) -> None:
        """Whoever waits is told that nothing more comes."""
        self._closed = True
        for news in (one for each in self._waiting.values() for one in each):
            news.put_nowait(None)

    @asynccontextmanager
    async def of(self, project: str) -> AsyncIterator[News]:
        """What arrives in a project from now on, until the end of the block."""
        mine: News = asyncio.Queue()
        self._waiting.setdefault(project, set()).add(mine)
        try:
            if self._closed:
                mine.put_nowait(None)
            elif project not in self._known:
                settled = await self._store.looking.settled()
                found = await self._store.looking.arrived(project, settled, MOST_AT_ONCE)
                self._known.setdefault(project, (settled, frozenset(one["seq"] for one in found)))
            if self._looking is None and not self._closed:
                self._looking = asyncio.create_task(self._look())
            yield mine
        finally:
            self._leave(project, mine)

    def _leave(self, project: str, news: News) -> None:
        self._waiting[project].discard(news)
        if not self._waiting[project]:
            del self._waiting[project]
            self._known.pop(project, None)
        if not self._waiting and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                settled = await self._store.looking.settled()
                for project in list(self._known):
                    await self._tell(project, settled)
            except TailorbirdError:
                continue  # whoever asks next is told that the store is away

    async def _tell(self, project: str, settled: int) -> None:
        """Hand out what is new in a project: also an event that appears below others that are long known."""
        if project not in self._known:
            return
        found = await self._store.looking.arrived(project, self._known[project][0], MOST_AT_ONCE)
        if project not in self._known:  # the last one left meanwhile
            return
        before, known = self._known[project]
        fresh = [one for one in found if one["seq"] > before and one["seq"] not in known]
        upto = max(before, settled)
        self._known[project] = upto, frozenset(one["seq"] for one in found if one["seq"] > upto)
        if fresh:
            for news in self._waiting[project]:
                news.put_nowait(Heard(fresh, upto))
