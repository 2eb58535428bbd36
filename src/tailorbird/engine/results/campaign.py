"""The results of one campaign."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tailorbird import stats
from tailorbird.domain.errors import Invalid
from tailorbird.domain.facts import DAY_MS
from tailorbird.domain.reasons import CONTROL_ARM
from tailorbird.engine import publish
from tailorbird.engine.results import asking, notes
from tailorbird.engine.results.asking import Judged
from tailorbird.engine.results.course import Course, course
from tailorbird.engine.results.figures import Cells, Row
from tailorbird.engine.results.judging import Bench, goal_report, unjudged
from tailorbird.engine.results.place import lake
from tailorbird.engine.results.report import Arm, Crossed, GoalReport, GroupReport, Report, SampleRatio, Split
from tailorbird.engine.results.view import View, check_view
from tailorbird.engine.runtime import Runtime

#: told the steps that are done, and how many there are about
Progress = Callable[[int, int], None]
Answer = Mapping[str, Sequence[Row]]

#: groups that are shown one by one; the others are added up
MAX_GROUPS = 20
OTHERS = "(others)"
CROSSED_ALARM = 0.01
#: dimensions in which one person may be in several groups
_OVERLAPPING = frozenset(("audience",))


async def results(runtime: Runtime, project: str, ref: str, view: View, progress: Progress | None = None) -> Report:
    """The report of a campaign, by key or id. Cancelling it stops the computation.

    ``Invalid`` names the parameter that cannot be meant; ``Unavailable`` says why there are no results now.
    """
    check_view(view)
    snapshot = runtime.project(project)
    definition = await publish.read(runtime, project, "campaign", ref)
    told = await course(runtime, snapshot, definition)
    goals = asking.goals_of(snapshot, told.campaign, view.goals)
    now = runtime.clock()
    question = asking.question(told, goals, view, now)
    baselines = baselines_of(told, view)
    answer = await lake(runtime).run(snapshot.project.id, question, progress)
    return await asyncio.to_thread(_report, told, goals, view, baselines, answer, now)


def baselines_of(told: Course, view: View) -> dict[str, str]:
    """Rule id → the arm that its others are compared with. ``Invalid`` where the view names none there is."""
    attribution = view.attribution or told.analysis.attribution
    wanted = view.baseline or told.analysis.baseline
    if attribution == "click" and view.baseline is None:
        wanted = "first"
    rules: dict[str, list[str]] = {rule: [] for rule in told.rules.values()}
    for experience, rule in told.rules.items():
        rules[rule].append(experience)
    if wanted == CONTROL_ARM:
        if attribution == "click":
            raise Invalid.field("baseline", "an experience: control has no clicks", wanted)
        return dict.fromkeys(rules, CONTROL_ARM)
    if wanted == "first":
        return {rule: arms[0] for rule, arms in rules.items()}
    named = {e: rule for e, rule in told.rules.items() if wanted in (e, told.names.get(e))}
    if not named:
        raise Invalid.field("baseline", "control, first, or the id or name of an experience of the campaign", wanted)
    return {rule: experience for experience, rule in named.items()}


def _report(
    told: Course, goals: Sequence[Judged], view: View, baselines: dict[str, str], answer: Answer, now: int
) -> Report:
    cells = Cells(told, answer["people"])
    ratio = stats.sample_ratio(cells.strata(()))
    guardrails = sum(use.role == "guardrail" for use in told.campaign.goals)
    bench = Bench(told, view, baselines, mismatch=ratio.mismatch or ratio.leak, guardrails=guardrails)
    crossed = _crossed(answer, cells)
    per_day = sum(row["recent"] for row in cells.people) / _recent_days(cells, now)
    people = [row["n"] for row in cells.people]
    attribution = view.attribution or told.analysis.attribution
    return Report(
        campaign=told.campaign.id,
        key=told.campaign.key,
        name=told.campaign.name,
        status=told.campaign.status,
        version=told.definition.version,
        as_of=now,
        started_at=told.started_at,
        measured_since=told.measured_since,
        restarts=told.anew,
        attribution=attribution,
        baseline=view.baseline or ("first" if attribution == "click" else told.analysis.baseline),
        exploratory=view.choices,
        people=sum(people),
        first_exposure_at=min((row["first_at"] for row in cells.people), default=None),
        last_exposure_at=max((row["last_at"] for row in cells.people), default=None),
        arms=_arms(told, cells.people, answer["touches"], answer["crossed"]),
        goals=tuple(_goal(bench, one, cells, answer, per_day) for one in goals),
        groups=_groups(bench, goals, answer, cells) if view.by is not None else (),
        sample_ratio=_sample_ratio(ratio),
        crossed=crossed,
        notes=notes.of(told, goals, view, attribution, ratio, crossed),
    )


def _people(cells: Cells) -> float:
    return float(sum(row["n"] for row in cells.people))


def _recent_days(cells: Cells, now: int) -> float:
    """How many of the last seven days the campaign had people in: from its first exposure on."""
    first = min((row["first_at"] for row in cells.people), default=now)
    return max(1.0, (now - max(first, asking.recent_since(now))) / DAY_MS)


def _goal(bench: Bench, one: Judged, cells: Cells, answer: Answer, per_day: float | None, by: str = "") -> GoalReport:
    """One goal, from the tables of everybody or, with ``by``, of one group."""
    if one.problem is not None:
        return unjudged(one)
    rows = answer[f"goal{by}:{one.goal.id}"]
    people = answer.get(f"people{by}:{one.goal.id}", answer[f"people{by}"])
    caps = {row["column"]: row["cap"] for row in answer.get(f"cap:{one.goal.id}", ())}
    signed = any(row["negative"] for row in rows)
    return goal_report(bench, one, cells.strata(rows, people), caps, signed=signed, per_day=per_day)


def _arms(told: Course, people: Sequence[Row], touches: Sequence[Row], crossed: Sequence[Row]) -> tuple[Arm, ...]:
    counts: dict[tuple[str, str], int] = {}
    for row in people:
        counts[row["rule"], row["arm"]] = counts.get((row["rule"], row["arm"]), 0) + row["n"]
    touched = {(row["rule"], row["arm"]): row for row in touches}
    torn = {(row["rule"], row["arm"]): row["torn"] for row in crossed}
    # arms of the newest version that nobody met yet are there, too
    for rule in told.campaign.rules:
        for arm in told.shares.get(told.definition.version, {}).get(rule.id, {}):
            counts.setdefault((rule.id, arm), 0)
    keys = sorted(counts.keys() | touched.keys(), key=lambda key: told.place(*key))
    return tuple(
        _arm(told, rule, arm, counts.get((rule, arm), 0), touched.get((rule, arm)), torn) for rule, arm in keys
    )


def _arm(
    told: Course, rule: str, arm: str, people: int, touched: Row | None, torn: Mapping[tuple[str, str], int]
) -> Arm:
    shown: dict[str, Any] = {}
    if touched is not None:
        impressions, clicks = touched["impressions"], touched["clicks"]
        shown = {name: touched[name] for name in ("impressions", "clicks", "dismissals", "clickers")}
        shown["click_through"] = clicks / impressions if impressions else None
    return Arm(
        rule=rule,
        rule_name=told.names.get(rule, rule),
        arm=arm,
        name=told.names.get(arm, arm),
        people=people,
        crossed=torn.get((rule, arm), 0),
        **shown,
    )


def _groups(bench: Bench, goals: Sequence[Judged], answer: Answer, cells: Cells) -> tuple[GroupReport, ...]:
    sizes: dict[str | None, int] = {}
    for row in answer["people by"]:
        sizes[row["group"]] = sizes.get(row["group"], 0) + row["n"]
    ranked = sorted(sizes, key=lambda group: (-sizes[group], group or ""))
    shown = ranked[:MAX_GROUPS]
    by = bench.view.by
    rest = {} if by is not None and by.dimension in _OVERLAPPING else dict.fromkeys(ranked[MAX_GROUPS:], OTHERS)
    if rest:
        answer = {name: _renamed(rows, rest) if " by" in name else rows for name, rows in answer.items()}
        shown.append(OTHERS)
        sizes[OTHERS] = sum(sizes[group] for group in rest)
    return tuple(_group(bench, goals, _of_group(answer, group), cells, group, sizes[group]) for group in shown)


def _group(
    bench: Bench, goals: Sequence[Judged], answer: Answer, cells: Cells, group: str | None, people: int
) -> GroupReport:
    return GroupReport(
        value=group,
        people=people,
        arms=_arms(bench.course, answer["people by"], _together(answer["touches by"]), ()),
        goals=tuple(_goal(bench, one, cells, answer, None, " by") for one in goals),
    )


def _of_group(answer: Answer, group: str | None) -> Answer:
    """The same tables with the rows of one group only."""
    return {
        name: [row for row in rows if row["group"] == group] if " by" in name else rows for name, rows in answer.items()
    }


def _renamed(rows: Sequence[Row], names: Mapping[str | None, str]) -> list[Row]:
    return [{**row, "group": names.get(row["group"], row["group"])} for row in rows]


def _together(rows: Sequence[Row]) -> list[Row]:
    """Touches of several groups as one row per arm."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        held = found.setdefault((row["rule"], row["arm"]), {"rule": row["rule"], "arm": row["arm"]})
        for name in ("impressions", "clicks", "dismissals", "clickers"):
            held[name] = held.get(name, 0) + row[name]
    return [*found.values()]


def _crossed(answer: Answer, cells: Cells) -> Crossed:
    people = int(_people(cells))
    torn = sum(row["torn"] for row in answer["crossed"])
    return Crossed(
        people=torn,
        share=torn / people if people else 0.0,
        alarm=torn > CROSSED_ALARM * people,
        moved=sum(row["moved"] for row in answer["crossed"]),
        conflicts=sum(row["people"] for row in answer["conflicts"]),
    )


def _sample_ratio(told: stats.SampleRatio) -> SampleRatio:
    return SampleRatio(
        e_value=told.e_value,
        mismatch=told.mismatch,
        p_value=told.p_value,
        leaked=told.leaked,
        leak=told.leak,
        splits=tuple(
            Split(
                rule=split.rule,
                epoch=split.epoch,
                observed=split.observed,
                expected=split.expected,
                leaked=split.leaked,
                e_value=split.e_value,
            )
            for split in told.splits
        ),
    )
