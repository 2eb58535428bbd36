"""Answering questions: the lake's files, the store's newest facts, and DuckDB with bounded memory over both."""

from __future__ import annotations

import decimal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tailorbird.domain.errors import TooLarge, Unavailable
from tailorbird.domain.exports import FACT_TABLES, Exported, Facts, Lineage, Numbers, OpenFacts, Tail
from tailorbird.lake import columns
from tailorbird.lake.keeper import ELSEWHERE
from tailorbird.lake.links import Links
from tailorbird.lake.manifest import Log, State
from tailorbird.lake.place import Place
from tailorbird.lake.queries import expressions, steps
from tailorbird.lake.queries.ask import Question
from tailorbird.lake.tables import Tables

#: facts of one table that a question reads from the store at most
MOST_IN_TAIL = 500_000
#: how often a question is begun anew because files were removed under it
_ATTEMPTS = 3

#: named tables, as rows
Answer = dict[str, list[dict[str, Any]]]
#: told the steps that are done, and how many there are about
Advance = Callable[[int, int], None]


class Cancelled(Exception):
    """The question was interrupted."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a question may use."""

    threads: int = 1
    memory_mb: int = 2048
    #: where DuckDB puts what does not fit
    scratch: str | None = None


class Session:
    """Answers one question at a time. ``interrupt`` may be called from another thread."""

    def __init__(self, place: Place, open_facts: OpenFacts, limits: Limits) -> None:
        self._place = place
        self._facts: Facts = open_facts()
        self._limits = limits
        self._log = Log(place)
        self._state: State | None = None
        self._links: dict[tuple[str, str], Links] = {}
        self._lock = threading.Lock()
        self._running: Any = None
        self._interrupted = False

    def close(self) -> None:
        """Disconnect from the store."""
        self._facts.close()

    def interrupt(self) -> None:
        """Make the question that runs raise ``Cancelled``."""
        with self._lock:
            self._interrupted = True
            if self._running is not None:
                self._running.con.interrupt()

    def run(self, project: str, question: Question, advance: Advance | None = None) -> Answer:
        """The named tables that answer a question. ``Unavailable`` says why there is no answer now."""
        import duckdb

        try:
            return self._run(project, question, advance)
        except duckdb.InterruptException:
            raise Cancelled from None
        except duckdb.OutOfMemoryException as error:
            raise Unavailable("This needs more memory than the lake may use (--lake-memory-mb).") from error
        finally:
            with self._lock:
                self._interrupted = False

    def _run(self, project: str, question: Question, advance: Advance | None) -> Answer:
        import duckdb

        for attempt in range(1, _ATTEMPTS + 1):
            state, tail = self._now(project)
            try:
                return self._answer(project, question, state, tail, advance)
            except (duckdb.IOException, FileNotFoundError):
                # a file that counted when the question began, and that was merged or erased meanwhile
                if attempt == _ATTEMPTS or self._log.load(state) == state:
                    raise
        raise AssertionError("unreachable")

    def _now(self, project: str) -> tuple[State | None, Tail]:
        """The files that count, and every fact above them."""
        self._state = state = self._log.load(self._state)
        exported = self._facts.exported()
        _check_lake(state, exported)
        held = self._links.get((project, state.lineage[-1].name if state else ""))
        after = state.numbers if state else Numbers()
        after = msgspec.structs.replace(after, links=held.settled if held else 0)
        try:
            tail = self._facts.tail(project, after, MOST_IN_TAIL)
        except TooLarge as error:
            raise Unavailable(f"The lake is catching up with the store. {error.detail}", retry_after=30) from error
        if state is not None and tail.lineage != state.lineage:
            raise Unavailable("The database was restored, and the lake has not followed yet.", retry_after=10)
        return state, tail

    def _answer(
        self, project: str, question: Question, state: State | None, tail: Tail, advance: Advance | None
    ) -> Answer:
        import ibis

        connection = ibis.duckdb.connect(**self._options())
        try:
            self._begin(connection)
            tables = self._tables(connection, project, state, tail)
            answer: Answer = {}
            whole = steps(question)
            for name, table in expressions(tables, question):
                self._check()
                answer[name] = [*map(_plain, connection.to_pyarrow(table).to_pylist())]
                if advance is not None:
                    advance(len(answer), max(whole, len(answer)))
            return answer
        finally:
            with self._lock:
                self._running = None
            connection.disconnect()

    def _begin(self, connection: Any) -> None:
        if (filesystem := self._place.filesystem) is not None:
            connection.con.register_filesystem(filesystem)
        with self._lock:
            self._running = connection
        self._check()

    def _check(self) -> None:
        if self._interrupted:
            raise Cancelled

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "threads": self._limits.threads,
            "memory_limit": f"{self._limits.memory_mb}MB",
            "autoinstall_known_extensions": False,
            "preserve_insertion_order": False,
        }
        if self._limits.scratch is not None:
            Path(self._limits.scratch).mkdir(parents=True, exist_ok=True)
            options["temp_directory"] = self._limits.scratch
        return options

    def _tables(self, connection: Any, project: str, state: State | None, tail: Tail) -> Tables:
        rows = {
            table: columns.arrow(table, tail.rows[table]).drop_columns(["project"]).cast(columns.schema(table))
            for table in FACT_TABLES
        }
        files = [file for file in state.files.values() if file.project == project] if state else []
        key = project, _incarnation(tail.lineage) if state else ""
        if key not in self._links:
            # of a database as it was before a restore nothing is kept
            self._links = {one: links for one, links in self._links.items() if one[1] == key[1]}
            self._links[key] = Links()
        links = self._links[key].learn(tail.links, tail.links_settled)
        return Tables(connection, self._place, files, rows, links)


def _incarnation(lineage: Lineage) -> str:
    return lineage[-1].name


def _check_lake(state: State | None, exported: Exported | None) -> None:
    """Raise for a lake and a database that do not know each other. One just begun is not known yet."""
    if exported is not None and exported.lake and (state is None or state.lake != exported.lake):
        raise Unavailable(ELSEWHERE, retry_after=60)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: float(value) if isinstance(value, decimal.Decimal) else value for name, value in row.items()}
