"""The circuit breaker in front of the store: a decision never waits long for a database that is away.

Closed, every read gets ``patience`` seconds. One failure or overrun opens it: for ``pause`` seconds nothing is
asked, decisions are degraded at once. Then one call is let through to try.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tailorbird.domain.errors import Unavailable
from tailorbird.engine.stepping import resumed

T = TypeVar("T")

PATIENCE_S = 0.1
PAUSE_S = 1.0


class Breaker:
    """Guards the reads and commits on the decision path."""

    def __init__(self, monotonic: Callable[[], float], patience: float = PATIENCE_S, pause: float = PAUSE_S) -> None:
        self._monotonic = monotonic
        self.patience = patience
        self.pause = pause
        self._open_until = 0.0
        #: how often it opened, for metrics
        self.trips = 0

    @property
    def is_open(self) -> bool:
        """Whether the store is being left alone now."""
        return self._open_until > 0 and self._monotonic() < self._open_until

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """What ``work`` returns, or ``Unavailable`` when it fails, overruns, or the breaker is open."""
        if self.is_open:
            work.close()
            raise Unavailable("The store is away.")
        try:
            result = await self._bounded(work)
        except (TimeoutError, Unavailable):
            self.trip()
            raise Unavailable("The store is away.") from None
        self._open_until = 0.0
        return result

    async def _bounded(self, work: Coroutine[Any, Any, T]) -> T:
        """Reads of an embedded store never wait, so the clock is started only at the first thing that does."""
        steps = work.__await__()
        try:
            waiting = next(steps)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        async with asyncio.timeout(self.patience):
            return await resumed(steps, waiting)  # type: ignore[no-any-return]

    def trip(self) -> None:
        """Leave the store alone for a while."""
        self.trips += 1
        self._open_until = self._monotonic() + self.pause
