"""Rows of facts as Arrow tables, and the Parquet files they become: one project and one day each, sorted so that what
is asked for lies together. Arrow is imported when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

from tailorbird.domain.exports import FACT_COLUMNS, FactTable
from tailorbird.domain.facts import DAY_MS

if TYPE_CHECKING:
    import pyarrow as pa

#: columns that are whole numbers; all others are text
_NUMBERS = frozenset(("seq", "person", "time", "received_at", "version", "epoch", "answers_at", "day"))
#: columns that the store keeps as JSON in bytes
_JSON = frozenset(("properties", "facts"))
#: what a file is sorted by: questions are about names of events, and about campaigns
SORTED_BY: dict[FactTable, tuple[str, ...]] = {
    "events": ("name", "person", "seq"),
    "exposures": ("campaign", "person", "seq"),
    "sightings": ("campaign", "person", "seq"),
}
ROWS_IN_A_GROUP = 122_880


@cache
def schema(table: FactTable) -> pa.Schema:
    """The columns of a table's files, in order. Its project is in the path."""
    import pyarrow as pa

    return pa.schema([(name, _type(name)) for name in FACT_COLUMNS[table] if name != "project"])


def _type(name: str) -> pa.DataType:
    import pyarrow as pa

    return pa.int64() if name in _NUMBERS else pa.string()


def arrow(table: FactTable, rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows as a store hands them over, the project first."""
    import pyarrow as pa

    names = FACT_COLUMNS[table]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table([_array(name, values) for name, values in zip(names, columns, strict=True)], names=list(names))


def _array(name: str, values: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    if name in _JSON:
        return pa.array(values, pa.binary()).cast(pa.string())
    return pa.array(values, _type(name))


def parts(table: FactTable, facts: pa.Table) -> Iterator[tuple[str, int, pa.Table]]:
    """Facts by project and day (of their own time, since 1970), each part sorted and without its project."""
    import numpy as np
    import pyarrow as pa

    day = facts["day"].to_numpy() if table == "sightings" else facts["time"].to_numpy() // DAY_MS
    facts = facts.append_column("_day", pa.array(day, pa.int64()))
    keys = [(name, "ascending") for name in ("project", "_day", *SORTED_BY[table])]
    facts = facts.sort_by(keys)
    projects = facts["project"].combine_chunks().dictionary_encode()
    codes = projects.indices.to_numpy(zero_copy_only=False)
    days = facts["_day"].to_numpy()
    facts = facts.select(schema(table).names)
    starts = np.flatnonzero(np.r_[True, (codes[1:] != codes[:-1]) | (days[1:] != days[:-1])])
    for start, end in zip(starts, np.r_[starts[1:], len(days)], strict=True):
        part = facts.slice(int(start), int(end - start))
        yield str(projects.dictionary[int(codes[start])]), int(days[start]), part.cast(schema(table))


def sorted_together(table: FactTable, parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """All parts as one, sorted."""
    import pyarrow as pa

    held = [*parts]
    if held:
        yield pa.concat_tables(held).sort_by([(name, "ascending") for name in SORTED_BY[table]])


def write(table: FactTable, tables: Iterator[pa.Table], file: BinaryIO) -> tuple[int, int, int]:
    """Write tables one after the other; returns the rows, and the least and the greatest number (0, 0 without rows)."""
    import pyarrow.compute as pc
    from pyarrow import parquet

    rows, first, last = 0, 0, 0
    with parquet.ParquetWriter(file, schema(table), compression="zstd", write_statistics=True) as writer:
        for one in tables:
            if one.num_rows:
                writer.write_table(one, row_group_size=ROWS_IN_A_GROUP)
                least, most = pc.min_max(one["seq"]).as_py().values()
                first, last = min(first or least, least), max(last, most)
                rows += one.num_rows
    return rows, first, last
