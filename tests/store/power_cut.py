"""A disk that forgets: what was written and not synced is lost, or partly lost, when the power is cut.

An SQLite file layer (VFS) keeps each file's content in memory and passes on to the real file only what was synced.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import apsw

_NAME = "forgetful"


class Content:
    """One file: as programs see it, and the writes that are not on the disk yet (nothing as data = a truncation)."""

    def __init__(self, durable: bytes) -> None:
        self.current = bytearray(durable)
        self.unsynced: list[tuple[int, bytes | None]] = []

    def write(self, offset: int, data: bytes | None) -> None:
        _put(self.current, offset, data)
        self.unsynced.append((offset, data))


class Disk:
    """The disk on which ``connect`` opens files. It fails by ``cut``, or by itself in the middle of its n-th sync."""

    def __init__(self, seed: int, cut_at_sync: int = 0) -> None:
        self.syncs_left = cut_at_sync
        self.contents: dict[str, Content] = {}
        self.lock = threading.RLock()
        self.chance = random.Random(seed)
        self.lost_writes = 0
        self.is_cut = False
        self._vfs = _Layer(self)

    def content(self, path: str) -> Content:
        with self.lock:
            if path not in self.contents:
                with open(path, "rb") as file:
                    self.contents[path] = Content(file.read())
            return self.contents[path]

    def cut(self) -> None:
        """Lose the power: of the unsynced writes any part may have reached the disk, in any order."""
        with self.lock:
            self.is_cut = True
            for path, content in self.contents.items():
                kept = [write for write in content.unsynced if self.chance.random() < 0.3]
                self.lost_writes += len(content.unsynced) - len(kept)
                _reach(path, kept)

    def connect(self, path: str) -> Driver:
        return Driver(apsw.Connection(path, vfs=_NAME, flags=apsw.SQLITE_OPEN_READWRITE))


class Answered:
    """Rows that were read to the end."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        return self._rows


class Driver:
    """An apsw connection that speaks like the driver of the standard library, errors included."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Answered:
        try:
            return Answered(self._connection.execute(sql, tuple(parameters)).fetchall())
        except apsw.Error as error:
            raise _standard(error) from error

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> None:
        try:
            self._connection.executemany(sql, parameters).fetchall()
        except apsw.Error as error:
            raise _standard(error) from error

    def close(self) -> None:
        try:
            self._connection.close()
        except apsw.Error as error:
            raise _standard(error) from error


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._content = disk.content(self._path)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name, as below
        with self._disk.lock:
            return bytes(self._content.current[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        with self._disk.lock:
            self._content.write(offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        with self._disk.lock:
            self._content.write(newsize, None)

    def xFileSize(self) -> int:  # noqa: N802
        with self._disk.lock:
            return len(self._content.current)

    def xSync(self, flags: int) -> None:  # noqa: N802
        with self._disk.lock:
            self._disk.syncs_left -= 1
            if self._disk.syncs_left == 0:
                self._disk.cut()
            if self._disk.is_cut:
                raise apsw.IOError("no power")
            for offset, data in self._content.unsynced:
                if data is None:
                    super().xTruncate(offset)
                else:
                    super().xWrite(data, offset)
            self._content.unsynced.clear()


class _Layer(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(_NAME, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _File:  # noqa: N802
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        with self._disk.lock:
            if self._disk.is_cut:
                raise apsw.IOError("no power")
            self._disk.contents.pop(filename, None)
            super().xDelete(filename, syncdir)


def _put(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _reach(path: str, writes: Iterable[tuple[int, bytes | None]]) -> None:
    """Write to the real file."""
    with open(path, "r+b") as file:
        content = bytearray(file.read())
        for offset, data in writes:
            _put(content, offset, data)
        file.seek(0)
        file.truncate()
        file.write(content)


def _standard(error: apsw.Error) -> sqlite3.Error:
    kind = sqlite3.IntegrityError if isinstance(error, apsw.ConstraintError) else sqlite3.OperationalError
    ours = kind(str(error))
    ours.sqlite_errorcode = getattr(error, "extendedresult", 0)
    return ours
