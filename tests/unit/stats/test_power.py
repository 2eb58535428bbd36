"""Samples before the start, days while it runs."""

import math

import numpy as np
import pytest

from tailorbird.domain.errors import Invalid
from tailorbird.domain.moments import MomentKind, Moments
from tailorbird.stats import Plan, days_left, sample_size, spread_of
from tests.unit.stats.making import per, sums

EQUAL = {"control": 1.0, "test": 1.0}


def test_a_textbook_sample_of_two_proportions() -> None:
    # two-sided 5 %, power 80 %, 10 % against 11 %: 14,751 in each group (Fleiss without continuity correction)
    assert sample_size("proportion", 0.10, shares=EQUAL).people == 2 * 14_751


def test_a_textbook_sample_of_two_means() -> None:
    # n = 2·(z·σ/δ)² in each group
    wanted = 2 * 2 * ((1.959964 + 0.841621) * 30 / 1) ** 2
    assert sample_size("mean", 10, deviation=30, shares=EQUAL).people == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("kind", ["proportion", "mean", "ratio"])
def test_power_is_what_was_asked_for(kind: MomentKind) -> None:
    plan = sample_size(kind, 0.2, deviation=0.4, shares={"control": 0.3, "test": 0.7}, effect=0.15)
    rng = np.random.default_rng(1)
    control, test = round(plan.people * 0.3), round(plan.people * 0.7)
    p, q = rng.binomial(control, 0.2, 20_000) / control, rng.binomial(test, 0.23, 20_000) / test
    pooled = (p * control + q * test) / plan.people
    z = (q - p) / np.sqrt(pooled * (1 - pooled) * (1 / control + 1 / test))
    assert float((abs(z) > 1.959964).mean()) == pytest.approx(0.8, abs=0.03)


def test_more_arms_and_unequal_shares_need_more_people() -> None:
    two = sample_size("proportion", 0.1, shares=EQUAL)
    four = sample_size("proportion", 0.1, shares={"control": 1, "a": 1, "b": 1, "c": 1})
    small_control = sample_size("proportion", 0.1, shares={"control": 0.05, "test": 0.95})
    assert four.people > 2 * two.people
    assert four.drift > two.drift
    assert small_control.people > 5 * two.people
    assert small_control.pair == pytest.approx(two.pair, rel=0.02)


def test_the_weakest_arm_decides() -> None:
    shares = {"control": 0.5, "large": 0.4, "small": 0.1}
    alone = sample_size("proportion", 0.1, shares={"control": 0.5, "small": 0.1}, comparisons=2)
    assert sample_size("proportion", 0.1, shares=shares).people == pytest.approx(alone.people / 0.6, rel=1e-4)


def test_a_fall_can_be_planned_for() -> None:
    assert sample_size("proportion", 0.1, effect=-0.1, shares=EQUAL).people > 10_000


def test_what_was_seen_gives_baseline_and_deviation() -> None:
    values, units = [0.0, 4.0, 2.0, 6.0], [1.0, 2.0, 1.0, 2.0]
    assert spread_of(Moments(n=100, total=20), "proportion") == pytest.approx((0.2, 0.4))
    assert spread_of(sums(values), "mean") == pytest.approx((3.0, np.std(values, ddof=1)))
    residuals = np.array(values) - 2.0 * np.array(units)
    assert spread_of(per(values, units), "ratio") == pytest.approx((2.0, np.std(residuals, ddof=1) / 1.5))
    assert spread_of(sums([1.0]), "mean") is None
    assert spread_of(per([1.0, 2.0], [0.0, 0.0]), "ratio") is None


def test_days_left_at_todays_traffic() -> None:
    plan = Plan(people=1_000, pair=250)
    assert days_left(plan, 400, 120) == pytest.approx(5.0)
    assert days_left(plan, 1_000, 120) == 0.0
    assert days_left(plan, 400, 0) is None


@pytest.mark.parametrize(
    ("field", "kind", "baseline", "options"),
    [
        ("effect", "proportion", 0.1, {"effect": 0.0}),
        ("power", "proportion", 0.1, {"power": 1.0}),
        ("shares", "proportion", 0.1, {"shares": {"control": 1.0}}),
        ("shares", "proportion", 0.1, {"shares": {"control": 0.0, "test": 1.0}}),
        ("baseline", "proportion", 0.0, {}),
        ("baseline", "proportion", 0.95, {}),
        ("baseline", "mean", 0.0, {"deviation": 1.0}),
        ("deviation", "mean", 5.0, {}),
        ("deviation", "ratio", 5.0, {"deviation": math.nan}),
    ],
)
def test_a_sample_that_cannot_be_is_refused(field: str, kind: MomentKind, baseline: float, options: dict) -> None:
    with pytest.raises(Invalid) as refusal:
        sample_size(kind, baseline, **{"shares": EQUAL, **options})
    assert refusal.value.problems[0].field == field
