"""Sentences beside the figures: what a reader should know before believing them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tailorbird.engine.results.asking import Judged
from tailorbird.engine.results.course import Course, Restart
from tailorbird.engine.results.report import Crossed
from tailorbird.engine.results.view import Choice, View
from tailorbird.stats import SampleRatio

_BECAUSE = {
    Restart.GOAL_REPLACED: "another goal became the primary one",
    Restart.GOAL_CHANGED: "the primary goal was changed",
    Restart.WINDOW_CHANGED: "the primary goal's window was changed",
    Restart.ATTRIBUTION_CHANGED: "the attribution was changed",
    Restart.BASELINE_CHANGED: "the baseline was changed",
}


def of(
    told: Course, goals: Sequence[Judged], view: View, attribution: str, ratio: SampleRatio, crossed: Crossed
) -> tuple[str, ...]:
    """The notes of one report."""
    found = []
    if told.anew:
        last = told.anew[-1]
        found.append(
            f"Measured since {_day(last.at)} because {_BECAUSE[last.reason]}; people exposed before do not count, and "
            "the verdict began anew."
        )
    if view.choices:
        chosen = ", ".join(str(choice) for choice in view.choices)
        found.append(f"Exploratory ({chosen}): estimates and intervals, no verdict.")
    if told.primary is None:
        found.append("The campaign has no primary goal, so there is no verdict.")
    found += _compared(told, view, attribution)
    if ratio.mismatch:
        found.append(
            "People did not fall on the arms as intended: no figure here can be trusted until that is explained."
        )
    if ratio.leak:
        found.append(f"{ratio.leaked:,} people are in arms that had no share in the version that served them.")
    if crossed.alarm:
        found.append(
            f"{crossed.people:,} people ({crossed.share:.1%}) met more than one arm; they count in their first."
        )
    return (*found, *_chosen(goals, view))


def _chosen(goals: Sequence[Judged], view: View) -> list[str]:
    """What follows from the reader's choices."""
    found = []
    if Choice.CROSSED_EXCLUDED in view.choices:
        found.append("Leaving out people who met more than one arm biases the figures.")
    if not view.capped:
        found.append("Totals are not cut off: a single person may decide the figures.")
    ratios = [one.goal.key for one in goals if one.kind == "ratio"] if view.cuped else []
    if ratios:
        found.append(f"CUPED is for totals of a person: ratios are compared without it ({', '.join(ratios)}).")
    return found


def _compared(told: Course, view: View, attribution: str) -> list[str]:
    """With what experiences are compared, where that is not control."""
    if attribution == "click":
        return [
            "Attribution by click: control has no clicks, so experiences are compared with the first one of their rule."
        ]
    if told.analysis.baseline == "first" and view.baseline is None:
        return ["Experiences are compared with the first one of their rule."]
    return []


def _day(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
