"""New files of a lake. Nobody knows them before a manifest names them; what is never named is swept away."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from tailorbird.domain.exports import FactTable
from tailorbird.domain.facts import DAY_MS
from tailorbird.lake import columns
from tailorbird.lake.manifest import File
from tailorbird.lake.place import Place

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "facts"
#: rows that are held in memory and sorted together; more are written in the order in which they are read
SORTED_AT_ONCE = 1_000_000
_READ_AT_ONCE = 65_536

#: chooses rows of a table of facts
Keep = Callable[["pa.Table"], "pa.Table"]


class Writing:
    """The files of one step. ``settle`` makes them durable, before they are named."""

    def __init__(self, place: Place, incarnation: str) -> None:
        self._place = place
        self._incarnation = incarnation
        self.files: list[File] = []

    def settle(self) -> tuple[File, ...]:
        """All that were written."""
        self._place.settle(file.path for file in self.files)
        return tuple(self.files)

    def part(self, table: FactTable, project: str, day: int, facts: pa.Table) -> None:
        """Write facts of one project and day."""
        import pyarrow.compute as pc

        first, last = pc.min_max(facts["seq"]).as_py().values()
        self._write(table, project, day, lambda: iter((facts,)), (first, last), level=0)

    def merged(self, files: Sequence[File], keep: Keep | None = None, *, level: int) -> None:
        """Write the facts of files of one table, project and day as one file; those that ``keep`` leaves."""
        one = files[0]
        small = sum(file.rows for file in files) <= SORTED_AT_ONCE

        def tables() -> Iterator[pa.Table]:
            parts = (part if keep is None else keep(part) for file in files for part in self._read(file))
            return columns.sorted_together(one.table, parts) if small else parts

        span = min(file.first for file in files), max(file.last for file in files)
        self._write(one.table, one.project, one.day, tables, span, level)

    def _read(self, file: File) -> Iterator[pa.Table]:
        import pyarrow as pa
        from pyarrow import parquet

        with self._place.open(file.path) as source, parquet.ParquetFile(source) as held:
            for batch in held.iter_batches(_READ_AT_ONCE):
                yield pa.Table.from_batches([batch]).cast(columns.schema(file.table))

    def _write(
        self,
        table: FactTable,
        project: str,
        day: int,
        tables: Callable[[], Iterator[pa.Table]],
        span: tuple[int, int],
        level: int,
    ) -> None:
        told: list[tuple[int, int, int]] = []

        def writing(file: BinaryIO) -> None:
            told.append(columns.write(table, tables(), file))

        date = datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date()
        number = f"{self._incarnation[:12]}-{span[0]}-{span[1]}-{secrets.token_hex(4)}"
        path = f"{FOLDER}/{table}/project={project}/day={date}/{number}.parquet"
        size = self._place.write(path, writing)
        rows, first, last = told[-1]
        if not rows:
            self._place.remove([path])
            return
        self.files.append(
            File(
                path=path,
                table=table,
                project=project,
                day=day,
                rows=rows,
                bytes=size,
                first=first,
                last=last,
                level=level,
            )
        )
