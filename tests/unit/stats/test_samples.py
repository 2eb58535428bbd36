"""The sample-ratio test: evidence over strata, the classical p-value beside it, leaks."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from tailorbird.domain.moments import Moments, Stratum
from tailorbird.stats import sample_ratio
from tests.architecture.sources import ROOT

VECTORS = json.loads((ROOT / "tests" / "data" / "stats" / "growthbook.json").read_text(encoding="utf-8"))
PUBLISHED = [vector for vector in VECTORS if vector["engine"] == "check_srm"]


def people(counts: Sequence[int], shares: Sequence[float], epoch: int = 1) -> Stratum:
    return Stratum(
        rule="rule",
        epoch=epoch,
        arms={f"arm{i}": Moments(n=count, total=0) for i, count in enumerate(counts)},
        shares={f"arm{i}": share for i, share in enumerate(shares)},
    )


@pytest.mark.parametrize("vector", PUBLISHED, ids=lambda vector: f"{vector['users']}")
def test_the_classical_p_value_is_the_published_one(vector: dict) -> None:
    answer = sample_ratio([people(vector["users"], vector["weights"])])
    assert answer.p_value == pytest.approx(vector["expected"], rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "shares", "p_value"),
    [
        ([5000, 5200], [1, 1], 0.0476703807),
        ([4800, 5200], [1, 1], 6.334248e-05),
        ([3300, 3400, 3300], [1, 1, 1], 0.3678794412),
    ],
)
def test_the_classical_p_value_is_the_known_one(counts: list[int], shares: list[float], p_value: float) -> None:
    assert sample_ratio([people(counts, shares)]).p_value == pytest.approx(p_value, rel=1e-6)


def test_an_arm_without_a_share_adds_no_degree_of_freedom() -> None:
    with_it, without = sample_ratio([people([4800, 5200, 0], [1, 1, 0])]), sample_ratio([people([4800, 5200], [1, 1])])
    assert with_it.degrees == without.degrees == 1
    assert with_it.p_value == without.p_value
    assert with_it.e_value == without.e_value


def test_equal_shares_are_no_mismatch_and_unequal_ones_are() -> None:
    assert not sample_ratio([people([50_200, 49_800], [0.5, 0.5])]).mismatch
    assert sample_ratio([people([51_000, 49_000], [0.5, 0.5])]).mismatch


def test_a_change_of_shares_is_judged_in_its_own_epoch() -> None:
    first, second = people([9_000, 1_000], [0.9, 0.1], epoch=1), people([10_000, 10_000], [0.5, 0.5], epoch=2)
    assert not sample_ratio([first, second]).mismatch
    together = people([19_000, 11_000], [0.5, 0.5])
    assert sample_ratio([together]).mismatch


def test_evidence_of_epochs_is_multiplied() -> None:
    epochs = [people([5_300, 5_000], [0.5, 0.5], epoch=epoch) for epoch in range(6)]
    alone, all_of_them = sample_ratio(epochs[:1]), sample_ratio(epochs)
    assert not alone.mismatch
    assert all_of_them.mismatch
    assert [split.e_value for split in all_of_them.splits] == [alone.e_value] * 6


@pytest.mark.parametrize(("total", "leaked", "leak"), [(1_000, 5, False), (1_000, 6, True), (100_000, 10, False)])
def test_leaks_alarm_above_five_and_a_ten_thousandth(total: int, leaked: int, leak: bool) -> None:
    answer = sample_ratio([people([total // 2, total // 2, leaked], [0.5, 0.5, 0])])
    assert (answer.leaked, answer.leak) == (leaked, leak)


def test_an_arm_that_nobody_entered_counts_although_it_has_no_sums() -> None:
    stratum = Stratum(rule="rule", epoch=1, arms={"a": Moments(n=500, total=0)}, shares={"a": 0.5, "b": 0.5})
    assert sample_ratio([stratum]).mismatch


def test_no_people_and_a_single_arm_say_nothing() -> None:
    assert sample_ratio([]).e_value == 1.0
    assert sample_ratio([people([0, 0], [0.5, 0.5])]).p_value == 1.0
    assert sample_ratio([people([700], [1.0])]).e_value == 1.0


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.05, 0.95), (0.25, 0.25, 0.25, 0.25)])
def test_looking_two_hundred_times_finds_no_mismatch_in_more_than_one_of_a_hundred(shares: tuple[float, ...]) -> None:
    from tailorbird.stats.samples import ALARM, log_evidence

    rng = np.random.default_rng(20261122)
    counts = rng.multinomial(100, shares, size=(2_000, 200)).cumsum(axis=1).astype(float)
    logs = log_evidence(counts, np.array(shares))
    average = np.exp(logs).mean(axis=-1)
    share = float((average >= ALARM).any(axis=1).mean())
    assert share <= 0.01 + 2 * (0.01 * 0.99 / 2_000) ** 0.5
