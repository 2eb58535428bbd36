"""The figures of one campaign, table by table."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import msgspec

from tailorbird.lake.queries import ask, totals
from tailorbird.lake.queries import touches as touching
from tailorbird.lake.queries.people import conflicts, crossed, selected

#: the name of a table, and the table
Named = tuple[str, Any]


class Chosen(msgspec.Struct, frozen=True):
    """Whose events are counted by goals: people, by group where there are any, and their clicks where they matter."""

    people: Any
    groups: Any | None
    clicks: Any | None


def campaign(tables: Any, query: ask.Campaign) -> Iterator[Named]:
    """``people``, ``touches``, ``crossed``, ``conflicts``; and ``cap:<id>`` and ``goal:<id>`` of each goal.

    With a breakdown the same by group beside them: ``people by``, ``touches by``, ``goal by:<id>``.
    """
    chosen = yield from told_of(tables, query)
    for goal in query.goals:
        yield from _goal(tables, query, goal, chosen)


def told_of(tables: Any, query: ask.Campaign) -> Generator[Named, None, Chosen]:
    """What is told of a campaign's people beside their goals."""
    shown = touching.touches(tables, query.people)
    people, groups = selected(tables, query.people, query.by, touching.clicks(shown))
    people = tables.keep(people)
    groups = tables.keep(groups) if groups is not None else None
    yield from _each("people", groups, lambda by: _counted(people, by, query.recent_since))
    wants_clicks = query.attribution == "click" and bool(query.goals)
    if query.touches or wants_clicks:
        shown = touching.of_people(shown, people)
        shown = tables.keep(shown) if wants_clicks and query.touches else shown
    if query.touches:
        within = shown if query.people.until is None else shown.filter(shown.time < query.people.until)
        yield from _each("touches", groups, lambda by: touching.counted(within, by))
    if query.crossed:
        yield "crossed", _crossed(tables, query, people)
        yield "conflicts", conflicts(tables, query.people.campaign)
    return Chosen(people, groups, touching.clicks(shown) if wants_clicks else None)


def _each(name: str, groups: Any | None, table: Callable[[Any | None], Any]) -> Iterator[Named]:
    """A table of everybody, and where there are groups, the same by group."""
    yield name, table(None)
    if groups is not None:
        head, colon, goal = name.partition(":")
        yield f"{head} by{colon}{goal}", table(groups)


def _counted(people: Any, groups: Any | None, recent_since: int = 0) -> Any:
    keys = list(totals.CELL)
    rows = people
    if groups is not None:
        rows = rows.join(groups, "who")
        keys.append("group")
    return rows.group_by(keys).aggregate(
        n=rows.count(),
        first_at=rows["at"].min(),
        last_at=rows["at"].max(),
        recent=(rows["at"] >= recent_since).sum(),
    )


def _crossed(tables: Any, query: ask.Campaign, people: Any) -> Any:
    met = crossed(tables, query.people).rename(other="who")
    rows = people.join(met, people.who == met.other)
    return rows.group_by("rule", "arm").aggregate(torn=rows.torn.sum(), moved=rows.moved.sum())


def _goal(tables: Any, query: ask.Campaign, goal: ask.Counted, chosen: Chosen) -> Iterator[Named]:
    people, groups = chosen.people, chosen.groups
    if query.mature:
        people = people.filter(people["at"] + goal.window_ms <= query.now)
        yield from _each(f"people:{goal.id}", groups, lambda by: _counted(people, by))
    found = tables.keep(totals.totals(tables, goal, people, chosen.clicks, query.people.until))
    everybody = totals.number(people.count()) if totals.by_percentile(goal.cap) else 0
    found, caps = totals.capped(found, goal, everybody)
    import ibis

    told = [{"column": column, "cap": cap} for column, cap in caps.items()]
    if told:
        yield f"cap:{goal.id}", ibis.memtable(told, schema={"column": "string", "cap": "float64"})
    yield from _each(f"goal:{goal.id}", groups, lambda by: totals.moments(found, people, by))
