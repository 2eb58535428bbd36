"""One campaign over time, by local day or hour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tailorbird.lake.queries import ask, totals
from tailorbird.lake.queries import touches as touching
from tailorbird.lake.queries.people import selected
from tailorbird.lake.queries.projects import everybody

STEP_MS = {"hour": 3_600_000, "day": 86_400_000}


def series(tables: Any, query: ask.Series) -> Iterator[tuple[str, Any]]:
    """``entered`` (people by their exposure), ``touched`` and ``done``, each by ``bucket``, rule and arm.

    A bucket is the number of local days or hours since 1970. ``done`` counts each person once, when they completed the
    goal for the first time (``people``), and every event with its value (``events, value, per_value``).
    """
    shown = touching.touches(tables, query.people)
    people, _ = selected(tables, query.people, None, touching.clicks(shown))
    people = tables.keep(people)
    entered = people.mutate(bucket=bucket(people["at"], query))
    yield "entered", entered.group_by("bucket", "rule", "arm").aggregate(people=entered.count())
    shown = touching.of_people(shown, people)
    if query.people.until is not None:
        shown = shown.filter(shown.time < query.people.until)
    timed = shown.mutate(bucket=bucket(shown.time, query))
    yield (
        "touched",
        timed.group_by("bucket", "rule", "arm").aggregate(
            impressions=(timed.name == "impression").sum(),
            clicks=(timed.name == "click").sum(),
            dismissals=(timed.name == "dismissal").sum(),
        ),
    )
    if query.goal is not None:
        clicks = touching.clicks(shown) if query.attribution == "click" else None
        yield "done", _done(tables, query, query.goal, people, clicks)


def days(tables: Any, query: ask.Days) -> Iterator[tuple[str, Any]]:
    """``entered``: people by ``campaign`` and ``bucket``, the number of local days since 1970."""
    people = everybody(tables, ask.Summary(campaigns=query.campaigns, since=query.since))
    entered = people.mutate(bucket=bucket(people["at"], query))
    yield "entered", entered.group_by("campaign", "bucket").aggregate(people=entered.count())


def bucket(time: Any, query: ask.Series | ask.Days) -> Any:
    """Which local day or hour a time is in."""
    *changing, last = query.zone
    local = time + last.offset
    if changing:
        branches = [(time < zone.until, time + zone.offset) for zone in changing]
        import ibis

        local = ibis.cases(*branches, else_=local)
    return local // STEP_MS[query.step]


def _done(tables: Any, query: ask.Series, goal: ask.Counted, people: Any, clicks: Any | None) -> Any:
    import ibis

    until = query.people.until
    rows = totals.after(tables, goal.value, people, goal.window_ms, clicks, until)
    first = rows.group_by("who", "rule", "arm").aggregate(time=rows.time.min())
    parts = [
        first.select("rule", "arm", bucket=bucket(first.time, query), people=1, events=0, value=0.0, per_value=0.0),
        rows.select("rule", "arm", bucket=bucket(rows.time, query), people=0, events=1, value=rows.x, per_value=0.0),
    ]
    if goal.per is not None:
        under = totals.after(tables, goal.per, people, goal.window_ms, clicks, until)
        parts.append(
            under.select(
                "rule", "arm", bucket=bucket(under.time, query), people=0, events=0, value=0.0, per_value=under.x
            )
        )
    whole = ibis.union(*parts, distinct=False)
    return whole.group_by("bucket", "rule", "arm").aggregate(
        people=whole.people.sum(),
        events=whole.events.sum(),
        value=whole.value.sum(),
        per_value=whole.per_value.sum(),
    )
