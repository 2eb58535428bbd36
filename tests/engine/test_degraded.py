"""With the store away: decisions go on within their time, nothing is recorded, and all recovers by itself."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from tailorbird.domain.errors import NotFound, Unauthorized, Unavailable
from tailorbird.domain.reasons import Reason
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import access, decide, disk, health
from tailorbird.engine.calls import DecideCall
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store.sqlite.store import SqliteStore
from tests.engine.conftest import DAY, NOON, Engine, Severed, experience, rule


@pytest.mark.parametrize("mode", ["refused", "black hole"])
async def test_what_needs_no_store_is_decided_and_the_rest_is_withheld_with_its_reason(
    engine: Engine, mode: str
) -> None:
    await engine.campaign("Free", rules=[rule(experience("A"), experience("B"), audience={"@device": "mobile"})])
    await engine.campaign("Knows", audience={"plan": "gold"})
    await engine.campaign("Capped", rules=[rule(cap="once")])
    healthy = (await engine.one("free", device="mobile")).experience
    engine.line.mode = mode
    started = time.perf_counter()
    answer = await decide.decide(
        engine.runtime,
        engine.project.id,
        DecideCall(context=engine.context(device="mobile"), campaigns=("free", "knows", "capped")),
    )
    assert time.perf_counter() - started < 0.5
    assert answer.degraded
    assert [d.reason for d in answer.decisions] == [Reason.SPLIT, Reason.DEGRADED, Reason.DEGRADED]
    assert answer.decisions[0].experience == healthy, "drawn on the same id"


async def test_a_degraded_token_never_enters_results(engine: Engine) -> None:
    await engine.campaign()
    engine.line.mode = "refused"
    token = (await engine.one()).token
    engine.line.mode = "connected"
    await engine.did("impression", token=token)
    assert await engine.exposures() == []


async def test_the_breaker_leaves_the_store_alone_and_closes_by_itself(engine: Engine) -> None:
    await engine.campaign()
    engine.line.mode = "black hole"
    assert (await engine.ask("hero")).degraded
    started = time.perf_counter()
    for _ in range(50):
        assert (await engine.ask("hero")).degraded
    assert time.perf_counter() - started < 1.0, "no call waited for the store"
    engine.line.mode = "connected"
    await asyncio.sleep(engine.runtime.breaker.pause)
    assert not (await engine.ask("hero")).degraded


async def test_a_lost_exposure_is_noted_again_by_the_next_decision(engine: Engine) -> None:
    await engine.campaign()
    found = engine.runtime.store.find

    async def then_away(*args: object) -> object:
        answer = await found(*args)  # type: ignore[arg-type]
        engine.line.mode = "refused"
        return answer

    engine.line.find = then_away  # type: ignore[attr-defined]
    assert (await engine.one()).reason is Reason.TARGETING_MATCH
    del engine.line.find
    engine.line.mode = "connected"
    assert await engine.exposures() == []
    assert (await engine.ask("hero")).degraded, "a store that cannot keep what was decided is away"
    await asyncio.sleep(engine.runtime.breaker.pause)
    await engine.one()
    assert len(await engine.exposures()) == 1


async def test_a_cap_that_cannot_be_consumed_in_time_shows_nothing(engine: Engine) -> None:
    await engine.campaign(rules=[rule(cap="once")])
    engine.line.commit = lambda *a: asyncio.sleep(3600)  # type: ignore[attr-defined]
    decision = await engine.one()
    assert (decision.reason, decision.payload, decision.token) == (Reason.DEGRADED, None, None)
    del engine.line.commit
    engine.runtime.breaker._open_until = 0.0
    assert (await engine.one()).reason is Reason.TARGETING_MATCH


async def restart(engine: Engine, directory: Path, mode: str = "refused", now: int = NOON) -> Runtime:
    line = Severed(SqliteStore(directory / "other.db"))
    line.mode = mode
    return Runtime(line, data_dir=directory, clock=lambda: now, poll_seconds=0.05)


async def test_a_process_starts_and_decides_while_the_store_is_away(engine: Engine, tmp_path: Path) -> None:
    await engine.campaign()
    _, secret = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    runtime = await restart(engine, tmp_path)
    async with running(runtime):
        key = access.authenticate(runtime, secret)
        call = DecideCall(context=engine.context(), campaigns=("hero",))
        answer = await decide.decide(runtime, key.project, call)
        assert (answer.degraded, answer.decisions[0].experience) == (True, "A")
        state = await health.health(runtime)
        assert (state.ready, state.store) == (True, False)


async def test_the_copy_on_disk_is_for_its_owner_only(engine: Engine, tmp_path: Path) -> None:
    await engine.campaign()
    assert (tmp_path / disk.FILE).stat().st_mode & 0o777 == 0o600


async def test_keys_of_a_copy_that_nobody_confirmed_for_a_day_open_nothing(engine: Engine, tmp_path: Path) -> None:
    _, secret = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    os.utime(tmp_path / disk.FILE, (NOON / 1000, NOON / 1000))
    for age, opens in ((DAY - 1000, True), (DAY + 1000, False)):
        runtime = await restart(engine, tmp_path, now=NOON + age)
        async with running(runtime):
            if opens:
                access.authenticate(runtime, secret)
            else:
                with pytest.raises(Unauthorized):
                    access.authenticate(runtime, secret)


async def test_revoked_keys_stay_revoked_in_the_copy(engine: Engine, tmp_path: Path) -> None:
    key, secret = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    await access.revoke_key(engine.runtime, engine.project.id, key.id)
    runtime = await restart(engine, tmp_path)
    async with running(runtime):
        with pytest.raises(Unauthorized):
            access.authenticate(runtime, secret)


@pytest.mark.parametrize("damage", [b"", b"{", b"\x00" * 100, b'{"form":99}'])
async def test_a_damaged_copy_is_as_good_as_none(engine: Engine, tmp_path: Path, damage: bytes) -> None:
    (tmp_path / disk.FILE).write_bytes(damage)
    runtime = await restart(engine, tmp_path)
    async with running(runtime):
        with pytest.raises(Unavailable):
            runtime.project("shop")


async def test_a_process_that_started_without_its_store_takes_it_when_it_is_back(
    engine: Engine, tmp_path: Path
) -> None:
    runtime = await restart(engine, tmp_path)
    async with running(runtime):
        runtime.store.mode = "connected"  # type: ignore[attr-defined]
        for _ in range(100):
            await asyncio.sleep(0.05)
            if runtime.store_open and runtime.confirmed_at:
                break
        assert runtime.store_open
        with pytest.raises(NotFound):
            runtime.project("nowhere")


async def test_the_two_ids_of_a_visitor_lead_to_nobody_before_anything_was_recorded(engine: Engine) -> None:
    found = await engine.runtime.store.find(engine.project.id, Visitor(id="u1", anonymous_id="d1"))
    assert (found.known, found.anonymous) == (None, None)
