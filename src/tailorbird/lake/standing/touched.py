"""Of whom something is new since some numbers, and what is needed of them: as it was then, and as it is now.

Most people who do something stay in their arm; then only their events of the names that goals count are needed, and
clicks, of which each person counts once. Impressions and dismissals add up row by row: of them only the new rows are.
Whoever entered the campaign or was merged is needed whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from tailorbird.domain.exports import FactTable, Numbers
from tailorbird.domain.facts import CLICK
from tailorbird.lake import columns
from tailorbird.lake.links import Merged, isin
from tailorbird.lake.manifest import File
from tailorbird.lake.place import Place
from tailorbird.lake.queries import ask
from tailorbird.lake.queries.spans import look_back
from tailorbird.lake.queries.totals import in_order
from tailorbird.lake.queries.touches import TOUCHES
from tailorbird.lake.standing.engine import Engine
from tailorbird.lake.standing.roster import Roster
from tailorbird.lake.tables import in_span, parquet

if TYPE_CHECKING:
    import pyarrow as pa

#: new facts beyond which everything is computed instead
MOST_NEW = 200_000

#: table → facts, and ``links``
Given = dict[str, "pa.Table"]


class TooMuch(Exception):
    """More is new than is worth looking at one by one."""


class Since(msgspec.Struct, frozen=True):
    """A place in the sequences of a store, and what lies above it."""

    numbers: Numbers
    #: who was whom then
    then: Merged
    #: who is whom now
    now: Merged
    #: the merges between the two, three columns
    links: Any
    #: the files of the project
    files: Sequence[File]
    #: facts that are in no file
    tail: Mapping[FactTable, pa.Table]


class Names:
    """The names of the events that a question counts."""

    def __init__(self, query: ask.Campaign) -> None:
        measures = [one for goal in query.goals for one in (goal.value, goal.per) if one is not None]
        self.goals = {measure.event for measure in measures}
        clicks = {CLICK} if query.touches or (query.attribution == "click" and query.goals) else set()
        #: of a person with a new one, all are needed
        self.whole = self.goals | clicks
        self.all = self.whole | (set(TOUCHES) if query.touches else set())


def touched(
    engine: Engine, place: Place, query: ask.Campaign, since: Since, roster: Roster | None
) -> tuple[Given, Given] | None:
    """What a question needs of the people with something new, at the numbers and now; None: nothing is new.

    ``TooMuch`` where that is more than it is worth.
    """
    found = _Looking(engine, place, query, since, roster)
    return found.sides()


def events_read(query: ask.Campaign) -> tuple[str, ...]:
    """The columns of events that an answer needs: to read the others of a file costs as much again."""
    measures = [one for goal in query.goals for one in (goal.value, goal.per) if one is not None]
    return (*_READ, "id") if any(map(in_order, measures)) else _READ


_READ = ("person", "name", "time", "properties", "source", "channel", "campaign", "rule", "arm")


def above(engine: Engine, place: Place, since: Since, table: FactTable, where: str) -> pa.Table:
    """The facts of a table above the numbers that are as wanted; one more than ``MOST_NEW`` at most."""
    number = since.numbers.of(table)
    parts = [f"SELECT {_names(table)} FROM tail_{table}"]  # noqa: S608 - names of ours
    files = [file for file in since.files if file.table == table and file.last > number]
    if files:
        parts.append(f"SELECT {_names(table)} FROM {parquet(place, files)}")  # noqa: S608
    sql = f"""
        SELECT * FROM ({" UNION ALL ".join(parts)}) WHERE {where} AND seq > {number} LIMIT {MOST_NEW + 1}
    """  # noqa: S608
    tail = {f"tail_{table}": since.tail.get(table, _none(table))}
    found = engine.table(sql, **tail).cast(columns.schema(table))
    if found.num_rows > MOST_NEW:
        raise TooMuch
    return found


class _Looking:
    def __init__(self, engine: Engine, place: Place, query: ask.Campaign, since: Since, roster: Roster | None) -> None:
        self._engine = engine
        self._place = place
        self._query = query
        self._since = since
        self._roster = roster
        self._names = Names(query)

    def sides(self) -> tuple[Given, Given] | None:
        import numpy as np
        import pyarrow as pa

        since, fresh = self._since, self._fresh()
        who = since.now.who
        changed = np.unique(who(np.concatenate([_persons(fresh["exposures"]), since.links[:, 1:].ravel()])))
        crossing = np.unique(who(_persons(fresh["sightings"])))
        acting = np.unique(who(_persons(fresh["events"])))
        members = since.now.with_members(np.unique(np.concatenate([changed, crossing, acting])))
        if len(members) > MOST_NEW:
            raise TooMuch
        whos = who(members)
        exposures = self._exposures(members)
        first = _First(pa.concat_tables([exposures, fresh["exposures"]]), who)
        changed, crossing = np.intersect1d(changed, first.whos), np.intersect1d(crossing, first.whos)
        counting = np.setdiff1d(self._counting(fresh["events"], first), changed)
        acting = np.intersect1d(acting, first.whos)
        people = np.unique(np.concatenate([changed, crossing, acting]))
        if not len(people):
            return None

        def those(some: Any) -> Any:
            return members[isin(whos, some)]

        def of(table: pa.Table) -> pa.Table:
            return table.filter(pa.array(isin(_persons(table), persons)))

        persons = those(people)
        whole = np.union1d(changed, counting)
        old = {
            "exposures": of(exposures),
            "sightings": self._sightings(those(np.union1d(changed, crossing))),
            "events": self._events(those(whole), those(changed), first.least(whole)),
        }
        new = {name: pa.concat_tables([held, of(fresh[name]).select(held.column_names)]) for name, held in old.items()}
        return (
            old | {"links": since.then.of(persons).table()},
            new | {"links": since.now.of(persons).table()},
        )

    def _fresh(self) -> Given:
        """The facts above the numbers that may matter; sightings of somebody where they were seen before do not."""
        import pyarrow as pa

        mine = of_campaign(self._query.people.campaign)
        found = {"exposures": self._above("exposures", mine), "events": self._above("events", self._wanted())}
        found["sightings"] = self._above("sightings", mine) if self._query.crossed else _none("sightings")
        if sum(rows.num_rows for rows in found.values()) > MOST_NEW:
            raise TooMuch
        if self._roster is not None:
            found["sightings"] = found["sightings"].filter(pa.array(self._roster.news(found["sightings"]), pa.bool_()))
        return found

    def _above(self, table: FactTable, where: str) -> pa.Table:
        return above(self._engine, self._place, self._since, table, where)

    def _counting(self, events: pa.Table, first: _First) -> Any:
        """The people with a new event that may count: within a window, or a click."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        goals = self._query.goals
        rows = events.filter(pc.is_in(events["name"], value_set=pa.array(sorted(self._names.whole), pa.string())))
        whos = self._since.now.who(_persons(rows))
        there = isin(whos, first.whos)
        rows, whos = rows.filter(pa.array(there)), whos[there]
        after = rows["time"].to_numpy() - first.of(whos)
        anyhow = pc.equal(rows["name"], CLICK).to_numpy() | (self._query.attribution == "click")
        within = after < max((goal.window_ms for goal in goals), default=0)
        return np.unique(whos[(after >= -look_back(goals)) & (anyhow | within)])

    def _exposures(self, persons: Any) -> pa.Table:
        if self._roster is not None:
            return self._roster.exposures(persons)
        return self._scanned("exposures", persons, of_campaign(self._query.people.campaign))

    def _sightings(self, persons: Any) -> pa.Table:
        if not self._query.crossed:
            return _none("sightings")
        if self._roster is not None:
            return self._roster.sightings(persons)
        return self._scanned("sightings", persons, of_campaign(self._query.people.campaign))

    def _events(self, persons: Any, changed: Any, least: int) -> pa.Table:
        """Those that are needed whole of all, and the others of whom has ``changed``: files are read once for both."""
        where = f"{self._wanted()} AND (changed OR {self._wanted(self._names.whole)})"
        since = least - look_back(self._query.goals)
        return self._scanned("events", persons, where, since, isin(persons, changed))

    def _scanned(
        self, table: FactTable, persons: Any, where: str, since: int | None = None, changed: Any | None = None
    ) -> pa.Table:
        """What files hold of these persons, up to the numbers. ``where`` may ask whether a person has ``changed``."""
        import pyarrow as pa

        names = events_read(self._query) if table == "events" else columns.schema(table).names
        span = since, self._query.people.until if table == "events" else None
        number = self._since.numbers.of(table)
        mine = [one for one in self._since.files if one.table == table and in_span(one, span) and one.first <= number]
        if not (mine and len(persons)):
            return _none(table).select(names)
        if any(one.last > number for one in mine):
            where += f" AND seq <= {number}"
        sql = f"""
            SELECT {", ".join(names)} FROM {parquet(self._place, mine)} JOIN wanted ON person = visitor WHERE {where}
        """  # noqa: S608
        wanted = {"visitor": pa.array(persons)} | ({"changed": pa.array(changed)} if changed is not None else {})
        found = self._engine.table(sql, wanted=pa.table(wanted))
        found = found.cast(pa.schema([columns.schema(table).field(name) for name in names]))
        if found.num_rows > MOST_NEW:
            raise TooMuch
        return found

    def _wanted(self, names: set[str] | None = None) -> str:
        """Events of these names; where only touches count, those that speak of no other campaign."""
        wanted = self._names.all if names is None else names
        if not wanted:
            return "false"
        mine = f"campaign IS NULL OR {of_campaign(self._query.people.campaign)}"
        touches = f"name IN ({_listed(wanted - self._names.goals)}) AND ({mine})" if wanted - self._names.goals else ""
        counted = f"name IN ({_listed(wanted & self._names.goals)})" if wanted & self._names.goals else ""
        return f"({' OR '.join(filter(None, (counted, touches)))})"


class _First:
    """When people were exposed first."""

    def __init__(self, exposures: pa.Table, who: Any) -> None:
        import numpy as np

        self.whos, places = np.unique(who(_persons(exposures)), return_inverse=True)
        self._at = np.full(len(self.whos), np.iinfo(np.int64).max)
        np.minimum.at(self._at, places, exposures["time"].to_numpy())

    def of(self, whos: Any) -> Any:
        """When each of these was."""
        return self._at[self.whos.searchsorted(whos)]

    def least(self, whos: Any) -> int:
        """When the first of these was; 0 where there is nobody."""
        return int(self.of(whos).min()) if len(whos) else 0


def _persons(table: pa.Table) -> Any:
    return table["person"].to_numpy()


def _none(table: FactTable) -> pa.Table:
    return columns.schema(table).empty_table()


def _names(table: FactTable) -> str:
    return ", ".join(columns.schema(table).names)


def of_campaign(campaign: str) -> str:
    """A condition on facts, in SQL."""
    return f"campaign = {_text(campaign)}"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(map(_text, sorted(values)))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
