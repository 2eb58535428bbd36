"""All campaigns of a project at once: their figures side by side, and whom they share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from tailorbird.lake.queries import ask, totals
from tailorbird.lake.queries.people import resolved
from tailorbird.lake.queries.touches import TOUCHES

CELL = ("campaign", *totals.CELL)


def everybody(tables: Any, query: ask.Summary) -> Any:
    """``campaign, who, at, version, rule, arm, epoch`` of every first exposure, one per person and campaign."""
    import ibis

    rows = _of(tables.exposures.select("person", "seq", "time", *CELL), query.campaigns)
    rows = resolved(rows, tables.links)
    joined = tables.links.select(who="target").distinct()
    several = rows.semi_join(joined, "who")
    order = ibis.row_number().over(ibis.window(group_by=["who", "campaign"], order_by=["time", "seq"]))
    first = several.mutate(place=order).filter(lambda t: t.place == 0).drop("place")
    found = ibis.union(rows.anti_join(joined, "who"), first, distinct=False).rename(at="time").drop("seq")
    if query.since is not None:
        found = found.filter(found["at"] >= query.since)
    return found if query.until is None else found.filter(found["at"] < query.until)


def _of(rows: Any, campaigns: Sequence[str]) -> Any:
    """Those of some campaigns; of all where none are named."""
    return rows.filter(rows.campaign.isin(campaigns)) if campaigns else rows


def summary(tables: Any, query: ask.Summary) -> Iterator[tuple[str, Any]]:
    """``exposed``, ``touched``, and ``goal:<id>`` for each goal, all by campaign."""
    people = everybody(tables, query)
    if query.begun:
        people = people.filter(people["at"] >= people.campaign.cases(*query.begun.items(), else_=0))
    people = tables.keep(people)
    exposed = people.group_by(CELL).aggregate(n=people.count(), first_at=people["at"].min(), last_at=people["at"].max())
    exposed = tables.keep(exposed)
    yield "exposed", exposed
    yield "touched", _touched(tables, query)
    for goal, campaigns in zip(query.goals, query.of or (None,) * len(query.goals), strict=True):
        mine = people if campaigns is None else people.filter(people.campaign.isin(campaigns))
        found = totals.after(tables, goal.value, mine, goal.window_ms, None, query.until)
        each = _per_person(found, goal.value.aggregate, "y")
        if goal.per is not None:
            under = totals.after(tables, goal.per, mine, goal.window_ms, None, query.until)
            each = _beside(each, _per_person(under, goal.per.aggregate, "d"))
        each = tables.keep(each)
        for column in ("y", "d"):
            if column in each.columns and (goal.value.aggregate != "occurrence" or goal.per is not None):
                each = _capped(each, column, goal.cap, exposed)
        yield f"goal:{goal.id}", _moments(each, mine)


def _touched(tables: Any, query: ask.Summary) -> Any:
    rows = _of(tables.events, query.campaigns)
    rows = rows.filter(rows.name.isin(TOUCHES) & rows.campaign.notnull())
    if query.since is not None:
        rows = rows.filter(rows.time >= query.since)
    if query.until is not None:
        rows = rows.filter(rows.time < query.until)
    impression, click, dismissal = (rows.name == name for name in TOUCHES)
    return rows.group_by("campaign", "rule", "arm").aggregate(
        impressions=impression.sum(), clicks=click.sum(), dismissals=dismissal.sum()
    )


def _per_person(rows: Any, aggregate: ask.Aggregate, name: str) -> Any:
    """As ``totals.per_person``, campaign by campaign: the pair of both stands for the person."""
    import ibis

    pair = rows.mutate(who=ibis.struct({"who": rows.who, "campaign": rows.campaign}))
    found = totals.per_person(pair, aggregate, name)
    return found.select(who=found.who["who"], campaign=found.who["campaign"], **{name: found[name]})


def _beside(left: Any, right: Any) -> Any:
    import ibis

    other = right.rename(other="who", of="campaign")
    joined = left.outer_join(other, [left.who == other.other, left.campaign == other.of])
    return joined.select(
        who=ibis.coalesce(joined.who, joined.other),
        campaign=ibis.coalesce(joined.campaign, joined.of),
        y=joined.y.fill_null(0.0),
        d=joined.d.fill_null(0.0),
    )


def _capped(each: Any, column: str, cap: ask.Cap, exposed: Any) -> Any:
    """Totals cut off as in ``totals.threshold``, campaign by campaign."""
    import ibis

    if cap.value is not None:
        return each.mutate(**{column: ibis.least(each[column], ibis.literal(cap.value))})
    if cap.percentile is None or cap.percentile >= 100:
        return each
    share = totals.share_above(cap.percentile)
    sizes = exposed.group_by("campaign").aggregate(people=exposed.n.sum())
    above = each.filter(each[column] > 0)
    ranked = above.mutate(
        place=ibis.row_number().over(ibis.window(group_by="campaign", order_by=above[column].desc())),
        doing=above.count().over(ibis.window(group_by="campaign")),
    ).join(sizes, "campaign")
    wide = (ranked.people * share).floor()
    narrow = (ranked.doing * share).floor()
    skipped = ibis.ifelse(wide >= ranked.doing, narrow, wide)
    limits = ranked.filter(ranked.place == skipped).select(capped_in="campaign", at_most=ranked[column])
    joined = each.left_join(limits, each.campaign == limits.capped_in)
    cut = ibis.least(joined[column], ibis.coalesce(joined.at_most, ibis.literal(math.inf)))
    return joined.mutate(**{column: cut}).drop("capped_in", "at_most")


def _moments(each: Any, people: Any) -> Any:
    rows = each.join(people, ["who", "campaign"])
    sums = {
        "contributing": (rows.d > 0).sum() if "d" in each.columns else rows.y.notnull().sum(),
        "total": rows.y.sum(),
        "squares": (rows.y * rows.y).sum(),
        "negative": (rows.y < 0).sum(),
    }
    if "d" in each.columns:
        sums |= {
            "per_total": rows.d.sum(),
            "per_squares": (rows.d * rows.d).sum(),
            "product": (rows.y * rows.d).sum(),
        }
    return rows.group_by(CELL).aggregate(**sums)


def overlap(tables: Any, query: ask.Overlap) -> Iterator[tuple[str, Any]]:
    """``exposed`` (people by campaign) and ``pairs`` (people in both of ``one`` and ``other``, ``one`` < ``other``)."""
    rows = _of(tables.exposures.select("person", "campaign"), query.campaigns)
    met = tables.keep(resolved(rows, tables.links).distinct())
    yield "exposed", met.group_by("campaign").aggregate(people=met.count())
    left, right = met.rename(one="campaign"), met.select(other="campaign", again="who")
    both = left.join(right, [left.who == right.again, left.one < right.other])
    yield "pairs", both.group_by("one", "other").aggregate(people=both.count())
