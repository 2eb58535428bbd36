"""What a reader is answered, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.results.conftest import BASE, DAY, Shop, arms_of, crowd, goal_of, orders, rule
from tests.web.conftest import NOON


async def test_a_campaign_tells_who_was_exposed_what_they_did_and_how_much_more_that_is(shop: Shop) -> None:
    await shop.campaign()
    await shop.bring(crowd("a", 400, "A") + crowd("c", 400, "control"), orders("a", range(80)) + orders("c", range(40)))
    report = await shop.results()
    assert (report["people"], report["exploratory"], report["status"]) == (800, [], "running")
    arms = arms_of(report)
    assert {name: arm["people"] for (_, name), arm in arms.items()} == {"A": 400, "control": 400}
    assert arms["All", "A"]["reached"] == {"people": 400, "conversions": 80, "total": 80.0, "value": 0.2, "per": None}
    lift = arms["All", "A"]["lift"]
    assert lift["lift"] == pytest.approx(1.0)
    assert lift["interval"]["low"] < 1.0 < lift["interval"]["high"]
    assert lift["chance_to_beat"] > 0.999
    assert arms["All", "control"]["lift"] is None
    assert goal_of(report)["campaign"]["lift"] == pytest.approx(1.0)
    assert arms["All", "A"]["best"]["chance_to_be_best"] > 0.999
    assert report["sample_ratio"]["mismatch"] is False
    assert report["crossed"]["people"] == 0


async def test_a_verdict_needs_the_plain_view_the_primary_goal_and_evidence(shop: Shop) -> None:
    await shop.make("goals", name="View", event="view", **{"global": True})
    await shop.campaign(start=False)
    await shop.bring(
        crowd("a", 600, "A") + crowd("c", 600, "control"), orders("a", range(180)) + orders("c", range(90))
    )
    assert goal_of(await shop.results())["campaign"]["verdict"]["reasons"] == ["NOT_STARTED"]
    await shop.verb("hero", "start")
    report = await shop.results()
    verdict = goal_of(report)["campaign"]["verdict"]
    assert (verdict["outcome"], verdict["reasons"]) == ("better", [])
    assert verdict["e_value"] > verdict["threshold"] == 20.0
    assert goal_of(report, "view")["campaign"]["verdict"]["reasons"] == ["NOT_THE_PRIMARY_GOAL"]
    for view, choice in (
        ({"window_days": 3}, "WINDOW"),
        ({"attribution": "view"}, "ATTRIBUTION"),
        ({"since": NOON - 2 * DAY}, "PERIOD"),
        ({"filter": "device=mobile"}, "FILTER"),
        ({"by": "device"}, "BREAKDOWN"),
        ({"baseline": "A"}, "BASELINE"),
        ({"mature": True}, "MATURE_ONLY"),
        ({"exclude_crossed": True}, "CROSSED_EXCLUDED"),
        ({"capped": False}, "UNCAPPED"),
        ({"cuped": True}, "CUPED"),
        ({"engine": "delta"}, "DELTA_METHOD"),
    ):
        told = await shop.results(**view)
        assert told["exploratory"] == [choice]
        lifts = [arm["lift"] for arm in goal_of(told)["arms"] if arm["lift"] is not None]
        assert {reason for lift in lifts for reason in lift["verdict"]["reasons"]} <= {"EXPLORATORY"}
        assert all(lift["verdict"]["outcome"] is None for lift in lifts)
        assert any("Exploratory" in note for note in told["notes"])


async def test_changing_the_goal_after_the_start_begins_the_verdict_anew_and_says_so(shop: Shop) -> None:
    await shop.campaign()
    await shop.bring(crowd("early", 50, "A", at=NOON - DAY) + crowd("early-c", 50, "control", at=NOON - DAY))
    assert (await shop.results())["measured_since"] is None
    shop.now += DAY
    await shop.write("goals", "order", description="only words")
    assert (await shop.results())["restarts"] == []
    changes = (
        ("goals", "order", {"window_days": 3}, "WINDOW_CHANGED"),
        ("goals", "order", {"where": {"amount": {"$gt": 10}}}, "GOAL_CHANGED"),
        ("campaigns", "hero", {"analysis": {"baseline": "first"}}, "BASELINE_CHANGED"),
    )
    for kind, key, changed, reason in changes:
        shop.now += DAY
        await shop.write(kind, key, **changed)
        report = await shop.results()
        assert report["measured_since"] == shop.now
        assert report["restarts"][-1]["reason"] == reason
    assert [one["reason"] for one in report["restarts"]] == [reason for *_, reason in changes]
    assert report["people"] == 0
    assert report["notes"][0].startswith("Measured since 2026")
    await shop.bring(crowd("late", 5, "A", at=shop.now))
    assert (await shop.results())["people"] == 5
    assert (await shop.results(since=0))["people"] == 105


async def test_new_facts_are_in_the_next_answer_and_people_who_turn_out_to_be_one_are_one(shop: Shop) -> None:
    await shop.campaign()
    visitor = {"anonymous_id": "device-1"}
    answer = (await shop.decide({"visitor": visitor, "campaigns": ["hero"]})).json()["decisions"][0]
    await shop.settled()
    token = answer["token"]
    await shop.send({"id": "i1", "name": "impression", "visitor": visitor, "token": token})
    await shop.send({"id": "c1", "name": "click", "visitor": visitor, "token": token})
    await shop.send({"id": "o1", "name": "order", "visitor": {"id": "ada", **visitor}})
    report = await shop.results()
    (arm,) = (arm for arm in report["arms"] if arm["people"])
    assert (arm["impressions"], arm["clicks"], arm["click_through"], arm["clickers"]) == (1, 1, 1.0, 1)
    reached = [one["reached"] for one in goal_of(report)["arms"] if one["reached"]["people"]]
    assert [(one["people"], one["conversions"]) for one in reached] == [(1, 1)]


async def test_sums_are_capped_unless_asked_otherwise_and_ratios_divide_sums(shop: Shop) -> None:
    await shop.make("goals", name="Revenue", event="order", aggregate="sum", property="amount", capping={"value": 100})
    per = {"event": "order"}
    await shop.make("goals", name="Basket", event="order", aggregate="ratio", property="amount", per=per)
    goals = [{"goal": "revenue", "role": "primary"}, {"goal": "basket"}]
    await shop.campaign(goals=goals)
    exposures = crowd("a", 50, "A") + crowd("c", 50, "control")
    events = (
        orders("a", range(10), amount=20) + orders("a", [1], at=NOON, amount=1000) + orders("c", range(5), amount=40)
    )
    await shop.bring(exposures, events)
    report = await shop.results()
    assert goal_of(report, "revenue")["cap"] == 100.0
    assert arms_of(report, "revenue")["All", "A"]["reached"]["total"] == 280.0
    assert arms_of(await shop.results(capped=False), "revenue")["All", "A"]["reached"]["total"] == 1200.0
    basket = arms_of(await shop.results(capped=False), "basket")["All", "A"]["reached"]
    assert (basket["total"], basket["per"], basket["value"]) == (1200.0, 11.0, pytest.approx(1200 / 11))


async def test_breakdowns_show_the_largest_groups_and_add_the_others_up(shop: Shop) -> None:
    await shop.campaign()
    exposures = []
    for number in range(23):
        facts = {"attributes": {"city": f"c{number:02}"}, "device": "mobile" if number % 2 else "desktop"}
        exposures += crowd(f"p{number}", 30 - number, "A", facts=facts)
    await shop.bring(exposures, orders("p0", range(3)))
    report = await shop.results(by="attribute:city")
    assert [group["value"] for group in report["groups"]] == [f"c{n:02}" for n in range(20)] + ["(others)"]
    assert [group["people"] for group in report["groups"]][-2:] == [11, 10 + 9 + 8]
    first = report["groups"][0]
    assert (first["people"], arms_of(first)["All", "A"]["reached"]["conversions"]) == (30, 3)
    mobile = await shop.results(filter="device=mobile")
    assert mobile["people"] == sum(30 - n for n in range(1, 23, 2))
    assert (await shop.results(filter="attribute:city=c00,c01"))["people"] == 59


async def test_by_click_experiences_are_compared_with_the_first_of_their_rule(shop: Shop) -> None:
    await shop.campaign(control=20, rules=[rule("All", "A", "B")])
    await shop.bring(
        crowd("a", 40, "A") + crowd("b", 40, "B") + crowd("c", 20, "control"),
        [
            {"id": f"k{n}", "name": "click", "visitor": {"id": f"b-{n}"}, "time": NOON - DAY + 1,
             "properties": {"campaign": "hero"}}
            for n in range(10)
        ]
        + orders("a", range(8), at=NOON) + orders("b", range(5, 15), at=NOON),
    )  # fmt: skip
    report = await shop.results(attribution="click")
    arms = arms_of(report)
    assert arms["All", "B"]["reached"]["conversions"] == 5
    assert (arms["All", "A"]["reached"]["conversions"], arms["All", "A"]["lift"]) == (0, None)
    assert arms["All", "B"]["lift"]["baseline"] == arms["All", "A"]["arm"]
    assert (report["baseline"], goal_of(report)["campaign"]) == ("first", None)
    assert any("control has no clicks" in note for note in report["notes"])
    assert await shop.refused("campaigns/hero/results", attribution="click", baseline="control") == (400, "baseline")


async def test_crossed_people_leaks_and_shares_that_were_not_kept_are_told(shop: Shop) -> None:
    made = await shop.campaign(control=10, rules=[rule("All", "A", "B")])
    await shop.bring(crowd("a", 300, "A") + crowd("c", 300, "control"))
    (one,) = made["body"]["rules"]
    one["experiences"][1]["paused"] = True
    await shop.write("campaigns", "hero", rules=[one])
    await shop.bring(crowd("b", 20, "B"))
    report = await shop.results()
    ratio = report["sample_ratio"]
    assert (ratio["mismatch"], ratio["leaked"], ratio["leak"]) == (True, 20, True)
    assert ratio["p_value"] < 1e-6
    assert [note for note in report["notes"] if "not fall on the arms" in note]
    assert [note for note in report["notes"] if note.startswith("20 people are in arms that had no share")]
    reasons = goal_of(report)["campaign"]["verdict"]["reasons"]
    assert reasons[0] == "SAMPLE_RATIO_MISMATCH"


async def test_the_needed_sample_and_the_days_left_are_told_of_the_primary_goal(shop: Shop) -> None:
    await shop.campaign(analysis={"lift": 0.2})
    early = NOON - 3 * DAY
    await shop.bring(
        crowd("a", 300, "A", at=early) + crowd("c", 300, "control", at=early), orders("c", range(30), at=early + 1)
    )
    need = goal_of(await shop.results())["need"]
    assert need["lift"] == 0.2
    assert 7_000 < need["people"] < 8_500  # two arms of 3,841: 10 % against 12 %, as tables have it
    assert need["days_left"] == pytest.approx((need["people"] - 600) / 200, rel=0.01)


async def test_a_view_that_means_nothing_is_refused_with_its_parameter(shop: Shop) -> None:
    await shop.campaign()
    for view, field in (
        ({"by": "colour"}, "by"),
        ({"by": "attribute:"}, "by"),
        ({"filter": "device"}, "filter[0]"),
        ({"window_days": 0}, "window_days"),
        ({"since": 5, "until": 5}, "until"),
        ({"since": "yesterday"}, "since"),
        ({"baseline": "nobody"}, "baseline"),
        ({"goal": "nope"}, "goal[0]"),
        ({"attribution": "touch"}, "attribution"),
    ):
        assert await shop.refused("campaigns/hero/results", **view) == (400, field), view
    assert (await shop.refused("campaigns/nope/results"))[0] == 404
    narrow = await shop.make_key(shop.project, "record")  # type: ignore[arg-type]
    assert (await shop.ask("GET", f"{BASE}/campaigns/hero/results", key=narrow)).status_code == 403
    _, elsewhere = await shop.another_project("Other")
    assert (await shop.ask("GET", f"{BASE}/campaigns/hero/results", key=elsewhere)).status_code in (403, 404)


async def test_the_same_comes_as_a_table_and_with_progress(shop: Shop) -> None:
    await shop.campaign(rules=[rule("=cmd", "A")])
    await shop.bring(crowd("a", 3, "A") + crowd("c", 2, "control"), orders("a", [0]))
    table = await shop.ask("GET", f"{BASE}/campaigns/hero/results/csv")
    assert table.headers["content-type"].startswith("text/csv")
    header, *lines = table.text.splitlines()
    named = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
    assert {one["arm"]: (one["people"], one["conversions"], one["goal"]) for one in named} == {
        "control": ("2", "0", "order"),
        "A": ("3", "1", "order"),
    }
    assert {one["rule"] for one in named} == {"'=cmd"}  # no spreadsheet runs it
    told = (await shop.ask("GET", f"{BASE}/campaigns/hero/results/events")).text
    names = [line.removeprefix("event: ") for line in told.splitlines() if line.startswith("event: ")]
    assert (names[0], names[-1]) == ("progress", "result")
    assert len(names) > 3
    refused = (await shop.ask("GET", f"{BASE}/campaigns/hero/results/events", params={"baseline": "x"})).text
    assert "event: problem" in refused


async def test_a_server_without_a_lake_says_why_there_are_no_results(shop: Shop) -> None:
    await shop.campaign()
    held, shop.runtime.lake = shop.runtime.lake, None
    try:
        assert (await shop.refused("campaigns/hero/results"))[0] == 503
    finally:
        shop.runtime.lake = held


async def test_hanging_up_stops_the_computation(shop: Shop) -> None:
    await shop.campaign()
    await shop.bring(crowd("a", 3, "A"))
    lake = shop.runtime.lake
    assert lake is not None
    for path in ("results", "results/events"):
        asking = asyncio.create_task(hung_up(shop, f"{BASE}/campaigns/hero/{path}"))
        async with asyncio.timeout(20):
            while not lake.busy:  # noqa: ASYNC110 - whether a question runs is told no other way
                await asyncio.sleep(0)
            await asking
            while lake.busy:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert (await shop.results())["people"] == 3


async def hung_up(shop: Shop, path: str) -> None:
    """A request whose caller leaves as soon as its question runs."""
    lake = shop.runtime.lake
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        while not asked and lake is not None and not lake.busy:  # noqa: ASYNC110
            await asyncio.sleep(0)
        return asked.pop() if asked else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        pass

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http",
        "headers": [(b"authorization", f"Bearer {shop.key}".encode()), (b"host", b"server")], "http_version": "1.1",
        "asgi": {"version": "3.0", "spec_version": "2.3"}, "client": ("127.0.0.1", 1), "server": ("server", 80),
        "root_path": "", "extensions": {}, "state": {},
    }  # fmt: skip
    await shop.app(scope, receive, send)  # type: ignore[arg-type]
