"""What the process beside a server does, in a thread."""

from __future__ import annotations

import asyncio
from typing import Any

from tailorbird.lake.keeper import Keeper
from tailorbird.lake.queries.ask import Question
from tailorbird.lake.session import Session
from tailorbird.lake.wire import Rules, Turn


class Threaded:
    """A keeper or session whose calls are made in a thread, as they are in the process beside a server."""

    def __init__(self, inner: Keeper | Session) -> None:
        self.inner = inner

    async def turn(self, rules: Rules) -> Turn:
        assert isinstance(self.inner, Keeper)
        return await asyncio.to_thread(self.inner.turn, rules)

    async def run(self, project: str, question: Question) -> dict[str, Any]:
        assert isinstance(self.inner, Session)
        return await asyncio.to_thread(self.inner.run, project, question)
