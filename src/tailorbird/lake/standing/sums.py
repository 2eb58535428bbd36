"""Taking the figures of some people away and putting others in their place."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tailorbird.lake.queries import ask, totals
from tailorbird.lake.queries.parts import HOUR_MS

Row = dict[str, Any]
#: named tables, as rows
Rows = dict[str, list[Row]]
#: the moments of totals that were kept one by one, cut off: rows, and column → cap
CapTop = Callable[[Sequence[Row], Mapping[str, float]], list[Row]]

#: what tells the rows of a table apart; the rest of a row is sums
_KEYS = {
    "people": totals.CELL,
    "hours": (*totals.CELL, "hour"),
    "touches": ("rule", "arm"),
    "crossed": ("rule", "arm"),
    "conflicts": (),
    "goal": totals.CELL,
    "rest": totals.CELL,
    "count": (),
}
#: columns that are the least or the greatest of all
_EXTREMES = {"first_at": min, "last_at": max}
#: the column that is 0 where nobody is left
_COUNTS = {"people": "n", "hours": "n", "goal": "doing", "rest": "doing"}
#: totals kept one by one, at most as many times those that a cap needs
_MOST = 8


class Unsure(Exception):
    """What is left cannot be told without looking at everybody."""


class Wrong(Unsure):
    """What is to be taken away is not there: never, unless somebody changed facts."""


def exchanged(parts: Mapping[str, list[Row]], old: Mapping[str, list[Row]], new: Mapping[str, list[Row]]) -> Rows:
    """``parts`` without ``old`` and with ``new``; ``Unsure`` where the first or last exposure may have been taken."""
    return {name: _exchanged(name, parts[name], old[name], new[name]) for name in parts}


def _exchanged(name: str, parts: list[Row], old: list[Row], new: list[Row]) -> list[Row]:
    table = name.partition(":")[0]
    if table == "top":
        gone = {row["who"] for row in old}
        return [row for row in parts if row["who"] not in gone] + new
    keys = _KEYS[table]
    held = {_key(row, keys): dict(row) for row in parts}
    for row in old:
        key = _key(row, keys)
        if key not in held:
            raise Wrong
        _take(held[key], row, keys)
    held = {key: row for key, row in held.items() if _any(table, row, keys)}
    for row in new:
        key = _key(row, keys)
        if key in held:
            _put(held[key], row, keys)
        else:
            held[key] = dict(row)
    for row in held.values():
        for extreme in _EXTREMES:
            row.pop(f"was {extreme}", None)
            if row.get(extreme, 0) is None:
                raise Unsure
    return [*held.values()]


def _key(row: Row, keys: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in keys)


def _take(held: Row, row: Row, keys: Sequence[str]) -> None:
    for name, value in row.items():
        if name in _EXTREMES:
            if held[name] == value:
                held[name] = None  # somebody else may have been next
                held[f"was {name}"] = value
        elif name not in keys:
            held[name] = (held[name] or 0) - (value or 0)


def _put(held: Row, row: Row, keys: Sequence[str]) -> None:
    for name, value in row.items():
        if name in _EXTREMES:
            least = _EXTREMES[name]
            known = held[name] if held[name] is not None else held.get(f"was {name}")
            if known is None or least(known, value) == value:
                held[name] = value
        elif name not in keys:
            held[name] = (held[name] or 0) + (value or 0)


def _any(table: str, row: Row, keys: Sequence[str]) -> bool:
    """Whether a row still tells anything."""
    if not keys:
        return True
    if table in _COUNTS:
        return bool(row[_COUNTS[table]])
    return any(row[name] for name in row if name not in keys)


def too_many_on_top(query: ask.Campaign, parts: Mapping[str, list[Row]]) -> bool:
    """Whether the floors lie so low by now that keeping what is above them costs too much."""
    people = sum(row["n"] for row in parts["people"])
    return any(
        len(parts[f"top:{goal.id}"]) > _MOST * (totals.beyond(goal.cap, people, people + 1) + totals.SPARE)
        for goal in query.goals
        if f"top:{goal.id}" in parts
    )


def answered(query: ask.Campaign, parts: Mapping[str, list[Row]], floors: Mapping[str, Any], cap_top: CapTop) -> Rows:
    """Parts as the tables that the question asks for; ``Unsure`` where a cap is not above its floor any more."""
    found: Rows = {name: [*rows] for name, rows in parts.items() if name in ("touches", "crossed", "conflicts")}
    found["people"] = [*_with_recent(parts, query.recent_since)]
    people = sum(row["n"] for row in parts["people"])
    for goal in query.goals:
        if f"goal:{goal.id}" in parts:
            rows, caps = parts[f"goal:{goal.id}"], _by_value(goal, parts[f"goal:{goal.id}"])
        else:
            rows, caps = _capped(goal, parts, floors[goal.id], people, cap_top)
        if caps:
            found[f"cap:{goal.id}"] = [{"column": column, "cap": cap} for column, cap in caps.items()]
        found[f"goal:{goal.id}"] = rows
    return found


def _with_recent(parts: Mapping[str, list[Row]], since: int) -> Iterable[Row]:
    recent: dict[tuple[Any, ...], int] = {}
    for row in parts["hours"]:
        if row["hour"] * HOUR_MS >= since:
            key = _key(row, totals.CELL)
            recent[key] = recent.get(key, 0) + row["n"]
    for row in parts["people"]:
        yield row | {"recent": recent.get(_key(row, totals.CELL), 0) if since else row["n"]}


def _by_value(goal: ask.Counted, rows: Sequence[Row]) -> dict[str, float | None]:
    columns = ["y", *(["d"] if goal.per is not None else []), *(["x"] if goal.before_ms else [])]
    return dict.fromkeys(totals.capped_columns(goal, columns), goal.cap.value)


def _capped(
    goal: ask.Counted, parts: Mapping[str, list[Row]], floors: Mapping[str, float], people: int, cap_top: CapTop
) -> tuple[list[Row], dict[str, float | None]]:
    top = parts[f"top:{goal.id}"]
    (doing,) = parts[f"count:{goal.id}"]
    caps = {column: _cap(goal.cap, column, floor, top, people, doing[column] or 0) for column, floor in floors.items()}
    high = cap_top(top, {column: math.inf if cap is None else cap for column, cap in caps.items()})
    return _exchanged("rest", parts[f"rest:{goal.id}"], [], high), caps


def _cap(cap: ask.Cap, column: str, floor: float, top: Sequence[Row], people: int, doing: int) -> float | None:
    """The total that is cut off at: among those that are kept one by one, if there are enough of them."""
    if not doing:
        return None
    place = totals.beyond(cap, people, doing)
    import numpy as np

    each = np.fromiter((row[column] for row in top), np.float64, len(top))
    above = np.sort(each[each > floor])
    if place >= len(above):
        raise Unsure
    return float(above[-1 - place])
