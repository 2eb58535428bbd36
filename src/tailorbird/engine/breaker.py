"""The circuit breaker in front of the store: a decision never waits long for a database that is away.

Closed, every read gets ``patience`` seconds. One failure or overrun opens it: for ``pause`` seconds nothing is
asked, decisions are degraded at once. Then one call is let through to try.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tailorbird.domain.errors import Unavailable

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

    async def call(self, awaitable: Awaitable[T]) -> T:
        """The awaitable's result, or ``Unavailable`` when it fails, overruns, or the breaker is open."""
        if self.is_open:
            if hasattr(awaitable, "close"):
                awaitable.close()
            raise Unavailable("The store is away.")
        try:
            async with asyncio.timeout(self.patience):
                result = await awaitable
        except (TimeoutError, Unavailable):
            self.trip()
            raise Unavailable("The store is away.") from None
        self._open_until = 0.0
        return result

    def trip(self) -> None:
        """Leave the store alone for a while."""
        self.trips += 1
        self._open_until = self._monotonic() + self.pause
