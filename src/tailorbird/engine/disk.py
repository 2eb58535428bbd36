"""The copy of the last good snapshot on disk, from which a process starts and decides when the store is away.

It holds what decisions need, keys' digests and signing secrets included, in a file that only its owner can read. Its
age is when the store last confirmed it: too old, and its keys open nothing any more (``access``).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec
import structlog

from tailorbird.domain.access import ApiKey
from tailorbird.engine.snapshot import Source

log = structlog.get_logger(__name__)

FILE = "snapshot.json"
#: changes when the form of the file does; another form is not read
FORM = 1


class ProjectCopy(msgspec.Struct, frozen=True, kw_only=True):
    """One project."""

    source: Source
    items: dict[str, bytes]
    items_change: int
    lists: dict[str, bytes]


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decisions are made from."""

    confirmed_at: int
    keys: tuple[ApiKey, ...]
    projects: tuple[ProjectCopy, ...]
    form: int = FORM


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Copy)


def write(directory: Path, copy: Copy) -> None:
    """Replace the file in one step; it is never half written. A full disk leaves the old one."""
    try:
        handle, name = tempfile.mkstemp(dir=directory, prefix=".snapshot-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_ENCODER.encode(copy))
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(directory / FILE)
        finally:
            Path(name).unlink(missing_ok=True)
        confirm(directory, copy.confirmed_at)
    except OSError as error:
        log.warning("snapshot copy not written", error=error.strerror)


def exists(directory: Path) -> bool:
    """Whether a copy was ever written here."""
    return (directory / FILE).exists()


def confirm(directory: Path, at: int) -> None:
    """Note that the store still says the same at ``at`` (UTC ms): the file's modification time."""
    try:
        os.utime(directory / FILE, (at / 1000, at / 1000))
    except OSError as error:
        log.warning("snapshot copy not confirmed", error=error.strerror)


def read(directory: Path | None) -> Copy | None:
    """The copy, with the time it was last confirmed; None when there is none or it cannot be read."""
    if directory is None:
        return None
    path = directory / FILE
    try:
        copy = _DECODER.decode(path.read_bytes())
        confirmed = int(path.stat().st_mtime * 1000)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("snapshot copy not readable", error=str(error))
        return None
    return msgspec.structs.replace(copy, confirmed_at=confirmed) if copy.form == FORM else None
