"""The results as a page: what was promised against what was measured, and every number with its neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from bench import answers, beside, commit, decide, doors, engine, events, export, growth

METHOD = """\
One run measures everything. Each server is a real one in a process of its own: uvicorn with uvloop and httptools, one
worker, the SQLite store with `synchronous=FULL`, keys checked, access log off. The load is a closed loop over 8
keep-alive connections from another process. **CPU time** is that of all threads of the server's process, from the
scheduler's own books (`/proc/PID/task/*/schedstat`), until the server rests, so that commits which no answer waited for
are counted too; requests per second are not compared. What is compared is measured in turns, round by round (decide and
echo; each door and our own calls; group commit and one transaction each; the project of every size). A number is the
median over the rounds, a ratio the median of the rounds' ratios. `bench/README.md` says how to read it."""

NOT_COMPARABLE = """\
- The load generator runs on the same machine. Events per second of wall clock and all latencies hold its share, and
  are there for orientation only.
- The echo reads the same request and answers as many bytes on the same uvicorn, and does nothing else: no JSON, no key.
- CPU time depends on the CPU, its caches and what else uses them. Ratios carry over to other machines; microseconds do
  not.
- `fdatasync` on a virtual disk may end before the data is on anything that survives a power cut. The ratio of group
  commit to one transaction each grows with its time.
- "Per core" is events divided by CPU time. One server process uses a little more than one core at most.
- Databases fit into the page cache. A cold disk adds its own time to `find`."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run found."""

    date: str
    machine: Sequence[tuple[str, str]]
    decide: Sequence[decide.Ratio]
    doors: Sequence[doors.Row]
    events: Sequence[events.Recording]
    commit: commit.Grouping
    growth: growth.Growth
    export: Sequence[export.Exporting]
    answers: answers.Answers
    beside: beside.Beside
    engine: Sequence[engine.Step]


Row = Sequence[str]


def page(results: Results) -> str:
    """The whole page, in Markdown."""
    parts = [
        "# Measured",
        f"{results.date}, by `make bench`. Written by the run; do not edit.",
        "## Goals",
        table(("what", "goal", "measured", "met"), goals(results)),
        "## Machine",
        table(("", ""), results.machine),
        "## Method",
        METHOD,
        *_decide(results.decide),
        *_doors(results.doors),
        *_events(results.events),
        *_commit(results.commit),
        *_growth(results.growth),
        *_export(results.export),
        *_answers(results.answers),
        *_beside(results.beside),
        "## The engine alone",
        "In process, the best of several repeats. A decide call asks for several campaigns; a step is done for each.",
        table(("step", "ns"), [(step.name, f"{step.ns:,.0f}") for step in results.engine]),
        "## Not comparable",
        NOT_COMPARABLE,
    ]
    return "\n\n".join(parts) + "\n"


def goals(results: Results) -> list[Row]:
    """What was promised, what it is, and whether that is as promised."""
    rows = [
        _goal(f"decide, {one.name}", f"≤ {one.goal:g} × echo", f"{one.ratio:.2f} ×", one.ratio <= one.goal)
        for one in results.decide
        if one.goal
    ]
    rows += [
        _goal(f"{one.name}", f"≤ {doors.GOAL:g} × {one.beside}", f"{one.ratio:.2f} ×", one.ratio <= doors.GOAL)
        for one in results.doors
    ]
    rows += [
        _goal(
            f"events, {one.name}", f"≥ {events.GOAL:,}/s per core", f"{one.per_core:,.0f}", one.per_core >= events.GOAL
        )
        for one in results.events
    ]
    ratio = results.commit.ratio
    rows.append(
        _goal("group commit", f"≥ {commit.GOAL:g} × one transaction each", f"{ratio:.1f} ×", ratio >= commit.GOAL)
    )
    small, large = results.growth.campaigns[0], results.growth.campaigns[-1]
    rows.append(
        _goal(
            f"decide, {large.running:,} campaigns running instead of {small.running:,}",
            f"≤ {growth.GOAL:g} ×, as many calls",
            f"{large.times:.2f} ×, {large.calls - small.calls:+d} calls",
            large.times <= growth.GOAL and large.calls == small.calls,
        )
    )
    found = results.beside
    rows.append(
        _goal(
            "decide beside a running question, CPU of the server",
            f"≤ {beside.GROWTH:.2f} × alone",
            f"{found.ratio:.2f} ×",
            found.ratio <= beside.GROWTH,
        )
    )
    late = found.beside.lag_p99_ms
    rows.append(
        _goal(
            "event loop beside a running question, p99 of its lag",
            f"≤ {beside.LAG_MS:g} ms",
            f"{late:.1f} ms",
            late <= beside.LAG_MS,
        )
    )
    for one in results.answers.questions:
        if one.goal_s is not None:
            rows.append(
                _goal(
                    f"results, {one.name}, {one.people:,} people",
                    f"≤ {one.goal_s:g} s{' cold' if one.cold else ''}, ≤ {answers.MOST_MB / 1024:g} GiB",
                    f"{_judged(one):.1f} s, {one.memory_mb / 1024:.1f} GiB",
                    _judged(one) <= one.goal_s and one.memory_mb <= answers.MOST_MB,
                )
            )
    for again in results.answers.kept:
        if again.goal_s is not None:
            rows.append(
                _goal(
                    f"results, the default view again, {again.people:,} people, {again.new:,} new facts",
                    f"≤ {again.goal_s * 1000:.0f} ms",
                    f"{again.seconds * 1000:.0f} ms",
                    again.seconds <= again.goal_s,
                )
            )
    return rows


def _judged(one: answers.Answer) -> float:
    return one.seconds if one.cold else one.again_s


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table; all columns but the first are numbers, more or less."""
    rule = ["---", *["---:"] * (len(head) - 1)] if any(head) else ["---"] * len(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def _goal(what: str, goal: str, measured: str, met: bool) -> Row:
    return what, goal, measured, "yes" if met else "**no**"


def _decide(found: Sequence[decide.Ratio]) -> list[str]:
    rows = [
        (one.name, f"{one.cpu_us:.0f}", f"{one.echo_us:.0f}", f"{one.ratio:.2f}", f"{one.p99_ms:.1f}") for one in found
    ]
    return [
        "## Decide over HTTP",
        "CPU time per request. Every campaign has 3 conditions, two experiences and 5 % control; the visitor has a"
        " profile; the key is checked; every decision carries its token. A new exposure is committed as well.",
        table(("case", "CPU µs", "echo µs", "ratio", "p99 ms"), rows),
    ]


def _doors(found: Sequence[doors.Row]) -> list[str]:
    rows = [
        (one.name, one.beside, f"{one.cpu_us:.0f}", f"{one.own_us:.0f}", f"{one.ratio:.2f}", f"{one.p99_ms:.1f}")
        for one in found
    ]
    return [
        "## Doors",
        "CPU time per visit through a door, beside our own API for the same visitors and campaigns: 10 of 10, by name"
        " or because they are open. Nobody is new. A visit through Salesforce's door is one event, recorded before it"
        " is answered; beside it stand two calls of ours.",
        table(("door", "beside", "CPU µs", "ours µs", "ratio", "p99 ms"), rows),
    ]


def _events(found: Sequence[events.Recording]) -> list[str]:
    rows = [
        (
            one.name,
            f"{one.per_core:,.0f}",
            f"{one.cpu_us:.0f}",
            f"{one.per_second:,.0f}",
            f"{one.p50_ms:.0f}",
            f"{one.p99_ms:.0f}",
            f"{one.bytes_each:.0f}",
            f"{one.fdatasync_us:.0f}",
        )
        for one in found
    ]
    total, repeated = sum(one.accepted for one in found), sum(one.duplicates for one in found)
    head = (
        "batches of 100",
        "accepted/s per core",
        "CPU µs each",
        "/s by the clock",
        "p50 ms",
        "p99 ms",
        "bytes each",
        "fdatasync µs",
    )
    return [
        "## Events over HTTP",
        f"Acknowledged after the commit; 5 of 100 are repeats. Of {total + repeated:,} events {total:,} were"
        f" acknowledged as new and {repeated:,} as repeats, and the files hold {total:,} rows.",
        table(head, rows),
    ]


def _commit(found: commit.Grouping) -> list[str]:
    sides = (("group commit", found.grouped), ("one transaction each", found.single))
    rows = [
        (
            name,
            f"{side.per_second:,.0f}",
            f"{side.p50_ms:.1f}",
            f"{side.p99_ms:.1f}",
            f"{side.per_transaction:.1f}",
        )
        for name, side in sides
    ]
    return [
        "## Group commit",
        f"{found.producers} producers hand in one event each, wait until it is durable, and hand in the next; wall"
        f" clock, in process. Median `fdatasync` of a small append: {found.fdatasync_us:.0f} µs.",
        table(("", "events/s", "p50 ms", "p99 ms", "events a transaction"), rows),
    ]


def _export(found: Sequence[export.Exporting]) -> list[str]:
    rows = [
        (
            f"{one.facts:,} of {one.days}",
            f"{one.per_core:,.0f}",
            f"{one.per_second:,.0f}",
            f"{one.bytes_each:.0f}",
            f"{one.files:,}",
        )
        for one in found
    ]
    return [
        "## Export to the lake",
        "Two thirds events, one third exposures, from a SQLite file into Parquet files on a disk, each made durable, in"
        " steps of 100,000 rows of a table. A server that takes in more facts than this falls behind.",
        table(("facts of days", "facts/s per core", "/s by the clock", "bytes each", "files"), rows),
    ]


def _answers(found: answers.Answers) -> list[str]:
    rows = [
        (
            f"{one.name}, of {one.exposures:,} exposures",
            f"{one.people:,}",
            f"{one.seconds:.2f}",
            f"{one.cpu_s:.2f}",
            f"{one.memory_mb:,.0f}",
            f"{one.again_s:.2f}",
            f"{one.sql_seconds:.2f}" if one.sql_seconds else "",
        )
        for one in found.questions
    ]
    kept = [
        (
            f"{one.exposures:,}",
            f"{one.people:,}",
            f"{one.first_s:.2f}",
            f"{one.seconds * 1000:.0f}",
            f"{one.cpu_s * 1000:.0f}",
            f"{one.again_s * 1000:.0f}",
            f"{one.restarted_s * 1000:.0f}",
            f"{one.whole_s:.2f}",
            f"{one.memory_mb:,.0f}",
        )
        for one in found.kept
    ]
    return [
        "## Results",
        "A question asked of a process that just started, imports and the reading of who is whom included; then again;"
        " one thread."
        " One order for each ten exposures, one person in ten made of two ids, a week's window, a condition on the"
        " order's amount. Beside it what somebody would write by hand for this goal on the same files; both must count"
        " the same.",
        table(("question", "people", "s", "CPU s", "MiB", "asked again s", "plain SQL s"), rows),
        "## Results, asked for again",
        "The default view (revenue capped at a percentile, touches, crossed people), kept when it was first asked for."
        f" Then {max((one.new for one in found.kept), default=0):,} facts are new: orders, first exposures,"
        " impressions, merges of people; now in the lake, now in the database only. Once more is the same with nothing"
        " new. Another process begins with what this one left in the lake's folder, and as much is new; its answer must"
        " be what everything computed anew comes to.",
        table(
            (
                "exposures",
                "people",
                "first s",
                "new facts ms",
                "CPU ms",
                "once more ms",
                "another process ms",
                "everything anew s",
                "MiB",
            ),
            kept,
        ),
    ]


def _beside(found: beside.Beside) -> list[str]:
    rows = [
        (
            name,
            f"{half.cpu_us:.0f}",
            f"{half.p99_ms:.1f}",
            f"{half.lag_p50_ms:.1f}",
            f"{half.lag_p99_ms:.1f}",
            f"{half.own_p99_ms:.1f}",
            f"{half.lag_most_ms:.0f}",
            f"{100 * half.waiting:.0f}",
        )
        for name, half in (("alone", found.alone), ("beside questions", found.beside))
    ]
    head = ("decide", "CPU µs", "p99 ms", "lag p50 ms", "lag p99 ms", "its own ms", "latest ms", "without a core %")
    return [
        "## Decide beside questions",
        f"Decisions for 10 campaigns, 10 % of them new exposures, while results of a campaign with {found.exposures:,}"
        " exposures are computed whole, over and over, in the process beside the server, through `GET …/results`: each"
        f" question another one, none answered from what is kept. {found.questions} were answered, in"
        f" {found.seconds:.1f} s each, of which {found.cpu_s:.1f} s of CPU time in that process. CPU time is of the"
        " server's process alone, its own part of each answer included. Lag is how much later than asked for a timer of"
        " the server's event loop is served; *its own* is the part in which its thread had a core. *Without a core*:"
        " the share of the time in which the server had work and others had the cores: the load generator, the"
        " questions, and whatever else ran. *Alone*: the process beside the server is stopped.",
        table(head, rows),
    ]


def _growth(found: growth.Growth) -> list[str]:
    campaigns = [
        (
            f"{one.running:,}",
            f"{one.cpu_us:.0f}",
            f"{one.times:.2f}",
            f"{one.calls}",
            f"{one.p99_ms:.1f}",
            f"{one.publish_ms:.0f}",
        )
        for one in found.campaigns
    ]
    profiles = [
        (
            f"{one.people:,}",
            f"{one.find_us:.1f}",
            f"{one.cpu_us:.0f}",
            f"{one.times:.2f}",
            f"{one.p99_ms:.1f}",
            f"{one.database_bytes / 1e6:,.0f}",
            f"{one.seed_seconds:.0f}",
        )
        for one in found.profiles
    ]
    return [
        "## Growth: campaigns",
        "10 of the running campaigns are asked for. Calls are the functions that one decide call without HTTP calls,"
        " counted: where they are equal, the other campaigns were not looked at. Publish is the time until a campaign"
        " that was started or paused over HTTP is in force.",
        table(("running", "CPU µs", "×", "calls", "p99 ms", "publish ms"), campaigns),
        "## Growth: profiles",
        "Visitors are drawn from all profiles, so most are not in any cache of ours; 10 campaigns are asked for and"
        " exposures are left to be reported, so that nothing is written. `find` is the profile read in process.",
        table(("profiles", "find µs", "CPU µs", "×", "p99 ms", "database MB", "seeded in s"), profiles),
    ]
