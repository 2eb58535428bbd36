"""The cases in spec/results, played through the public API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.results.conftest import BASE, DAY, Shop, arms_of, crowd, goal_of, orders, rule
from tests.web.conftest import NOON

FOLDER = Path(__file__).parents[2] / "spec" / "results"
CASES = {path.stem: msgspec.json.decode(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))}
HOUR = 3_600_000


def rates(report: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Arm's name → all of its people and those who converted, whatever their rule and epoch."""
    found: dict[str, tuple[int, int]] = {}
    for (_, arm), told in arms_of(report).items():
        people, done = found.get(arm, (0, 0))
        found[arm] = people + told["reached"]["people"], done + told["reached"]["conversions"]
    return found


def pooled(report: dict[str, Any]) -> dict[str, float]:
    """Arm's name → its rate over control's, less one."""
    told = rates(report)
    people, done = told.pop("control")
    return {arm: round(own[1] / own[0] / (done / people) - 1, 4) for arm, own in told.items()}


class Play:
    """One case, step by step."""

    def __init__(self, shop: Shop, case: dict[str, Any]) -> None:
        self.shop = shop
        self.case = case
        self.groups = 0

    def rules(self, weights: dict[str, float]) -> list[dict[str, Any]]:
        told = [rule(one["name"], *one["experiences"]) for one in self.case["campaign"]["rules"]]
        for one in told:
            for experience in one["experiences"]:
                experience["weight"] = weights.get(experience["name"], 1)
        return told

    async def begin(self) -> None:
        told = self.case["campaign"] | {"rules": self.rules(self.case.get("weights", {}))}
        await self.shop.campaign(**told)

    async def step(self, step: dict[str, Any]) -> None:
        if "expose" in step:
            await self.expose(step["expose"])
        elif "change" in step:
            await self.shop.write("campaigns", "hero", **step["change"])
        else:
            held = (await self.shop.ask("GET", f"{BASE}/campaigns/hero")).json()["body"]["rules"]
            for one in held:
                for experience in one["experiences"]:
                    experience["weight"] = step["weights"].get(experience["name"], 1)
            await self.shop.write("campaigns", "hero", rules=held)

    async def expose(self, told: dict[str, Any]) -> None:
        self.groups += 1
        prefix = f"g{self.groups}"
        await self.shop.bring(
            crowd(prefix, told["people"], told["experience"], rule=told["rule"]),
            orders(prefix, range(told["converting"])),
        )
        if "then" in told:
            again = crowd(prefix, told["people"], told["then"], rule=told["rule"], at=NOON - DAY + HOUR)
            await self.shop.bring(again)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_the_report_says_what_the_case_promises(shop: Shop, case: dict[str, Any]) -> None:
    play = Play(shop, case)
    await play.begin()
    for step in case["steps"]:
        await play.step(step)
    report = await shop.results()
    expected, naive = case["expected"], case["naive"]
    lifts = {f"{rule}/{arm}": one["lift"]["lift"] for (rule, arm), one in arms_of(report).items() if one["lift"]}
    assert lifts == {name: pytest.approx(lift, abs=1e-9) for name, lift in expected["lifts"].items()}
    assert goal_of(report)["campaign"]["lift"] == pytest.approx(expected["campaign"], abs=1e-9)
    assert len(report["sample_ratio"]["splits"]) == expected["epochs"]
    assert report["crossed"]["people"] == expected.get("crossed", 0)
    if "pooled" in naive:
        assert pooled(report) == naive["pooled"]
    if "without_crossed" in naive:
        assert pooled(await shop.results(exclude_crossed=True)) == naive["without_crossed"]


def test_there_are_cases_and_each_has_its_naive_figure() -> None:
    assert len(CASES) >= 5
    assert all(case["naive"] and case["title"] for case in CASES.values())
