"""One goal's figures: lifts over the baseline of the same rule, chances, verdicts, and what is still needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tailorbird import stats
from tailorbird.domain.campaign import Analysis
from tailorbird.domain.definitions import Goal
from tailorbird.domain.errors import Invalid
from tailorbird.domain.moments import Moments, Stratum
from tailorbird.domain.reasons import CONTROL_ARM
from tailorbird.engine.results import asking
from tailorbird.engine.results.asking import Judged
from tailorbird.engine.results.course import Course
from tailorbird.engine.results.figures import by_arm
from tailorbird.engine.results.report import (
    Chance,
    GoalArm,
    GoalReport,
    Interval,
    Lift,
    Need,
    Reached,
    Verdict,
)
from tailorbird.engine.results.view import View
from tailorbird.stats import Plan

#: all experiences of a campaign together
TEST = "test"
#: reasons of ours beside those of the statistics
NOT_STARTED, SECONDARY, MISMATCH = "NOT_STARTED", "NOT_THE_PRIMARY_GOAL", "SAMPLE_RATIO_MISMATCH"


class Bench:
    """What all goals of one report have in common."""

    def __init__(
        self, course: Course, view: View, baselines: dict[str, str], *, mismatch: bool, guardrails: int
    ) -> None:
        self.course = course
        self.view = view
        #: rule id → arm that its others are compared with
        self.baselines = baselines
        self.mismatch = mismatch
        self.guardrails = guardrails

    def comparisons(self, strata: Sequence[Stratum]) -> int:
        """How many arms are compared, the campaign's own figure included where it is not that of the only one."""
        arms = {
            (s.rule, arm)
            for s in strata
            for arm in s.shares
            if s.rule in self.baselines and arm != self.baselines[s.rule]
        }
        return max(1, len(arms) + (len(arms) > 1 and self.against_control))

    @property
    def against_control(self) -> bool:
        """Whether every rule's baseline is control, so that the campaign has a figure of its own."""
        return bool(self.baselines) and set(self.baselines.values()) == {CONTROL_ARM}


def goal_report(
    bench: Bench,
    judged: Judged,
    strata: Sequence[Stratum],
    caps: dict[str, float | None],
    *,
    signed: bool,
    per_day: float | None,
) -> GoalReport:
    """One goal. ``strata`` hold everybody exposed; ``signed``: some have a total below zero. Without ``per_day``
    nothing is said of what is still needed."""
    goal, view = judged.goal, bench.view
    plan = planned(bench.course.analysis, strata, bench)
    options: dict[str, Any] = {"better": goal.better, "signed": goal.signed or signed}
    compare = options | {"engine": view.engine, "cuped": view.cuped, "plan": plan}
    found = by_arm(strata)
    place = bench.course.place
    lifts: dict[tuple[str, str], Lift] = {}
    best: dict[tuple[str, str], Chance] = {}
    count = bench.comparisons(strata)
    for rule, baseline in bench.baselines.items():
        own = [stratum for stratum in strata if stratum.rule == rule]
        arms = sorted({arm for stratum in own for arm in stratum.arms} - {baseline})
        for lift in stats.compare(own, baseline, judged.kind, arms=arms, **compare):
            lifts[rule, lift.arm] = _lift(bench, judged, _foreseen(lift, goal, signed=signed), count)
        best |= _best(rule, own, judged, options)
    whole = None
    if bench.against_control:
        (pooled,) = stats.compare(stats.pooled(strata), CONTROL_ARM, judged.kind, arms=[TEST], **compare)
        whole = _lift(bench, judged, _foreseen(pooled, goal, signed=signed), count)
    return GoalReport(
        id=goal.id,
        key=goal.key,
        name=goal.name,
        role=judged.role,
        kind=judged.kind,
        better=goal.better,
        window_days=goal.window_days if view.window_days is None else view.window_days,
        currency=goal.currency,
        cap=caps.get("y"),
        per_cap=caps.get("d"),
        arms=tuple(
            GoalArm(
                rule=rule,
                arm=arm,
                reached=reached(moments, judged),
                lift=lifts.get((rule, arm)),
                best=best.get((rule, arm)),
            )
            for (rule, arm), moments in sorted(found.items(), key=lambda one: place(*one[0]))
        ),
        campaign=whole,
        need=_need(bench, judged, strata, per_day) if judged.role == "primary" and per_day is not None else None,
    )


def _foreseen(lift: stats.Lift, goal: Goal, *, signed: bool) -> stats.Lift:
    """Without evidence where totals are below zero and the goal did not say so. Evidence is collected on the scale that
    is fixed at the start: two of them, one before the first such total and one after it, would be wrong twice as often
    as promised."""
    return msgspec.structs.replace(lift, e_value=None) if signed and not goal.signed else lift


def unjudged(judged: Judged) -> GoalReport:
    """A goal that cannot be counted, and why."""
    goal = judged.goal
    return GoalReport(
        id=goal.id,
        key=goal.key,
        name=goal.name,
        role=judged.role,
        kind=judged.kind,
        better=goal.better,
        window_days=goal.window_days,
        problem=judged.problem,
    )


def reached(moments: Moments, judged: Judged) -> Reached:
    """How one arm did."""
    over = moments.per_total if judged.kind == "ratio" else moments.n
    return Reached(
        people=moments.n,
        conversions=round(moments.total) if judged.kind == "proportion" else moments.contributing,
        total=moments.total,
        value=moments.total / over if over else None,
        per=moments.per_total if judged.kind == "ratio" else None,
    )


def _best(
    rule: str, strata: Sequence[Stratum], judged: Judged, options: dict[str, Any]
) -> dict[tuple[str, str], Chance]:
    arms = sorted({arm for stratum in strata for arm in stratum.arms if stratum.shares.get(arm)})
    if len(arms) < 2:
        return {}
    told = stats.best(strata, judged.kind, arms=arms, **options)
    return {
        (rule, share.arm): Chance(chance_to_be_best=share.chance_to_be_best, expected_loss=share.expected_loss_value)
        for share in told.shares
    }


def _lift(bench: Bench, judged: Judged, lift: stats.Lift, comparisons: int) -> Lift:
    return Lift(
        arm=lift.arm,
        baseline=lift.baseline,
        people=lift.people,
        baseline_people=lift.baseline_people,
        left_out=lift.left_out,
        value=lift.value,
        baseline_value=lift.baseline_value,
        lift=lift.lift,
        interval=_interval(lift.interval),
        difference=lift.difference,
        difference_interval=_interval(lift.difference_interval),
        chance_to_beat=lift.chance_to_beat,
        expected_loss=lift.expected_loss,
        e_value=lift.e_value,
        too_little_data=lift.too_little_data,
        verdict=_verdict(bench, judged, lift, comparisons),
        lacks=tuple(str(lack) for lack in lift.lacks),
    )


def _interval(told: tuple[float, float] | None) -> Interval | None:
    return Interval(low=told[0], high=told[1]) if told is not None else None


def _verdict(bench: Bench, judged: Judged, lift: stats.Lift, comparisons: int) -> Verdict:
    if judged.role == "guardrail":
        comparisons *= max(1, bench.guardrails)
    told = stats.verdict(
        lift,
        judged.kind,
        comparisons=comparisons,
        capped=asking.is_capped(judged.goal, bench.view),
        exploratory=bool(bench.view.choices),
    )
    reasons = [str(lack) for lack in told.lacks]
    if judged.role not in ("primary", "guardrail"):
        reasons = [SECONDARY]
    elif bench.course.started_at is None:
        reasons = [NOT_STARTED, *reasons]
    elif bench.mismatch:
        reasons = [MISMATCH, *reasons]
    outcome = told.outcome if not reasons else None
    return Verdict(outcome=outcome, e_value=told.e_value, threshold=told.threshold, reasons=tuple(reasons))


def planned(analysis: Analysis, strata: Sequence[Stratum], bench: Bench) -> Plan:
    """What the campaign was planned for, as it was fixed at the start: of each rule only the first epoch's shares
    count."""
    first = {stratum.rule: stratum for stratum in sorted(strata, key=lambda one: one.epoch, reverse=True)}
    pairs = [
        (analysis.sample or 0) * held * share / (held + share)
        for rule, stratum in first.items()
        if (held := stratum.shares.get(bench.baselines.get(rule, ""), 0.0)) > 0
        for arm, share in stratum.shares.items()
        if arm != bench.baselines[rule] and share > 0
    ]
    return Plan(effect=analysis.lift, people=analysis.sample or 0, pair=min(pairs, default=0.0))


def _need(bench: Bench, judged: Judged, strata: Sequence[Stratum], per_day: float) -> Need | None:
    """At the baseline's results so far, in the rule with the most people."""
    sizes: dict[str, int] = {}
    for stratum in strata:
        sizes[stratum.rule] = sizes.get(stratum.rule, 0) + sum(m.n for m in stratum.arms.values())
    rules = [rule for rule in bench.baselines if sizes.get(rule)]
    if not rules:
        return None
    rule = max(rules, key=lambda one: sizes[one])
    baseline, own = bench.baselines[rule], [stratum for stratum in strata if stratum.rule == rule]
    moments = by_arm(own).get((rule, baseline))
    spread = stats.spread_of(moments, judged.kind) if moments is not None else None
    if spread is None:
        return None
    analysis = bench.course.analysis
    sign = 1 if judged.goal.better == "higher" else -1
    try:
        plan = stats.sample_size(
            judged.kind,
            spread[0],
            effect=sign * analysis.lift,
            deviation=spread[1],
            shares=own[-1].shares,
            control=baseline,
            comparisons=bench.comparisons(strata),
        )
    except Invalid:  # nothing happened yet, or the baseline has no share any more
        return None
    people = sum(sizes.values())
    whole = Plan(people=analysis.sample or round(plan.people * people / sizes[rule]), pair=plan.pair, drift=plan.drift)
    return Need(lift=analysis.lift, people=whole.people, days_left=stats.days_left(whole, people, per_day))
