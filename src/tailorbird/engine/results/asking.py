"""From goals and a view to the question that the lake is asked."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.domain.campaign import Campaign
from tailorbird.domain.definitions import Goal, RatioPart
from tailorbird.domain.errors import Invalid
from tailorbird.domain.facts import DAY_MS
from tailorbird.domain.moments import MomentKind
from tailorbird.engine.results.course import Course
from tailorbird.engine.results.report import Role
from tailorbird.engine.results.view import View
from tailorbird.engine.snapshot import Snapshot
from tailorbird.lake.queries import ask
from tailorbird.targeting.columns import check_columns

#: where totals are cut off when a goal says nothing
PERCENTILE = 99.9
#: how far CUPED looks back
BEFORE_MS = 14 * DAY_MS
RECENT_MS = 7 * DAY_MS
HOUR_MS = 3_600_000


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A goal with the part that it plays in a campaign."""

    goal: Goal
    role: Role
    #: why it cannot be counted
    problem: str | None = None

    @property
    def kind(self) -> MomentKind:
        """What its totals are."""
        return kind_of(self.goal)


def kind_of(goal: Goal) -> MomentKind:
    """What a goal's totals are."""
    if goal.aggregate == "occurrence":
        return "proportion"
    return "ratio" if goal.aggregate == "ratio" else "mean"


def goals_of(snapshot: Snapshot, campaign: Campaign, only: tuple[str, ...] = ()) -> list[Judged]:
    """The campaign's goals, the primary one first, then those of the project. ``Invalid`` where ``only`` names
    another."""
    bodies: dict[str, Goal] = snapshot.bodies["goal"]
    own = [Judged(goal=bodies[use.goal], role=use.role) for use in campaign.goals if use.goal in bodies]
    held = {one.goal.id for one in own}
    everywhere = [Judged(goal=goal, role="global") for goal in snapshot.global_goals if goal.id not in held]
    found = sorted(own, key=lambda one: ("primary", "secondary", "guardrail").index(one.role)) + everywhere
    for index, name in enumerate(only):
        if name not in {text for one in found for text in (one.goal.id, one.goal.key)}:
            raise Invalid.field(f"goal[{index}]", "the key or id of a goal of the campaign or of the project", name)
    if only:
        found = [one for one in found if {one.goal.id, one.goal.key} & set(only)]
    return [_checked(one) for one in found]


def _checked(one: Judged) -> Judged:
    """A goal that was published before its operators were kept to what can be counted."""
    try:
        for where in (one.goal.where, one.goal.per.where if one.goal.per else None):
            if where is not None:
                check_columns(where)
    except Invalid as error:
        return msgspec.structs.replace(one, problem=error.detail)
    return one


def counted(goal: Goal, view: View) -> ask.Counted:
    """A goal as the lake counts it."""
    days = goal.window_days if view.window_days is None else view.window_days
    return ask.Counted(
        id=goal.id,
        value=ask.Measure(
            event=goal.event,
            where=goal.where,
            sources=goal.sources,
            channels=goal.channels,
            aggregate="sum" if goal.aggregate == "ratio" else goal.aggregate,
            property=goal.property,
            currency=goal.currency,
        ),
        per=_denominator(goal, goal.per) if goal.per is not None else None,
        window_ms=round(days * DAY_MS),
        cap=_cap(goal) if view.capped else ask.Cap(),
        before_ms=BEFORE_MS if view.cuped and goal.per is None else 0,
    )


def _denominator(goal: Goal, per: RatioPart) -> ask.Measure:
    return ask.Measure(
        event=per.event,
        where=per.where,
        sources=goal.sources,
        channels=goal.channels,
        aggregate=per.aggregate,
        property=per.property,
    )


def _cap(goal: Goal) -> ask.Cap:
    if goal.aggregate == "occurrence":
        return ask.Cap()
    if goal.capping is None:
        return ask.Cap(percentile=PERCENTILE)
    return ask.Cap(value=goal.capping.value, percentile=goal.capping.percentile)


def is_capped(goal: Goal, view: View) -> bool:
    """Whether totals are cut off as a verdict asks for: at the 99.9th percentile or below it, or at a value."""
    cap = _cap(goal)
    return view.capped and (cap.value is not None or (cap.percentile or 100) <= PERCENTILE)


def people_of(course: Course, view: View) -> ask.People:
    """Which people count: since the verdict began, unless the reader chose a period."""
    campaign = course.campaign
    since = view.since
    if since is None and view.until is None:
        since = course.measured_since
    return ask.People(
        campaign=campaign.id,
        names=(campaign.key, *campaign.aliases),
        rules=course.rules,
        since=since,
        until=view.until,
        only=view.only,
        exclude_crossed=view.exclude_crossed,
    )


def recent_since(now: int) -> int:
    """The full hour that the last seven days begin with."""
    return (now - RECENT_MS) // HOUR_MS * HOUR_MS


def question(course: Course, goals: list[Judged], view: View, now: int) -> ask.Campaign:
    """Everything that a report is made of."""
    told: dict[str, Any] = {"attribution": view.attribution or course.analysis.attribution}
    return ask.Campaign(
        people=people_of(course, view),
        goals=tuple(counted(one.goal, view) for one in goals if one.problem is None),
        by=view.by,
        mature=view.mature,
        now=now,
        recent_since=recent_since(now),
        **told,
    )
