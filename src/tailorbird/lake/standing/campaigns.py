"""The standing answers of a process: begun when a campaign is asked for, advanced while nobody asks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from tailorbird.domain.exports import FACT_TABLES, FactTable, Numbers
from tailorbird.lake.links import Links, Merged
from tailorbird.lake.manifest import File, State
from tailorbird.lake.place import Place
from tailorbird.lake.queries import ask
from tailorbird.lake.queries.parts import HOUR_MS, Floors, adds_up, capped_top, parts
from tailorbird.lake.standing import sums
from tailorbird.lake.standing.engine import Engine, Plan, facts_given, planned
from tailorbird.lake.standing.files import Saved, View, load, save
from tailorbird.lake.standing.roster import BYTES_EACH, EXPOSED, SEEN, Roster, TooManyArms
from tailorbird.lake.standing.sums import Row, Rows, Unsure
from tailorbird.lake.standing.touched import Since, TooMuch, above, events_read, of_campaign, touched
from tailorbird.lake.tables import parquet

if TYPE_CHECKING:
    import pyarrow as pa

log = structlog.get_logger(__name__)

_DAY_MS = 24 * HOUR_MS

#: computes named tables of the facts up to some numbers, with these merges of people
Compute = Callable[[ask.Campaign, Numbers, Merged, Callable[[Any], Iterator[tuple[str, Any]]]], Rows]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """When an answer is kept, and how well it is looked after."""

    #: facts of a project below which computing everything is quick enough
    least_rows: int = 200_000
    #: campaigns, and questions about each
    campaigns: int = 8
    views: int = 8
    #: seconds for which what was asked is kept up to date, and between two steps of that
    cared_for_s: float = 86_400.0
    every_s: float = 60.0
    #: seconds between two files of a campaign's answers
    save_s: float = 600.0
    #: bytes for rosters
    roster_bytes: int = 512 << 20


class Moment(msgspec.Struct, frozen=True):
    """A project as it is asked: the files that count, what is above them, and who is whom."""

    project: str
    state: State
    files: Sequence[File]
    tail: Mapping[FactTable, pa.Table]
    links: Links
    #: with those merges that are not settled yet, which are three columns
    merged: Merged
    late: Any


class _Held:
    """What is known of one campaign, all of it as of the same numbers."""

    def __init__(self, saved: Saved, then: Merged) -> None:
        self.saved = saved
        self.then = then
        self.views = {_key(view.query): view for view in saved.views}
        self.plans: dict[bytes, Plan] = {}
        #: as of when each was asked for last, and the parts by then
        self.last: dict[bytes, tuple[object, Rows]] = {}
        self.asked: dict[bytes, float] = {}
        self.roster: Roster | None = None
        self.wants_roster = True
        self.looked_at = 0.0
        self.saved_at = -math.inf
        self.unsaved = False

    def drop(self, key: bytes) -> None:
        """Forget a question."""
        for known in (self.views, self.plans, self.last, self.asked):
            known.pop(key, None)


class Standing:
    """Answers from what was kept. For one thread; ``check`` is called between steps, and raises to stop."""

    def __init__(
        self, place: Place, engine: Engine, check: Callable[[], None], rules: Rules, now: Callable[[], float]
    ) -> None:
        self._place = place
        self._engine = engine
        self._check = check
        self._rules = rules
        self._now = now
        self._held: dict[tuple[str, str], _Held] = {}
        self._cap_plans: dict[tuple[str, ...], Plan] = {}

    # -- answering -----------------------------------------------------------------------------------------------------
    def answer(self, moment: Moment, question: ask.Question, compute: Compute) -> Rows | None:
        """The tables that answer a question; None where they are better computed whole."""
        if not isinstance(question, ask.Campaign) or not adds_up(question):
            return None
        if sum(file.rows for file in moment.files if file.table != "sightings") < self._rules.least_rows:
            return None
        for _ in range(2):
            held = self._of(moment, question.people.campaign)
            try:
                return self._answer(moment, held, question, compute)
            except (TooMuch, Unsure) as error:
                log.info("lake: a standing answer is begun anew", why=type(error).__name__)
                del self._held[moment.project, question.people.campaign]
                self._begin(moment, question.people.campaign)
        return None

    def _of(self, moment: Moment, campaign: str) -> _Held:
        """What is kept of a campaign, here or in the lake's folder; a new beginning where that is nothing."""
        held = self._held.get((moment.project, campaign))
        if held is not None and held.saved.good(moment.state, moment.project):
            return held
        found = load(self._place, moment.state, moment.project, campaign)
        if found is None or found[0].links > moment.links.settled:
            return self._begin(moment, campaign)
        held = _Held(*found)
        held.asked = dict.fromkeys(held.views, self._now())
        return self._hold(held)

    def _begin(self, moment: Moment, campaign: str) -> _Held:
        state = moment.state
        saved = Saved(
            lake=state.lake,
            lineage=state.lineage,
            version=state.version,
            numbers=state.numbers,
            links=moment.links.settled,
            merged=b"",
            project=moment.project,
            campaign=campaign,
            views=(),
        )
        return self._hold(_Held(saved, moment.links.sure))

    def _hold(self, held: _Held) -> _Held:
        key = held.saved.project, held.saved.campaign
        self._held.pop(key, None)
        while len(self._held) >= self._rules.campaigns:
            del self._held[min(self._held, key=lambda one: max(self._held[one].asked.values(), default=0.0))]
        self._held[key] = held
        return held

    def _answer(self, moment: Moment, held: _Held, question: ask.Campaign, compute: Compute) -> Rows:
        query = msgspec.structs.replace(question, now=0, recent_since=0)
        key = _key(query)
        view = held.views.get(key)
        if view is None or not _recent_enough(view, question):
            view = self._first(held, key, query, question.recent_since, compute)
        held.asked[key] = self._now()
        mark = _mark(moment)
        known, found = held.last.get(key, (None, {}))
        if known != mark:
            found = self._exchanged(held, key, view, _since(moment, held))
            held.last[key] = mark, found
        return sums.answered(question, found, view.floors, self._cap_top)

    def _first(self, held: _Held, key: bytes, query: ask.Campaign, recent_since: int, compute: Compute) -> View:
        """Everything is looked at, once."""
        since = recent_since - _DAY_MS if recent_since else 1 << 60
        floors: Floors = {}

        def named(tables: Any) -> Iterator[tuple[str, Any]]:
            return parts(tables, query, since, floors)

        found = compute(query, held.saved.numbers, held.then, named)
        held.drop(key)
        while len(held.views) >= self._rules.views:
            held.drop(min(held.views, key=lambda one: held.asked.get(one, 0.0)))
        held.views[key] = View(query=query, since=since, floors=floors, parts=found)
        held.unsaved = True
        return held.views[key]

    def _exchanged(self, held: _Held, key: bytes, view: View, since: Since) -> Rows:
        """The parts with what came since."""
        self._check()
        sides = touched(self._engine, self._place, view.query, since, held.roster)
        if sides is None:
            return view.parts
        plan = held.plans.get(key)
        if plan is None:
            plan = planned(
                lambda tables: parts(tables, view.query, view.since, view.floors), facts_given(events_read(view.query))
            )
            held.plans[key] = plan
        self._check()
        old, new = (self._engine.run(plan, given) for given in sides)
        return sums.exchanged(view.parts, old, new)

    def _cap_top(self, rows: Sequence[Row], caps: Mapping[str, float]) -> list[Row]:
        """The moments of totals that were kept one by one, cut off."""
        if not rows:
            return []
        import pyarrow as pa

        top = pa.Table.from_pylist([*rows])
        for column, cap in caps.items():
            top = top.append_column(f"cap_{column}", pa.array([cap]).take(pa.array([0] * len(rows))))
        names = tuple(top.column_names)
        if names not in self._cap_plans:
            self._cap_plans[names] = planned(
                lambda tables: iter([("top", capped_top(tables.top))]), {"top": top.schema}
            )
        return self._engine.run(self._cap_plans[names], {"top": top})["top"]

    # -- while nobody asks ---------------------------------------------------------------------------------------------
    def cared_for(self) -> list[str]:
        """The projects that were asked about lately."""
        now = self._now()
        return sorted(
            {
                project
                for (project, _), held in self._held.items()
                if any(now - at < self._rules.cared_for_s for at in held.asked.values())
            }
        )

    def tend(self, moment: Moment) -> bool:
        """Do one thing that makes the next answer quicker; whether there was any."""
        for (project, campaign), held in [*self._held.items()]:
            if project != moment.project:
                continue
            if not held.saved.good(moment.state, project):
                del self._held[project, campaign]
            elif self._tend(moment, held):
                return True
        return False

    def _tend(self, moment: Moment, held: _Held) -> bool:
        now = self._now()
        if not any(now - at < self._rules.cared_for_s for at in held.asked.values()):
            return False
        if held.wants_roster and held.roster is None:
            held.roster = self._roster(moment, held)
            held.wants_roster = False
            return True
        if held.saved.numbers != moment.state.numbers and now - held.looked_at >= self._rules.every_s:
            held.looked_at = now
            self._advance(moment, held)
            return True
        if held.unsaved and now - held.saved_at >= self._rules.save_s:
            held.unsaved, held.saved_at = False, now
            views = tuple(held.views.values())
            save(self._place, msgspec.structs.replace(held.saved, views=views, merged=held.then.packed()))
            return True
        return False

    def _roster(self, moment: Moment, held: _Held) -> Roster | None:
        """The exposures of a campaign, where there is room for them."""
        engine, numbers = self._engine, held.saved.numbers

        def sql(table: FactTable, names: str) -> str:
            files = [one for one in moment.files if one.table == table and one.first <= numbers.of(table)]
            where = f"{of_campaign(held.saved.campaign)} AND seq <= {numbers.of(table)}"
            return f"SELECT {names} FROM {parquet(self._place, files)} WHERE {where}" if files else ""  # noqa: S608

        counting = sql("exposures", "count(*) AS rows")
        taken = sum(one.roster.size for one in self._held.values() if one.roster is not None)
        rows = engine.table(counting)["rows"][0].as_py() if counting else 0
        if not rows or taken + rows * BYTES_EACH > self._rules.roster_bytes:
            return None
        seen = sql("sightings", f"DISTINCT {', '.join(SEEN)}")
        try:
            return Roster(
                held.saved.campaign,
                engine.batches(sql("exposures", ", ".join(EXPOSED)), 1 << 17),
                engine.batches(seen, 1 << 17) if seen else (),
            )
        except TooManyArms:
            return None

    def _advance(self, moment: Moment, held: _Held) -> None:
        """All questions of a campaign, from its numbers to those of the files; those not asked for long are dropped."""
        now = self._now()
        for key in [key for key in held.views if now - held.asked.get(key, now) >= self._rules.cared_for_s]:
            held.drop(key)
        state, links = moment.state, moment.links
        since = Since(
            held.saved.numbers,
            held.then,
            links.sure,
            links.above(held.saved.links),
            moment.files,
            {},
        )
        try:
            found = {key: self._exchanged(held, key, view, since) for key, view in held.views.items()}
            if held.roster is not None:
                mine = of_campaign(held.saved.campaign)
                exposures, sightings = (
                    above(self._engine, self._place, since, table, mine) for table in ("exposures", "sightings")
                )
                held.roster.learn(exposures, sightings)
        except (TooMuch, Unsure, TooManyArms):
            del self._held[held.saved.project, held.saved.campaign]
            return
        for key, view in held.views.items():
            view.parts = found[key]
            if sums.too_many_on_top(view.query, view.parts):
                held.unsaved = False
                del self._held[held.saved.project, held.saved.campaign]
                return
        held.then = since.now
        held.saved = msgspec.structs.replace(
            held.saved, version=state.version, numbers=state.numbers, links=links.settled
        )
        held.unsaved = True


def _key(query: ask.Campaign) -> bytes:
    return msgspec.msgpack.encode(query)


def _mark(moment: Moment) -> object:
    """Tells moments apart: the same facts have the same numbers."""
    tail = tuple(moment.tail[table]["seq"].to_numpy().tobytes() for table in FACT_TABLES)
    return moment.state.version, tail, moment.links.settled, moment.late.tobytes()


def _recent_enough(view: View, question: ask.Campaign) -> bool:
    """Whether people were counted by hours since then, and not since long before it."""
    since = question.recent_since
    return not since or 0 <= since - view.since <= 60 * _DAY_MS


def _since(moment: Moment, held: _Held) -> Since:
    import numpy as np

    links = np.concatenate([moment.links.above(held.saved.links), moment.late])
    return Since(held.saved.numbers, held.then, moment.merged, links, moment.files, moment.tail)
