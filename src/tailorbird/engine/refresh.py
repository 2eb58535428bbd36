"""How published definitions reach a process: a cheap look at version numbers, then a new snapshot beside the old
one, swapped in.

While the store is away the process goes on with what it has; a process that starts then takes the copy on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import structlog

from tailorbird.domain.access import Project, SigningKey
from tailorbird.domain.errors import TailorbirdError, Unavailable
from tailorbird.engine import disk
from tailorbird.engine.erasures import reconcile
from tailorbird.engine.jobs import flush_key_use, flush_schema, keep_house
from tailorbird.engine.lakes import keep_lake
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import DECODERS, Catalogue, Snapshot, Source
from tailorbird.targeting import IdList

log = structlog.get_logger(__name__)

CONFIRM_SECONDS = 60.0
COPY_AGAIN_SECONDS = 5.0
#: stands in the copy for a definition that is no JSON
NO_JSON = msgspec.Raw(b'"not JSON"')
#: how long a start waits for the store where a copy on disk is there to begin with
START_SECONDS = 1.0


@contextlib.asynccontextmanager
async def running(runtime: Runtime) -> AsyncIterator[Runtime]:
    """A runtime that is loaded and stays fresh until the block ends; then its queue is drained and the store closed."""
    loading = await start(runtime)
    tasks = [asyncio.create_task(keep_fresh(runtime, loading)), asyncio.create_task(keep_house(runtime))]
    if runtime.lake is not None:
        tasks.append(asyncio.create_task(keep_lake(runtime, runtime.lake)))
    try:
        yield runtime
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if runtime.lake is not None:
            await runtime.lake.close()
        await drain(runtime)
        with contextlib.suppress(Unavailable):
            await flush_key_use(runtime)
            await flush_schema(runtime)
        await runtime.store.close()


async def start(runtime: Runtime) -> asyncio.Task[None]:
    """Load everything from the store; where that fails or takes long, from the copy on disk.

    Returns what is still being loaded: ``keep_fresh`` goes on with it.
    """
    runtime.breaker.hold()
    loading = asyncio.create_task(_load_all(runtime))
    try:
        await asyncio.wait((loading,), timeout=START_SECONDS)
        if not _has_failed(loading) and loading.done():
            return loading
        copied = await asyncio.to_thread(disk.read, runtime.data_dir)
        if copied is not None:
            await adopt(runtime, copied)
        else:
            await asyncio.wait((loading,))
            _has_failed(loading)
    except BaseException:
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        raise
    return loading


def _has_failed(loading: asyncio.Task[None]) -> bool:
    """Whether the store was away; anything else that went wrong is raised, because waiting would not mend it."""
    if not loading.done():
        return False
    try:
        loading.result()
    except Unavailable as error:
        log.warning("store away at start", error=error.detail)
        return True
    return False


async def _load_all(runtime: Runtime) -> None:
    await _open(runtime)
    await refresh(runtime)
    runtime.metrics.store.answered = True


async def _open(runtime: Runtime) -> None:
    """Nobody is served from the store before those are gone whom a restored backup brought back."""
    if not runtime.store_open:
        await runtime.store.open(exclusive=True)
        runtime.store_open = True
    await reconcile(runtime)
    runtime.breaker.release()


async def drain(runtime: Runtime) -> None:
    """Wait for what was queued without anybody waiting for it."""
    while runtime.pending:
        runtime.backlog.close()
        await asyncio.wait(tuple(runtime.pending), timeout=10)


async def adopt(runtime: Runtime, copied: disk.Copy) -> None:
    """Decide from the copy on disk, unless the store came first; its keys are believed while it is young enough."""
    snapshots = []
    for part in copied.projects:
        catalogue = Catalogue(dict(part.items), part.items_change)
        lists = {name: IdList.from_bytes(data) for name, data in part.lists.items()}
        snapshots.append(await asyncio.to_thread(Snapshot, part.source, lists, catalogue))
    if runtime.confirmed_at:
        return
    for snapshot in snapshots:
        _swap(runtime, snapshot)
    runtime.keys = {key.digest: key for key in copied.keys}
    runtime.confirmed_at = copied.confirmed_at
    log.info("deciding from the copy on disk", projects=len(copied.projects), confirmed_at=copied.confirmed_at)


async def keep_fresh(runtime: Runtime, loading: asyncio.Task[None]) -> None:
    """Poll until cancelled. Whatever goes wrong is logged and tried again: without the poll a revoked key would open
    for ever."""
    await asyncio.wait((loading,))
    while True:
        await asyncio.sleep(runtime.poll_seconds)
        answered = False
        try:
            if runtime.breaker.is_held:
                await _open(runtime)
            await refresh(runtime)
            answered = True
        except TailorbirdError as error:
            log.warning("definitions not refreshed", error=error.detail)
        except Exception as error:
            log.error("definitions not refreshed", error=type(error).__name__, exc_info=error)
        runtime.metrics.store.answered = answered
        runtime.metrics.snapshot_age.set((runtime.clock() - runtime.confirmed_at) / 1000)


async def catch_up(runtime: Runtime) -> None:
    """Know what another process wrote a moment ago, before something is managed that may build on it. While the store
    is away, what is known has to do."""
    if not runtime.breaker.is_open:
        with contextlib.suppress(Unavailable):
            await refresh(runtime)


async def refresh(runtime: Runtime) -> bool:
    """Bring every project whose version moved up to date. Returns whether anything changed."""
    async with runtime.refreshing:
        projects = await runtime.store.projects()
        stale = [p for p in projects if _is_stale(runtime, p)]
        if stale or not runtime.keys:  # first of all: a project that does not load must not keep a revoked key alive
            runtime.keys = {key.digest: key for key in await runtime.store.keys()}
        for project in stale:
            await _bring_up_to_date(runtime, project)
        runtime.confirmed_at = runtime.clock()
        if stale:
            runtime.copy_owed, runtime.copy_after = True, 0.0
        if runtime.data_dir is not None:
            await _keep_copy(runtime, runtime.data_dir)
        return bool(stale)


async def _bring_up_to_date(runtime: Runtime, project: Project) -> None:
    """One project's trouble, which nobody foresaw, is no other project's."""
    try:
        _swap(runtime, await _load(runtime, project))
    except TailorbirdError:
        raise
    except Exception as error:
        log.error("project not refreshed", project=project.key, error=type(error).__name__, exc_info=error)


async def _keep_copy(runtime: Runtime, directory: Path) -> None:
    """Write the copy on disk where it says something else than what is in force, else confirm it every minute.

    One that could not be written is owed until it is: confirming the old one would make it look new.
    """
    due = runtime.copy_is_due(CONFIRM_SECONDS)
    if due and not disk.exists(directory):
        runtime.copy_owed = True
    if runtime.copy_owed and runtime.monotonic() >= runtime.copy_after:
        runtime.copy_owed = not await asyncio.to_thread(disk.write, directory, _copy(runtime))
        runtime.copy_after = runtime.monotonic() + COPY_AGAIN_SECONDS
    elif due and not runtime.copy_owed:
        await asyncio.to_thread(disk.confirm, directory, runtime.confirmed_at)


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


def _whole(snapshot: Snapshot) -> Source:
    """What the snapshot was made from, without kinds of a newer version. A definition that is no JSON would make
    the whole file unreadable: another text that is no definition either stands for it."""
    definitions = tuple(
        msgspec.structs.replace(one, body=NO_JSON) if not snapshot.can_be_quoted(one) else one
        for one in snapshot.source.definitions
        if one.kind in DECODERS
    )
    return msgspec.structs.replace(snapshot.source, definitions=definitions)


def _copy(runtime: Runtime) -> disk.Copy:
    parts = tuple(
        disk.ProjectCopy(
            source=_whole(s),
            items=dict(s.catalogue.encoded),
            items_change=s.catalogue.change,
            lists={name: ids.to_bytes() for name, ids in s.lists.items()},
        )
        for s in runtime.snapshots.values()
    )
    return disk.Copy(confirmed_at=runtime.confirmed_at, keys=tuple(runtime.keys.values()), projects=parts)
