"""A small project's facts as tables of DuckDB, and the same figures counted one by one in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import ibis
import msgspec
import pyarrow as pa

from tailorbird.lake.queries import ask, expressions
from tailorbird.targeting import compile_property_condition

EVENTS = ("seq", "person", "id", "name", "time", "received_at", "source", "session_id", "properties", "channel")
TOKEN = ("campaign", "version", "rule", "arm", "epoch", "answers_at", "marks")
COLUMNS = {
    "events": (*EVENTS, *TOKEN),
    "exposures": ("seq", "person", "campaign", "version", "rule", "arm", "epoch", "time", "door", "facts"),
    "sightings": ("person", "campaign", "arm", "day"),
    "links": ("person", "target"),
}
NUMBERS = {"seq", "person", "target", "time", "received_at", "version", "epoch", "answers_at", "day"}

CONNECTION = ibis.duckdb.connect()


class World:
    """Facts of one project, as rows."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.exposures: list[dict[str, Any]] = []
        self.sightings: list[dict[str, Any]] = []
        self.links: list[dict[str, Any]] = []

    def expose(self, person: int, arm: str, time: int, **more: Any) -> None:
        facts = more.pop("facts", None)
        row: dict[str, Any] = {"campaign": "C", "version": 1, "rule": "R1", "epoch": 0, "door": "api"} | more
        told = msgspec.json.encode(facts).decode() if facts is not None else None
        row |= {"seq": len(self.exposures) + 1, "person": person, "arm": arm, "time": time, "facts": told}
        self.exposures.append(row)
        self.see(person, arm, row["campaign"])

    def see(self, person: int, arm: str, campaign: str = "C", day: int = 1) -> None:
        self.sightings.append({"person": person, "campaign": campaign, "arm": arm, "day": day})

    def happen(self, person: int, name: str, time: int, properties: Any = None, **more: Any) -> None:
        seq = len(self.events) + 1
        told = msgspec.json.encode(properties).decode() if properties is not None else None
        row = {"seq": seq, "person": person, "id": f"e{seq}", "name": name, "time": time, "source": "api"}
        self.events.append(row | {"received_at": time, "properties": told} | more)

    def link(self, person: int, target: int) -> None:
        self.links.append({"person": person, "target": target})

    # -- as the engine sees it -----------------------------------------------------------------------------------------
    def tables(self) -> SimpleNamespace:
        return SimpleNamespace(**{name: self._table(name) for name in COLUMNS})

    def _table(self, name: str) -> Any:
        schema = pa.schema([(c, pa.int64() if c in NUMBERS else pa.string()) for c in COLUMNS[name]])
        rows = [{c: row.get(c) for c in COLUMNS[name]} for row in getattr(self, name)]
        return CONNECTION.create_table(name, pa.Table.from_pylist(rows, schema=schema), overwrite=True)

    def asked(self, question: ask.Question) -> dict[str, list[dict[str, Any]]]:
        found = {}
        for name, table in expressions(self.tables(), question):
            found[name] = CONNECTION.to_pyarrow(table).to_pylist()
        return found

    # -- one by one ----------------------------------------------------------------------------------------------------
    def who(self, person: int) -> int:
        return next((link["target"] for link in self.links if link["person"] == person), person)

    def people(self, campaign: str = "C") -> dict[int, dict[str, Any]]:
        first: dict[int, dict[str, Any]] = {}
        for row in sorted(self.exposures, key=lambda row: (row["time"], row["seq"])):
            if row["campaign"] == campaign:
                first.setdefault(self.who(row["person"]), row)
        return first

    def matching(self, measure: ask.Measure) -> list[tuple[int, int, str, float]]:
        where = compile_property_condition(measure.where or {})
        found = []
        for row in self.events:
            properties = msgspec.json.decode(row["properties"]) if row["properties"] else {}
            if row["name"] != measure.event or not where(properties):
                continue
            if measure.currency and properties.get("currency", measure.currency) != measure.currency:
                continue
            value: Any = 1.0
            if measure.property and measure.aggregate not in ("occurrence", "count"):
                value = properties.get(measure.property)
                if isinstance(value, bool) or not isinstance(value, int | float):
                    continue
            found.append((self.who(row["person"]), row["time"], row["id"], float(value)))
        return found

    def totals(self, goal: ask.Counted, measure: ask.Measure) -> dict[int, float]:
        """Each exposed person's total, uncapped; people without one are not there."""
        values: dict[int, list[tuple[int, str, float]]] = defaultdict(list)
        people = self.people()
        for who, time, id_, value in self.matching(measure):
            if who in people and 0 <= time - people[who]["time"] < goal.window_ms:
                values[who].append((time, id_, value))
        return {who: _one(measure.aggregate, sorted(held)) for who, held in values.items()}

    def moments(self, goal: ask.Counted, cap: float | None = None) -> dict[tuple[str, str], tuple[float, ...]]:
        """(rule, arm) → contributing, total, squares."""
        sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
        people = self.people()
        for who, total in self.totals(goal, goal.value).items():
            held = sums[people[who]["rule"], people[who]["arm"]]
            y = total if cap is None else min(total, cap)
            for at, part in enumerate((1.0, y, y * y)):
                held[at] += part
        return {cell: tuple(held) for cell, held in sums.items()}


def _one(aggregate: str, held: Sequence[tuple[int, str, float]]) -> float:
    values = [value for _, _, value in held]
    return {
        "occurrence": lambda: 1.0,
        "count": lambda: float(len(values)),
        "sum": lambda: sum(values),
        "average": lambda: sum(values) / len(values),
        "min": lambda: min(values),
        "max": lambda: max(values),
        "first": lambda: values[0],
        "last": lambda: values[-1],
    }[aggregate]()


def by_cell(rows: list[dict[str, Any]], *names: str) -> dict[tuple[str, str], tuple[Any, ...]]:
    """(rule, arm) → the named columns."""
    return {(row["rule"], row["arm"]): tuple(row[name] for name in names) for row in rows}
