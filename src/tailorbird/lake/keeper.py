"""Keeping a lake: one turn of the one who leads. Everything is a step from one manifest to the next, so a turn may
break off at any point, and two leaders at once (a lease that ran out) do no harm: one of their steps wins.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable

import msgspec

from tailorbird.domain.errors import Conflict
from tailorbird.domain.exports import FACT_TABLES, Exported, Facts, FactTable, Lineage, Numbers
from tailorbird.lake import columns, merging, restoring
from tailorbird.lake.erasing import erase
from tailorbird.lake.manifest import FOLDER, Log, Manifest, State, following
from tailorbird.lake.place import Overtaken, Place
from tailorbird.lake.restoring import ANOTHER
from tailorbird.lake.standing.files import FOLDER as ANSWERS
from tailorbird.lake.sweeping import Sweeper
from tailorbird.lake.wire import Held, Rules, Status, Turn
from tailorbird.lake.writing import FOLDER as FACTS
from tailorbird.lake.writing import Writing

#: rows of one table that are read and written in one step
BATCH = 100_000
#: a turn begins no further step after so long
TURN_SECONDS = 20.0


class Keeper:
    """Leads one lake. Not for several threads."""

    def __init__(
        self,
        place: Place,
        facts: Facts,
        *,
        now: Callable[[], float] = time.time,
        batch: int = BATCH,
    ) -> None:
        self._place = place
        self._facts = facts
        self._now = now
        self._batch = batch
        self._log = Log(place)
        self._state: State | None = None
        self._sweeper = Sweeper(place, now)

    def turn(self, rules: Rules) -> Turn:
        """Bring the lake up to date: restores, erasures, new facts; then tidy up. Goes on where the last one ended.

        ``Conflict`` when the folder is another database's lake, or this database has its lake elsewhere;
        ``Unavailable`` when the store or the folder is away. What was done until then is done.
        """
        for _ in range(3):
            try:
                return self._turn(rules)
            except Overtaken:
                self._state = None  # somebody else leads too; see what they did
        return Turn(more=True)

    def _turn(self, rules: Rules) -> Turn:
        until = time.monotonic() + TURN_SECONDS
        lineage, exported = self._facts.lineage(), self._facts.exported()
        self._state = state = self._log.load(self._state)
        state = self._begun(state, lineage, exported)
        if state.lineage != lineage:
            state = self._step(state, restoring.follow(self._place, state, lineage, self._ms()))
        settled = self._facts.settled()
        state, erased = self._erase(state, settled)
        rows = 0
        while time.monotonic() < until and (step := self._export(state, settled)) is not None:
            rows += sum(file.rows for file in step.added)
            state = self._step(state, step)
        reached = Exported(lake=state.lake, numbers=state.numbers)
        if exported != reached:
            self._facts.note_exported(reached)
        more = any(state.numbers.of(table) < settled.of(table) for table in FACT_TABLES)
        while tidied := merging.next_step(self._place, state, self._ms(), rules.keep_days, everything=rules.compact):
            state = self._step(state, tidied)
            if time.monotonic() > until:
                more = True
                break
        self._sweeper.sweep(state, rules.grace)
        return Turn(exported=rows, erased=erased, version=state.version, numbers=state.numbers, more=more)

    def _begun(self, state: State | None, lineage: Lineage, exported: Exported | None) -> State:
        """The lake, which is this database's; a new one where the database has none yet."""
        if state is None:
            if exported is not None and exported.lake:
                raise Conflict(ELSEWHERE)
            manifest = Manifest(
                version=1, at=self._ms(), lake=secrets.token_hex(8), reason="begin", lineage=lineage, numbers=Numbers()
            )
            return self._step(None, manifest)
        if exported is not None and exported.lake not in ("", state.lake):
            raise Conflict(ELSEWHERE)
        if state.lineage[0] != lineage[0]:
            raise Conflict(ANOTHER)
        return state

    def _erase(self, state: State, settled: Numbers) -> tuple[State, int]:
        """Erasures before new facts: of whoever is erased by now, nothing is left in the store that could follow."""
        people = 0
        while True:
            found = self._facts.erased(state.numbers.erasures, settled.erasures, 10_000)
            done = [*itertools.takewhile(lambda one: one.finished, found)]
            if not done:
                return self._past(state, found[0].seq - 1 if found else settled.erasures), people
            state = self._step(state, erase(self._place, state, done, self._ms()))
            people += len(done)

    def _past(self, state: State, reached: int) -> State:
        """Beyond numbers that no erasure has: what was rolled back is not waited for."""
        if reached <= state.numbers.erasures:
            return state
        numbers = msgspec.structs.replace(state.numbers, erasures=reached)
        return self._step(state, following(state, self._ms(), "erase", numbers=numbers))

    def _export(self, state: State, settled: Numbers) -> Manifest | None:
        """The step that adds the next facts; None when there are none."""
        writing = Writing(self._place, state.lineage[-1].name)
        reached: dict[str, int] = {}
        for table in FACT_TABLES:
            reached[table] = self._export_table(writing, table, state.numbers.of(table), settled.of(table))
        numbers = msgspec.structs.replace(state.numbers, **reached)
        if numbers == state.numbers:
            return None
        return following(state, self._ms(), "export", added=writing.settle(), numbers=numbers)

    def _export_table(self, writing: Writing, table: FactTable, after: int, upto: int) -> int:
        if after >= upto:
            return after
        rows = self._facts.batch(table, after, upto, self._batch)
        if rows:
            for project, day, facts in columns.parts(table, columns.arrow(table, rows)):
                writing.part(table, project, day, facts)
        return upto if len(rows) < self._batch else int(rows[-1][1])

    def _step(self, state: State | None, manifest: Manifest) -> State:
        self._state = after = self._log.commit(state, manifest)
        self._sweeper.left(manifest.removed)
        return after

    def _ms(self) -> int:
        return int(self._now() * 1000)


def discard(place: Place) -> None:
    """Remove a lake: its manifests first, so that nothing counts any more."""
    for folder in (FOLDER, FACTS, ANSWERS):
        place.remove([file.name for file in place.walk(folder)])


def status(place: Place, facts: Facts) -> Status:
    """How the lake is, for whoever wants to know."""
    state = Log(place).load()
    if state is None:
        return Status(waiting_since=facts.waiting(Numbers()))
    held: dict[str, Held] = {}
    for table in FACT_TABLES:
        files = [file for file in state.files.values() if file.table == table]
        held[table] = Held(
            files=len(files), rows=sum(file.rows for file in files), bytes=sum(file.bytes for file in files)
        )
    return Status(
        lake=state.lake,
        version=state.version,
        at=state.at,
        numbers=state.numbers,
        held=held,
        waiting_since=facts.waiting(state.numbers),
    )


ELSEWHERE = (
    "This database has its lake elsewhere: name that folder with --lake-url, or begin anew in this one:"
    " tailorbird lake rebuild."
)
