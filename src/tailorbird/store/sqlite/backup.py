"""Copies of the database file: made while a server writes, checked before they are believed, put in place in one
step."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from tailorbird.domain.erasure import Erasure
from tailorbird.domain.errors import TailorbirdError, Unavailable
from tailorbird.store.sqlite import erase
from tailorbird.store.sqlite.connection import connect, translated
from tailorbird.store.sqlite.file import revision

#: told how much is done and how much there is, in any unit
Advance = Callable[[int, int], None]

#: instructions of SQLite between two words about progress: some thousand rows
_INSTRUCTIONS = 50_000
_BLOCK = 1 << 20
#: what SQLite keeps beside a database file
_BESIDE = ("-wal", "-shm", "-journal")


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A copy that was checked."""

    bytes: int
    sha256: str
    #: its newest migration
    schema: str


def checksum_file(copy: Path) -> Path:
    """Where the checksum of a copy stands: as ``sha256sum --check`` reads it."""
    return copy.with_name(f"{copy.name}.sha256")


def back_up(source: Path, target: Path, advance: Advance) -> Backup:
    """Copy a database that may be in use, as it is at one moment; check the copy, then put it and its checksum at
    ``target``. Only its owner can read it. Nothing is left behind where that failed."""
    part = target.with_name(f"{target.name}.part")
    with _no_leftovers(part):
        os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        with _as_ours():
            _copy(source, part, advance)
        made = check(part)
        target.unlink(missing_ok=True)
        sum_part = checksum_file(part)
        sum_part.write_text(f"{made.sha256}  {target.name}\n", encoding="utf-8")
        _sync(sum_part)
        sum_part.replace(checksum_file(target))
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    return made


def _copy(source: Path, part: Path, advance: Advance) -> None:
    """Row by row, as one read transaction. A copy page by page would take along what deleted rows left behind, and with
    it those who were erased."""
    size = source.stat().st_size

    def step() -> None:
        advance(min(part.stat().st_size, size), size)

    with closing(connect(str(source))) as reading:
        reading.execute("PRAGMA busy_timeout = 10000")
        reading.set_progress_handler(step, _INSTRUCTIONS)
        reading.execute("VACUUM INTO ?", (str(part),))
    advance(size, size)


def check(copy: Path) -> Backup:
    """Read all of a copy. ``Unavailable`` in words when it is damaged, or none that this version can use."""
    try:
        found = revision(copy)
        with closing(connect(str(copy))) as connection:
            connection.execute("PRAGMA query_only = 1")
            flaws = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    except sqlite3.Error as error:
        raise Unavailable(f"{copy.name} is no usable database: {error}.") from error
    except TailorbirdError as error:
        raise Unavailable(f"{copy.name}: {error.detail}") from error
    if flaws != ["ok"]:
        raise Unavailable(f"{copy.name} is damaged: {flaws[0]}.")
    if not found.version:
        raise Unavailable(f"{copy.name} is no database of Tailorbird: it is empty.")
    if found.is_too_new:
        raise Unavailable(f"{copy.name} was written by a newer Tailorbird ({found.why_too_new}).")
    return Backup(bytes=copy.stat().st_size, sha256=sha256(copy), schema=found.version)


def sha256(path: Path) -> str:
    """The checksum of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def expected_sha256(copy: Path) -> str | None:
    """What the checksum file beside a copy says; None where there is none."""
    try:
        return checksum_file(copy).read_text(encoding="utf-8").split()[0]
    except FileNotFoundError:
        return None
    except (IndexError, UnicodeDecodeError) as error:
        raise Unavailable(f"{checksum_file(copy)} holds no checksum.") from error


def duplicate(copy: Path, target: Path) -> None:
    """A file that can be worked on, readable by its owner only."""
    discard(target)
    with copy.open("rb") as reading, os.fdopen(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as writing:
        shutil.copyfileobj(reading, writing, _BLOCK)


def swap(prepared: Path, place: Path) -> Path | None:
    """Put a prepared database where another one may be, in one step; returns where that one is kept now."""
    kept: Path | None = None
    _fold_log(prepared)
    if place.exists():
        kept = place.with_name(f"{place.name}.replaced")
        discard(kept)
        _fold_log(place)
        for suffix in _BESIDE:
            left = Path(f"{place}{suffix}")
            if left.exists():
                left.replace(f"{kept}{suffix}")
        os.link(place, kept)
    _sync(prepared)
    prepared.replace(place)
    _sync(place.parent)
    return kept


def _fold_log(path: Path) -> None:
    """Copy what the log holds into the file, so that the file alone is everything; a damaged one is left as it is."""
    try:
        with closing(connect(str(path))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return


def discard(path: Path) -> None:
    """Remove a database file and what stands beside it."""
    for suffix in ("", *_BESIDE):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def noted_erasures(path: Path) -> list[Erasure]:
    """The erasures that a database file notes. ``sqlite3.Error`` when it cannot be read, or is too old to note any."""
    with closing(connect(str(path))) as connection:
        connection.execute("PRAGMA query_only = 1")
        return erase.erasures(connection, None, 0)


@contextmanager
def _no_leftovers(part: Path) -> Iterator[None]:
    try:
        yield
    finally:
        discard(part)
        checksum_file(part).unlink(missing_ok=True)


@contextmanager
def _as_ours() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error) from error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
