"""Whether this process can do its work, for probes."""

from __future__ import annotations

import msgspec

from tailorbird.domain.errors import Unavailable
from tailorbird.engine.runtime import Runtime


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """``ready``: it can decide. ``store``: it can record."""

    ready: bool
    store: bool
    projects: int
    #: seconds since definitions were last confirmed by the store
    confirmed_ago: float
    #: definitions that are switched off
    warnings: int


async def health(runtime: Runtime) -> Health:
    """Asks the store, for 100 ms at most."""
    try:
        await runtime.breaker.call(runtime.store.ping())
        reached = True
    except Unavailable:
        reached = False
    return Health(
        ready=bool(runtime.snapshots) or reached,
        store=reached,
        projects=len(runtime.snapshots),
        confirmed_ago=(runtime.clock() - runtime.confirmed_at) / 1000 if runtime.confirmed_at else -1.0,
        warnings=sum(len(s.warnings) for s in runtime.snapshots.values()),
    )
