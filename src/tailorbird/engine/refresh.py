"""How published definitions reach a process: a cheap look at version numbers, then a new snapshot beside the old
one, swapped in.

While the store is away the process goes on with what it has; a process that starts then takes the copy on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog

from tailorbird.domain.access import Project, SigningKey
from tailorbird.domain.errors import TailorbirdError, Unavailable
from tailorbird.engine import disk
from tailorbird.engine.erasures import reconcile
from tailorbird.engine.jobs import flush_key_use, flush_schema, keep_house
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Catalogue, Snapshot, Source
from tailorbird.targeting import IdList

log = structlog.get_logger(__name__)

CONFIRM_SECONDS = 60.0


@contextlib.asynccontextmanager
async def running(runtime: Runtime) -> AsyncIterator[Runtime]:
    """A runtime that is loaded and stays fresh until the block ends; then its queue is drained and the store closed."""
    await start(runtime)
    tasks = [asyncio.create_task(keep_fresh(runtime)), asyncio.create_task(keep_house(runtime))]
    try:
        yield runtime
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await drain(runtime)
        with contextlib.suppress(Unavailable):
            await flush_key_use(runtime)
            await flush_schema(runtime)
        await runtime.store.close()


async def start(runtime: Runtime) -> None:
    """Load everything from the store, else from the copy on disk."""
    try:
        await _open(runtime)
        await refresh(runtime)
    except Unavailable as error:
        runtime.breaker.trip()
        log.warning("store away at start", error=error.detail)
        copied = await asyncio.to_thread(disk.read, runtime.data_dir)
        if copied is not None:
            await adopt(runtime, copied)


async def _open(runtime: Runtime) -> None:
    """Nobody is served from the store before those are gone whom a restored backup brought back."""
    await runtime.store.open(exclusive=True)
    runtime.store_open = True
    await reconcile(runtime)


async def drain(runtime: Runtime) -> None:
    """Wait for what was queued without anybody waiting for it."""
    while runtime.pending:
        await asyncio.wait(tuple(runtime.pending), timeout=10)


async def adopt(runtime: Runtime, copied: disk.Copy) -> None:
    """Decide from the copy on disk; its keys are believed while it is young enough."""
    for part in copied.projects:
        catalogue = Catalogue(dict(part.items), part.items_change)
        lists = {name: IdList.from_bytes(data) for name, data in part.lists.items()}
        snapshot = await asyncio.to_thread(Snapshot, part.source, lists, catalogue)
        _swap(runtime, snapshot)
    runtime.keys = {key.digest: key for key in copied.keys}
    runtime.confirmed_at = copied.confirmed_at
    log.info("deciding from the copy on disk", projects=len(copied.projects), confirmed_at=copied.confirmed_at)


async def keep_fresh(runtime: Runtime) -> None:
    """Poll until cancelled. Whatever goes wrong is logged and tried again."""
    while True:
        await asyncio.sleep(runtime.poll_seconds)
        try:
            if not runtime.store_open:
                await _open(runtime)
            await refresh(runtime)
        except TailorbirdError as error:
            log.warning("definitions not refreshed", error=error.detail)
        runtime.metrics.snapshot_age.set((runtime.clock() - runtime.confirmed_at) / 1000)


async def refresh(runtime: Runtime) -> bool:
    """Bring every project whose version moved up to date. Returns whether anything changed."""
    async with runtime.refreshing:
        projects = await runtime.store.projects()
        stale = [p for p in projects if _is_stale(runtime, p)]
        for project in stale:
            _swap(runtime, await _load(runtime, project))
        if stale or not runtime.keys:
            runtime.keys = {key.digest: key for key in await runtime.store.keys()}
        runtime.confirmed_at = runtime.clock()
        if runtime.data_dir is not None:
            due = runtime.copy_is_due(CONFIRM_SECONDS)
            if stale or (due and not disk.exists(runtime.data_dir)):
                await asyncio.to_thread(disk.write, runtime.data_dir, _copy(runtime))
            elif due:
                await asyncio.to_thread(disk.confirm, runtime.data_dir, runtime.confirmed_at)
        return bool(stale)


def _is_stale(runtime: Runtime, project: Project) -> bool:
    held = runtime.snapshots.get(project.id)
    return held is None or (held.project.version, held.project.items_version) != (
        project.version,
        project.items_version,
    )


async def _load(runtime: Runtime, project: Project) -> Snapshot:
    held = runtime.snapshots.get(project.id)
    store = runtime.store
    catalogue = Catalogue(dict(held.catalogue.encoded), held.catalogue.change) if held else Catalogue()
    if held is None or held.project.items_version != project.items_version:
        catalogue.apply(await store.items(project.id, changed_after=catalogue.change))
    elif held is not None:
        catalogue = held.catalogue
    if held is not None and held.project.version == project.version:
        return held.with_catalogue(project, catalogue)
    definitions = tuple(await store.definitions(project.id))
    signing: tuple[SigningKey, ...] = tuple(await store.signing_keys(project.id))
    sizes = await store.list_sizes(project.id)
    lists: dict[str, IdList] = {}
    for list_id, (_, change) in sizes.items():
        if held is not None and held.list_changes.get(list_id) == change:
            lists[list_id] = held.lists[list_id]
        else:
            lists[list_id] = await asyncio.to_thread(IdList, await store.members(project.id, list_id))
    source = Source(project=project, definitions=definitions, signing_keys=signing)
    changes = {list_id: change for list_id, (_, change) in sizes.items()}
    return await asyncio.to_thread(Snapshot, source, lists, catalogue, previous=held, list_changes=changes)


def _swap(runtime: Runtime, snapshot: Snapshot) -> None:
    runtime.snapshots[snapshot.project.id] = snapshot
    runtime.project_ids[snapshot.project.key] = snapshot.project.id
    runtime.metrics.broken.set(sum(len(s.warnings) for s in runtime.snapshots.values()))
    for name, warning in snapshot.warnings.items():
        log.warning("definition switched off", project=snapshot.project.key, definition=name, why=warning)


def _copy(runtime: Runtime) -> disk.Copy:
    parts = tuple(
        disk.ProjectCopy(
            source=s.source,
            items=dict(s.catalogue.encoded),
            items_change=s.catalogue.change,
            lists={name: ids.to_bytes() for name, ids in s.lists.items()},
        )
        for s in runtime.snapshots.values()
    )
    return disk.Copy(confirmed_at=runtime.confirmed_at, keys=tuple(runtime.keys.values()), projects=parts)
