"""How long a decision waits for the store, and who asks it after an outage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tailorbird.domain.errors import Conflict, Damaged, Unavailable
from tailorbird.domain.reasons import Reason
from tailorbird.engine.breaker import Breaker
from tests.engine.conftest import Engine, experience, rule


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def breaker(hands: Hands) -> Breaker:
    return Breaker(hands, patience=0.05, pause=1.0)


async def good() -> str:
    return "good"


async def slow() -> str:
    await asyncio.sleep(0.02)
    return "slow"


async def away() -> str:
    raise Unavailable("away")


async def never() -> str:
    await asyncio.sleep(3600)
    return "never"


async def refused(breaker: Breaker, work: Callable[[], Awaitable[str]]) -> bool:
    try:
        await breaker.call(work())  # type: ignore[arg-type]
    except Unavailable:
        return True
    return False


@pytest.mark.parametrize("trouble", [away, never])
async def test_after_trouble_nothing_is_asked_for_a_while(breaker: Breaker, hands: Hands, trouble: Any) -> None:
    assert not await refused(breaker, good)
    assert await refused(breaker, trouble)
    assert breaker.is_open
    assert await refused(breaker, good), "the store is left alone"
    hands.now += 1.01
    assert not await refused(breaker, good)
    assert not breaker.is_open


async def test_one_call_tries_while_all_others_go_on_without(breaker: Breaker, hands: Hands) -> None:
    assert await refused(breaker, away)
    hands.now += 1.01
    trying = asyncio.create_task(refused(breaker, never))
    await asyncio.sleep(0)
    assert [await refused(breaker, good) for _ in range(3)] == [True, True, True]
    assert await trying
    assert await refused(breaker, good), "the attempt failed: another pause"
    hands.now += 1.01
    assert not await refused(breaker, slow), "somebody else tries"
    assert not await refused(breaker, good)


async def test_an_attempt_that_was_given_up_lets_another_one_try(breaker: Breaker, hands: Hands) -> None:
    assert await refused(breaker, away)
    hands.now += 1.01
    trying = asyncio.create_task(refused(breaker, never))
    await asyncio.sleep(0)
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    assert not await refused(breaker, good)


async def test_what_began_before_the_trouble_does_not_end_it(breaker: Breaker) -> None:
    late = asyncio.create_task(refused(breaker, slow))
    await asyncio.sleep(0)
    assert await refused(breaker, away)
    assert not await late
    assert breaker.is_open


async def test_a_mistake_of_the_caller_or_one_damaged_row_is_no_outage(breaker: Breaker) -> None:
    async def conflict() -> str:
        raise Conflict

    async def damaged() -> str:
        raise Damaged("unreadable")

    with pytest.raises(Conflict):
        await breaker.call(conflict())
    with pytest.raises(Damaged):
        await breaker.call(damaged())
    assert not breaker.is_open


async def test_a_store_that_is_not_ready_is_not_asked(breaker: Breaker, hands: Hands) -> None:
    breaker.hold()
    hands.now += 1e6
    assert await refused(breaker, good)
    breaker.trip()
    hands.now += 1e6
    assert await refused(breaker, good)
    breaker.release()
    assert not await refused(breaker, good)


async def test_patience_is_of_the_decision_not_of_each_call() -> None:
    breaker = Breaker(time.monotonic, patience=0.1)
    patience = breaker.patient()

    async def wait() -> None:
        await asyncio.sleep(0.04)

    await breaker.call(wait(), patience)
    await breaker.call(wait(), patience)
    with pytest.raises(Unavailable):
        await breaker.call(wait(), patience)
    breaker.release()
    await breaker.call(wait(), breaker.patient())


async def test_a_store_that_takes_long_for_each_of_many_things_is_slow(engine: Engine) -> None:
    """Eight commits of 70 ms each would be more than half a second."""
    names = [f"Capped {n}" for n in range(8)]
    for name in names:
        await engine.campaign(name, rules=[rule(experience(), cap="once")])
    commit, find = engine.runtime.store.commit, engine.runtime.store.find

    async def slow_commit(*args: Any) -> Any:
        await asyncio.sleep(0.07)
        return await commit(*args)

    async def slow_find(*args: Any) -> Any:
        await asyncio.sleep(0.02)
        return await find(*args)

    engine.line.commit, engine.line.find = slow_commit, slow_find  # type: ignore[attr-defined]
    began = time.perf_counter()
    answer = await engine.ask(*(name.lower().replace(" ", "-") for name in names))
    assert time.perf_counter() - began < 0.4
    reasons = [decision.reason for decision in answer.decisions]
    assert reasons.count(Reason.TARGETING_MATCH) <= 1
    assert reasons[-1] is Reason.DEGRADED


async def test_keeping_an_answer_for_its_request_id_delays_nobody_for_long(engine: Engine) -> None:
    await engine.campaign(rules=[rule(cap="once")])
    engine.line.remember_answer = lambda *a, **k: asyncio.sleep(3600)  # type: ignore[attr-defined]
    asking = asyncio.create_task(engine.ask("hero", call={"request_id": "r1"}))
    await asyncio.sleep(0.4)
    assert not engine.runtime.answers.under_way, "the answer went out"
    for task in tuple(engine.runtime.pending):
        task.cancel()
    answer = await asking
    assert answer.decisions[0].reason is Reason.TARGETING_MATCH
    again = await engine.ask("hero", call={"request_id": "r1"})
    assert again.decisions == answer.decisions
