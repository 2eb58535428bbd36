"""Standing answers: at every moment what comes of them is what everything computed anew comes to."""

from __future__ import annotations

import asyncio
import io
import queue
import random
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from tailorbird.lake import child, wire
from tailorbird.lake.queries import ask, totals
from tailorbird.lake.session import Session
from tailorbird.lake.standing import campaigns
from tailorbird.lake.wire import Rules as Turning
from tailorbird.store.contract import Store
from tests.lake.standing_world import (
    ARM,
    GOALS,
    PEOPLE,
    QUESTIONS,
    TURN,
    Asking,
    Crowd,
    begun,
    bought,
    order,
    question,
)
from tests.lake.threaded import Threaded
from tests.store.small_fold import BLOG, DAY, NOW, SHOP, SmallFold, alias, event, exposure, link

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


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
