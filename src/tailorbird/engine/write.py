"""The one way in: entries are folded by ``profiles`` inside the store's transaction."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird.domain.facts import Changes, Entry, State, Verdict
from tailorbird.engine.runtime import Runtime
from tailorbird.profiles import fold_batch


async def commit(runtime: Runtime, entries: Sequence[Entry]) -> list[Verdict]:
    """Make entries durable; returns after the commit. ``Unavailable`` when it could not be, and nothing of it was
    kept."""

    def fold(batch: Sequence[Entry], state: State) -> Changes:
        return fold_batch(batch, state, runtime.persons.next)

    return await runtime.store.commit(entries, fold)
