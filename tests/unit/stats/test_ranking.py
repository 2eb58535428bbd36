"""Chance to be best of several arms, against simulation."""

import numpy as np
import pytest

from tailorbird.domain.moments import MomentKind, Moments, Stratum
from tailorbird.stats import Best, Prior, Shortfall, best, compare
from tests.unit.stats.making import done, per, rates, sums

DRAWS = 2_000_000
COUNTS = {"control": (50, 1_000), "a": (55, 900), "b": (60, 1_100), "c": (4, 60)}


def arms(told: dict[str, Moments], rule: str = "rule", epoch: int = 1) -> Stratum:
    return Stratum(rule=rule, epoch=epoch, arms=told, shares=dict.fromkeys(told, 1 / len(told)))


def by_arm(answer: Best) -> dict[str, tuple[float, float]]:
    return {share.arm: (share.chance_to_be_best, share.expected_loss_value) for share in answer.shares}


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_rates_equal_simulation(better: str) -> None:
    rng = np.random.default_rng(1)
    drawn = np.stack([rng.beta(d + 0.5, n - d + 0.5, DRAWS) for d, n in COUNTS.values()])
    sign = 1 if better == "higher" else -1
    top = (sign * drawn).argmax(axis=0)
    told = {arm: done(*count) for arm, count in COUNTS.items()}
    found = by_arm(best([arms(told)], "proportion", arms=list(COUNTS), better=better))  # type: ignore[arg-type]
    loss = (sign * drawn).max(axis=0).mean() - (sign * drawn).mean(axis=1)
    for i, arm in enumerate(COUNTS):
        assert found[arm] == pytest.approx((float((top == i).mean()), float(loss[i])), abs=2e-3)


def test_two_rates_agree_with_the_comparison() -> None:
    strata = rates((500, 10_000), (550, 10_000))
    lift = compare(strata, "control", "proportion", prior=Prior(a=1, b=1))[0]
    found = by_arm(best(strata, "proportion", prior=Prior(a=1, b=1)))
    assert found["test"] == pytest.approx((lift.chance_to_beat, lift.expected_loss_value), rel=1e-9)
    assert found["control"][1] == pytest.approx(lift.keeping_loss_value, rel=1e-9)


@pytest.mark.parametrize("kind", ["mean", "ratio"])
def test_two_values_agree_with_the_comparison(kind: MomentKind) -> None:
    rng = np.random.default_rng(2)
    told = {}
    for arm, level in {"control": 10.0, "test": 10.3}.items():
        y = rng.gamma(2, level / 2, 2_000)
        told[arm] = per(y, np.ones(2_000)) if kind == "ratio" else sums(y)
    strata = [arms(told)]
    found = by_arm(best(strata, kind))
    assert found["test"][0] == pytest.approx(compare(strata, "control", kind)[0].chance_to_beat or 0, abs=1e-9)


def test_values_below_zero_are_ranked_too() -> None:
    rng = np.random.default_rng(3)
    told = {arm: sums(rng.normal(level, 5, 500)) for arm, level in {"a": -1.0, "b": 0.0, "c": 1.5}.items()}
    found = by_arm(best([arms(told)], "mean"))
    assert found["c"][0] > 0.99
    assert sum(chance for chance, _ in found.values()) == pytest.approx(1)
    signed = by_arm(best([arms({arm: sums(rng.normal(50, 5, 99)) for arm in "ab"})], "mean", signed=True))
    assert sum(chance for chance, _ in signed.values()) == pytest.approx(1)


def test_only_strata_with_every_arm_count() -> None:
    full = arms({"a": done(10, 100), "b": done(20, 100)})
    paused = arms({"a": done(900, 1_000)}, epoch=2)
    answer = best([full, paused], "proportion")
    assert answer.shares == best([full], "proportion").shares
    assert answer.left_out == 1_000
    assert best([paused], "proportion", arms=["a", "b"]).lacks == (Shortfall.NO_SHARED_STRATUM,)


def test_unlike_strata_favour_nobody() -> None:
    strata = [
        arms({"a": done(500, 5_000), "b": done(100, 1_000), "c": done(100, 1_000)}),
        arms({"a": done(20, 1_000), "b": done(100, 5_000), "c": done(100, 5_000)}, epoch=2),
    ]
    chances = [share.chance_to_be_best for share in best(strata, "proportion").shares]
    assert chances == pytest.approx([1 / 3] * 3, abs=0.06)


@pytest.mark.parametrize(
    ("told", "lack"),
    [
        ({"a": sums([1.0, 1.0]), "b": sums([1.0, 2.0])}, Shortfall.ZERO_VARIANCE),
        ({"a": sums([1.0]), "b": sums([1.0, 2.0])}, Shortfall.TOO_FEW_PEOPLE),
    ],
)
def test_what_cannot_be_ranked_says_why(told: dict[str, Moments], lack: Shortfall) -> None:
    assert best([arms(told)], "mean") == Best(lacks=(lack,))
