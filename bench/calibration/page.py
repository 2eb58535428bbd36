"""The results as a page: what was promised, what was found, and what misses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from bench.calibration.coverage import Coverage
from bench.calibration.speed import MEAN, MEDIAN, Duration
from bench.calibration.splits import Alarms
from bench.calibration.validity import Share

METHOD = """\
Campaigns with a known truth are drawn with numpy and fixed seeds, and the product's own code looks at
them: `log_evidence`, `score_of_rates` and `score_of_means` of `tailorbird.stats.evalue`, with the thresholds of
`tailorbird.stats.deciding`; `at_most` of `tailorbird.stats.rates`; `tailorbird.stats.compare`. A verdict stands when
the e-value has reached 20 times the number of comparisons and the gates are open (35 completions, or 200 contributing
people, in each group). People come one by one in random order, all of them are seen at each look, and conversions are
immediate unless said otherwise. Plans are for +10 % (5 % two-sided, 80 % power).

**Revenue**: 95 % of people spend nothing, the others a log-normal amount with σ = 2. **Revenue per order**: the same
people with one to three orders (70, 20, 10 %), so one person's amounts are alike. Each person's total is capped at
the 99.9th percentile of everybody's total so far, anew at every look. Log-normal values are rounded to steps of 5 %.

The last cases are what real campaigns bring: conversions 20 looks after the exposure in the mean; everybody coming in
the first ten looks and converting 100 looks later in the mean; arms of the same mean but different spread; a rate near
1; two rules that convert at 10 and 2 %, the second with nine of ten people in control until half-time, and everything
converting half more after it.

**Coverage** of proportions is no simulation: the probability of every outcome is added up. That of values is counted
over drawn campaigns in which the test arm spends 20 % more (or as much) per order; what has to be covered is the
ratio of the capped quantity, at the cap that the campaign shows. "Expected" is the number of completions, or of
contributing people, that the smaller group has on average. Limits allow two standard errors of the simulation."""

LIMITS = """\
- The guarantee of the e-value is asymptotic: it rests on a sum of many people being close to normal. That is what the
  gates are for, and what the tables above check at the smallest samples that they let through. A metric with heavier
  tails after capping than the one drawn here is not covered by them.
- In these campaigns nobody returns in another arm, and arms differ by nothing but what the case says.
- A campaign runs to twice its planned sample. The bound is for one that never ends; most of what can be declared by
  chance is declared by then.
- Without a plan a verdict takes a quarter (mean) to two fifths (median) more people; that case, and effects other
  than the planned one, are listed and not promised.
- "Bare 95 % rule" is chance to win above 95 % or below 5 % at any look, without gates and without strata: what a
  reader does who takes that number for a verdict."""

Row = Sequence[str]


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run found."""

    date: str
    machine: Sequence[tuple[str, str]]
    seconds: float
    shares: Sequence[Share]
    durations: Sequence[Duration]
    rates: Sequence[Coverage]
    values: Sequence[Coverage]
    alarms: Sequence[Alarms]


def page(results: Results) -> str:
    """The whole page, in Markdown."""
    parts = [
        "# Calibration",
        f"{results.date}, by `make calibrate`, in {results.seconds / 60:.1f} minutes of one core. "
        "Written by the run; do not edit.",
        "## Promises",
        table(("what", "promised", "found", "met"), promises(results)),
        *missed(results),
        "## Machine",
        table(("", ""), results.machine),
        "## Method",
        METHOD,
        "## No difference, looked at 200 times",
        "The share of campaigns in which any experience was ever declared better or worse.",
        table(("metric", "shares", "plan", "campaigns", "ever declared", "limit", "bare 95 % rule"), _shares(results)),
        "## A true difference",
        "People until the verdict, in samples of one look at the end (5 %, two-sided, same correction, 80 % power).",
        table(
            ("case", "rate", "arms", "sample", "median", "mean", "decided in 1", "in 2", "wrong side"),
            _durations(results),
        ),
        "## Coverage of 95 % intervals: proportions",
        "Lowest to highest over rates of 1, 5, 10, 30 and 50 %, without a difference and with +20 %.",
        table(("expected completions", "50/50", "5/95", "promised"), _ranges(results.rates)),
        "## Coverage of 95 % intervals: capped means and ratios",
        "Lowest to highest over no difference and +20 % per order. Below 200 the interval is marked too little data.",
        table(("expected contributing", "metric", "50/50", "5/95", "promised"), _values(results.values)),
        "## Sample ratio",
        "The share of campaigns that ever alarm, over 100,000 people and 200 looks; the classical test at p < 0.001.",
        table(("shares", "control gets", "sequential", "classical, every look", "classical, once"), _alarms(results)),
        "## Limits",
        LIMITS,
    ]
    return "\n\n".join(parts) + "\n"


def promises(results: Results) -> list[Row]:
    """One line for each promise."""
    worst = max(results.shares, key=lambda share: share.declared - share.limit)
    promised = [duration for duration in results.durations if duration.promised]
    held = [coverage for coverage in results.rates if coverage.promised]
    values = [coverage for coverage in results.values if coverage.promised]
    false_alarms = max((alarms for alarms in results.alarms if alarms.kept), key=lambda alarms: alarms.sequential)
    return [
        (
            f"no difference: ever declared, each of {len(results.shares)} cases",
            "≤ 5 % + 2 s.e.",
            f"worst {worst.declared:.1%} ({worst.metric}, {worst.split}, {worst.plan})",
            met(results.shares),
        ),
        (
            "true +10 %: people until the verdict, median",
            f"≤ {MEDIAN} samples",
            f"worst {max(duration.median for duration in promised):.2f}",
            _yes(all(duration.median <= MEDIAN for duration in promised)),
        ),
        (
            "true +10 %: people until the verdict, mean",
            f"≤ {MEAN} samples",
            f"worst {max(duration.mean for duration in promised):.2f}",
            _yes(all(duration.mean <= MEAN for duration in promised)),
        ),
        ("coverage of proportions, 10 expected and more", "94–96 %", _range(held), met(held)),
        ("coverage of capped means and ratios, 200 contributing and more", "93–97 %", _range(values), met(values)),
        (
            "sample ratio kept: ever alarmed",
            "≤ 1 % + 2 s.e.",
            f"worst {false_alarms.sequential:.2%} ({false_alarms.split})",
            met(results.alarms),
        ),
    ]


def missed(results: Results) -> list[str]:
    """What is outside of what was promised, case by case; empty when nothing is."""
    lines = [
        *(
            f"- {s.metric}, {s.split}, {s.plan}: {s.declared:.2%} declared, limit {s.limit:.2%}"
            for s in results.shares
            if not s.met
        ),
        *(
            f"- {d.case}, rate {d.rate:g}: median {d.median:.2f}, mean {d.mean:.2f}"
            for d in results.durations
            if d.promised and not d.met
        ),
        *(
            f"- coverage of {c.metric}, {c.split}, {c.effect:+.0%}, {c.expected} expected: {c.covered:.2%}"
            for c in [*results.rates, *results.values]
            if not c.met
        ),
        *(f"- sample ratio, {a.split}: {a.sequential:.2%} false alarms" for a in results.alarms if not a.met),
    ]
    return ["## What misses", "\n".join(lines)] if lines else ["Nothing misses."]


def met(cases: Iterable[Share | Coverage | Alarms]) -> str:
    """One word for all of them."""
    return _yes(all(case.met for case in cases))


def _yes(good: bool) -> str:
    return "yes" if good else "**no**"


def table(head: Row, rows: Iterable[Row]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _shares(results: Results) -> list[Row]:
    return [
        (s.metric, s.split, s.plan, f"{s.campaigns:,}", f"{s.declared:.2%}", f"{s.limit:.2%}", f"{s.bare:.0%}")
        for s in results.shares
    ]


def _durations(results: Results) -> list[Row]:
    return [
        (
            *(d.case, f"{d.rate:g}", str(d.arms), f"{d.fixed:,}", f"{d.median:.2f}", f"{d.mean:.2f}"),
            *(f"{d.within_one:.0%}", f"{d.within_two:.0%}", f"{d.wrong:.2%}"),
        )
        for d in results.durations
    ]


def _range(cases: Sequence[Coverage]) -> str:
    if not cases:
        return ""
    low, high = min(case.covered for case in cases), max(case.covered for case in cases)
    return f"{low * 100:.1f}–{high * 100:.1f} %"


def _promise(cases: Sequence[Coverage]) -> str:
    promised = cases[0].promised
    return f"{promised[0] * 100:.0f}–{promised[1] * 100:.0f}" if promised else "nothing"


def _ranges(cases: Sequence[Coverage]) -> list[Row]:
    rows: list[Row] = []
    for expected in sorted({case.expected for case in cases}):
        own = [case for case in cases if case.expected == expected]
        rows.append(
            (
                str(expected),
                *(_range([case for case in own if case.split == split]) for split in ("50/50", "5/95")),
                _promise(own),
            )
        )
    return rows


def _values(cases: Sequence[Coverage]) -> list[Row]:
    metrics = list(dict.fromkeys(case.metric for case in cases))
    rows: list[Row] = []
    for metric in metrics:
        for row in _ranges([case for case in cases if case.metric == metric]):
            rows.append((row[0], metric, *row[1:]))
    return rows


def _alarms(results: Results) -> list[Row]:
    return [
        (
            a.split,
            f"{a.control:.2%}" + (" as intended" if a.kept else ""),
            *(f"{share:.2%}" for share in (a.sequential, a.classical, a.once)),
        )
        for a in results.alarms
    ]
