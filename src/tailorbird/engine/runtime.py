"""One process's running engine: the store, the clock, and the newest snapshot of every project."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tailorbird.domain.access import ApiKey
from tailorbird.domain.errors import NotFound, Unavailable
from tailorbird.domain.ids import PersonNumbers, Randbits
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.breaker import Breaker
from tailorbird.engine.clock import Clock, system_clock
from tailorbird.engine.limits import AnswerMemory, Limits, SchemaMemory, TokenBucket
from tailorbird.engine.metrics import Metrics
from tailorbird.engine.snapshot import Snapshot
from tailorbird.store.contract import Fold, Store
from tailorbird.targeting import Locate, Place


def nowhere(address: str) -> Place:
    """The locator of a server that was given no geographic database."""
    return Place()


class Runtime:
    """What every use case is handed first. Holds state, decides nothing."""

    def __init__(
        self,
        store: Store,
        *,
        data_dir: Path | None = None,
        clock: Clock = system_clock,
        randbits: Randbits = secrets.randbits,
        locate: Locate = nowhere,
        limits: Limits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        poll_seconds: float = 0.5,
    ) -> None:
        self.store = store
        self.data_dir = data_dir
        self.clock = clock
        self.monotonic = monotonic
        self.randbits = randbits
        self.locate = locate
        self.limits = limits or Limits()
        self.poll_seconds = poll_seconds
        self.breaker = Breaker(monotonic)
        #: for the fold alone: it runs on the store's writing thread
        self.persons = PersonNumbers(randbits)
        self._order = PersonNumbers(randbits)
        #: what the store folds with (``write`` makes it)
        self.fold: Fold | None = None
        self.metrics = Metrics()
        #: project id → snapshot; project key → project id
        self.snapshots: dict[str, Snapshot] = {}
        self.project_ids: dict[str, str] = {}
        #: SHA-256 of the secret → key
        self.keys: dict[bytes, ApiKey] = {}
        #: UTC ms when the store last confirmed definitions and keys
        self.confirmed_at = 0
        self._copy_confirmed_at = 0
        #: the copy on disk says something else than what is in force here
        self.copy_owed = False
        #: by the monotonic clock: after a failure it is not tried again at once
        self.copy_after = 0.0
        self.store_open = False
        #: the log of erasures and the database have to be compared
        self.erasures_owed = True
        self.refreshing = asyncio.Lock()
        #: consents are merged into what was known: one after the other
        self.consenting = asyncio.Lock()
        #: commits that nobody waits for
        self.pending: set[asyncio.Task[Any]] = set()
        #: (project, visitor id) → a commit of theirs that nobody waited for and that is not done yet
        self._uncommitted: dict[tuple[str, str], asyncio.Task[Any]] = {}
        self.answers: AnswerMemory = AnswerMemory()
        self.buckets: dict[str, TokenBucket] = {}
        self.keys_used: dict[str, int] = {}
        self.schema_seen = SchemaMemory(self.limits.schema_names)

    def project(self, ref: str) -> Snapshot:
        """The newest snapshot of a project, by id or key."""
        snapshot = self.snapshots.get(ref) or self.snapshots.get(self.project_ids.get(ref, ""))
        if snapshot is None:
            if not self.snapshots and self.breaker.is_open:
                raise Unavailable("No definitions were ever loaded: the store is away since this server started.")
            raise NotFound(f"There is no project {ref!r}.")
        return snapshot

    def ordered_id(self, now: int) -> str:
        """A new id that sorts after all earlier ones of this process: of two writes in one millisecond the later
        wins."""
        return f"{self._order.next(now):016x}{self.randbits(64):016x}"

    def copy_is_due(self, seconds: float) -> bool:
        """Whether it is time to say on disk that the copy is still true; at most once in ``seconds``."""
        if 0 <= self.confirmed_at - self._copy_confirmed_at < seconds * 1000:
            return False
        self._copy_confirmed_at = self.confirmed_at
        return True

    def background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something that no caller waits for; ``running`` waits for it at the end."""
        task = asyncio.create_task(work)
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)
        return task

    def queue(self, project: str, visitor: Visitor, work: Coroutine[Any, Any, Any]) -> None:
        """Commit in the background; until it is done, the visitor's next decision waits for it (``uncommitted``)."""
        task = self.background(work)
        names = [(project, name) for name in (visitor.id, visitor.anonymous_id) if name is not None]
        for name in names:
            self._uncommitted[name] = task

        def done(finished: asyncio.Task[Any]) -> None:
            for name in names:
                if self._uncommitted.get(name) is finished:
                    del self._uncommitted[name]

        task.add_done_callback(done)

    def uncommitted(self, project: str, visitor: Visitor) -> Coroutine[Any, Any, Any] | None:
        """The visitor's own commit that is still under way: without it the next decision would not know the last."""
        if not self._uncommitted:
            return None
        task = self._uncommitted.get((project, visitor.id or "")) or self._uncommitted.get(
            (project, visitor.anonymous_id or "")
        )
        return _done(task) if task is not None else None


async def _done(task: asyncio.Task[Any]) -> None:
    await asyncio.shield(task)
