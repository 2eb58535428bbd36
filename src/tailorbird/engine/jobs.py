"""Housekeeping in the background: last use of keys, the schema of what arrives, the log of erasures, and what outlived
its time."""

from __future__ import annotations

import asyncio

import structlog

from tailorbird.domain.errors import TailorbirdError
from tailorbird.engine.erasures import reconcile
from tailorbird.engine.lakes import exported
from tailorbird.engine.runtime import Runtime
from tailorbird.store.contract import SchemaRow

log = structlog.get_logger(__name__)

DAY_MS = 86_400_000
FLUSH_SECONDS = 5.0
TOUCH_EVERY = 12
PRUNE_EVERY = 720
#: of the processes on one database, the one that prunes keeps the job for this long: not quite until its next turn
LEASE_MS = 55 * 60_000


async def keep_house(runtime: Runtime) -> None:
    """Until cancelled: flush every 5 s, note key use every minute, prune every hour. Failures are logged, never
    raised."""
    holder = f"{runtime.randbits(64):016x}"
    turn = 0
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        turn += 1
        try:
            await flush_schema(runtime)
            if turn % TOUCH_EVERY == 0:
                await flush_key_use(runtime)
                if runtime.erasures_owed:
                    await reconcile(runtime)
            if turn % PRUNE_EVERY == 1:
                await prune_in_turn(runtime, holder)
                await reconcile(runtime)
        except TailorbirdError as error:
            log.warning("housekeeping put off", error=error.detail)
        except Exception as error:  # whatever it was, the next turn comes
            log.error("housekeeping put off", error=type(error).__name__, exc_info=error)


async def flush_key_use(runtime: Runtime) -> None:
    """Write when keys were last used, to the minute."""
    used, runtime.keys_used = runtime.keys_used, {}
    if used:
        await runtime.store.touch_keys(used)


async def flush_schema(runtime: Runtime) -> None:
    """Write the names and types seen since the last time."""
    by_project: dict[str, list[SchemaRow]] = {}
    for (project, kind, name, type_), (first, last, count) in runtime.schema_seen.take().items():
        row = SchemaRow(kind=kind, name=name, type=type_, first_at=first, last_at=last, count=count)
        by_project.setdefault(project, []).append(row)
    for project, rows in by_project.items():
        await runtime.store.note_schema(project, rows)


async def prune_in_turn(runtime: Runtime, holder: str) -> bool:
    """Prune, unless another process does so this hour; whether it was this one."""
    now = runtime.clock()
    mine = await runtime.store.lease("prune", holder, now, now + LEASE_MS)
    if mine:
        await prune(runtime)
    return mine


async def prune(runtime: Runtime) -> dict[str, int]:
    """Remove what outlived its time, as each project's settings say. With a lake, only events that are in it."""
    horizon = {s.project.id: s.settings.dedupe_horizon_days * DAY_MS for s in runtime.snapshots.values()}
    retention = {
        s.project.id: s.settings.retention_days * DAY_MS
        for s in runtime.snapshots.values()
        if s.settings.retention_days is not None
    }
    there = await exported(runtime) if runtime.lake is not None else None
    upto = None if runtime.lake is None else there.numbers.events if there is not None else 0
    await runtime.store.accounts.prune(runtime.clock())
    return await runtime.store.prune(runtime.clock(), horizon, retention, exported=upto)
