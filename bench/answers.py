"""Results: how long a question takes and how much memory, cold, beside the plain SQL on the same files; and how long
when the answer was kept and a few thousand facts are new."""

from __future__ import annotations

import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import psutil

from bench import lakeworld
from bench.progress import say
from tailorbird.lake.queries import ask

DAY = 86_400_000
WINDOW_MS = 7 * DAY
MEMORY_MB = 2048
#: what is promised: seconds for the large campaign, for the small one, and for an answer that was kept; MiB
LARGE_S, SMALL_S, KEPT_S, MOST_MB = 8.0, 2.0, 0.3, 3 * 1024


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    #: exposures of the large campaign; the last is the one that is promised something of
    exposures: Sequence[int] = (10_000, 100_000, 1_000_000, 10_000_000)
    rounds: int = 3


QUICK = Sizes(exposures=(10_000, 100_000), rounds=1)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One question, asked of a process that just started."""

    name: str
    exposures: int
    #: of the campaign that was asked for
    people: int
    #: by the clock and of CPU time, imports and start included
    seconds: float
    cpu_s: float
    memory_mb: float
    #: the same question once more, in the same process
    again_s: float = 0.0
    #: the plain SQL for the same figures, likewise; 0 = not measured
    sql_seconds: float = 0.0
    goal_s: float | None = None
    #: whether the promise is about a process that just started
    cold: bool = True


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The default view of one campaign, asked for again and again in one process."""

    exposures: int
    people: int
    #: for the first time, and everything computed at the end
    first_s: float
    whole_s: float
    #: after some thousand new facts, by the clock and of CPU time; how many facts
    seconds: float
    cpu_s: float
    new: int
    #: with nothing new
    again_s: float
    #: by another process, of what this one left in the lake's folder
    restarted_s: float
    memory_mb: float
    goal_s: float | None = None


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    questions: Sequence[Answer]
    kept: Sequence[Kept]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the process that asks tells."""

    #: since the process was started
    seconds: float
    cpu_s: float
    memory_mb: float
    people: int
    total: float
    again_s: float = 0.0


def main(sizes: Sizes) -> Answers:
    """All cases."""
    found: list[Answer] = []
    kept: list[Kept] = []
    for exposures in sizes.exposures:
        say(f"results: {exposures:,} exposures")
        with tempfile.TemporaryDirectory(prefix="tailorbird-bench-") as folder:
            world = lakeworld.make(Path(folder), exposures)
            for case in CASES:
                whole = exposures == sizes.exposures[-1]
                if whole or case == "goal":
                    found.append(_case(world, case, sizes, promised=exposures == PROMISED))
            kept.append(_kept(world))  # the last one: it adds facts
    return Answers(questions=found, kept=kept)


#: the size that something is promised of
PROMISED = 10_000_000
#: name → what it is called, campaign, whether the plain SQL is measured beside it, seconds promised
CASES: dict[str, tuple[str, str, bool, float | None]] = {
    "goal": ("one goal of the whole campaign", lakeworld.LARGE, True, LARGE_S),
    "small": ("one goal of a campaign with a fifth of them", lakeworld.SMALL, True, SMALL_S),
    "report": ("the whole report: revenue capped, touches, crossed people", lakeworld.LARGE, False, None),
}


def _case(world: lakeworld.World, case: str, sizes: Sizes, *, promised: bool) -> Answer:
    name, campaign, beside, goal_s = CASES[case]
    runs = [_run("ask", world, case) for _ in range(sizes.rounds)]
    sql = [_run("sql", world, campaign) for _ in range(sizes.rounds)] if beside else []
    for other in sql:
        assert (other.people, other.total) == (runs[0].people, runs[0].total), "the plain SQL counts something else"
    return Answer(
        name=name,
        exposures=world.exposures,
        people=runs[0].people,
        seconds=median(one.seconds for one in runs),
        cpu_s=median(one.cpu_s for one in runs),
        memory_mb=max(one.memory_mb for one in runs),
        again_s=median(one.again_s for one in runs),
        sql_seconds=median(one.seconds for one in sql) if sql else 0.0,
        goal_s=goal_s if promised else None,
        cold=case != "small",
    )


def _kept(world: lakeworld.World) -> Kept:
    words = [sys.executable, "-m", "bench.answers", "kept", str(world.folder), str(world.exposures)]
    return msgspec.json.decode(subprocess.run(words, capture_output=True, check=True).stdout, type=Kept)


def _run(how: str, world: lakeworld.World, what: str) -> Told:
    """What a process of its own tells."""
    words = [sys.executable, "-m", "bench.answers", how, str(world.folder), what]
    return msgspec.json.decode(subprocess.run(words, capture_output=True, check=True).stdout, type=Told)


# -- in the process that asks ------------------------------------------------------------------------------------------
Asking = Callable[[], tuple[int, float]]


def _asked(folder: Path, case: str) -> Asking:
    """Asks the lake, each time it is called, and computes everything."""
    session = _session(folder, time.monotonic, least_rows=sys.maxsize)
    campaign = CASES[case][1]
    ordered = ask.Counted(id="g", value=ask.Measure(event="order", where=_WHERE), window_ms=WINDOW_MS)
    people = ask.People(campaign=campaign, rules={"exp1": lakeworld.RULE})
    question = (
        _report(campaign)
        if case == "report"
        else ask.Campaign(people=people, goals=(ordered,), touches=False, crossed=False)
    )

    def ask_it() -> tuple[int, float]:
        answer = session.run(lakeworld.PROJECT, question)
        return sum(row["n"] for row in answer["people"]), sum(row["total"] for row in answer["goal:g"])

    return ask_it


_WHERE = {"amount": {"$gt": 5}}


def _report(campaign: str) -> ask.Campaign:
    """What a page of results asks for: one goal, its totals cut off, and everything beside it."""
    measure = ask.Measure(event="order", where=_WHERE, aggregate="sum", property="amount")
    revenue = ask.Counted(id="g", value=measure, window_ms=WINDOW_MS, cap=ask.Cap(percentile=99.9))
    people = ask.People(campaign=campaign, rules={"exp1": lakeworld.RULE})
    return ask.Campaign(people=people, goals=(revenue,), now=lakeworld.NOW, recent_since=lakeworld.NOW - 7 * DAY)


def _session(folder: Path, now: Callable[[], float], *, least_rows: int) -> Any:
    from tailorbird.engine.lakeprocess import facts
    from tailorbird.lake.place import Place
    from tailorbird.lake.session import Limits, Session
    from tailorbird.lake.standing.campaigns import Rules

    limits = Limits(threads=1, memory_mb=MEMORY_MB, scratch=str(folder / "scratch"))
    rules = Rules(least_rows=least_rows, roster_bytes=MEMORY_MB << 18)
    return Session(Place(str(folder / "lake")), facts(str(folder / "tailorbird.db")), limits, rules=rules, now=now)


class _Asking:
    """One session, whose rests between what it does unasked are over at once."""

    def __init__(self, folder: Path, *, least_rows: int = 0) -> None:
        self._ahead = 0.0
        self._session = _session(folder, lambda: time.monotonic() + self._ahead, least_rows=least_rows)

    def answer(self) -> tuple[float, float, dict[str, Any]]:
        """Seconds, CPU seconds, and the answer."""
        began, used = time.perf_counter(), time.process_time()
        found = self._session.run(lakeworld.PROJECT, _report(lakeworld.LARGE))
        return time.perf_counter() - began, time.process_time() - used, found

    def tend(self) -> None:
        """Everything that there is to do while nobody asks."""
        idle = 0
        while idle < 3:
            self._ahead += 3_600.0
            idle = 0 if self._session.tend() else idle + 1


def _again_and_again(folder: Path, exposures: int) -> Kept:
    asking = _Asking(folder)
    first_s, _, _ = asking.answer()
    asking.tend()
    found = []
    for turn in range(5):
        lakeworld.more(folder, exposures, turn, exported=turn % 2 == 0)
        found.append(asking.answer())
        again_s, _, _ = asking.answer()
        asking.tend()
        lakeworld.more(folder, exposures, 100 + turn, exported=True)
        asking.tend()
    lakeworld.more(folder, exposures, 200, exported=False)
    restarted_s, _, kept = _Asking(folder).answer()
    whole_s, _, whole = _Asking(folder, least_rows=sys.maxsize).answer()
    assert _alike(kept, whole), "what was kept comes to something else"
    return Kept(
        exposures=exposures,
        people=sum(row["n"] for row in whole["people"]),
        first_s=first_s,
        whole_s=whole_s,
        seconds=median(one[0] for one in found),
        cpu_s=median(one[1] for one in found),
        new=lakeworld.ORDERS + 2 * lakeworld.EXPOSED + lakeworld.SHOWN + lakeworld.TURNED_OUT,
        again_s=again_s,
        restarted_s=restarted_s,
        memory_mb=_memory_mb(),
        goal_s=KEPT_S if exposures == PROMISED else None,
    )


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two answers tell the same, but for the noise of adding up in another order."""

    def figures(answer: dict[str, Any]) -> list[tuple[str, list[Any], list[float]]]:
        found = []
        for name, rows in answer.items():
            for row in rows:
                told = sorted(row.items())
                exact = [item for item in told if not isinstance(item[1], float)]
                found.append((name, exact, [value for _, value in told if isinstance(value, float)]))
        return sorted(found, key=str)

    return len(figures(one)) == len(figures(other)) and all(
        mine[:2] == theirs[:2] and all(map(partial(math.isclose, rel_tol=1e-9), mine[2], theirs[2]))
        for mine, theirs in zip(figures(one), figures(other), strict=True)
    )


def _memory_mb() -> float:
    """The most that this process had."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_maxrss if sys.platform == "linux" else usage.ru_maxrss / 1024) / 1024


def _by_hand(folder: Path, campaign: str) -> Asking:
    """What somebody would write who knows these files and this goal."""
    import sqlite3

    import duckdb
    import pyarrow as pa

    store = sqlite3.connect(folder / "tailorbird.db")
    pairs = store.execute("SELECT person, target FROM person_links").fetchall()
    links = pa.table({"person": [one for one, _ in pairs], "target": [other for _, other in pairs]})
    connection = duckdb.connect(config={"threads": 1, "memory_limit": f"{MEMORY_MB}MB"})
    connection.execute("SET preserve_insertion_order = false")
    connection.register("links", links)
    for table in ("events", "exposures"):
        files = [str(path) for path in sorted((folder / "lake").glob(f"facts/{table}/**/*.parquet"))]
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({files!r}, hive_partitioning = false)")

    def ask_it() -> tuple[int, float]:
        found = connection.execute(_SQL, {"campaign": campaign, "window": WINDOW_MS}).fetchall()
        return sum(int(row[1]) for row in found), sum(float(row[2]) for row in found)

    return ask_it


_SQL = """
WITH people AS (
  SELECT coalesce(l.target, e.person) AS who, min(e.time) AS began, arg_min(e.arm, (e.time, e.seq)) AS arm
  FROM exposures e LEFT JOIN links l ON l.person = e.person
  WHERE e.campaign = $campaign GROUP BY 1
), done AS (
  SELECT DISTINCT p.who
  FROM events v LEFT JOIN links l ON l.person = v.person JOIN people p ON p.who = coalesce(l.target, v.person)
  WHERE v.name = 'order' AND (v.properties ->> '$.amount')::DOUBLE > 5
    AND v.time >= p.began AND v.time < p.began + $window
)
SELECT arm, count(*), count(done.who) FROM people LEFT JOIN done USING (who) GROUP BY arm
"""


def _tell(how: str, folder: Path, what: str) -> None:
    made: Callable[[Path, str], Asking] = {"ask": _asked, "sql": _by_hand}[how]
    asking = made(folder, what)
    people, total = asking()
    seconds = time.time() - psutil.Process().create_time()
    usage: Any = resource.getrusage(resource.RUSAGE_SELF)
    memory_mb = _memory_mb()
    began = time.perf_counter()
    asking()
    told = Told(
        seconds=seconds,
        cpu_s=usage.ru_utime + usage.ru_stime,
        memory_mb=memory_mb,
        people=people,
        total=round(total, 2),
        again_s=time.perf_counter() - began,
    )
    sys.stdout.buffer.write(msgspec.json.encode(told))


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "kept":
        sys.stdout.buffer.write(msgspec.json.encode(_again_and_again(Path(sys.argv[2]), int(sys.argv[3]))))
    elif len(sys.argv) == 4:
        _tell(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    else:
        print(msgspec.json.format(msgspec.json.encode(main(QUICK if "--quick" in sys.argv else Sizes()))).decode())
