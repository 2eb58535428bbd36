"""The one way in: entries are folded by ``profiles`` inside the store's transaction."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird.domain.facts import Changes, Entry, State, Verdict
from tailorbird.domain.ids import PersonNumbers
from tailorbird.engine.runtime import Runtime
from tailorbird.profiles import fold_batch
from tailorbird.store.contract import Fold


async def commit(runtime: Runtime, entries: Sequence[Entry]) -> list[Verdict]:
    """Make entries durable; returns after the commit. ``Unavailable`` when it could not be, and nothing of it was
    kept."""
    if runtime.fold is None:
        runtime.fold = folding(runtime.persons)
    return await runtime.store.commit(entries, runtime.fold)


def folding(persons: PersonNumbers) -> Fold:
    """The fold of one process. Always the same function, so that the store may fold what waits as one batch."""

    def fold(batch: Sequence[Entry], state: State) -> Changes:
        return fold_batch(batch, state, persons.next)

    return fold
