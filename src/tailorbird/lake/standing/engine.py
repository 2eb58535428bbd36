"""DuckDB as it is asked again and again for little: one connection, and questions that are expressions only once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from tailorbird.domain.exports import FACT_TABLES
from tailorbird.lake import columns

if TYPE_CHECKING:
    import pyarrow as pa


class Statement(msgspec.Struct, frozen=True):
    """One step: a table that is told under its name or, without one, kept for the steps after it."""

    name: str | None
    kept: str
    sql: str
    columns: tuple[str, ...]


#: what an expression became
Plan = tuple[Statement, ...]


def planned(expressions: Callable[[Any], Iterator[tuple[str, Any]]], given: Mapping[str, pa.Schema]) -> Plan:
    """Named tables as SQL over tables of these schemas, without computing any of them."""
    recording = _Recording(given)
    for name, table in expressions(recording):
        recording.tell(name, table)
    return tuple(recording.statements)


def facts_given(events: Sequence[str]) -> dict[str, pa.Schema]:
    """The schemas of a project's facts and links, with these columns of events: an expression knows of no other."""
    import pyarrow as pa

    links = pa.schema([("person", pa.int64()), ("target", pa.int64())])
    given: dict[str, pa.Schema] = {**{table: columns.schema(table) for table in FACT_TABLES}, "links": links}
    return given | {"events": pa.schema([given["events"].field(name) for name in events])}


class _Recording:
    """Tables that are only names yet."""

    def __init__(self, given: Mapping[str, pa.Schema]) -> None:
        import ibis

        self.statements: list[Statement] = []
        for name, schema in given.items():
            setattr(self, name, ibis.table(ibis.Schema.from_pyarrow(schema), name=name))

    def keep(self, table: Any) -> Any:
        import ibis

        kept = f"kept_{len(self.statements)}"
        self._add(None, kept, table)
        return ibis.table(table.schema(), name=kept)

    def tell(self, name: str, table: Any) -> None:
        self._add(name, "", table)

    def _add(self, name: str | None, kept: str, table: Any) -> None:
        import ibis

        sql = str(ibis.to_sql(table, dialect="duckdb"))
        if name is not None:  # the engine adds decimals up as decimals, whatever the expression's type says
            kinds = table.schema().items()
            told = (f'CAST("{one}" AS DOUBLE)' if kind.is_floating() else f'"{one}"' for one, kind in kinds)
            sql = f"SELECT {', '.join(told)} FROM ({sql})"  # noqa: S608 - names of ours
        self.statements.append(Statement(name, kept, sql, tuple(table.columns)))


class Engine:
    """A connection that stays open. ``interrupt`` may be called from another thread."""

    def __init__(self, options: Mapping[str, Any], filesystem: Any | None) -> None:
        import duckdb

        self._connection = duckdb.connect(config=dict(options))
        if filesystem is not None:
            self._connection.register_filesystem(filesystem)

    def interrupt(self) -> None:
        """Make what runs raise."""
        self._connection.interrupt()

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def table(self, sql: str, **given: pa.Table) -> pa.Table:
        """What a query over tables that are handed to it yields."""
        for name, rows in given.items():
            self._connection.register(name, rows)
        return self._connection.sql(sql).to_arrow_table()

    def batches(self, sql: str, size: int) -> Iterator[pa.RecordBatch]:
        """The same, in pieces of about so many rows."""
        import duckdb

        try:
            yield from self._connection.sql(sql).to_arrow_reader(size)
        except OSError as error:
            if "INTERRUPT" not in str(error):
                raise
            raise duckdb.InterruptException(str(error)) from None  # the reader of pieces calls it by another name

    def run(self, plan: Plan, given: Mapping[str, pa.Table]) -> dict[str, list[dict[str, Any]]]:
        """The named tables of a plan, over these."""
        for name, rows in given.items():
            self._connection.register(name, rows)
        told: dict[str, list[dict[str, Any]]] = {}
        for one in plan:
            if one.name is None:
                self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {one.kept} AS {one.sql}")
            else:
                # rows, not a relation: that would bind the question twice, which costs more than so few facts do
                rows = self._connection.execute(one.sql).fetchall()
                told[one.name] = [dict(zip(one.columns, row, strict=True)) for row in rows]
        return told
