"""The facts of one project as Ibis tables: the files that count, and what the store has above them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tailorbird.domain.exports import FactTable
from tailorbird.domain.facts import DAY_MS
from tailorbird.lake import columns

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

    from tailorbird.lake.manifest import File
    from tailorbird.lake.place import Place


class Tables:
    """What a question is asked of. Each property is an Ibis table with the columns of ``domain.exports.FACT_COLUMNS``
    but for the project, and text where they are neither numbers nor times; ``links`` are ``person`` → ``target``, of
    those who were merged into somebody else.

    ``between`` narrows to days, so that the files of others are not opened: the same tables, with fewer rows.
    """

    def __init__(
        self,
        connection: Any,
        place: Place,
        files: Sequence[File],
        tail: dict[FactTable, pa.Table],
        links: pa.Table,
        days: tuple[int, int] | None = None,
    ) -> None:
        self._connection = connection
        self._place = place
        self._files = files
        self._tail = tail
        self._links = links
        self._days = days
        self._made: dict[str, Any] = {}

    def between(self, since: int, until: int) -> Tables:
        """Only facts from ``since`` (UTC ms) on and before ``until``."""
        days = since // DAY_MS, (until - 1) // DAY_MS
        narrow = Tables(self._connection, self._place, self._files, self._tail, self._links, days)
        for table in ("events", "exposures"):
            whole = narrow._table(table)
            narrow._made[table] = whole.filter(whole.time >= since, whole.time < until)
        return narrow

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
            files = [file for file in self._files if file.table == table and self._wanted(file.day)]
            tail = self._tail[table]
            if self._days is not None:
                tail = _of_days(table, tail, *self._days)
            held = [self._read(table, [file.path for file in files])] if files else []
            if tail.num_rows or not held:
                held.append(self._given(table, tail))
            self._made[table] = held[0] if len(held) == 1 else held[0].union(held[1])
        return self._made[table]

    def _wanted(self, day: int) -> bool:
        return self._days is None or self._days[0] <= day <= self._days[1]

    def _read(self, table: FactTable, paths: Iterable[str]) -> Any:
        """A view on files, which all have the same columns; this engine's own way of saying so."""
        names = ", ".join(columns.schema(table).names)
        found = ", ".join("'" + self._place.address(path).replace("'", "''") + "'" for path in paths)
        return self._view(f"SELECT {names} FROM read_parquet([{found}], hive_partitioning = false)")  # noqa: S608

    def _given(self, name: str, rows: pa.Table) -> Any:
        given = f"given_{name}_{id(self):x}"
        self._connection.con.register(given, rows)
        return self._connection.table(given)

    def _view(self, sql: str) -> Any:
        name = f"files_{len(self._made)}_{id(self):x}"
        self._connection.raw_sql(f"CREATE TEMP VIEW {name} AS {sql}")
        return self._connection.table(name)


def _of_days(table: FactTable, facts: pa.Table, first: int, last: int) -> pa.Table:
    import pyarrow.compute as pc

    name, scale = ("day", 1) if table == "sightings" else ("time", DAY_MS)
    least, beyond = first * scale, (last + 1) * scale
    return facts.filter(pc.and_(pc.greater_equal(facts[name], least), pc.less(facts[name], beyond)))
