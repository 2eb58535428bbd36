"""Answering questions: the lake's files, the store's newest facts, and DuckDB with bounded memory over both.

What is asked of large campaigns is kept, and only what came since is looked at when it is asked again: ``standing``.
"""

from __future__ import annotations

import contextlib
import decimal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tailorbird.domain.errors import TailorbirdError, TooLarge, Unavailable
from tailorbird.domain.exports import FACT_TABLES, Exported, Facts, FactTable, Numbers, OpenFacts, Tail
from tailorbird.lake import columns
from tailorbird.lake.keeper import ELSEWHERE
from tailorbird.lake.links import Links, Merged
from tailorbird.lake.manifest import File, Log, State
from tailorbird.lake.place import Place
from tailorbird.lake.queries import driven, expressions, steps
from tailorbird.lake.queries.ask import Campaign, Question
from tailorbird.lake.queries.spans import spans
from tailorbird.lake.standing.campaigns import Moment, Rules, Standing
from tailorbird.lake.standing.engine import Engine
from tailorbird.lake.tables import Tables

if TYPE_CHECKING:
    import pyarrow as pa

#: facts of one table that a question reads from the store at most
MOST_IN_TAIL = 500_000
#: how often a question is begun anew because files were removed under it
_ATTEMPTS = 3
#: for each second of work that nobody asked for, so many without any; where there is nothing to do, so many seconds
_REST, _LOOK_S = 10, 15.0

#: named tables, as rows
Answer = dict[str, list[dict[str, Any]]]
#: told the steps that are done, and how many there are about
Advance = Callable[[int, int], None]
#: tables as expressions
Named = Callable[[Any], Iterator[tuple[str, Any]]]


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

    def __init__(
        self,
        place: Place,
        open_facts: OpenFacts,
        limits: Limits,
        *,
        rules: Rules | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place = place
        self._facts: Facts = open_facts()
        self._limits = limits
        self._log = Log(place)
        self._state: State | None = None
        self._links: dict[tuple[str, str], Links] = {}
        self._lock = threading.Lock()
        self._running: Any = None
        self._interrupted = False
        self._rules = rules or Rules(roster_bytes=limits.memory_mb << 18)
        self._now = now
        self._engine: Engine | None = None
        self._standing: Standing | None = None
        #: nothing is done unasked before this
        self._resting_until = 0.0

    def close(self) -> None:
        """Disconnect from the store."""
        self._facts.close()
        if self._engine is not None:
            self._engine.close()

    def interrupt(self) -> None:
        """Make the question that runs raise ``Cancelled``."""
        with self._lock:
            self._interrupted = True
            for running in (self._running, self._engine):
                if running is not None:
                    running.interrupt()

    def calm(self) -> None:
        """An interruption that came too late is none."""
        with self._lock:
            self._interrupted = False

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
            self.calm()

    @property
    def idle_work(self) -> bool:
        """Whether ``tend`` may find something to do, now or later."""
        return self._standing is not None and bool(self._standing.cared_for())

    def tend(self) -> bool:
        """While nobody asks, do one thing that makes the next answers quicker; whether there was any. It is bounded to
        a small share of the time. ``interrupt`` ends it; the caller is the one who calms down."""
        import duckdb

        began = self._now()
        if self._standing is None or began < self._resting_until:
            return False
        done = False
        # whatever is the matter, the next question says it
        with contextlib.suppress(Cancelled, TailorbirdError, duckdb.Error, FileNotFoundError):
            done = any(self._tend(self._standing, project) for project in self._standing.cared_for())
        self._resting_until = self._now() + max(_REST * (self._now() - began), 0.0 if done else _LOOK_S)
        return done

    def _tend(self, standing: Standing, project: str) -> bool:
        state, tail = self._newest(project)
        return state is not None and standing.tend(self._moment(project, state, tail))

    def _run(self, project: str, question: Question, advance: Advance | None) -> Answer:
        import duckdb

        for attempt in range(1, _ATTEMPTS + 1):
            state, tail = self._newest(project)
            try:
                return self._answer(project, question, state, tail, advance)
            except (duckdb.IOException, FileNotFoundError):
                # a file that counted when the question began, and that was merged or erased meanwhile
                if attempt == _ATTEMPTS or self._log.load(state) == state:
                    raise
        raise AssertionError("unreachable")

    def _newest(self, project: str) -> tuple[State | None, Tail]:
        """The files that count, and every fact above them."""
        self._state = state = self._log.load(self._state)
        exported = self._facts.exported()
        _check_lake(state, exported)
        held = self._links.get((project, _incarnation(state)))
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
        moment = self._moment(project, state or _NOTHING, tail)

        def compute(query: Campaign, upto: Numbers, merged: Merged, named: Named) -> Answer:
            return self._whole(moment.files, {}, merged, query, upto, advance, named)

        if state is not None:
            found = self._kept().answer(moment, question, compute)
            if found is not None:
                return found
        return self._whole(moment.files, moment.tail, moment.merged, question, None, advance, None)

    def _whole(
        self,
        files: Sequence[File],
        tail: Mapping[FactTable, pa.Table],
        merged: Merged,
        question: Question,
        upto: Numbers | None,
        advance: Advance | None,
        named: Named | None,
    ) -> Answer:
        """Everything is looked at: the question's own tables, or others that are named."""
        import ibis

        connection = ibis.duckdb.connect(**self._options())
        try:
            self._begin(connection)
            tables = Tables(connection, self._place, files, tail, merged.table(), spans=spans(question), upto=upto)
            answer: Answer = {}
            whole = steps(question)
            told = expressions(tables, question) if named is None else driven(tables, named)
            for name, table in told:
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
            self._running = connection.con
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

    def _moment(self, project: str, state: State, tail: Tail) -> Moment:
        rows = {
            table: columns.arrow(table, tail.rows[table]).drop_columns(["project"]).cast(columns.schema(table))
            for table in FACT_TABLES
        }
        key = project, _incarnation(state)
        if key not in self._links:
            # of a database as it was before a restore nothing is kept
            self._links = {one: links for one, links in self._links.items() if one[1] == key[1]}
            self._links[key] = Links()
        links = self._links[key]
        merged, late = links.learn(tail.links, tail.links_settled)
        files = [file for file in state.files.values() if file.project == project]
        return Moment(project, state, files, rows, links, merged, late)

    def _kept(self) -> Standing:
        """What was kept of earlier answers."""
        if self._standing is None:
            engine = Engine(self._options(), self._place.filesystem)
            with self._lock:
                self._engine = engine
            self._standing = Standing(self._place, engine, self._check, self._rules, self._now)
        return self._standing


_NOTHING = State(version=0, at=0, lake="", lineage=(), numbers=Numbers(), compacted_at=0, taken={}, files={})


def _incarnation(state: State | None) -> str:
    """Whose merges are remembered; of a database without a lake none are."""
    return state.lineage[-1].name if state is not None and state.lineage else ""


def _check_lake(state: State | None, exported: Exported | None) -> None:
    """Raise for a lake and a database that do not know each other. One just begun is not known yet."""
    if exported is not None and exported.lake and (state is None or state.lake != exported.lake):
        raise Unavailable(ELSEWHERE, retry_after=60)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: float(value) if isinstance(value, decimal.Decimal) else value for name, value in row.items()}
