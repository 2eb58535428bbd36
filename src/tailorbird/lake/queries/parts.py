"""The figures of one campaign in a form that adds up over people: those of some people may be taken away and others
put in their place, without looking at everybody again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tailorbird.lake.queries import ask, totals
from tailorbird.lake.queries.campaign import Chosen, Named, told_of

HOUR_MS = 3_600_000

#: goal → column of its totals → what a cap stays above
Floors = dict[str, dict[str, float]]


def adds_up(query: ask.Campaign) -> bool:
    """Whether a question can be answered from parts: it is about everybody in a campaign."""
    people = query.people
    plain = query.by is None and not query.mature and not people.only and not people.exclude_crossed
    return plain and query.recent_since % HOUR_MS == 0


def parts(tables: Any, query: ask.Campaign, since: int, floors: Floors) -> Iterator[Named]:
    """As of ``campaign``, but for ``hours`` (people by the hour of their exposure, from ``since`` on) and, where totals
    are cut off at a percentile, in place of ``goal:<id>``: ``top:<id>``, the totals one by one above ``floors``,
    ``rest:<id>``, the sums of the others, and ``count:<id>``, how many are above zero.

    ``floors`` that are not there are computed and put in.
    """
    chosen = yield from told_of(tables, query)
    recent = chosen.people.filter(chosen.people["at"] >= since)
    recent = recent.mutate(hour=recent["at"] // HOUR_MS)
    yield "hours", recent.group_by(*totals.CELL, "hour").aggregate(n=recent.count())
    for goal in query.goals:
        found = tables.keep(totals.totals(tables, goal, chosen.people, chosen.clicks, query.people.until))
        if totals.by_percentile(goal.cap) and totals.capped_columns(goal, found.columns):
            yield from _split(goal, found, chosen, floors)
        else:
            found, _ = totals.capped(found, goal, 0)
            yield f"goal:{goal.id}", totals.moments(found, chosen.people, None)


def _split(goal: ask.Counted, found: Any, chosen: Chosen, floors: Floors) -> Iterator[Named]:
    columns = totals.capped_columns(goal, found.columns)
    if goal.id not in floors:
        people = totals.number(chosen.people.count())
        floors[goal.id] = {column: totals.floor(found, column, goal.cap, people) for column in columns}
    high = [found[column] > floors[goal.id][column] for column in columns]
    above = high[0]
    for one in high[1:]:
        above = above | one
    top = found.filter(above.fill_null(False))
    yield f"top:{goal.id}", top.join(chosen.people.select("who", *totals.CELL), "who")
    yield f"rest:{goal.id}", totals.moments(found.filter(~above.fill_null(False)), chosen.people, None)
    yield f"count:{goal.id}", found.aggregate(**{column: (found[column] > 0).sum() for column in columns})


def capped_top(top: Any) -> Any:
    """The moments of totals that were kept one by one (``who``, their cell, totals and ``cap_`` of each column)."""
    import ibis

    columns = [column for column in ("y", "d", "x") if column in top.columns]
    cut = {column: ibis.least(top[column], top[f"cap_{column}"]) for column in columns}
    return totals.moments(top.select("who", **cut), top.select("who", *totals.CELL), None)
