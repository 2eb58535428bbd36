"""Facts for analysis, read from the file by another process beside the one that serves."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tailorbird.domain.errors import TooLarge, Unavailable
from tailorbird.domain.exports import (
    EXPORTED,
    FACT_COLUMNS,
    FACT_TABLES,
    LINEAGE,
    Erased,
    Exported,
    FactTable,
    Incarnation,
    Lineage,
    Numbers,
    Tail,
)
from tailorbird.store.contract import INCARNATION
from tailorbird.store.sqlite.connection import Connection, connect, disconnect, prepare_reader, translated

T = TypeVar("T")

_BUSY_MS = 5_000
#: what a sequence is called in the schema: by its table
_SEQUENCES = {
    "events": "events",
    "exposures": "exposures",
    "sightings": "exposure_days",
    "links": "person_links",
    "erasures": "erasures",
}

_encode = msgspec.json.Encoder().encode
_decode_lineage = msgspec.json.Decoder(Lineage).decode
_decode_exported = msgspec.json.Decoder(Exported).decode


def _columns(table: FactTable) -> str:
    return ", ".join(FACT_COLUMNS[table])


class SqliteFacts:
    """The facts in one file. Every row that can be seen is settled: the file has one writer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading: Connection | None = None

    def close(self) -> None:
        """Let go of the file."""
        connection, self._reading = self._reading, None
        if connection is not None:
            disconnect(connection)

    def lineage(self) -> Lineage:
        """The incarnations of the database, oldest first."""
        return self._read(lineage)

    def exported(self) -> Exported | None:
        """What the database knows of its lake."""
        told = self._read(_meta, EXPORTED)
        return _decode_exported(told) if told else None

    def note_exported(self, exported: Exported) -> None:
        """Make the database know it, durably."""
        try:
            connection = connect(str(self._path))
            try:
                connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
                connection.execute("PRAGMA synchronous = FULL")
                set_meta(connection, EXPORTED, _encode(exported).decode())
            finally:
                disconnect(connection)
        except sqlite3.Error as error:
            raise translated(error) from error

    def settled(self) -> Numbers:
        """The newest number of each sequence."""
        return self._read(given_out)

    def batch(self, table: FactTable, after: int, upto: int, limit: int) -> list[Sequence[Any]]:
        """Rows of all projects by number."""
        return self._read(_batch, table, after, upto, limit)

    def tail(self, project: str, after: Numbers, limit: int) -> Tail:
        """A project's facts above some numbers, as of one moment."""
        return self._read(_tail, project, after, limit)

    def erased(self, after: int, upto: int, limit: int) -> list[Erased]:
        """Erasures by number."""
        return self._read(_erased, after, upto, limit)

    def waiting(self, after: Numbers) -> int:
        """When the oldest event above a number was received."""
        return self._read(_waiting, after.events)

    def _read(self, work: Callable[..., T], *args: Any) -> T:
        """Run in one read transaction, so that everything is of one moment."""
        try:
            if self._reading is None:
                self._reading = prepare_reader(connect(str(self._path)), busy_ms=_BUSY_MS)
            self._reading.execute("BEGIN")
            try:
                return work(self._reading, *args)
            finally:
                self._reading.execute("ROLLBACK")
        except sqlite3.Error as error:
            self.close()
            raise translated(error) from error
        except msgspec.DecodeError as error:
            raise Unavailable("What the database says about its lake cannot be read.") from error


def open_facts(path: str) -> Callable[[], SqliteFacts]:
    """Opens the facts in the file at ``path``, once for each thread that asks."""
    return partial(SqliteFacts, Path(path))


def _meta(connection: Connection, name: str) -> str:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return row[0] if row else ""


def set_meta(connection: Connection, name: str, value: str) -> None:
    """Write a word about the database."""
    connection.execute(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def lineage(connection: Connection) -> Lineage:
    """The incarnations so far; a database that was never restored has one."""
    told = _meta(connection, LINEAGE)
    return _decode_lineage(told) if told else (Incarnation(name=_meta(connection, INCARNATION)),)


def begin_incarnation(connection: Connection, name: str) -> None:
    """From here on the database goes another way than the one that it is a copy of. Who held a lease is gone."""
    before = lineage(connection)
    here = given_out(connection)
    connection.execute("DELETE FROM leases")
    set_meta(connection, LINEAGE, _encode((*before, Incarnation(name=name, since=here))).decode())
    set_meta(connection, INCARNATION, name)


def given_out(connection: Connection) -> Numbers:
    """The newest number of each sequence."""
    last = dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    return Numbers(**{name: last.get(stored, 0) for name, stored in _SEQUENCES.items()})


def _batch(connection: Connection, table: FactTable, after: int, upto: int, limit: int) -> list[Sequence[Any]]:
    return connection.execute(
        f"SELECT {_columns(table)} FROM {_SEQUENCES[table]}"  # noqa: S608 - constants
        " WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        (after, upto, limit),
    ).fetchall()


def _tail(connection: Connection, project: str, after: Numbers, limit: int) -> Tail:
    rows: dict[FactTable, list[Sequence[Any]]] = {}
    for table in FACT_TABLES:
        # "+" keeps a table without an index by project on its numbers, of which few are above
        where = "project = ?" if table == "events" else "+project = ?"
        rows[table] = connection.execute(
            f"SELECT {_columns(table)} FROM {_SEQUENCES[table]}"  # noqa: S608 - constants
            f" WHERE {where} AND seq > ? ORDER BY seq LIMIT ?",
            (project, after.of(table), limit + 1),
        ).fetchall()
        if len(rows[table]) > limit:
            raise TooLarge(f"More than {limit:,} {table} are not in the lake yet.")
    links = connection.execute(
        "SELECT seq, person, target FROM person_links WHERE seq > ? AND +project = ? ORDER BY seq",
        (after.links, project),
    ).fetchall()
    return Tail(lineage=lineage(connection), rows=rows, links=links, links_settled=given_out(connection).links)


def _erased(connection: Connection, after: int, upto: int, limit: int) -> list[Erased]:
    rows = connection.execute(
        "SELECT seq, project, person, finished FROM erasures WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        (after, upto, limit),
    )
    return [Erased(row[0], row[1], row[2], bool(row[3])) for row in rows.fetchall()]


def _waiting(connection: Connection, after: int) -> int:
    row = connection.execute("SELECT received_at FROM events WHERE seq > ? ORDER BY seq LIMIT 1", (after,)).fetchone()
    return row[0] if row else 0
