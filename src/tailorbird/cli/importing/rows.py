"""What a file of rows is to an import: where it stands, what it tells, and what is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from tailorbird.cli.errors import Usage

#: bytes of one row; more is refused, whatever it holds
ROW_BYTES = 1 << 20

_KINDS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
FORMATS = ("csv", "jsonl", "parquet")


class Position(msgspec.Struct, frozen=True):
    """Where to go on: behind what was read."""

    #: bytes of text, or rows of Parquet
    offset: int = 0
    #: lines of text, or rows of Parquet
    line: int = 0


START = Position()


class Row(NamedTuple):
    """One row, or what is wrong with it."""

    #: the line at which it begins; the header is line 1. Of Parquet: its number, from 1
    line: int
    #: column or member → value; None where it cannot be read
    values: dict[str, Any] | None
    #: why not
    error: str
    #: what stands in the file, as the file of rejected rows repeats it
    shown: Any
    #: where the next row begins
    after: Position


class Reader(Protocol):
    """One file of rows. Reads as it goes: the size of the file does not matter."""

    #: names of the columns; of JSON Lines none, since each row has its own members
    columns: tuple[str, ...]
    #: whether values are text that stands for something else (CSV)
    untyped: bool

    def rows(self, begin: Position) -> Iterator[Row]:
        """The rows behind ``begin``."""

    def done(self) -> tuple[int, int]:
        """How much is read, and how much there is, in one unit."""

    def close(self) -> None:
        """Let go of the file."""


def format_of(path: Path, wanted: str) -> str:
    """``csv``, ``jsonl`` or ``parquet``: as told, else by the name."""
    if wanted:
        if wanted not in FORMATS:
            raise Usage(f"--format takes {', '.join(FORMATS)}, not {wanted!r}.")
        return wanted
    suffix = Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix
    kind = _KINDS.get(suffix.lower())
    if kind is None:
        raise Usage(f"{path}: its name does not say what it is. Say --format csv, jsonl or parquet.")
    return kind


def open_reader(path: Path, kind: str, *, delimiter: str, encoding: str) -> Reader:
    """A reader of one file. ``Failed`` where its beginning shows that it is something else."""
    if kind == "parquet":
        from tailorbird.cli.importing.parquet import ParquetReader

        return ParquetReader(path)
    from tailorbird.cli.importing.text import CsvReader, JsonReader

    return CsvReader(path, delimiter, encoding) if kind == "csv" else JsonReader(path)


def fingerprint(path: Path) -> str:
    """A hash of the whole file: the same rows, wherever the file lies."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
