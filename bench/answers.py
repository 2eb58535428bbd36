"""Results: how long a question takes and how much memory, cold, beside the plain SQL on the same files."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
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
#: what is promised: seconds for the large campaign and for the small one, MiB
LARGE_S, SMALL_S, MOST_MB = 8.0, 2.0, 3 * 1024


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


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the process that asks tells."""

    #: since the process was started
    seconds: float
    cpu_s: float
    memory_mb: float
    people: int
    total: float
    again_s: float = 0.0


def main(sizes: Sizes) -> list[Answer]:
    """All cases."""
    found: list[Answer] = []
    for exposures in sizes.exposures:
        say(f"results: {exposures:,} exposures")
        with tempfile.TemporaryDirectory(prefix="tailorbird-bench-") as folder:
            world = lakeworld.make(Path(folder), exposures)
            for case in CASES:
                whole = exposures == sizes.exposures[-1]
                if whole or case == "goal":
                    found.append(_case(world, case, sizes, promised=exposures == PROMISED))
    return found


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


def _run(how: str, world: lakeworld.World, what: str) -> Told:
    """What a process of its own tells."""
    words = [sys.executable, "-m", "bench.answers", how, str(world.folder), what]
    return msgspec.json.decode(subprocess.run(words, capture_output=True, check=True).stdout, type=Told)


# -- in the process that asks ------------------------------------------------------------------------------------------
Asking = Callable[[], tuple[int, float]]


def _asked(folder: Path, case: str) -> Asking:
    """Asks the lake, each time it is called."""
    from tailorbird.engine.lakeprocess import facts
    from tailorbird.lake.place import Place
    from tailorbird.lake.session import Limits, Session

    limits = Limits(threads=1, memory_mb=MEMORY_MB, scratch=str(folder / "scratch"))
    session = Session(Place(str(folder / "lake")), facts(str(folder / "tailorbird.db")), limits)
    campaign = CASES[case][1]
    where = {"amount": {"$gt": 5}}
    ordered = ask.Counted(id="g", value=ask.Measure(event="order", where=where), window_ms=WINDOW_MS)
    measure = ask.Measure(event="order", where=where, aggregate="sum", property="amount")
    revenue = ask.Counted(id="g", value=measure, window_ms=WINDOW_MS, cap=ask.Cap(percentile=99.9))
    people = ask.People(campaign=campaign, rules={"exp1": lakeworld.RULE})
    question = (
        ask.Campaign(people=people, goals=(revenue,))
        if case == "report"
        else ask.Campaign(people=people, goals=(ordered,), touches=False, crossed=False)
    )

    def ask_it() -> tuple[int, float]:
        answer = session.run(lakeworld.PROJECT, question)
        return sum(row["n"] for row in answer["people"]), sum(row["total"] for row in answer["goal:g"])

    return ask_it


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
    kilobytes = usage.ru_maxrss if sys.platform == "linux" else usage.ru_maxrss / 1024
    began = time.perf_counter()
    asking()
    told = Told(
        seconds=seconds,
        cpu_s=usage.ru_utime + usage.ru_stime,
        memory_mb=kilobytes / 1024,
        people=people,
        total=round(total, 2),
        again_s=time.perf_counter() - began,
    )
    sys.stdout.buffer.write(msgspec.json.encode(told))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        _tell(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    else:
        print(msgspec.json.format(msgspec.json.encode(main(QUICK if "--quick" in sys.argv else Sizes()))).decode())
