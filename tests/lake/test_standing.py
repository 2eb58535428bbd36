"""Standing answers: at every moment what comes of them is what everything computed anew comes to."""

from __future__ import annotations

import asyncio
import io
import math
import queue
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from tailorbird.domain.exports import OpenFacts
from tailorbird.domain.facts import Arm, Entry
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.lakeprocess import facts as facts_of
from tailorbird.lake import child, wire
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.place import Place
from tailorbird.lake.queries import ask, totals
from tailorbird.lake.session import Limits, Session
from tailorbird.lake.standing import campaigns, touched
from tailorbird.lake.standing.campaigns import Rules
from tailorbird.lake.wire import Rules as Turning
from tailorbird.store.contract import Store
from tests.lake.conftest import Threaded
from tests.lake.test_restore import Shop
from tests.store.small_fold import BLOG, DAY, NOW, SHOP, SmallFold, alias, event, exposure, link

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


@pytest.fixture
def asking(place: Place, open_facts: OpenFacts, store: Store) -> Iterator[Asking]:
    opened = Asking(place, open_facts)
    yield opened
    opened.close()


on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
TURN = Turning(grace=0)


@on_sqlite
@pytest.mark.parametrize("seed", range(4))
async def test_at_any_moment_it_is_what_everything_comes_to(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With few people, a percentile's neighbours are kept one by one only where fewer of them are."""
    monkeypatch.setattr(totals, "SPARE", (1000, 2)[seed % 2])
    crowd, chance = Crowd(seed), random.Random(seed)
    await store.commit([crowd.entry() for _ in range(80)], fold)
    await keeper.turn(TURN)
    asked = chance.sample(QUESTIONS, 2)
    with capture_logs() as logs:
        for _ in range(7):
            await store.commit(crowd.entries(8), fold)
            for step in chance.sample(("turn", "compact", "tend", "restart", "commit"), 2):
                if step in ("turn", "compact"):
                    await keeper.turn(Turning(grace=0, compact=step == "compact"))
                elif step == "tend":
                    await asking.tend(chance.randrange(1, 8))
                elif step == "restart":
                    asking.restart()
                else:
                    await store.commit(crowd.entries(6), fold)
            await asking.same(chance.choice(asked))
    assert not [one for one in logs if one.get("why") == "Wrong"]


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


@pytest.mark.parametrize("exported", [False, True])
async def test_what_is_new_changes_it_without_computing_everything(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking, exported: bool
) -> None:
    assert bought(await begun(store, fold, keeper, asking)) == 1
    for entry, expected in (
        (order("bob"), 2),
        (exposure("dan", answers=ARM, time=NOW - 2 * DAY), 2),
        (order("dan"), 3),
        (order("eve"), 3),
        (exposure("eve", answers=ARM, time=NOW - 2 * DAY + 1), 4),
        (alias("bob", "dan"), 3),
    ):
        await store.commit([entry], fold)
        if exported:
            await keeper.turn(TURN)
            await asking.tend()
        assert bought(await asking.same(QUESTIONS[0])) == expected
    assert asking.computed == 1


@on_sqlite
async def test_what_is_new_elsewhere_leaves_it_as_it_is(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking
) -> None:
    before = await begun(store, fold, keeper, asking)
    other = msgspec.structs.replace(ARM, campaign="other")
    elsewhere = [
        exposure("bob", answers=other),
        order("nobody here"),
        order("bob", project=BLOG),
        order("bob", time=NOW - 9 * DAY),
        event("view", "bob", name="view"),
        event("click", "bob", name="click", answers=other),
        link("nobody", "phone"),
    ]
    await store.commit(elsewhere, fold)
    assert await asking.same(QUESTIONS[0]) == before
    await store.commit([event("click of ours", "bob", name="click", answers=ARM)], fold)
    assert await asking.same(QUESTIONS[0]) != before
    assert asking.computed == 1


@on_sqlite
async def test_another_process_goes_on_from_the_file(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking, tmp_path: Path
) -> None:
    await begun(store, fold, keeper, asking)
    assert len([*(tmp_path / "lake" / "answers").rglob("*.msgpack")]) == 1
    asking.restart()
    await store.commit([order("bob"), alias("ann", "bob")], fold)
    await keeper.turn(TURN)
    assert bought(await asking.same(QUESTIONS[0])) == 2
    assert asking.computed == 1
    await asking.tend()
    assert len([*(tmp_path / "lake" / "answers").rglob("*.msgpack")]) == 1, "the new one takes the place of the old"


@on_sqlite
async def test_a_file_that_cannot_be_read_or_is_of_another_release_is_no_file(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking, tmp_path: Path
) -> None:
    await begun(store, fold, keeper, asking)
    (path,) = (tmp_path / "lake" / "answers").rglob("*.msgpack")
    saved = msgspec.msgpack.decode(path.read_bytes())
    for computed, data in enumerate((b"{", msgspec.msgpack.encode(saved | {"release": "0.0"})), 2):
        path.write_bytes(data)
        asking.restart()
        assert bought(await asking.same(QUESTIONS[0])) == 1
        assert asking.computed == computed


@on_sqlite
async def test_who_is_erased_is_in_no_answer_and_in_no_file_of_one(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking, tmp_path: Path
) -> None:
    await begun(store, fold, keeper, asking)
    found = await store.find(SHOP, Visitor(id="cid"))
    assert found.known is not None
    await store.erase(SHOP, found.known.person, NOW)
    await keeper.turn(TURN)
    assert not [*(tmp_path / "lake" / "answers").rglob("*.msgpack")]
    after = await asking.same(QUESTIONS[0])
    assert (bought(after), sum(row["n"] for row in after["people"])) == (0, 2)
    assert asking.computed == 2


@on_sqlite
async def test_an_erasure_in_another_project_takes_nothing_from_it(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking
) -> None:
    await store.commit([order("zoe", project=BLOG)], fold)
    await begun(store, fold, keeper, asking)
    found = await store.find(BLOG, Visitor(id="zoe"))
    assert found.known is not None
    await store.erase(BLOG, found.known.person, NOW)
    await keeper.turn(TURN)
    await asking.same(QUESTIONS[0])
    assert asking.computed == 1


@on_sqlite
async def test_facts_that_leave_the_lake_leave_the_answer(
    store: Store, fold: SmallFold, place: Place, open_facts: OpenFacts, asking: Asking
) -> None:
    facts = open_facts()
    keeper = Threaded(Keeper(place, facts, now=lambda: NOW / 1000))
    await begun(store, fold, keeper, asking)
    await keeper.turn(Turning(grace=0, keep_days={SHOP: 3}))
    after = await asking.same(QUESTIONS[0])
    assert after["people"] == []
    assert asking.computed == 2
    facts.close()


@on_sqlite
async def test_when_too_much_is_new_everything_is_computed_and_kept_anew(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(store, fold, keeper, asking)
    monkeypatch.setattr(touched, "MOST_NEW", 5)
    await store.commit([order(f"visitor {number}") for number in range(6)], fold)
    await keeper.turn(TURN)
    for _ in range(2):
        await asking.same(QUESTIONS[0])
        assert asking.computed == 2


@on_sqlite
async def test_a_first_exposure_that_is_taken_away_is_looked_for_among_all(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking
) -> None:
    await store.commit([exposure("old", answers=msgspec.structs.replace(ARM, arm="B"), time=NOW - 9 * DAY)], fold)
    before = await begun(store, fold, keeper, asking)
    await store.commit([alias("old", "ann")], fold)
    await keeper.turn(TURN)
    after = await asking.same(QUESTIONS[0])
    firsts = [{row["arm"]: row["first_at"] for row in told["people"]} for told in (before, after)]
    assert firsts[0]["A"] < firsts[1]["A"]
    assert asking.computed == 2


@on_sqlite
async def test_a_small_project_is_computed_each_time(
    store: Store, fold: SmallFold, keeper: Threaded, session: Threaded, tmp_path: Path
) -> None:
    await store.commit([exposure("ann", answers=ARM)], fold)
    await keeper.turn(TURN)
    for _ in range(2):
        await session.run(SHOP, QUESTIONS[0])
    assert isinstance(session.inner, Session)
    assert not session.inner.idle_work


@pytest.mark.parametrize(
    "other",
    [
        question(GOALS[0], by=ask.By(dimension="device")),
        question(GOALS[0], mature=True),
        ask.Campaign(people=msgspec.structs.replace(PEOPLE, exclude_crossed=True)),
        ask.Campaign(people=PEOPLE, recent_since=NOW - 1),
    ],
)
@on_sqlite
async def test_views_of_some_people_are_computed_each_time(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking, other: ask.Campaign
) -> None:
    await begun(store, fold, keeper, asking)
    for computed in (2, 3):
        await asking.same(other)
        assert asking.computed == computed


async def test_a_restored_database_has_answers_of_its_own(tmp_path: Path, migrated: Path) -> None:
    shop = Shop(tmp_path, migrated)
    await shop.write("a")
    shop.turn()
    shop.back_up("backup.db")
    await shop.write("b", "c")
    shop.turn()
    asking = Asking(shop.place, facts_of(str(shop.file)))
    asked = ask.Campaign(people=ask.People(campaign="camp1"), recent_since=0)
    assert sum(row["n"] for row in (await asking.same(asked))["people"]) == 3
    await asking.tend()
    asking.close()
    await shop.restore("backup.db", "2" * 32)
    shop.turn()
    await shop.write("d")
    asking = Asking(shop.place, facts_of(str(shop.file)))
    for _ in range(2):
        assert sum(row["n"] for row in (await asking.same(asked))["people"]) == 2
        assert asking.computed == 1
    asking.close()


# -- the process ------------------------------------------------------------------------------------------------------


@on_sqlite
async def test_while_nobody_asks_the_process_looks_after_it_and_a_question_goes_first(
    store: Store, fold: SmallFold, keeper: Threaded, asking: Asking, database: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await store.commit([exposure("ann", answers=ARM)], fold)
    await keeper.turn(TURN)
    monkeypatch.setattr(child, "_IDLE_S", 0.01)
    monkeypatch.setattr(child, "Session", lambda *given: asking.keeping)
    asking.keeping._now = time.monotonic
    told: queue.Queue[wire.FromChild] = queue.Queue()
    hello = wire.Hello(database=database, lake=str(tmp_path / "lake"), threads=1, memory_mb=512)
    process = child.Child(hello, asking.open_facts, io.BytesIO())
    process._send = told.put  # type: ignore[assignment, method-assign]
    process.start()

    async def answer() -> wire.FromChild:
        process.take(wire.Ask(id=1, project=SHOP, question=QUESTIONS[0]))
        while isinstance(found := await asyncio.to_thread(told.get, timeout=30), wire.Advanced):
            pass
        return found

    assert isinstance(await answer(), wire.Answered)
    async with asyncio.timeout(30):
        while not [*(tmp_path / "lake" / "answers").rglob("*.msgpack")]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    tending, let_go = threading.Event(), threading.Event()

    def endless(*given: Any) -> bool:
        tending.set()
        while not let_go.wait(0.01):
            asking.keeping._check()
        return False

    monkeypatch.setattr(campaigns.Standing, "tend", endless)
    assert await asyncio.to_thread(tending.wait, 30)
    monkeypatch.setattr(process, "_next_question", threading.Event().wait)
    assert isinstance(await answer(), wire.Answered)
    let_go.set()
    process._session = None
