"""A campaign, people who do this and that, and questions whose standing answers are held against everything computed
anew."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Any

import msgspec

from tailorbird.domain.exports import OpenFacts
from tailorbird.domain.facts import Arm, Entry
from tailorbird.domain.visitor import Visitor
from tailorbird.lake.place import Place
from tailorbird.lake.queries import ask
from tailorbird.lake.session import Limits, Session
from tailorbird.lake.standing.campaigns import Rules
from tailorbird.lake.wire import Rules as Turning
from tailorbird.store.contract import Store
from tests.lake.threaded import Threaded
from tests.store.small_fold import DAY, NOW, SHOP, SmallFold, alias, event, exposure, link

HOUR = DAY // 24
WINDOW = 5 * DAY
CAMPAIGN = "camp1"
ARMS = {"R1": ("control", "A", "B"), "R2": ("control", "X")}
PEOPLE = ask.People(campaign=CAMPAIGN, names=("hero",), rules={"A": "R1", "B": "R1", "X": "R2"}, since=NOW - 28 * DAY)
ORDER: dict[str, Any] = {"event": "order", "where": {"amount": {"$gt": -20}}}


def goal(name: str, aggregate: str, window: int = WINDOW, **more: Any) -> ask.Counted:
    told = ORDER | ({"property": "amount"} if aggregate not in ("occurrence", "count") else {})
    return ask.Counted(id=name, value=ask.Measure(aggregate=aggregate, **told), window_ms=window, **more)  # type: ignore[arg-type]


GOALS = (
    goal("bought", "occurrence"),
    goal("orders", "count", cap=ask.Cap(value=2.0)),
    goal("revenue", "sum", cap=ask.Cap(percentile=90.0), before_ms=3 * DAY),
    goal("mean", "average", window=9 * DAY),
    goal("least", "min"),
    goal("most", "max", cap=ask.Cap(percentile=99.9)),
    goal("first", "first"),
    goal("last", "last"),
    goal("value", "sum", per=ask.Measure(event="order", aggregate="count"), cap=ask.Cap(percentile=95.0)),
    ask.Counted(id="seen", value=ask.Measure(event="impression", aggregate="count"), window_ms=WINDOW),
)


def question(*goals: ask.Counted, now: int = NOW, **more: Any) -> ask.Campaign:
    return ask.Campaign(
        people=PEOPLE, goals=goals or GOALS, now=now, recent_since=(now - 7 * DAY) // HOUR * HOUR, **more
    )


QUESTIONS = (
    question(*GOALS[:4]),
    question(*GOALS[4:7]),
    question(*GOALS[7:]),
    question(GOALS[1], GOALS[2], attribution="click"),
    question(GOALS[0], touches=False, crossed=False),
    ask.Campaign(people=msgspec.structs.replace(PEOPLE, until=NOW - 2 * DAY), goals=GOALS[1:3]),
)


class Crowd:
    """People with several ids who do this and that, in no order."""

    def __init__(self, seed: int, size: int = 40) -> None:
        self.chance = random.Random(seed)
        self.size = size
        self.made = 0

    def time(self) -> int:
        return NOW - self.chance.randrange(30 * DAY)

    def visitor(self) -> Visitor:
        number = self.chance.randrange(self.size)
        return Visitor(id=f"v{number}") if self.chance.random() < 0.7 else Visitor(anonymous_id=f"a{number}")

    def entry(self) -> Entry:
        """One more thing that happens."""
        self.made += 1
        kinds = [self.exposed, self.ordered, self.touched, self.merged, self.elsewhere]
        return self.chance.choices(kinds, (5, 5, 4, 1, 2))[0]()

    def entries(self, most: int) -> list[Entry]:
        return [self.entry() for _ in range(self.chance.randrange(1, most))]

    def arm(self, campaign: str = CAMPAIGN) -> Arm:
        rule = self.chance.choice([*ARMS])
        version = self.chance.choice((1, 2))
        return Arm(campaign=campaign, version=version, rule=rule, arm=self.chance.choice(ARMS[rule]), epoch=version)

    def exposed(self, campaign: str = CAMPAIGN) -> Entry:
        made = exposure("", answers=self.arm(campaign), time=self.time(), facts={"device": "mobile"})
        return msgspec.structs.replace(made, visitor=self.visitor())

    def ordered(self, name: str = "order") -> Entry:
        amount: Any = self.chance.choice([self.chance.randrange(-30, 300), 9.99, "x", None, self.chance.random() * 50])
        return event(f"e{self.made}", self.visitor(), name=name, time=self.time(), properties={"amount": amount})

    def touched(self) -> Entry:
        name = self.chance.choice(("impression", "impression", "click", "dismissal"))
        if self.chance.random() < 0.5:
            told: dict[str, Any] = {"answers": self.arm(self.chance.choice((CAMPAIGN, "other")))}
            told |= {"properties": {"item": self.chance.choice("mno")}}
        else:
            told = {"properties": {"campaign": self.chance.choice(("hero", "other"))}}
        return event(f"e{self.made}", self.visitor(), name=name, time=self.time(), **told)

    def merged(self) -> Entry:
        one, other = self.chance.sample(range(self.size), 2)
        return alias(f"v{one}", f"v{other}") if self.chance.random() < 0.3 else link(f"v{one}", f"a{other}")

    def elsewhere(self) -> Entry:
        return self.chance.choice((lambda: self.exposed("other"), lambda: self.ordered("view")))()


class Asking:
    """A session that keeps answers, one that never does, and the time that both see."""

    def __init__(self, place: Place, open_facts: OpenFacts) -> None:
        self.place, self.open_facts = place, open_facts
        self.time = 1000.0
        #: how often the one that keeps looked at everything
        self.computed = 0
        self.plain = Session(place, open_facts, Limits(memory_mb=512), rules=Rules(least_rows=10**9))
        self.keeping = self.begin()

    def begin(self) -> Session:
        session = Session(
            self.place, self.open_facts, Limits(memory_mb=512), rules=Rules(least_rows=0), now=lambda: self.time
        )
        inner = session._whole

        def whole(*given: Any) -> Any:
            self.computed += 1
            return inner(*given)

        session._whole = whole  # type: ignore[assignment, method-assign]
        return session

    def restart(self) -> None:
        """The process ends, and another begins."""
        self.keeping.close()
        self.keeping = self.begin()

    async def tend(self, times: int = 20) -> None:
        """Nobody asks for long enough."""
        for _ in range(times):
            self.time += 1000.0
            await asyncio.to_thread(self.keeping.tend)

    def close(self) -> None:
        self.plain.close()
        self.keeping.close()

    async def same(self, asked: ask.Campaign) -> dict[str, Any]:
        """What is kept is what is computed; tells it."""
        found = await Threaded(self.keeping).run(SHOP, asked)
        expected = await Threaded(self.plain).run(SHOP, asked)
        assert found.keys() == expected.keys()
        for name, rows in expected.items():
            assert_same(name, _told(found[name]), _told(rows))
        return found


def _told(rows: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Rows by what is text or tells cells apart; those that say nothing are left out."""
    keys = ("rule", "arm", "epoch", "version", "column")
    told = {tuple(row.get(key) for key in keys): row for row in rows}
    return {key: row for key, row in told.items() if any(row[name] for name in row if name not in keys)}


def assert_same(name: str, found: dict[Any, dict[str, Any]], expected: dict[Any, dict[str, Any]]) -> None:
    assert found.keys() == expected.keys(), name
    for key, row in expected.items():
        for column, value in row.items():
            other = found[key][column]
            if isinstance(value, float) and isinstance(other, float):
                assert math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-6), (name, key, column, other, value)
            else:
                assert value == other, (name, key, column, other, value)


TURN = Turning(grace=0)


async def begun(store: Store, fold: SmallFold, keeper: Threaded, asking: Asking) -> dict[str, Any]:
    """An answer that is kept, of ann, bob and cid, who bought."""
    people = [exposure(name, answers=ARM, time=NOW - 5 * DAY + at) for at, name in enumerate(("ann", "bob", "cid"))]
    await store.commit([*people, order("cid")], fold)
    await keeper.turn(TURN)
    found = await asking.same(QUESTIONS[0])
    await asking.tend()
    assert asking.computed == 1
    return found


ARM = Arm(campaign=CAMPAIGN, version=1, rule="R1", arm="A", epoch=1)


def order(visitor: str, time: int = NOW - DAY, **more: Any) -> Entry:
    return event(f"order of {visitor} {time}", visitor, name="order", time=time, properties={"amount": 5}, **more)


def bought(answer: dict[str, Any]) -> int:
    return int(sum(row["total"] for row in answer["goal:bought"]))
