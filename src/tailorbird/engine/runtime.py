"""One process's running engine: the store, the clock, and the newest snapshot of every project."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailorbird.domain.access import ApiKey
from tailorbird.domain.errors import NotFound, Unavailable
from tailorbird.domain.facts import Changes, Entry, State, Verdict
from tailorbird.domain.ids import PersonNumbers, Randbits
from tailorbird.engine.arrivals import Arrivals
from tailorbird.engine.backlog import Backlog
from tailorbird.engine.breaker import Breaker
from tailorbird.engine.clock import Clock, system_clock
from tailorbird.engine.limits import AnswerMemory, Limits, SchemaMemory, TokenBucket
from tailorbird.engine.metrics import Metrics
from tailorbird.engine.passwords import Passwords
from tailorbird.engine.snapshot import Snapshot
from tailorbird.profiles import fold_batch
from tailorbird.store.contract import Fold, Store
from tailorbird.targeting import Locate, Place

if TYPE_CHECKING:
    from tailorbird.lake.client import Lake


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
        lake: Lake | None = None,
        lake_seconds: float = 5.0,
    ) -> None:
        self.store = store
        self.data_dir = data_dir
        self.clock = clock
        self.monotonic = monotonic
        self.randbits = randbits
        self.locate = locate
        self.limits = limits or Limits()
        self.poll_seconds = poll_seconds
        #: facts for analysis; None: this server has none
        self.lake = lake
        self.lake_seconds = lake_seconds
        self.breaker = Breaker(monotonic)
        #: for the fold alone: it runs on the store's writing thread
        self.persons = PersonNumbers(randbits)
        self._fold = _folding(self.persons)
        self._order = PersonNumbers(randbits)
        self.metrics = Metrics(self.breaker)
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
        #: commits that nobody waits for
        self.pending: set[asyncio.Task[Any]] = set()
        self.arrivals = Arrivals(store)
        self.backlog = Backlog(self.submit, self.background, self.breaker, self.metrics)
        self.answers: AnswerMemory = AnswerMemory()
        self.buckets: dict[str, TokenBucket] = {}
        self.keys_used: dict[str, int] = {}
        #: project → when this process was first asked for a decision of it
        self.decided: dict[str, int] = {}
        self.passwords = Passwords()
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

    async def submit(self, entries: Sequence[Entry]) -> list[Verdict]:
        """Hand entries to the store as they are; ``write.commit`` sees to their order."""
        return await self.store.commit(entries, self._fold)


def _folding(persons: PersonNumbers) -> Fold:
    """The fold of one process. Always the same function, so that the store may fold what waits as one batch."""

    def fold(batch: Sequence[Entry], state: State) -> Changes:
        return fold_batch(batch, state, persons.next)

    return fold
