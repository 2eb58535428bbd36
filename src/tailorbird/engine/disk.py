"""The copy of the last good snapshot on disk, from which a process starts and decides when the store is away.

It holds what decisions need, keys' digests and signing secrets included, in a file that only its owner can read. Its
age is when the store last confirmed it: too old, and its keys open nothing any more (``access``).
"""

from __future__ import annotations

import hashlib
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
FORM = 2


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


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """The file: a copy, and the hash by which a changed bit is noticed."""

    form: int
    #: SHA-256 of ``copy`` as it stands in the file
    sha256: str
    copy: msgspec.Raw


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Copy)
_SEALED = msgspec.json.Decoder(Sealed)


def write(directory: Path, copy: Copy) -> bool:
    """Replace the file in one step; it is never half written. Returns whether it was written.

    A full disk leaves the old one, unless it lets in a key that was revoked since. Then it is removed, and the room
    that this made is used.
    """
    body = _ENCODER.encode(copy)
    sealed = _ENCODER.encode(Sealed(form=FORM, sha256=hashlib.sha256(body).hexdigest(), copy=msgspec.Raw(body)))
    try:
        _replace(directory, sealed)
    except OSError as error:
        log.warning("snapshot copy not written", error=error.strerror)
        return _lets_in_more(directory, copy) and _begin_anew(directory, sealed, copy.confirmed_at)
    return confirm(directory, copy.confirmed_at)


def _replace(directory: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=directory, prefix=".snapshot-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(directory / FILE)
    finally:
        Path(name).unlink(missing_ok=True)
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)  # else a power cut could bring the old file back
    finally:
        os.close(folder)


def _lets_in_more(directory: Path, copy: Copy) -> bool:
    old = read(directory)
    return old is not None and not _live(old) <= _live(copy)


def _live(copy: Copy) -> frozenset[bytes]:
    return frozenset(key.digest for key in copy.keys if not key.revoked_at)


def _begin_anew(directory: Path, content: bytes, confirmed_at: int) -> bool:
    try:
        (directory / FILE).unlink(missing_ok=True)
        _replace(directory, content)
    except OSError as error:
        log.error("no snapshot copy: a start without the store cannot decide", error=error.strerror)
        return False
    return confirm(directory, confirmed_at)


def exists(directory: Path) -> bool:
    """Whether a copy was ever written here."""
    return (directory / FILE).exists()


def confirm(directory: Path, at: int) -> bool:
    """Note that the store still says the same at ``at`` (UTC ms): the file's modification time."""
    try:
        os.utime(directory / FILE, (at / 1000, at / 1000))
    except OSError as error:
        log.warning("snapshot copy not confirmed", error=error.strerror)
        return False
    return True


def read(directory: Path | None) -> Copy | None:
    """The copy, with the time it was last confirmed; None when there is none or it cannot be read."""
    if directory is None:
        return None
    path = directory / FILE
    try:
        sealed = _SEALED.decode(path.read_bytes())
        if sealed.form != FORM or hashlib.sha256(sealed.copy).hexdigest() != sealed.sha256:
            log.warning("snapshot copy not readable", error="it is of another form, or damaged")
            return None
        copy = _DECODER.decode(sealed.copy)
        confirmed = int(path.stat().st_mtime * 1000)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        log.warning("snapshot copy not readable", error=str(error))
        return None
    return msgspec.structs.replace(copy, confirmed_at=confirmed)
