"""What decisions leave to be remembered: shared commits, the order of one visitor's facts, and who loses what."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tailorbird.domain.errors import Unavailable
from tailorbird.domain.facts import Alias, Entry, Event, Exposure, Verdict
from tailorbird.domain.reasons import Reason
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import backlog, decide, people
from tailorbird.engine.calls import Answer, DecideCall
from tailorbird.engine.refresh import drain
from tailorbird.store.sqlite.store import SqliteStore

from .conftest import Engine, experience, rule


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is submitted for want of time: whatever is, somebody closed the batch."""
    monkeypatch.setattr(backlog, "GATHER_SECONDS", 3600.0)


@pytest.fixture
def commits(engine: Engine) -> list[list[Entry]]:
    """The submissions that reach the store."""
    seen: list[list[Entry]] = []
    commit = engine.runtime.store.commit

    async def noted(entries: Sequence[Entry], fold: Any) -> list[Verdict]:
        seen.append(list(entries))
        return await commit(entries, fold)

    engine.line.commit = noted  # type: ignore[attr-defined]
    return seen


async def ask(engine: Engine, *campaigns: str, **ids: Any) -> Answer:
    """A decision; what it left may still be gathered when it returns."""
    call = DecideCall(context=engine.context(**ids), campaigns=campaigns)
    return await decide.decide(engine.runtime, engine.project.id, call)


async def test_visitors_share_a_commit(engine: Engine, commits: list[list[Entry]]) -> None:
    await engine.campaign()
    await asyncio.gather(*(ask(engine, "hero", id=f"u{n}") for n in range(30)))
    await engine.settle()
    assert [len(entries) for entries in commits] == [30]
    assert [len(await engine.exposures(f"u{n}")) for n in range(30)] == [1] * 30


async def test_a_batch_that_is_full_is_submitted(
    engine: Engine, commits: list[list[Entry]], patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "MOST_GATHERED", 5)
    await engine.campaign()
    for n in range(12):
        await ask(engine, "hero", id=f"u{n}")
    await asyncio.sleep(0)
    assert [len(entries) for entries in commits] == [5, 5]
    await drain(engine.runtime)
    assert [len(entries) for entries in commits] == [5, 5, 2]


@pytest.mark.parametrize("first", [{"id": "u1", "anonymous_id": "d1"}])
@pytest.mark.parametrize("then", [{"id": "u1"}, {"id": None, "anonymous_id": "d1"}, {"id": "u1", "anonymous_id": "d1"}])
async def test_the_next_decision_of_a_visitor_knows_the_last_one(
    engine: Engine, commits: list[list[Entry]], patient: None, first: dict[str, Any], then: dict[str, Any]
) -> None:
    await engine.campaign()
    await ask(engine, "hero", **first)
    assert commits == []
    await ask(engine, "hero", **then)
    assert len(commits) == 1, "the first was submitted, and the second had nothing to add"


async def test_another_visitor_does_not_wait(engine: Engine, commits: list[list[Entry]], patient: None) -> None:
    await engine.campaign()
    await ask(engine, "hero", id="u1")
    await ask(engine, "hero", id="u2")
    assert commits == []
    await drain(engine.runtime)
    assert len(commits) == 1


async def test_an_event_comes_after_the_exposures_of_its_visitor(
    engine: Engine, commits: list[list[Entry]], patient: None
) -> None:
    await engine.campaign()
    await ask(engine, "hero", id="u1")
    await engine.did("order", "u2")
    assert [type(entries[0]) for entries in commits] == [Event], "it is nothing to somebody else"
    await engine.did("order", "u1")
    assert [type(entries[0]) for entries in commits] == [Event, Exposure, Event]


async def test_an_alias_comes_after_the_exposures_of_both(
    engine: Engine, commits: list[list[Entry]], patient: None
) -> None:
    await engine.campaign()
    await ask(engine, "hero", id="u2")
    await people.alias(engine.runtime, engine.project.id, "u1", "u2")
    assert [type(entries[0]) for entries in commits] == [Exposure, Alias]


async def test_an_event_does_not_wait_for_ever_for_what_comes_before(engine: Engine, patient: None) -> None:
    await engine.campaign()
    commit, stuck = engine.runtime.store.commit, asyncio.Event()

    async def slow(entries: Sequence[Entry], fold: Any) -> list[Verdict]:
        if isinstance(entries[0], Exposure):
            await stuck.wait()
        return await commit(entries, fold)

    engine.line.commit = slow  # type: ignore[attr-defined]
    await ask(engine, "hero", id="u1")
    assert (await engine.did("order", "u1")).accepted == 1
    stuck.set()
    await engine.settle()
    assert len(await engine.exposures("u1")) == 1


async def test_a_display_cap_is_committed_before_the_answer(
    engine: Engine, commits: list[list[Entry]], patient: None
) -> None:
    await engine.campaign(rules=[rule(experience(), cap="once")])
    assert (await ask(engine, "hero")).decisions[0].reason is Reason.TARGETING_MATCH
    assert len(commits) == 1
    assert (await ask(engine, "hero")).decisions[0].reason is Reason.CAPPED


async def test_who_is_looked_at_has_what_was_decided(engine: Engine, patient: None) -> None:
    await engine.campaign()
    await ask(engine, "hero")
    seen = await people.person(engine.runtime, engine.project.id, "u1")
    assert list(seen["exposures"]) == ["hero"]


async def test_an_erased_person_is_not_brought_back_by_what_was_gathered(engine: Engine, patient: None) -> None:
    await engine.campaign()
    await engine.did("order", "u1", anonymous_id="d1")
    await ask(engine, "hero", id=None, anonymous_id="d1")
    await people.erase(engine.runtime, engine.project.id, "u1")
    await drain(engine.runtime)
    found = await engine.runtime.store.find(engine.project.id, Visitor(id="u1", anonymous_id="d1"))
    assert (found.known, found.anonymous) == (None, None)


async def test_one_visitor_s_trouble_costs_the_others_nothing(engine: Engine, patient: None) -> None:
    """Half a surrogate pair is no text, so no store keeps it."""
    await engine.campaign()
    await asyncio.gather(
        ask(engine, "hero", id="u1"),
        ask(engine, "hero", id="odd", session_id="\ud800"),
        ask(engine, "hero", id="u2"),
    )
    await drain(engine.runtime)
    assert [len(await engine.exposures(name)) for name in ("u1", "odd", "u2")] == [1, 0, 1]
    metrics = engine.runtime.metrics.registry
    assert metrics.get_sample_value("tailorbird_lost_exposures_total") == 1
    assert metrics.get_sample_value("tailorbird_exposures_total") == 2
    assert not engine.runtime.breaker.is_open, "the store is well"


async def test_a_store_that_is_away_is_asked_once_and_left_alone(engine: Engine, patient: None) -> None:
    await engine.campaign()
    asked: list[int] = []

    async def away(entries: Sequence[Entry], fold: Any) -> list[Verdict]:
        asked.append(len(entries))
        raise Unavailable("The store is away.")

    engine.line.commit = away  # type: ignore[attr-defined]
    await asyncio.gather(*(ask(engine, "hero", id=f"u{n}") for n in range(3)))
    await drain(engine.runtime)
    assert asked == [3]
    assert engine.runtime.metrics.registry.get_sample_value("tailorbird_lost_exposures_total") == 3
    assert (await ask(engine, "hero", id="u1")).degraded
    del engine.line.commit
    engine.runtime.breaker.release()
    await ask(engine, "hero", id="u1")
    await drain(engine.runtime)
    assert len(await engine.exposures("u1")) == 1, "noted anew by the next decision"


async def test_a_batch_that_was_given_up_takes_nobody_along(engine: Engine, patient: None) -> None:
    await engine.campaign()
    await ask(engine, "hero", id="u1")
    for task in tuple(engine.runtime.pending):
        task.cancel()
    await engine.settle()
    await ask(engine, "hero", id="u2")
    await drain(engine.runtime)
    assert [len(await engine.exposures(name)) for name in ("u1", "u2")] == [0, 1]


async def test_what_is_gathered_at_the_end_is_committed(engine: Engine, patient: None, tmp_path: Path) -> None:
    await engine.campaign()
    await ask(engine, "hero")
    await drain(engine.runtime)
    await engine.runtime.store.close()
    store = SqliteStore(tmp_path / "test.db")
    await store.open()
    found = await store.find(engine.project.id, Visitor(id="u1"))
    assert found.known is not None
    assert len(found.known.exposures) == 1
    await store.close()
    await engine.runtime.store.open()


async def test_a_decision_leaves_no_reference_cycle(engine: Engine) -> None:
    """The garbage collector runs rarely in a server, and nothing of a decision may wait for it."""
    await engine.campaign()

    async def some(kind: str) -> int:
        gc.collect()
        gc.disable()
        try:
            for n in range(40):
                await ask(engine, "hero", id=f"{kind}{n}")
            await engine.settle()
            return gc.collect()
        finally:
            gc.enable()

    await some("warm")
    assert await some("u") < 40
