"""The results as a page: what was promised against what was measured, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bench.peers import contenders, flags
from bench.peers.in_process import OURS, Evaluated
from bench.peers.over_http import ECHO, GOALS, NOBODY_NEW, Served
from bench.report import Row, table

_PAYLOAD_BYTES = len(msgspec.json.encode(flags.PAYLOADS["A"]))

METHOD = f"""\
One run measures everything, one thing after the other, on one machine over loopback. Every server is a single process
with {flags.COUNT} campaigns (flags, features) of three conditions (`plan` in two values, `age` at least, `country`
not), two arms by halves, and a payload of {_PAYLOAD_BYTES} bytes each: those of `bench/seed.py`, in everybody's own
words (`bench/peers/flags.py`). Each request asks for all of them for one of 1,000 visitors in turn,
over 8 keep-alive connections in a closed loop. Before anything is measured, every server is warmed and its answers are
checked: all campaigns in each, both arms about equally often, nothing for a visitor whom the conditions leave out.

**CPU time** is that of the server's process and all its children, from the scheduler's own books, until it rests, so
that commits which no answer waited for are counted. The PostgreSQL of a server (one of its own, with all its processes)
is told apart. The servers take turns: in every round each answers for about half a second of its CPU time, forwards in
one round and backwards in the next. A number is the median over the rounds, a ratio the median of the rounds' ratios
with its quartiles. Libraries are measured alike, each in a process of its own: the visitor's context is built and all
flags are asked for; attributes are at hand; nanoseconds are CPU time divided by visitors and flags."""

NOT_COMPARABLE = """\
- **Tailorbird does more in a request**: it checks a key with a scope and a rate limit, reads the visitor's profile from
  its database (the conditions read the profile; the others are sent all attributes with each request), draws 5 %
  control, signs a token per decision, and commits the exposures of one request in ten, all {count} of them, to the
  disk. Unleash checks a token too; its frontend API looks nothing up and records nothing per request. proxy-eval in
  bare node:http and fast-feature check nobody and store nothing.
- proxy-eval puts the whole experiment into each answer for the browser to report the exposure from, which makes its
  answers the longest; Tailorbird's token is the counterpart. The server around it is the least that Node has. In
  production something checks keys, limits and logs.
- Unleash sends no payload for a disabled flag; here none is. It answers everything it has; there is no way to ask for
  some.
- fast-feature keeps its flags in memory here, its default; its PostgreSQL repository would read them all for each
  request.
- Latencies include the load generator, which has the other core. They are there for orientation only.
- In process, no library records anything: exposure logging is off in statsig and eppo, metrics are off in
  UnleashClient. GrowthBook keeps one instance for all visitors, which is its cheapest way. flag-engine evaluates all
  features in one call. statsig's experiments are written so that no visitor is asked the conditions twice. Tailorbird
  has no control group in this part, because the others have none.
- eppo and statsig are Rust, yggdrasil is Rust behind ctypes; all others are Python. An answer is what the library
  returns: eppo builds the payload as Python objects, Tailorbird hands out the bytes that it will send.
- Versions of what the pinned packages need themselves are those of the day of installation."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run found."""

    date: str
    machine: Sequence[tuple[str, str]]
    served: Sequence[Served]
    evaluated: Sequence[Evaluated]


def page(results: Results) -> str:
    """The whole page, in Markdown."""
    parts = [
        "# Beside its peers",
        f"{results.date}, by `make bench-peers`. Written by the run; do not edit.",
        "## Goals",
        table(("what", "goal", "measured", "met"), goals(results)),
        "## Machine",
        table(("", ""), results.machine),
        "## Method",
        METHOD,
        *_served(results.served),
        *_evaluated(results.evaluated),
        "## Not comparable",
        NOT_COMPARABLE.format(count=flags.COUNT),
    ]
    return "\n\n".join(parts) + "\n"


def goals(results: Results) -> list[Row]:
    """What was promised, what it is, and whether that is as promised."""
    rows = []
    bases = [one for one in results.served if one.name in (contenders.SQLITE, contenders.POSTGRES)]
    for one in results.served:
        for base in bases if one.name in GOALS else ():
            _, times, _ = one.times(base)
            goal = GOALS[one.name]
            rows.append(_goal(f"{base.name} against {one.name}", f"≥ {goal:g} × cheaper", times, times >= goal))
    for other in results.evaluated:
        _, times, _ = other.times(results.evaluated[0])
        if not other.name.startswith(OURS):
            rows.append(_goal(f"the engine alone against {other.name}", "faster", times, times > 1))
    return rows


def _goal(what: str, goal: str, times: float, met: bool) -> Row:
    return what, goal, f"{times:.2f} ×", "yes" if met else "**no**"


def _served(found: Sequence[Served]) -> list[str]:
    if not found:
        return []
    base, rows = found[0], []
    for one in found:
        low, middle, high = one.times(base)
        rows.append(
            (
                one.name,
                f"{one.cpu_us:,.0f}",
                f"{one.database_us:,.0f}" if one.has_database else "",
                f"{middle:.2f} ({low:.2f}–{high:.2f})",
                f"{one.p50_ms:.1f}",
                f"{one.p99_ms:.1f}",
                f"{one.answer_bytes:,}",
                f"{one.requests} × {len(one.turns)}",
            )
        )
    degraded = [f"{one.name}: {one.degraded} of {one.requests * len(one.turns)}" for one in found if one.degraded]
    head = ("server", "CPU µs", "its PostgreSQL µs", "ratio", "p50 ms", "p99 ms", "bytes", "requests × rounds")
    return [
        "## Over HTTP",
        f"CPU time per request for {flags.COUNT} campaigns; the ratio is to {base.name}, without PostgreSQL.",
        table(head, rows),
        *(["Answers that were degraded because the store was late: " + "; ".join(degraded) + "."] if degraded else []),
        "\n".join(f"- {one.name}: {one.about}" for one in found if one.name not in (ECHO, NOBODY_NEW)),
    ]


def _evaluated(found: Sequence[Evaluated]) -> list[str]:
    if not found:
        return []
    rows = []
    for one in found:
        low, middle, high = one.times(found[0])
        rows.append((one.name, one.about, f"{one.ns:,.0f}", f"{middle:.2f} ({low:.2f}–{high:.2f})"))
    return [
        "## In process",
        "One flag for one visitor; 50 flags share one context. Tailorbird goes the way that a decide call goes, which"
        " is short for campaigns of a simple kind such as these; calls that are explained, and campaigns with caps,"
        " exclusion sets or schedules, pass every gate one by one.",
        table(("library", "version", "ns", "ratio"), rows),
    ]
