"""Rows of a Parquet file, read a batch at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from tailorbird.cli.errors import Failed
from tailorbird.cli.importing.rows import Position, Row

_AT_ONCE = 1_000


class ParquetReader:
    """The rows of all row groups, in order."""

    untyped = False

    def __init__(self, path: Path) -> None:
        import pyarrow
        from pyarrow import parquet

        self._flaws: tuple[type[Exception], ...] = (pyarrow.ArrowException, OSError)
        self._path = path
        try:
            self._file = parquet.ParquetFile(path)
        except self._flaws as error:
            raise Failed(f"{path} is no Parquet file: {error}.") from error
        self.columns = tuple(self._file.schema_arrow.names)
        self._rows = self._file.metadata.num_rows
        self._read = 0

    def rows(self, begin: Position) -> Iterator[Row]:
        """The rows behind ``begin``. Row groups that end before it are not read."""
        self._read = begin.offset
        groups, skip = self._groups(begin.offset)
        number = begin.offset
        try:
            for batch in self._file.iter_batches(_AT_ONCE, groups):
                left = batch.slice(min(skip, batch.num_rows))
                skip -= batch.num_rows - left.num_rows
                for told in left.to_pylist():
                    number += 1
                    self._read = number
                    values = {name: plain for name, value in told.items() if (plain := _plain(value)) is not None}
                    yield Row(number, values, "", values, Position(number, number))
        except self._flaws as error:
            raise Failed(f"{self._path} is damaged behind row {number:,}: {error}.") from error

    def _groups(self, offset: int) -> tuple[list[int], int]:
        """The row groups that are left, and how many rows to skip in the first of them."""
        metadata = self._file.metadata
        for group in range(metadata.num_row_groups):
            size = metadata.row_group(group).num_rows
            if offset < size:
                return list(range(group, metadata.num_row_groups)), offset
            offset -= size
        return [], 0

    def done(self) -> tuple[int, int]:
        """Rows."""
        return self._read, self._rows

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _plain(value: Any) -> Any:
    """A value as JSON has it; times as they are, since the time zone is not known here. None for what is missing."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return (int(value) if value == value.to_integral_value() else float(value)) if value.is_finite() else None
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(member) for member in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value.isoformat() if isinstance(value, time) else value
