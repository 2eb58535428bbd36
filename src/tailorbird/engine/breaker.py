"""The circuit breaker in front of the store: a decision never waits long for a database that is away.

Closed, every call may wait as long as its decision has patience left. One failure or overrun opens it: for ``pause``
seconds nothing is asked, decisions are degraded at once. Then one call is let through to try, while all others go on
without; what it brings decides whether the breaker closes.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tailorbird.domain.errors import Damaged, Unavailable
from tailorbird.engine.stepping import resumed

T = TypeVar("T")

PATIENCE_S = 0.1
PAUSE_S = 1.0


class Patience:
    """How much longer one decision waits, whatever it asks the store for."""

    __slots__ = ("left",)

    def __init__(self, left: float) -> None:
        self.left = left


class Breaker:
    """Guards the reads and commits on the decision path."""

    def __init__(self, monotonic: Callable[[], float], patience: float = PATIENCE_S, pause: float = PAUSE_S) -> None:
        self._monotonic = monotonic
        self.patience = patience
        self.pause = pause
        #: 0 = closed
        self._open_until = 0.0
        self._trying = False
        #: how often it opened, for metrics
        self.trips = 0

    @property
    def is_open(self) -> bool:
        """Whether the store is being left alone now."""
        return self._open_until > 0 and (self._trying or self._monotonic() < self._open_until)

    @property
    def is_held(self) -> bool:
        """Whether nobody may ask before ``release``."""
        return self._open_until == math.inf

    def patient(self) -> Patience:
        """The patience of one decision."""
        return Patience(self.patience)

    async def call(self, work: Coroutine[Any, Any, T], patience: Patience | None = None) -> T:
        """What ``work`` returns, or ``Unavailable`` when it fails, overruns, or the breaker is open.

        The time that it waited is taken from ``patience``; without one it has as much as a decision.
        """
        if not self._open_until:
            return await self._guarded(work, patience)
        if self.is_open:
            work.close()
            raise Unavailable("The store is away.")
        self._trying = True
        try:
            result = await self._guarded(work, patience)
            self._open_until = 0.0
            return result
        finally:
            self._trying = False

    async def _guarded(self, work: Coroutine[Any, Any, T], patience: Patience | None) -> T:
        try:
            return await self._bounded(work, patience)
        except Damaged:
            raise  # of one person's data: the store answers
        except (TimeoutError, Unavailable):
            self.trip()
            raise Unavailable("The store is away.") from None

    async def _bounded(self, work: Coroutine[Any, Any, T], patience: Patience | None) -> T:
        """Reads of an embedded store never wait, so the clock is started only at the first thing that does."""
        steps = work.__await__()
        try:
            waiting = next(steps)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        if patience is None:
            patience = self.patient()
        began = self._monotonic()
        try:
            async with asyncio.timeout(max(patience.left, 0.0)):
                return await resumed(steps, waiting)  # type: ignore[no-any-return]
        finally:
            patience.left -= self._monotonic() - began

    def trip(self) -> None:
        """Leave the store alone for a while."""
        self.trips += 1
        self._open_until = max(self._open_until, self._monotonic() + self.pause)

    def hold(self) -> None:
        """Leave the store alone until ``release``: it is not ready to be asked."""
        self._open_until = math.inf

    def release(self) -> None:
        """The store may be asked."""
        self._open_until = 0.0
