"""The log of erasures: a file outside the database, one line of JSON each, which restoring the database does not touch.

Lines are only ever added, and are on the disk before ``append`` returns. They name nobody: see ``domain.erasure``.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tailorbird.domain.erasure import Erasure

FILE = "erasures.log"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Erasure).decode


class Told(msgspec.Struct, frozen=True):
    """What a log says."""

    erasures: tuple[Erasure, ...] = ()
    #: numbers of the lines that cannot be read; not the last one, which a crash may have cut before it was acknowledged
    damaged: tuple[int, ...] = ()


def read(path: Path) -> Told:
    """Everything in a log, each erasure once; nothing where there is none. ``OSError`` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return _told(file)
    except FileNotFoundError:
        return Told()


def _told(lines: Iterable[bytes]) -> Told:
    found: dict[tuple[str, int, int], Erasure] = {}
    damaged: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            erasure = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            if line.endswith(b"\n"):
                damaged.append(number)
            continue
        found.setdefault(erasure.name, erasure)
    return Told(tuple(found.values()), tuple(damaged))


def append(path: Path, erasures: Iterable[Erasure]) -> None:
    """Add erasures and wait until they are on the disk. Several processes may do so at once."""
    lines = b"".join(_encode(erasure) + b"\n" for erasure in erasures)
    if not lines:
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _write_whole(handle, lines)
        os.fsync(handle)
    finally:
        os.close(handle)
    _sync_folder(path.parent)


def _write_whole(handle: int, lines: bytes) -> None:
    """All of it or nothing. What a crash cut off stands alone, so that what follows can be read."""
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        lines = b"\n" + lines
    try:
        written = os.write(handle, lines)
        if written < len(lines):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        os.ftruncate(handle, size)
        raise


def _sync_folder(folder: Path) -> None:
    """So that a new file's name is on the disk as well."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
