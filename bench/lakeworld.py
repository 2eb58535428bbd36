"""A lake as a large shop would have it: many millions of exposures, conversions, and people with several ids.

Written file by file with the lake's own writer; the database beside it knows the links and is otherwise empty, as if
everything had been exported.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from tailorbird.domain.exports import Numbers
from tailorbird.engine.lakeprocess import facts
from tailorbird.lake import columns
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.manifest import Log, following
from tailorbird.lake.place import Place
from tailorbird.lake.wire import Rules
from tailorbird.lake.writing import Writing
from tailorbird.store import migrate

PROJECT, LARGE, SMALL = "bench", "large", "small"
RULE, ARMS = "rule1", ("control", "exp1")
DAY = 86_400_000
#: 2026-01-01
NOW = 1_767_225_600_000
DAYS = 30
#: of a hundred people, how many were merged into somebody else; how many exposures of the large campaign there are for
#: each of the small one; how many for each order
MERGED, SMALLER, BUYING = 5, 5, 10
#: days after the exposure in which people buy; the goal's window is seven
BUYS_WITHIN = 10
_FACTS = '{"device":"mobile","country":"GB","returning":true,"audiences":["vip"],"attributes":{"plan":"gold"}}'


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What the facts are of."""

    project: str = PROJECT
    large: str = LARGE
    small: str = SMALL
    rule: str = RULE
    #: control, and an experience
    arms: tuple[str, str] = ARMS


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is, and how much is in it."""

    folder: Path
    exposures: int
    orders: int
    links: int
    names: Names = Names()
    #: name of the store's file
    file: str = "tailorbird.db"

    @property
    def database(self) -> Path:
        """The store."""
        return self.folder / self.file

    @property
    def lake(self) -> Path:
        """The files."""
        return self.folder / "lake"


def make(folder: Path, exposures: int) -> World:
    """A world whose large campaign has so many exposures, and a database that knows nothing else."""
    world = _world(folder, exposures)
    migrate(f"sqlite:///{world.database}")
    _fill(world)
    return world


def beside(folder: Path, file: str, exposures: int, names: Names) -> World:
    """Such facts of a project that a database without a lake holds; what comes next gets larger numbers than theirs."""
    world = msgspec.structs.replace(_world(folder, exposures), file=file, names=names)
    _fill(world)
    connection = sqlite3.connect(world.database)
    for table in ("events", "exposures", "exposure_days"):
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, _top(world)))
    connection.commit()
    connection.close()
    return world


def _world(folder: Path, exposures: int) -> World:
    return World(folder=folder, exposures=exposures, orders=exposures // BUYING, links=exposures * MERGED // 100)


def _top(world: World) -> int:
    """A number above all that the facts have."""
    return 2 * world.exposures


def _fill(world: World) -> None:
    exposures = world.exposures
    chance = np.random.default_rng(exposures)
    people = chance.permutation(exposures).astype(np.int64) * 7 + 11
    at = NOW - DAYS * DAY + np.sort(chance.integers(0, DAYS * DAY, exposures))
    arms = chance.integers(0, 2, exposures)
    _link(world, people)
    opened = facts(str(world.database))()
    place = Place(str(world.lake))
    Keeper(place, opened).turn(Rules(grace=0))
    log = Log(place)
    state = log.load()
    assert state is not None
    writing = Writing(place, state.lineage[-1].name)
    for day in range(DAYS):
        begin, end = np.searchsorted(at, (NOW - (DAYS - day) * DAY, NOW - (DAYS - day - 1) * DAY))
        _exposures(writing, world.names, people[begin:end], at[begin:end], arms[begin:end], int(begin))
    _orders(writing, world, chance, people, at, arms)
    top = _top(world)
    log.commit(
        state,
        following(
            state, NOW, "export", added=writing.settle(), numbers=Numbers(events=top, exposures=top, sightings=top)
        ),
    )
    opened.close()


#: of what is new: orders of people of the last days, first exposures of new people, impressions, and new people who
#: turn out to be older ones
ORDERS, EXPOSED, SHOWN, TURNED_OUT = 2_000, 1_000, 900, 100


def more(folder: Path, exposures: int, turn: int, *, exported: bool) -> None:
    """A few thousand new facts of the large campaign in the database, as a server would write them; ``exported``: and
    in the lake. ``turn`` makes each call's facts others."""
    chance = np.random.default_rng((exposures, turn))
    known = np.random.default_rng(exposures).permutation(exposures).astype(np.int64) * 7 + 11
    newest = known[-max(exposures // 4, 1) :]
    first = 7 * exposures + 1_000_000 * (turn + 1)
    new = [first + number for number in range(EXPOSED)]
    at = NOW + turn * 60_000
    bought = zip(chance.choice(newest, ORDERS).tolist(), np.round(np.exp(chance.normal(3, 1, ORDERS)), 2), strict=True)
    told: list[tuple[int, str, str | None, str | None]] = [
        (person, "order", f'{{"amount":{amount},"currency":"GBP"}}', None) for person, amount in bought
    ]
    told += [(person, "impression", None, LARGE) for person in chance.choice(known, SHOWN).tolist()]
    events = [
        (PROJECT, person, f"new-{turn}-{number}", name, at + number, at + number, "api", properties, campaign)
        for number, (person, name, properties, campaign) in enumerate(told)
    ]
    connection = sqlite3.connect(folder / "tailorbird.db")
    connection.execute("PRAGMA synchronous = OFF")
    for table in ("events", "exposures", "exposure_days"):
        connection.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT ?, ? WHERE ? NOT IN (SELECT name FROM sqlite_sequence)",
            (table, 2 * exposures, table),
        )
    connection.executemany(
        "INSERT INTO events (project, person, id, name, time, received_at, source, properties, campaign)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, CAST(? AS BLOB), ?)",
        events,
    )
    connection.executemany(
        "INSERT INTO exposures (project, person, campaign, version, rule, arm, epoch, time, door)"
        " VALUES (?, ?, ?, 1, ?, ?, 0, ?, 'api')",
        [(PROJECT, person, LARGE, RULE, ARMS[person % 2], at) for person in new],
    )
    connection.executemany(
        "INSERT INTO exposure_days (project, person, campaign, arm, day) VALUES (?, ?, ?, ?, ?)",
        [(PROJECT, person, LARGE, ARMS[person % 2], at // DAY) for person in new],
    )
    connection.executemany(
        "INSERT INTO person_links (project, person, target, at) VALUES (?, ?, ?, ?)",
        [
            (PROJECT, person, target, at)
            for person, target in zip(new, chance.choice(newest, TURNED_OUT).tolist(), strict=False)
        ],
    )
    connection.commit()
    connection.close()
    if exported:
        opened = facts(str(folder / "tailorbird.db"))()
        Keeper(Place(str(folder / "lake")), opened).turn(Rules(grace=0))
        opened.close()


def _link(world: World, people: Any) -> None:
    """Merges of people, as the store has them: everybody merged had an exposure of their own."""
    pairs = people[: 2 * world.links].reshape(2, world.links)
    connection = sqlite3.connect(world.database)
    connection.execute("PRAGMA synchronous = OFF")
    rows = ((int(one), world.names.project, int(other), NOW) for one, other in zip(*pairs, strict=True))
    connection.executemany("INSERT INTO person_links (person, project, target, at) VALUES (?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()


def _exposures(writing: Writing, names: Names, people: Any, at: Any, arms: Any, first: int) -> None:
    """One day's exposures and sightings of both campaigns."""
    day = int(at[0] // DAY)
    for campaign, step in ((names.large, 1), (names.small, SMALLER)):
        who, when, arm = people[::step], at[::step], arms[::step]
        order = np.argsort(who)
        size = len(who)
        seq = np.arange(first + 1, first + size + 1)
        told = {
            "seq": pa.array(seq),
            "person": pa.array(who[order]),
            "campaign": _same(campaign, size),
            "version": pa.array(np.ones(size, np.int64)),
            "rule": _same(names.rule, size),
            "arm": _chosen(names.arms, arm[order]),
            "epoch": pa.array(np.zeros(size, np.int64)),
            "time": pa.array(when[order]),
            "door": _same("api", size),
            "facts": _same(_FACTS, size),
            "day": pa.array(np.full(size, day)),
        }
        _write(writing, names.project, "exposures", day, told)
        _write(writing, names.project, "sightings", day, told)


def _orders(writing: Writing, world: World, chance: Any, people: Any, at: Any, arms: Any) -> None:
    """One order of some of those who were exposed, within days; a tenth more of those who were shown something."""
    chosen = np.sort(chance.permutation(world.exposures)[: world.orders])
    time = at[chosen] + chance.integers(0, BUYS_WITHIN * DAY, world.orders)
    amount = np.round(np.exp(chance.normal(3, 1, world.orders)) * (1 + 0.1 * arms[chosen]), 2)
    order = np.argsort(time)
    chosen, time, amount = chosen[order], time[order], amount[order]
    days = time // DAY
    for day in np.unique(days):
        begin, end = np.searchsorted(days, (day, day + 1))
        size = int(end - begin)
        seq = np.arange(begin + 1, end + 1)
        told = {
            "seq": pa.array(seq),
            "person": pa.array(people[chosen[begin:end]]),
            "id": pa.array([f"order-{number}" for number in seq]),
            "name": _same("order", size),
            "time": pa.array(time[begin:end]),
            "received_at": pa.array(time[begin:end]),
            "source": _same("api", size),
            "properties": pa.array([f'{{"amount":{one},"currency":"GBP"}}' for one in amount[begin:end]]),
        }
        _write(writing, world.names.project, "events", int(day), told)


def _write(writing: Writing, project: str, table: Any, day: int, told: dict[str, Any]) -> None:
    schema = columns.schema(table)
    size = len(told["seq"])
    held = [told[name] if name in told else pa.nulls(size, schema.field(name).type) for name in schema.names]
    writing.part(table, project, day, pa.table(held, names=schema.names).cast(schema))


def _same(text: str, size: int) -> Any:
    return pa.array([text]).take(pa.array(np.zeros(size, np.int64)))


def _chosen(texts: tuple[str, ...], at: Any) -> Any:
    return pa.array(list(texts)).take(pa.array(at))
