"""The folder that a lake lies in: on a disk, or in whatever fsspec knows. Names inside it are relative, with slashes.

Three things are asked of it: a file that was written is durable; ``create`` lets one of several writers win; and a
listing shows what was written before.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from tailorbird.domain.errors import Unavailable

#: told instead of addresses, which may hold a password
_AWAY = "The lake's folder cannot be used now: {}."


class Listed(msgspec.Struct, frozen=True):
    """A file that is there."""

    name: str
    size: int


class Overtaken(Exception):
    """Somebody else created the file first."""


class Place:
    """A folder or an address such as ``s3://bucket/lake``; options come from fsspec's own variables."""

    def __init__(self, url: str) -> None:
        import fsspec

        options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True} if "://" in url else {}
        self._fs, base = fsspec.core.url_to_fs(url, **options)
        self._base: str = str(base).rstrip("/")
        self._disk = type(self._fs).__name__ == "LocalFileSystem"
        self._protocol = self._fs.protocol if isinstance(self._fs.protocol, str) else self._fs.protocol[0]

    @property
    def filesystem(self) -> Any | None:
        """What DuckDB has to read through; None: the disk, which it reads by itself."""
        return None if self._disk else self._fs

    def address(self, name: str) -> str:
        """Where DuckDB finds a file."""
        return self._path(name) if self._disk else f"{self._protocol}://{self._path(name)}"

    def read(self, name: str) -> bytes:
        """The whole of a file; ``FileNotFoundError`` where there is none."""
        with _away(missing=True):
            if self._disk:
                return Path(self._path(name)).read_bytes()
            return cast("bytes", self._fs.cat_file(self._path(name)))

    def open(self, name: str) -> Any:
        """A file to read from, here and there; ``FileNotFoundError`` where there is none."""
        with _away(missing=True):
            return self._fs.open(self._path(name), "rb")

    def names(self, folder: str) -> list[str]:
        """The names of the files right in a folder, sorted; none where there is no folder."""
        with _away(missing=True):
            self._fs.invalidate_cache()
            try:
                found = self._fs.ls(self._path(folder), detail=False)
            except FileNotFoundError:
                return []
        names = (str(path).rstrip("/").rpartition("/")[2] for path in found)
        return sorted(name for name in names if not name.endswith(".part"))

    def walk(self, folder: str) -> list[Listed]:
        """Every file under a folder."""
        with _away(missing=True):
            self._fs.invalidate_cache()
            found = self._fs.find(self._path(folder), detail=True)
        start = len(self._base) + 1
        return [Listed(str(path)[start:], int(about["size"] or 0)) for path, about in sorted(found.items())]

    def create(self, name: str, data: bytes) -> None:
        """Write a file that must not be there yet, whole or not at all; ``Overtaken`` when it is."""
        with _away():
            if self._disk:
                self._create_on_disk(Path(self._path(name)), data)
                return
            try:
                self._fs.pipe_file(self._path(name), data, mode="create")
            except FileExistsError:
                raise Overtaken from None
            except NotImplementedError:  # some know no such writing: then the lease alone keeps two apart
                if self._fs.exists(self._path(name)):
                    raise Overtaken from None
                self._fs.pipe_file(self._path(name), data)

    def write(self, name: str, writing: Callable[[BinaryIO], None]) -> int:
        """Write a file through ``writing``; returns its size once it is durable. Nobody else may know the name yet."""
        with _away():
            if self._disk:
                path = Path(self._path(name))
                path.parent.mkdir(parents=True, exist_ok=True)
                return _write_on_disk(path, writing)
            with tempfile.TemporaryDirectory(prefix="tailorbird-lake-") as folder:
                local = Path(folder) / "file"
                size = _write_on_disk(local, writing)
                self._fs.put_file(str(local), self._path(name))
                return size

    def settle(self, names: Iterable[str]) -> None:
        """Make the names of written files durable as well."""
        if self._disk:
            with _away():
                for folder in sorted({str(Path(self._path(name)).parent) for name in names}):
                    _sync_folder(Path(folder), Path(self._base))

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; those that are gone already are no trouble."""
        with _away():
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    self._fs.rm_file(self._path(name))

    def _create_on_disk(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}.part")
        try:
            _write_on_disk(part, lambda file: _all(file, data))
            os.link(part, path)
        except FileExistsError:
            raise Overtaken from None
        finally:
            part.unlink(missing_ok=True)
        _sync_folder(path.parent, Path(self._base))

    def _path(self, name: str) -> str:
        return f"{self._base}/{name}"


def _all(file: BinaryIO, data: bytes) -> None:
    file.write(data)


def _write_on_disk(path: Path, writing: Callable[[BinaryIO], None]) -> int:
    """Only the owner may read it: facts are personal."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        writing(file)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _sync_folder(folder: Path, base: Path) -> None:
    """So that the names in it, and its own, are on the disk."""
    for one in (folder, *folder.parents):
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if one == base:
            return


@contextlib.contextmanager
def _away(*, missing: bool = False) -> Iterator[None]:
    """Trouble with the folder as ``Unavailable``; that a file is missing goes through where a caller wants to know."""
    try:
        yield
    except FileNotFoundError as error:
        if missing:
            raise
        raise Unavailable(_AWAY.format(error.strerror or "it is not there")) from error
    except (OSError, TimeoutError) as error:
        raise Unavailable(_AWAY.format(getattr(error, "strerror", None) or type(error).__name__)) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("botocore", "aiobotocore", "aiohttp"):
            raise
        raise Unavailable(_AWAY.format(type(error).__name__)) from error
