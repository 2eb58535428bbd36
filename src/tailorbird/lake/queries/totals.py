"""From events to one number per person and goal, and from those to the sums that a comparison is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tailorbird.lake.queries import ask
from tailorbird.lake.queries.people import resolved
from tailorbird.lake.queries.values import quantity
from tailorbird.targeting.columns import Properties, columns, paths_of

#: what tells the people of one cell from those of another
CELL = ("rule", "epoch", "version", "arm")


def after(tables: Any, measure: ask.Measure, people: Any, window_ms: int, clicks: Any | None, until: int | None) -> Any:
    """The events that count for somebody: within the window from the exposure on or, by click, within the window from a
    click on. The columns of ``people`` with ``time, x``, and ``id`` where the order matters; ``x`` is what the event
    brings, 1 where it is counted."""
    joined = _named(tables, measure).join(people, "who")
    joined = joined.filter(joined.time >= joined.at)
    if until is not None:
        joined = joined.filter(joined.time < until)
    if clicks is None:
        return _passing(tables, joined.filter(joined.time < joined.at + window_ms), measure)
    made = clicks.select(clicker="who", clicked="time")
    followed = [
        joined.who == made.clicker,
        joined.time >= made.clicked,
        joined.time < made.clicked + window_ms,
    ]
    return _passing(tables, joined.semi_join(made, followed), measure)


def before(tables: Any, measure: ask.Measure, people: Any, span_ms: int) -> Any:
    """The same people's events in the time before their exposure."""
    joined = _named(tables, measure).join(people, "who")
    return _passing(tables, joined.filter((joined.time < joined.at) & (joined.time >= joined.at - span_ms)), measure)


def _named(tables: Any, measure: ask.Measure) -> Any:
    """The events of that name, from the doors and channels asked for: ``who, time, properties``, and ``id`` where the
    order matters."""
    events = tables.events
    rows = events.filter(events.name == measure.event)
    if measure.sources:
        rows = rows.filter(rows.source.isin(measure.sources))
    if measure.channels:
        rows = rows.filter(rows.channel.isin(measure.channels))
    names = ["person", "time", "properties", *(["id"] if in_order(measure) else [])]
    return resolved(rows.select(*names), tables.links)


def in_order(measure: ask.Measure) -> bool:
    """Whether it matters which of two events came first."""
    return measure.aggregate in ("first", "last")


def _passing(tables: Any, rows: Any, measure: ask.Measure) -> Any:
    """Those whose properties are as the goal wants them, with ``x`` in place of the properties.

    JSON is what costs most here, so it is read of the events that are left, once for each value: they are kept first,
    or the engine would look through all events before it joined any.
    """
    import ibis

    valued = measure.aggregate not in ("occurrence", "count") and measure.property is not None
    paths = set(paths_of(measure.where or {}))
    paths |= {str(measure.property)} if valued else set()
    paths |= {"currency"} if measure.currency is not None else set()
    kept = [name for name in rows.columns if name != "properties"]
    if not paths:
        return rows.select(*kept, x=ibis.literal(1.0))
    rows, properties = Properties.lifted(tables.keep(rows), "properties", paths)
    asked = [columns(measure.where, properties)] if measure.where else []
    if measure.currency is not None:
        told = properties.value("currency").text
        asked.append(told.isnull() | (told.upper() == measure.currency))
    value = quantity(properties.value(str(measure.property))) if valued else ibis.literal(1.0)
    if asked:
        rows = rows.filter(asked)
    found = rows.select(*kept, x=value)
    return found.filter(found.x.notnull()) if valued else found


def per_person(rows: Any, aggregate: ask.Aggregate, name: str) -> Any:
    """``who`` and their total under ``name``; who did nothing is not there and counts as 0."""
    import ibis

    def order() -> Any:
        return ibis.struct({"time": rows.time, "id": rows.id})

    total = {
        "occurrence": lambda: rows.x.max(),
        "count": lambda: rows.x.sum(),
        "sum": lambda: rows.x.sum(),
        "average": lambda: rows.x.mean(),
        "min": lambda: rows.x.min(),
        "max": lambda: rows.x.max(),
        "first": lambda: rows.x.argmin(order()),
        "last": lambda: rows.x.argmax(order()),
    }[aggregate]()
    return rows.group_by("who").aggregate(**{name: total.cast("float64")})


def threshold(totals: Any, column: str, cap: ask.Cap, people: int) -> float | None:
    """Where totals are cut off. A percentile is one of everybody exposed, who did nothing included; where fewer than it
    leaves over did anything, of those who did."""
    if not by_percentile(cap):
        return cap.value
    doing = number((totals[column] > 0).sum())
    return _at(totals, column, beyond(cap, people, doing)) if doing else None


def by_percentile(cap: ask.Cap) -> bool:
    """Whether a cap depends on everybody's totals."""
    return cap.value is None and cap.percentile is not None and cap.percentile < 100


def beyond(cap: ask.Cap, people: int, doing: int) -> int:
    """How many of the positive totals a percentile leaves above it."""
    share = share_above(100.0 if cap.percentile is None else cap.percentile)
    skipped = math.floor(people * share)
    return skipped if skipped < doing else math.floor(doing * share)


def share_above(percentile: float) -> float:
    """The share of people that a percentile leaves above it, without the noise of binary fractions."""
    return round(1 - percentile / 100, 12)


def floor(totals: Any, column: str, cap: ask.Cap, people: int) -> float:
    """A number that the cap stays above although people come and go: about twice as many totals are above it."""
    doing = number((totals[column] > 0).sum())
    place = 2 * beyond(cap, people, people + 1) + SPARE
    return _at(totals, column, place) if place < doing else 0.0


#: totals that are kept one by one below those that a cap needs
SPARE = 1000


def _at(totals: Any, column: str, place: int) -> float:
    """The total that so many positive ones are above."""
    found = totals.filter(totals[column] > 0).order_by(totals[column].desc()).limit(1, offset=place)
    return float(found[column].max().to_pyarrow().as_py())


def number(expression: Any) -> int:
    """A count, computed now."""
    return int(expression.to_pyarrow().as_py() or 0)


def totals(tables: Any, goal: ask.Counted, people: Any, clicks: Any | None, until: int | None) -> Any:
    """``who, y`` of everybody who did something; ``d`` of ratios, ``x`` of the time before the exposure."""
    found = per_person(after(tables, goal.value, people, goal.window_ms, clicks, until), goal.value.aggregate, "y")
    if goal.per is not None:
        under = after(tables, goal.per, people, goal.window_ms, clicks, until)
        found = _beside(found, per_person(under, goal.per.aggregate, "d"))
    if goal.before_ms:
        earlier = before(tables, goal.value, people, goal.before_ms)
        found = _beside(found, per_person(earlier, goal.value.aggregate, "x"))
    return found


def _beside(left: Any, right: Any) -> Any:
    """Both, person by person; who is missing on one side has nothing there."""
    import ibis

    (name,) = (column for column in right.columns if column != "who")
    other = right.rename(other="who")
    joined = left.outer_join(other, left.who == other.other)
    kept = {column: joined[column].fill_null(0.0) for column in (*left.columns, name) if column != "who"}
    return joined.select(who=ibis.coalesce(joined.who, joined.other), **kept)


def capped_columns(goal: ask.Counted, columns: Sequence[str]) -> tuple[str, ...]:
    """Those of the totals' columns that are cut off."""
    if goal.value.aggregate == "occurrence" and goal.per is None:
        return ()
    return tuple(column for column in ("y", "d", "x") if column in columns)


def capped(found: Any, goal: ask.Counted, people: int) -> tuple[Any, dict[str, float | None]]:
    """The totals with what is above the caps cut off, and the caps: one for each column."""
    import ibis

    told: dict[str, float | None] = {}
    for column in capped_columns(goal, found.columns):
        limit = threshold(found, column, goal.cap, people)
        told[column] = limit
        if limit is not None:
            found = found.mutate(**{column: ibis.least(found[column], ibis.literal(limit))})
    return found, told


def moments(found: Any, people: Any, groups: Any | None) -> Any:
    """The sums over everybody who did something, by rule, epoch, version and arm, and by group where there are any.

    ``contributing, total, squares``, how many are below zero (``negative``) and how many did something (``doing``); of
    ratios ``per_total, per_squares, product``; with CUPED ``pre_…``. People who
    did nothing add nothing to any of them.
    """
    rows = found.join(people.select("who", *CELL), "who")
    keys = list(CELL)
    if groups is not None:
        rows = rows.join(groups, "who")
        keys.append("group")
    has_per, has_pre = "d" in found.columns, "x" in found.columns
    does = rows.d > 0 if has_per else rows.y.notnull() & (rows.y != 0) if has_pre else rows.y.notnull()
    sums = {
        "contributing": does.sum(),
        "total": rows.y.sum(),
        "squares": (rows.y * rows.y).sum(),
        "negative": (rows.y < 0).sum(),
        "doing": rows.count(),
    }
    if has_per:
        sums |= {
            "per_total": rows.d.sum(),
            "per_squares": (rows.d * rows.d).sum(),
            "product": (rows.y * rows.d).sum(),
        }
    if has_pre:
        sums |= {
            "pre_total": rows.x.sum(),
            "pre_squares": (rows.x * rows.x).sum(),
            "pre_product": (rows.x * rows.y).sum(),
        }
    return rows.group_by(keys).aggregate(**sums)
