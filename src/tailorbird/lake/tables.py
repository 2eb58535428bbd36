"""The facts of one project as Ibis tables: the files that count, and what the store has above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tailorbird.domain.exports import FactTable, Numbers
from tailorbird.domain.facts import DAY_MS
from tailorbird.lake import columns
from tailorbird.lake.queries.spans import Span

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

    from tailorbird.lake.manifest import File
    from tailorbird.lake.place import Place

#: no narrowing
EVER: Span = (None, None)


class Tables:
    """What a question is asked of. Each property is an Ibis table with the columns of ``domain.exports.FACT_COLUMNS``
    but for the project, and text where they are neither numbers nor times; ``links`` are ``person`` → ``target``, of
    those who were merged into somebody else.

    ``spans`` narrow tables to a time: files of other days are not opened. ``upto`` leaves out what has larger numbers.
    """

    def __init__(
        self,
        connection: Any,
        place: Place,
        files: Sequence[File],
        tail: Mapping[FactTable, pa.Table],
        links: pa.Table,
        *,
        spans: Mapping[FactTable, Span] | None = None,
        upto: Numbers | None = None,
    ) -> None:
        self._connection = connection
        self._place = place
        self._files = files
        self._tail = tail
        self._links = links
        self._spans = spans or {}
        self._upto = upto
        self._made: dict[str, Any] = {}

    @property
    def events(self) -> ibis.Table:
        """What happened."""
        return self._table("events")

    @property
    def exposures(self) -> ibis.Table:
        """The first exposure of each person number to each campaign."""
        return self._table("exposures")

    @property
    def sightings(self) -> ibis.Table:
        """The days on which a person was in an arm."""
        return self._table("sightings")

    @property
    def links(self) -> ibis.Table:
        """Merges of people, resolved."""
        if "links" not in self._made:
            self._made["links"] = self._given("links", self._links)
        return self._made["links"]

    def _table(self, table: FactTable) -> Any:
        if table not in self._made:
            span = self._spans.get(table, EVER)
            files = [file for file in self._files if file.table == table and in_span(file, span)]
            held = [self._read(table, files)] if files else []
            tail = self._tail.get(table)
            if tail is None:
                tail = columns.schema(table).empty_table()
            if tail.num_rows or not held:
                held.append(self._given(table, tail))
            whole = held[0] if len(held) == 1 else held[0].union(held[1])
            since, until = span
            if since is not None:
                whole = whole.filter(whole.time >= since)
            self._made[table] = whole if until is None else whole.filter(whole.time < until)
        return self._made[table]

    def _read(self, table: FactTable, files: Sequence[File]) -> Any:
        """A view on files, which all have the same columns; this engine's own way of saying so."""
        sql = f"SELECT {', '.join(columns.schema(table).names)} FROM {parquet(self._place, files)}"  # noqa: S608
        if self._upto is not None and any(file.last > self._upto.of(table) for file in files):
            sql += f" WHERE seq <= {self._upto.of(table)}"
        return self._view(sql)

    def _given(self, name: str, rows: pa.Table) -> Any:
        given = f"given_{name}_{id(self):x}"
        self._connection.con.register(given, rows)
        return self._connection.table(given)

    def _view(self, sql: str) -> Any:
        name = f"files_{len(self._made)}_{id(self):x}"
        self._connection.raw_sql(f"CREATE TEMP VIEW {name} AS {sql}")
        return self._connection.table(name)


def in_span(file: File, span: Span) -> bool:
    """Whether facts of that time may be in a file."""
    since, until = span
    return (since is None or file.day >= since // DAY_MS) and (until is None or file.day <= (until - 1) // DAY_MS)


def parquet(place: Place, files: Sequence[File]) -> str:
    """Files as DuckDB reads them, in SQL."""
    found = ", ".join("'" + place.address(file.path).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{found}], hive_partitioning = false)"
