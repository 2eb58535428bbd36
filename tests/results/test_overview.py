"""A project at a glance, over HTTP: what runs, whether it helps, and what needs somebody."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tailorbird.domain.definitions import Definition
from tailorbird.engine.refresh import refresh
from tailorbird.engine.results import overview
from tailorbird.engine.results.project import summary
from tests.results.conftest import BASE, DAY, Shop, crowd, orders, rule
from tests.web.conftest import NOON


async def told(shop: Shop, *, ready: bool = True) -> dict[str, Any]:
    """The overview; ``ready``: once its figures are computed."""
    async with asyncio.timeout(60):
        while True:
            answer = await shop.ask("GET", f"{BASE}/overview")
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            if not ready or found["figures"] != "computing":
                return found


async def anew(shop: Shop) -> dict[str, Any]:
    """With figures of now."""
    overview._held.clear()
    return await told(shop)


async def test_an_empty_project_has_nothing_to_tell(shop: Shop) -> None:
    found = await told(shop)
    assert (found["figures"], found["statuses"], found["running"], found["resting"], found["warnings"]) == (
        "ready", {}, [], [], [],
    )  # fmt: skip


async def test_what_runs_comes_with_its_lift_and_its_people_day_by_day(shop: Shop) -> None:
    for key in ("small", "large"):
        await shop.campaign(key)
    await shop.campaign("later", start=False)
    await shop.campaign("over")
    await shop.verb("over", "archive")
    await shop.bring(
        crowd("s", 3, "A", campaign="small")
        + crowd("a", 40, "A", campaign="large") + crowd("c", 40, "control", campaign="large", at=NOON)
        + crowd("old", 5, "A", campaign="large", at=NOON - 40 * DAY),
        orders("a", range(20)) + orders("c", range(10), at=NOON + 1),
    )  # fmt: skip
    found = await anew(shop)
    assert [one["key"] for one in found["running"]] == ["large", "small"]
    assert [one["key"] for one in found["resting"]] == ["later"]
    assert found["statuses"] == {"running": 2, "draft": 1, "archived": 1}
    large, small = found["running"]
    assert large["days"] == [0] * 28 + [40, 40]
    assert small["days"] == [0] * 28 + [3, 0]
    lines = {line["key"]: line for line in (await shop.ask("GET", f"{BASE}/results")).json()["campaigns"]}
    assert large["figures"] == lines["large"]
    assert (large["figures"]["people"], large["figures"]["mismatch"]) == (85, False)
    assert large["figures"]["lift"]["lift"] is not None
    assert found["resting"][0]["figures"] is None
    assert found["warnings"] == []


async def test_days_are_those_of_the_projects_zone(shop: Shop) -> None:
    await shop.settings(time_zone="Pacific/Auckland")  # 13 hours ahead: it is 3 March, 01:00 there
    await shop.campaign()
    await shop.bring(crowd("a", 2, "A", at=NOON - 3_600_000) + crowd("b", 1, "A", at=NOON - 3_600_001))
    assert (await anew(shop))["running"][0]["days"][-2:] == [1, 2]


async def test_people_who_do_not_fall_as_drawn_are_warned_of(shop: Shop) -> None:
    await shop.campaign(rules=[rule("All", "A")])
    await shop.bring(crowd("a", 300, "A") + crowd("c", 100, "control"))
    found = await anew(shop)
    assert [(one["kind"], one["about"]) for one in found["warnings"]] == [("mismatch", "hero")]
    assert found["running"][0]["figures"]["mismatch"]


async def test_what_is_switched_off_stale_or_contradictory_is_warned_of(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop.project is not None
    broken = Definition(
        project=shop.project.id, kind="audience", id="brokn", key="broken", version=1, author="x", at=NOON,
        body=msgspec.Raw(b'{"id":"brokn","key":"broken","name":"Broken","condition":{"a":{"$nothing":1}}}'),
    )  # fmt: skip
    await shop.runtime.store.write_definitions([(broken, 0)])
    await refresh(shop.runtime)
    for known in ("ann", "ben"):
        await shop.send({"name": "login", "visitor": {"id": known, "anonymous_id": "phone"}})
    ((kind, about, why), identity) = [
        (one["kind"], one["about"], one["detail"] or one["count"]) for one in (await told(shop))["warnings"]
    ]
    assert (kind, about) == ("switched_off", "audience:broken")
    assert "$nothing" in why
    assert identity == ("identity", "", 1)
    monkeypatch.setattr(overview, "STALE_MS", -1)  # the store confirms them all the time
    assert [one["kind"] for one in (await told(shop))["warnings"]] == ["stale", "switched_off", "identity"]


async def test_figures_are_computed_once_for_all_who_look_and_anew_after_a_change(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[int] = []

    async def counting(*args: Any, **more: Any) -> Any:
        computed.append(1)
        return await summary(*args, **more)

    monkeypatch.setattr("tailorbird.engine.results.project.summary", counting)
    await shop.campaign()
    overview._held.clear()
    await asyncio.gather(*(told(shop) for _ in range(5)))
    await told(shop)
    assert len(computed) == 1
    await shop.campaign("second")
    found = await told(shop)
    assert [(one["key"], one["figures"]["people"]) for one in found["running"]] == [("hero", 0), ("second", 0)]
    assert len(computed) == 2


async def test_the_page_does_not_wait_for_figures_that_take_long(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    done = asyncio.Event()

    async def slow(*args: Any, **more: Any) -> Any:
        await done.wait()
        return await summary(*args, **more)

    monkeypatch.setattr("tailorbird.engine.results.project.summary", slow)
    assert (await told(shop))["figures"] == "ready"  # nothing runs
    await shop.campaign()
    found = await told(shop, ready=False)
    assert (found["figures"], found["running"][0]["figures"], found["running"][0]["days"]) == ("computing", None, [])
    done.set()
    assert (await told(shop))["running"][0]["figures"]["people"] == 0


async def test_a_server_without_a_lake_says_so(shop: Shop) -> None:
    await shop.campaign()
    overview._held.clear()
    shop.runtime.lake, held = None, shop.runtime.lake
    found = await told(shop)
    shop.runtime.lake = held
    assert (found["figures"], [one["key"] for one in found["running"]]) == ("away", ["hero"])
    assert "lake" in found["lacks"]
