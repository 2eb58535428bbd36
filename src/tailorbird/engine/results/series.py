"""One campaign over time: by day or hour of the project's zone, period by period and added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import accumulate
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from tailorbird.domain.errors import Invalid
from tailorbird.domain.facts import DAY_MS
from tailorbird.engine import publish
from tailorbird.engine.results import asking
from tailorbird.engine.results.campaign import Progress
from tailorbird.engine.results.course import Course, course
from tailorbird.engine.results.place import lake
from tailorbird.engine.results.view import View, check_view
from tailorbird.engine.runtime import Runtime
from tailorbird.lake.queries import ask

HOUR_MS = 3_600_000
#: points of one line at most
MAX_POINTS = 2_500


class PeriodCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in one period, or up to its end."""

    #: people exposed
    people: int = 0
    impressions: int = 0
    clicks: int = 0
    dismissals: int = 0
    #: people who completed the goal for the first time
    conversions: int = 0
    #: events that count, and the sum of their values, not cut off
    events: int = 0
    value: float = 0.0
    #: of ratios: the sum of the denominators
    per: float = 0.0

    def __add__(self, other: PeriodCounts) -> PeriodCounts:
        return PeriodCounts(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class SeriesPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One day or hour."""

    #: when it began (UTC ms)
    at: int
    period: PeriodCounts
    cumulative: PeriodCounts


class SeriesLine(msgspec.Struct, frozen=True, kw_only=True):
    """One arm of one rule."""

    rule: str
    rule_name: str
    arm: str
    name: str
    points: tuple[SeriesPoint, ...]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign over time."""

    campaign: str
    key: str
    step: Literal["day", "hour"]
    time_zone: str
    #: the goal that is counted; null where the campaign has none
    goal: str | None
    attribution: Literal["view", "click"]
    lines: tuple[SeriesLine, ...] = ()


async def series(
    runtime: Runtime,
    project: str,
    ref: str,
    view: View,
    step: Literal["day", "hour"] = "day",
    progress: Progress | None = None,
) -> Series:
    """A campaign by day or hour, for the first goal of the view (default: the primary one)."""
    check_view(view)
    snapshot = runtime.project(project)
    told = await course(runtime, snapshot, await publish.read(runtime, project, "campaign", ref))
    goals = [one for one in asking.goals_of(snapshot, told.campaign, view.goals) if one.problem is None]
    people, now = asking.people_of(told, view), runtime.clock()
    attribution = view.attribution or told.analysis.attribution
    bounds = await lake(runtime).run(
        snapshot.project.id, ask.Campaign(people=people, touches=False, crossed=False), None
    )
    first = min((row["first_at"] for row in bounds["people"]), default=now)
    if step == "hour" and now - first > MAX_POINTS * HOUR_MS and view.until is None:
        raise Invalid.field("step", f"day: by hour, {MAX_POINTS // 24} days can be shown; choose a period", step)
    zones = zones_of(snapshot.zone, first, now + DAY_MS)
    question = ask.Series(
        people=people,
        goal=asking.counted(goals[0].goal, replace(view, cuped=False)) if goals else None,
        attribution=attribution,
        step=step,
        zone=zones,
    )
    answer = await lake(runtime).run(snapshot.project.id, question, progress)
    return Series(
        campaign=told.campaign.id,
        key=told.campaign.key,
        step=step,
        time_zone=snapshot.settings.time_zone,
        goal=goals[0].goal.key if goals else None,
        attribution=attribution,
        lines=_lines(answer, told, step, zones),
    )


def zones_of(zone: tzinfo, since: int, until: int) -> tuple[ask.Zone, ...]:
    """How far local time is ahead of UTC between two times, change by change."""
    found: list[ask.Zone] = []
    at = since
    while at < until:
        after = min(at + DAY_MS, until)
        if offset_at(zone, after) != offset_at(zone, at):
            low, high = at, after
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_at(zone, middle) == offset_at(zone, at) else (low, middle)
            found.append(ask.Zone(offset=offset_at(zone, at), until=high))
            at = high
        else:
            at = after
    return (*found, ask.Zone(offset=offset_at(zone, until)))


def offset_at(zone: tzinfo, at: int) -> int:
    """Milliseconds by which local time is ahead of UTC."""
    offset = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).utcoffset()
    return round(offset.total_seconds() * 1000) if offset is not None else 0


def _lines(
    answer: Mapping[str, Sequence[Mapping[str, Any]]], told: Course, step: str, zones: Sequence[ask.Zone]
) -> tuple[SeriesLine, ...]:
    held: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
    renamed = {"done": {"people": "conversions", "per_value": "per"}}
    for table, rows in answer.items():
        for row in rows:
            into = held.setdefault((row["rule"], row["arm"]), {}).setdefault(row["bucket"], {})
            for name, value in row.items():
                if name not in ("rule", "arm", "bucket"):
                    into[renamed.get(table, {}).get(name, name)] = value
    buckets = [bucket for line in held.values() for bucket in line]
    if not buckets:
        return ()
    every = range(min(buckets), max(buckets) + 1)
    if len(every) > MAX_POINTS:
        raise Invalid.field("step", f"a step and period with at most {MAX_POINTS:,} points", step)
    width = DAY_MS if step == "day" else HOUR_MS
    starts = [_start(bucket * width, zones) for bucket in every]
    return tuple(
        SeriesLine(
            rule=rule,
            rule_name=told.names.get(rule, rule),
            arm=arm,
            name=told.names.get(arm, arm),
            points=_points(starts, [PeriodCounts(**line.get(bucket, {})) for bucket in every]),
        )
        for (rule, arm), line in sorted(held.items(), key=lambda one: told.place(*one[0]))
    )


def _points(starts: Sequence[int], counts: Sequence[PeriodCounts]) -> tuple[SeriesPoint, ...]:
    return tuple(
        SeriesPoint(at=at, period=period, cumulative=whole)
        for at, period, whole in zip(starts, counts, accumulate(counts), strict=True)
    )


def _start(local: int, zones: Sequence[ask.Zone]) -> int:
    """The UTC time at which a local day or hour begins."""
    for zone in zones:
        if zone.until is None or local - zone.offset < zone.until:
            return local - zone.offset
    return local - zones[-1].offset
