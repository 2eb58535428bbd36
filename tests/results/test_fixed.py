"""What is fixed when the verdict begins: the baseline of a campaign without control, and the scale of the evidence."""

from __future__ import annotations

from typing import Any

from tests.results.conftest import BASE, DAY, Shop, arms_of, crowd, goal_of, orders, rule
from tests.web.conftest import NOON


async def test_a_campaign_that_starts_without_control_keeps_its_baseline_when_control_comes(shop: Shop) -> None:
    made = await shop.campaign(start=False, control=0, rules=[rule("All", "Dropped", "A", "B")])
    (one,) = made["body"]["rules"]
    await shop.write("campaigns", "hero", rules=[{**one, "experiences": one["experiences"][1:]}])
    await shop.verb("hero", "start")
    await shop.bring(crowd("a", 100, "A") + crowd("b", 100, "B"), orders("a", range(40)) + orders("b", range(80)))
    before = await shop.results()
    arms = arms_of(before)
    assert (before["baseline"], goal_of(before)["campaign"]) == ("first", None)
    assert arms["All", "B"]["lift"]["baseline"] == arms["All", "A"]["arm"], "the first of those that started"
    assert arms["All", "B"]["lift"]["verdict"]["outcome"] == "better"
    shop.now += DAY
    await shop.write("campaigns", "hero", control=50)
    await shop.bring(crowd("c", 100, "control", at=shop.now), orders("c", range(10), at=shop.now + 1))
    after = await shop.results()
    assert (after["baseline"], after["restarts"], after["exploratory"]) == ("first", [], [])
    arms = arms_of(after)
    assert arms["All", "B"]["lift"]["baseline"] == arms["All", "A"]["arm"]
    chosen = await shop.results(baseline="control")
    assert (chosen["baseline"], chosen["exploratory"]) == ("control", ["BASELINE"])
    lifts = [one["lift"] for one in goal_of(chosen)["arms"] if one["lift"] is not None]
    assert lifts
    assert all("EXPLORATORY" in lift["verdict"]["reasons"] for lift in lifts)


def sold(prefix: str, people: int, amount: float) -> list[dict[str, Any]]:
    """An order of everybody, of amounts that differ."""
    return [order for n in range(people) for order in orders(prefix, [n], amount=amount + n % 7)]


async def test_totals_below_zero_that_nobody_foresaw_end_the_evidence_and_do_not_change_its_scale(shop: Shop) -> None:
    profit = {"event": "order", "aggregate": "sum", "property": "amount"}
    await shop.make("goals", name="Profit", **profit)
    await shop.make("goals", name="Balance", signed=True, **profit)
    await shop.campaign(goals=[{"goal": "profit", "role": "primary"}, {"goal": "balance", "role": "guardrail"}])
    await shop.bring(crowd("a", 300, "A") + crowd("c", 300, "control"), sold("a", 300, 10.8) + sold("c", 300, 10))
    report = await shop.results()
    profit_lift, balance = goal_of(report, "profit")["campaign"], goal_of(report, "balance")["campaign"]
    assert (profit_lift["verdict"]["outcome"], profit_lift["lift"] is not None) == ("better", True)
    assert (balance["verdict"]["outcome"], balance["lift"]) == ("better", None), (
        "on the scale of differences from the start"
    )
    evidence = balance["e_value"]
    assert evidence != profit_lift["e_value"]
    await shop.bring(crowd("loss", 1, "A", at=NOON - DAY), orders("loss", [0], amount=-1))
    report = await shop.results()
    profit_lift, balance = goal_of(report, "profit")["campaign"], goal_of(report, "balance")["campaign"]
    assert (profit_lift["e_value"], profit_lift["verdict"]["outcome"]) == (None, None)
    assert profit_lift["verdict"]["reasons"] == ["SIGNED_VALUES"]
    assert (profit_lift["lift"], profit_lift["difference"] > 0) == (None, True)
    assert balance["verdict"]["outcome"] == "better"
    assert 0.1 < balance["e_value"] / evidence < 10, "the same evidence with one more person"
    shop.now += DAY
    await shop.write("goals", "profit", signed=True)
    anew = await shop.results()
    assert (anew["restarts"][-1]["reason"], anew["people"]) == ("GOAL_CHANGED", 0)


async def test_nobodys_count_is_below_zero(shop: Shop) -> None:
    for aggregate in ("occurrence", "count"):
        body = {"name": "Odd", "event": "order", "aggregate": aggregate, "signed": True}
        answer = await shop.ask("POST", f"{BASE}/goals", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "signed")


async def test_ratios_are_compared_without_what_was_before_and_the_report_says_so(shop: Shop) -> None:
    revenue = {"event": "order", "property": "amount"}
    await shop.make("goals", name="Spent", aggregate="sum", **revenue)
    await shop.make("goals", name="Basket", aggregate="ratio", per={"event": "order"}, **revenue)
    await shop.campaign(goals=[{"goal": "spent", "role": "primary"}, {"goal": "basket"}])
    before = [
        order
        for prefix in ("a", "c")
        for n in range(40)
        for order in orders(prefix, [n], at=NOON - 3 * DAY, amount=10 + n % 5)
    ]
    await shop.bring(crowd("a", 40, "A") + crowd("c", 40, "control"), before + sold("a", 40, 10) + sold("c", 40, 11))
    plain, adjusted = await shop.results(), await shop.results(cuped=True)
    assert goal_of(adjusted, "basket")["campaign"]["interval"] == goal_of(plain, "basket")["campaign"]["interval"]
    assert goal_of(adjusted, "spent")["campaign"]["interval"] != goal_of(plain, "spent")["campaign"]["interval"]
    said = "CUPED is for totals of a person: ratios are compared without it (basket)."
    assert said in adjusted["notes"]
    assert said not in plain["notes"] + (await shop.results(cuped=True, goal="spent"))["notes"]
