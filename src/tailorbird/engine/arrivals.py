"""Events as they arrive, for everybody in this process who waits for them.

However many wait, the store is asked once in half a second for each project that somebody waits for, and not at all
while nobody does. What another process wrote is seen as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tailorbird.domain.errors import TailorbirdError
from tailorbird.store.contract import Store

LOOK_SECONDS = 0.5
#: the newest so many of those that came since the last look are handed out
MOST_AT_ONCE = 1_000

#: events, the newest first, each with its ``person``; None when the server stops
News = asyncio.Queue[list[dict[str, Any]] | None]


class Arrivals:
    """Looks at the newest events while somebody waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, set[News]] = {}
        #: project → the newest sequence number that was handed out
        self._newest: dict[str, int] = {}
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
            elif project not in self._newest:
                found = await self._store.looking.arrived(project, 0, 1)
                self._newest.setdefault(project, found[0]["seq"] if found else 0)
            if self._looking is None and not self._closed:
                self._looking = asyncio.create_task(self._look())
            yield mine
        finally:
            self._leave(project, mine)

    def _leave(self, project: str, news: News) -> None:
        self._waiting[project].discard(news)
        if not self._waiting[project]:
            del self._waiting[project]
            self._newest.pop(project, None)
        if not self._waiting and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for project, newest in list(self._newest.items()):
                try:
                    found = await self._store.looking.arrived(project, newest, MOST_AT_ONCE)
                except TailorbirdError:
                    continue  # whoever asks next is told that the store is away
                if found and project in self._newest:
                    self._newest[project] = found[0]["seq"]
                    for news in self._waiting[project]:
                        news.put_nowait(found)
