"""The steps of a restore. A database is whole before it is put in place: of this version's schema, with a new
incarnation, and without those who were erased."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tailorbird.cli.alone import alone
from tailorbird.cli.errors import Failed, Usage
from tailorbird.cli.place import Place
from tailorbird.cli.server import COPY
from tailorbird.cli.tool import with_engine
from tailorbird.domain.audit import AccountNote
from tailorbird.domain.erasure import Erasure
from tailorbird.engine import erasurelog
from tailorbird.engine.erasures import Replayed, replay

if TYPE_CHECKING:
    from tailorbird.store.contract import Store


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore did."""

    schema: str
    incarnation: str
    replayed: Replayed
    replaced: Path | None = None
    warnings: tuple[str, ...] = ()


def restore(where: Place, source: Path, logs: Sequence[Path], *, force: bool) -> Restored:
    """Check a backup, prepare a copy of it, and put that in place of the database."""
    from tailorbird.store.sqlite import backup

    warnings = _check(source)
    if where.exists and not force:
        raise Usage(f"{where.file} exists. Say --force to replace it; it is kept beside the restored one.")
    prepared = where.file.with_name(f"{where.file.name}.restoring")
    with alone(where, "Stop it first."):
        try:
            told, flaws = _told(where, logs)
            backup.duplicate(source, prepared)
            done = asyncio.run(_prepare(prepared, where.folder, told))
            replaced = backup.swap(prepared, where.file)
            (where.folder / COPY).unlink(missing_ok=True)
        finally:
            backup.discard(prepared)
    warnings += flaws + _unreadable(done.replayed)
    return msgspec.structs.replace(done, replaced=replaced, warnings=tuple(warnings))


def finish(where: Place, logs: Sequence[Path]) -> Restored:
    """What is left to do where another tool restored the database."""
    told, warnings = _read([where.folder / erasurelog.FILE, *logs])

    async def work(runtime: Any) -> Restored:
        return await _renew(runtime.store, where.folder, told, await _schema(where))

    with alone(where, "Stop it first."):
        done = with_engine(where, work, as_it_is=True)
        (where.folder / COPY).unlink(missing_ok=True)
    return msgspec.structs.replace(done, warnings=(*warnings, *_unreadable(done.replayed)))


def _check(source: Path) -> list[str]:
    """``Failed`` unless the backup is what was written; what is odd about it."""
    from tailorbird.store.sqlite import backup

    if not source.is_file():
        raise Usage(f"There is no file {source}.")
    if Path(f"{source}-wal").exists():
        raise Failed(f"{source} is no finished backup: its log stands beside it. Make one of it: tailorbird backup.")
    expected = backup.expected_sha256(source)
    if expected is not None and backup.sha256(source) != expected:
        raise Failed(f"{source} is not what was written: its checksum is another one.")
    backup.check(source)
    return [] if expected is not None else [f"there is no {backup.checksum_file(source).name}: not compared."]


async def _prepare(prepared: Path, folder: Path, told: Sequence[Erasure]) -> Restored:
    from tailorbird.store import SqliteStore
    from tailorbird.store.sqlite.file import revision

    store = SqliteStore(prepared)
    await store.open()
    try:
        return await _renew(store, folder, told, revision(prepared).version)
    finally:
        await store.close()


async def _schema(where: Place) -> str:
    from tailorbird.store.postgres.database import revision_at
    from tailorbird.store.sqlite.file import revision

    return (await revision_at(where.url) if where.shared else revision(where.file)).version


async def _renew(store: Store, folder: Path, told: Sequence[Erasure], schema: str) -> Restored:
    incarnation = secrets.token_hex(16)
    await store.begin_incarnation(incarnation)
    signed_out = AccountNote(author="tailorbird restore", at=time.time_ns() // 1_000_000, action="sign everybody out")
    await store.accounts.end_ways_in(tell=lambda _: signed_out)
    replayed = await replay(store, told)
    _note(folder, await store.erasures())
    return Restored(schema=schema, incarnation=incarnation, replayed=replayed)


def _note(folder: Path, erasures: Iterable[Erasure]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / erasurelog.FILE
    known = {erasure.name for erasure in erasurelog.read(log).erasures}
    erasurelog.append(log, [erasure for erasure in erasures if erasure.name not in known])


def _told(where: Place, logs: Sequence[Path]) -> tuple[list[Erasure], list[str]]:
    """Everything known of erasures: the logs, and what the database notes that is about to be replaced."""
    from tailorbird.store.sqlite.backup import noted_erasures

    told, warnings = _read([where.folder / erasurelog.FILE, *logs])
    if where.exists:
        try:
            told += noted_erasures(where.file)
        except sqlite3.Error as error:
            warnings.append(f"the erasures in the database that is replaced cannot be read ({error}).")
    return told, warnings


def _read(logs: Iterable[Path]) -> tuple[list[Erasure], list[str]]:
    told: list[Erasure] = []
    warnings: list[str] = []
    for path in logs:
        held = erasurelog.read(path)
        told += held.erasures
        if held.damaged:
            lines = ", ".join(map(str, held.damaged[:10]))
            warnings.append(f"{path} is damaged: these lines cannot be read: {lines}.")
    return told, warnings


def _unreadable(replayed: Replayed) -> list[str]:
    if not replayed.unreadable:
        return []
    return [
        f"{replayed.unreadable:,} erasures were repeated by number only: the signing key of their project is not in"
        " this database."
    ]
