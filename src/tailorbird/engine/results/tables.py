"""Reports as flat tables, for spreadsheets: one line per arm and goal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from tailorbird.engine.results.project import ItemResults, Overlap, Summary
from tailorbird.engine.results.report import Arm, GoalReport, Lift, Report
from tailorbird.engine.results.series import Series

Line = Mapping[str, Any]
#: a spreadsheet would run what begins with one of these
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(report: Report | Series | Summary | Overlap | ItemResults) -> str:
    """Any report as CSV with a header; times are UTC milliseconds."""
    lines = [*lines_of(report)]
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(lines[0]) if lines else ["nothing"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in line.items()} for line in lines)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def lines_of(report: Report | Series | Summary | Overlap | ItemResults) -> Iterator[Line]:
    """The lines of a report, all with the same columns."""
    match report:
        case Report():
            yield from _report(report)
        case Series():
            yield from _series(report)
        case Summary():
            yield from _summary(report)
        case Overlap(pairs=pairs):
            yield from (msgspec.to_builtins(pair) for pair in pairs)
        case ItemResults(items=items):
            yield from (msgspec.to_builtins(item) for item in items)


def _report(report: Report) -> Iterator[Line]:
    yield from _arms(report, "", report.arms, report.goals)
    for group in report.groups:
        yield from _arms(report, group.value, group.arms, group.goals)


def _arms(report: Report, group: str | None, arms: Iterable[Arm], goals: Iterable[GoalReport]) -> Iterator[Line]:
    known = {(arm.rule, arm.arm): arm for arm in arms}
    told = [*goals]
    if not told:
        yield from ({**_arm(report, group, arm), **_NO_GOAL, **_lift(None)} for arm in known.values())
    for goal in told:
        for line in goal.arms:
            arm = known.get((line.rule, line.arm))
            if arm is None:
                continue
            yield {
                **_arm(report, group, arm),
                "goal": goal.key,
                "role": goal.role,
                "goal_kind": goal.kind,
                "conversions": line.reached.conversions,
                "total": line.reached.total,
                "value": line.reached.value,
                "chance_to_be_best": line.best.chance_to_be_best if line.best else None,
                **_lift(line.lift),
            }


def _arm(report: Report, group: str | None, arm: Arm) -> dict[str, Any]:
    return {
        "campaign": report.key,
        "group": group,
        "rule": arm.rule_name or arm.rule,
        "arm": arm.name or arm.arm,
        "arm_id": arm.arm,
        "people": arm.people,
        "impressions": arm.impressions,
        "clicks": arm.clicks,
        "dismissals": arm.dismissals,
        "click_through": arm.click_through,
    }


_NO_GOAL = dict.fromkeys(("goal", "role", "goal_kind", "conversions", "total", "value", "chance_to_be_best"))


def _lift(lift: Lift | None) -> dict[str, Any]:
    return {
        "baseline": lift.baseline if lift else None,
        "lift": lift.lift if lift else None,
        "low": lift.interval.low if lift and lift.interval else None,
        "high": lift.interval.high if lift and lift.interval else None,
        "chance_to_beat": lift.chance_to_beat if lift else None,
        "expected_loss": lift.expected_loss if lift else None,
        "e_value": lift.e_value if lift else None,
        "verdict": lift.verdict.outcome if lift else None,
        "no_verdict_because": " ".join(lift.verdict.reasons) if lift else None,
    }


def _series(series: Series) -> Iterator[Line]:
    for line in series.lines:
        for point in line.points:
            yield {
                "campaign": series.key,
                "rule": line.rule_name or line.rule,
                "arm": line.name or line.arm,
                "at": point.at,
                **msgspec.to_builtins(point.period),
                **{f"{name}_so_far": value for name, value in msgspec.to_builtins(point.cumulative).items()},
            }


def _summary(summary: Summary) -> Iterator[Line]:
    for line in summary.campaigns:
        told = msgspec.to_builtins(line)
        del told["lift"]
        yield told | _lift(line.lift)
