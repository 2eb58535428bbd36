"""The one way in: entries are folded by ``profiles`` inside the store's transaction."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird.domain.facts import Entry, Verdict
from tailorbird.engine.runtime import Runtime


async def commit(runtime: Runtime, entries: Sequence[Entry]) -> list[Verdict]:
    """Make entries durable, after what decisions left of the same visitors; returns after the commit.

    ``Unavailable`` when it could not be, and nothing of it was kept.
    """
    await runtime.backlog.settle(entries)
    return await runtime.submit(entries)
