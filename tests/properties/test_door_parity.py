"""One truth: a thousand visitors, twenty campaigns, and every door says of each the same as our own API."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec
import pytest

from tailorbird.domain.definitions import Item
from tailorbird.domain.reasons import Reason
from tailorbird.engine import access, lists, publish
from tailorbird.engine.catalogue import upsert
from tailorbird.engine.project_file import FileText, apply, export_text, read_yaml
from tailorbird.engine.refresh import refresh, running
from tailorbird.engine.runtime import Runtime
from tailorbird.store import SqliteStore
from tailorbird.web.app import App, build_app
from tailorbird.web.options import Options
from tests.engine.conftest import NOON, Severed
from tests.properties import door_worlds as worlds
from tests.properties.door_basis import Api, Door, Outcome
from tests.properties.door_dialects import Intempt, MoEngage, OfrepBulk, OfrepSingle, Salesforce
from tests.properties.door_worlds import Person

DOORS: tuple[type[Door], ...] = (Api, Intempt, MoEngage, Salesforce, OfrepSingle, OfrepBulk)
SEED, PEOPLE, AGAIN = 8, 1_000, 150
MINUTE = 60_000
#: of each reason, how often it occurs at least
ENOUGH = 50
UNLIMITED: Any = {"rate": 1e6, "burst": 1_000_000}
#: visitors who are served at the same time, as on any server
AT_ONCE = 40

FILE = "test.db"
CONNECTED, REFUSED = "connected", "refused"
#: how many visitors ask, how many minutes after the beginning, and whether the store is there: once, again in the same
#: visit, in a later one, and while the store is away
ROUNDS = ((PEOPLE, 0, CONNECTED), (AGAIN, 5, CONNECTED), (AGAIN, 120, CONNECTED), (AGAIN, 125, REFUSED))
#: address of a person, key of a campaign
Place = tuple[str, str]
T = TypeVar("T")
U = TypeVar("U")


class World:
    """One server with a project for each door, all of which say the same."""

    def __init__(self, runtime: Runtime, line: Severed, app: App, folder: Path) -> None:
        self.runtime, self.line, self.app, self.folder = runtime, line, app, folder
        self.now = NOON
        self.doors: list[Door] = []
        self.keys: list[str] = []
        self.people: list[Person] = []

    async def settled(self) -> None:
        while self.runtime.pending:
            await asyncio.wait(tuple(self.runtime.pending))

    async def everyone(self, who: Iterable[T], work: Callable[[T], Awaitable[U]]) -> list[U]:
        """The same for all, some at a time."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(person: T) -> U:
            async with gate:
                return await work(person)

        return await asyncio.gather(*map(one, who))


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    line, made = Severed(SqliteStore(folder / FILE)), list[World]()
    store: Any = line
    runtime = Runtime(store, data_dir=folder, clock=lambda: made[0].now if made else NOON)
    runtime.breaker.patience = 60.0  # nothing here is about time
    async with running(runtime):
        here = World(runtime, line, build_app(runtime, Options(access_log=False)), folder)
        made.append(here)
        chance = Random(SEED)
        here.people = worlds.people(chance, PEOPLE)
        drawn = worlds.campaigns(chance, here.people)
        here.keys = [*sorted(body["key"] for body, _ in drawn), worlds.NOBODYS]
        await _open(here, drawn)
        yield here
        line.mode = "connected"


async def _open(here: World, drawn: list[tuple[dict[str, Any], str]]) -> None:
    """The campaigns in the first door's project, and from there by file in those of all the others."""
    runtime = here.runtime
    for made in DOORS:
        project = await access.create_project(runtime, f"Door {made.name}")
        _, secret = await access.create_key(
            runtime, project.id, client="tests", scopes=("decide", "record"), **UNLIMITED
        )
        here.doors.append(made(here.app, runtime, project.key, secret))
    first = here.doors[0].project
    for kind, body in (("goal", worlds.GOAL), *(("audience", one) for one in worlds.AUDIENCES)):
        await publish.create(runtime, first, kind, msgspec.json.encode(body), "tests")  # type: ignore[arg-type]
    listed = [person.address for person in here.people if person.number % 3 == 0]
    await lists.put(runtime, first, "letter", listed, replace=True)
    for body, verb in drawn:
        await publish.create(runtime, first, "campaign", msgspec.json.encode(body), "tests")
        before = {"archive": ("archive",), "draft": (), "test": ("test",)}.get(verb, ("start", verb))
        for step in filter(None, before):
            await publish.lifecycle(runtime, first, body["key"], step, "tests")
    settings = {"event_api_open": True, "publishable_events": ["none"], "exclude_bots": False}
    await publish.put_settings(runtime, first, msgspec.json.encode(settings), "tests", 0)
    text = read_yaml((await export_text(runtime, first, members=True)).encode()).value
    for door in here.doors:
        if door.project != first:
            await apply(runtime, door.project, FileText(text), "tests")
        await upsert(runtime, door.project, [Item(**item) for item in worlds.ITEMS])
        await _remember(here, door)
        snapshot = runtime.project(door.project)
        door.learn({one.key: msgspec.to_builtins(one) for one in snapshot.bodies["campaign"].values()})
        await _break(here, door)
    assert len({door.salts for door in here.doors}) == 1


async def _remember(here: World, door: Door) -> None:
    """What is known of the visitors before anybody asks."""
    events: list[dict[str, Any]] = []
    for person in here.people:
        who = person.seen_under
        if person.attributes:
            events.append({"name": "attributes", "visitor": who, "attributes": person.attributes})
        events += [{"name": "order", "visitor": who, "id": f"{person.number}-{n}"} for n in range(person.orders)]
    for start in range(0, len(events), 1_000):
        head = {"authorization": f"Bearer {door.secret}"}
        status, told = await door.call("/v1/events", {"events": events[start : start + 1_000]}, **head)
        assert (status, told["rejected"]) == (200, []), told


async def _break(here: World, door: Door) -> None:
    """One campaign becomes what no publish would let through."""
    snapshot = here.runtime.project(door.project)
    held = snapshot.definitions["campaign"][door.bodies[worlds.BROKEN]["id"]]
    body = msgspec.json.encode({**msgspec.json.decode(held.body), "audience": {"plan": {"$of tomorrow": 1}}})
    spoilt = msgspec.structs.replace(held, version=held.version + 1, body=msgspec.Raw(body))
    await here.runtime.store.write_definitions([(spoilt, held.version)])
    await refresh(here.runtime)


# -- what is counted ---------------------------------------------------------------------------------------------------

EXPOSURES = """SELECT ids.id, seen.campaign, seen.arm FROM exposures AS seen
    JOIN visitor_ids AS ids ON ids.project = seen.project AND ids.person = seen.person WHERE seen.project = ?"""
EVENTS = "SELECT name, COUNT(*) FROM events WHERE project = ? GROUP BY name"


def read(here: World, door: Door, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{here.folder / FILE}?mode=ro", uri=True)) as connection:
        return connection.execute(query, (here.runtime.project(door.project).project.id,)).fetchall()


def counted(door: Door, told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The exposures of one answer: key of the campaign and arm."""
    for key, one in told.items():
        body = door.bodies.get(key)
        if body is None or one["group"] is None or body.get("status") == "testing":
            continue
        at_decision = not door.by_report or (body.get("expose") == "decision" and not isinstance(door, OfrepBulk))
        if at_decision or one["reason"] != "WITHHELD":
            yield key, "control" if one["group"] == "control" else one["experience"]


def exposures(here: World, door: Door) -> dict[Place, str]:
    """Arms by place, as the store has them; an experience by its name."""
    addresses = {person.address for person in here.people}
    names = {body["id"]: key for key, body in door.bodies.items()}
    found: dict[Place, str] = {}
    for visitor_id, campaign, arm in read(here, door, EXPOSURES):
        if visitor_id in addresses:
            place = (visitor_id, names[campaign])
            assert place not in found, "one exposure per person and campaign"
            found[place] = door.experiences.get(arm, arm)
    return found


class Tally:
    """What has happened so far, as our own API told it."""

    def __init__(self, here: World) -> None:
        self.here = here
        self.reasons: Counter[str] = Counter()
        self.impressions: Counter[str] = Counter()
        self.exposed: dict[str, dict[Place, str]] = {door.name: {} for door in here.doors}

    async def round(self, who: list[Person], *, healthy: bool) -> None:
        """Everybody asks at every door; then what was shown is reported in each protocol's own way."""
        here, (api, *others) = self.here, self.here.doors
        assert isinstance(api, Api)
        made = await here.everyone(who, partial(api.decide, keys=here.keys))
        self.reasons.update(one["reason"] for told in made for one in told.values())
        answers = {api.name: [{key: api.expected(key, told[key]) for key in here.keys} for told in made]}
        for door in others:
            answers[door.name] = await here.everyone(who, partial(door.ask, keys=here.keys))
            for person, told, seen in zip(who, made, answers[door.name], strict=True):
                for key in here.keys:
                    assert seen[key].plain == door.expected(key, told[key]), (door.name, person, told[key])
        for door in here.doors if healthy else ():
            await self._report(door, who, made, answers[door.name])
        await here.settled()

    async def _report(self, door: Door, who: list[Person], made: Any, answers: list[dict[str, Outcome]]) -> None:
        for person, told in zip(who, made, strict=True):
            for key, arm in counted(door, told):
                self.exposed[door.name].setdefault((person.address, key), arm)

        async def report(one: tuple[Person, dict[str, Outcome]]) -> int:
            return await door.report(*one)

        reports = await self.here.everyone(zip(who, answers, strict=True), report)
        self.impressions[door.name] += sum(reports)


@pytest.mark.slow
async def test_every_door_says_the_same_as_our_own_api(tmp_path: Path) -> None:
    """Some ask again in the same visit, and in a later one; then the store is away. Every reason occurs, and what is
    reported counts no exposure a second time. Deciding consumes caps, so each door has a project of its own."""
    async with world(tmp_path) as here:
        tally = Tally(here)
        for count, minutes, mode in ROUNDS:
            here.now, here.line.mode = NOON + minutes * MINUTE, mode
            await tally.round(here.people[:count], healthy=mode == CONNECTED)
        assert {reason.value: tally.reasons[reason] for reason in Reason if tally.reasons[reason] < ENOUGH} == {}
        for door in here.doors:
            assert exposures(here, door) == tally.exposed[door.name], door.name
            assert dict(read(here, door, EVENTS))["impression"] == tally.impressions[door.name] > 1_000, door.name
