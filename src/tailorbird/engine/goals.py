"""Whether goals, and their use by a campaign, mean something that can be counted."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from tailorbird.domain.campaign import Campaign
from tailorbird.domain.definitions import Capping, Goal
from tailorbird.domain.errors import Invalid, Problem
from tailorbird.targeting import compile_property_condition
from tailorbird.targeting.columns import check_columns, check_path

_CURRENCY = re.compile(r"[A-Z]{3}")
#: aggregates that read no property
COUNTING = ("occurrence", "count")
MAX_SAMPLE = 1_000_000_000
MAX_WINDOW_DAYS = 400


def check_goal(goal: Goal) -> None:
    """What its aggregate needs beside the event, its conditions, and its units. ``Invalid`` with the field."""
    if not goal.event:
        raise Invalid.field("event", "the name of an event", goal.event)
    if goal.aggregate not in COUNTING and not goal.property:
        raise Invalid.field("property", f"the property that {goal.aggregate!r} is taken of", goal.property)
    if (goal.aggregate == "ratio") != (goal.per is not None):
        raise Invalid.field(
            "per", "the denominator, for the aggregate ratio and only there", msgspec.to_builtins(goal.per)
        )
    if goal.per is not None and goal.per.aggregate == "sum" and not goal.per.property:
        raise Invalid.field("per.property", "the property that is summed", goal.per.property)
    if not 0 < goal.window_days <= MAX_WINDOW_DAYS:
        raise Invalid.field("window_days", f"a number of days above 0, at most {MAX_WINDOW_DAYS}", goal.window_days)
    _check_values(goal)
    for path, where in (("where", goal.where), ("per.where", goal.per.where if goal.per else None)):
        _check_condition(where, path)


def _check_values(goal: Goal) -> None:
    for path, name in (("property", goal.property), ("per.property", goal.per.property if goal.per else None)):
        if name:
            check_path(name, path)
    if goal.signed and goal.aggregate in COUNTING:
        raise Invalid.field("signed", f"false: nobody's {goal.aggregate} is below zero", goal.signed)
    if goal.currency is not None and not _CURRENCY.fullmatch(goal.currency):
        raise Invalid.field("currency", "an ISO 4217 code such as GBP", goal.currency)
    if goal.capping is not None:
        _check_capping(goal, goal.capping)


def _check_capping(goal: Goal, capping: Capping) -> None:
    if goal.aggregate == "occurrence":
        raise Invalid.field("capping", "none: whether it happened cannot be capped", msgspec.to_builtins(capping))
    if (capping.value is None) == (capping.percentile is None):
        raise Invalid.field("capping", "either value or percentile", msgspec.to_builtins(capping))
    if capping.value is not None and not 0 < capping.value <= 1e15:
        raise Invalid.field("capping.value", "a number above 0", capping.value)
    if capping.percentile is not None and not 50 <= capping.percentile <= 100:
        raise Invalid.field("capping.percentile", "a number from 50 to 100", capping.percentile)


def _check_condition(where: dict[str, Any] | None, path: str) -> None:
    if where is not None:
        compile_property_condition(where, path)
        check_columns(where, path)


def check_goal_uses(campaign: Campaign) -> None:
    """At most one primary goal, and an analysis that can be done. ``Invalid`` with all that is wrong."""
    problems: list[Problem] = []
    primary = [index for index, use in enumerate(campaign.goals) if use.role == "primary"]
    for index in primary[1:]:
        expected = f"secondary or guardrail: goals[{primary[0]}] is the primary goal"
        problems.append(_problem(f"goals[{index}].role", expected))
    problems += _analysis(campaign)
    if problems:
        raise Invalid("; ".join(problem.detail for problem in problems), problems=tuple(problems))


def _analysis(campaign: Campaign) -> list[Problem]:
    told = campaign.analysis
    if told is None:
        return []
    found = []
    if told.attribution == "click" and told.baseline == "control":
        found.append(_problem("analysis.baseline", "first, with attribution by click: control has no clicks"))
    if not (math.isfinite(told.lift) and 0 < told.lift <= 10):
        found.append(_problem("analysis.lift", "a relative lift above 0, e.g. 0.1 for ten percent"))
    if told.sample is not None and not 1 <= told.sample <= MAX_SAMPLE:
        found.append(_problem("analysis.sample", "a number of people, from 1"))
    return found


def _problem(field: str, expected: str) -> Problem:
    return Problem(field=field, expected=expected, detail=f"{field}: expected {expected}")
