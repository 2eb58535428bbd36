"""The exact posterior of rates, from one person to ten million, and sums over strata against heavy simulation."""

import itertools

import numpy as np
import pytest
from scipy import special

from tailorbird.domain.moments import Stratum
from tailorbird.stats import Lift, Prior, compare
from tailorbird.stats.beta import Beta, Grid, Rate, posterior
from tailorbird.stats.rates import (
    at_most,
    chance_above,
    difference_quantile,
    expected_relative_excess,
    expected_relative_shortfall,
    expected_shortfall,
    ratio_quantile,
)
from tests.unit.stats.making import done, rates, stratum

COUNTS = [(0, 1), (1, 1), (0, 7), (7, 7), (3, 10), (0, 1000), (1000, 1000), (50, 1000), (10_000, 10_000_000)]
DRAWS = 1_000_000


def jeffreys(count: tuple[int, int]) -> Beta:
    return Beta(count[0] + 0.5, count[1] - count[0] + 0.5)


def lift_of(control: tuple[int, int], test: tuple[int, int], **options: object) -> Lift:
    return compare(rates(control, test), "control", "proportion", **options)[0]  # type: ignore[arg-type]


def dense(top: Beta, under: Beta) -> tuple[float, float, float]:
    """Chance, loss and relative loss by a plain double integral over angles: slow, and nothing shared with the code."""
    nodes, weights = np.polynomial.legendre.leggauss(150)

    def density(rate: Beta, phi: np.ndarray) -> np.ndarray:
        scale = 2 / np.exp(special.betaln(rate.a, rate.b))
        return scale * np.sin(phi) ** (2 * rate.a - 1) * np.cos(phi) ** (2 * rate.b - 1)

    outer = (nodes + 1) * np.pi / 4
    inner = (nodes + 1)[:, None] / 2 * outer
    x, y = np.sin(inner) ** 2, np.sin(outer) ** 2
    mass = weights[:, None] * density(top, inner) * outer / 2
    weight = weights * density(under, outer) * np.pi / 4
    parts = (mass.sum(axis=0), (mass * (y - x)).sum(axis=0), (mass * (1 - x / y)).sum(axis=0))
    below, loss, share = (float(weight @ part) for part in parts)
    return 1 - below, loss, share


@pytest.mark.parametrize(
    ("one", "other"), list(itertools.product([(0, 1), (1, 1), (0, 9), (9, 9), (4, 9), (30, 60), (59, 60)], repeat=2))
)
def test_figures_equal_a_plain_double_integral(one: tuple[int, int], other: tuple[int, int]) -> None:
    top, under = jeffreys(one), jeffreys(other)
    found = chance_above(top, under), expected_shortfall(top, under), expected_relative_shortfall(top, under)
    assert found == pytest.approx(dense(top, under), abs=1e-11)


@pytest.mark.parametrize(("control", "test"), list(itertools.product(COUNTS, repeat=2)))
def test_figures_are_consistent_over_the_grid(control: tuple[int, int], test: tuple[int, int]) -> None:
    lift, turned = lift_of(control, test), lift_of(test, control)
    assert lift.interval is not None
    assert lift.difference_interval is not None
    assert turned.chance_to_beat == pytest.approx(1 - (lift.chance_to_beat or 0.0), abs=1e-9)
    assert -1 <= lift.interval[0] < lift.interval[1]
    assert -1 <= lift.difference_interval[0] < lift.difference_interval[1] <= 1
    top, under = jeffreys(test), jeffreys(control)
    inside = at_most(top, under, 1 + lift.interval[1]) - at_most(top, under, 1 + lift.interval[0])
    assert inside == pytest.approx(0.95, abs=1e-8)
    difference = top.mean - under.mean
    assert (lift.keeping_loss_value or 0) - (lift.expected_loss_value or 0) == pytest.approx(difference, abs=1e-10)


def test_complementary_counts_give_complementary_chances() -> None:
    successes = lift_of((3, 10), (7, 9)).chance_to_beat
    failures = lift_of((7, 10), (2, 9)).chance_to_beat
    assert successes == pytest.approx(1 - (failures or 0), abs=1e-12)


def test_a_million_times_as_many_people_are_computed_as_well() -> None:
    lift = lift_of((5 * 10**6, 10**8), (5 * 10**6 + 10_000, 10**8))
    spread = (2 * 0.05 * 0.95 / 10**8) ** 0.5
    assert lift.chance_to_beat == pytest.approx(special.ndtr(1e-4 / spread), abs=1e-4)
    assert lift.difference_interval == pytest.approx((1e-4 - 1.96 * spread, 1e-4 + 1.96 * spread), rel=1e-3)


def test_more_conversions_raise_the_chance() -> None:
    chances = [lift_of((40, 1000), (count, 1000)).chance_to_beat or 0.0 for count in range(0, 100, 5)]
    assert chances == sorted(chances)
    assert chances[0] < 1e-6 < 1 - 1e-6 < chances[-1]


def test_keeping_a_baseline_that_never_converted_has_no_finite_relative_cost() -> None:
    assert lift_of((0, 50), (5, 50)).keeping_loss is None
    assert lift_of((1, 50), (5, 50)).keeping_loss is not None


def test_the_prior_is_what_was_asked_for() -> None:
    told = lift_of((5, 10), (9, 10), prior=Prior(a=200, b=200))
    assert (told.chance_to_beat or 0) < (lift_of((5, 10), (9, 10)).chance_to_beat or 0)


# -- several strata ---------------------------------------------------------------------------------------------------

Counts = list[tuple[tuple[int, int], tuple[int, int]]]
MIXES: dict[str, Counts] = {
    "two rules, unlike rates": [((1000, 10_000), (19_200, 190_000)), ((400, 20_000), (410, 20_000))],
    "a small stratum that decides the skew": [((100, 5_000), (110, 5_000)), ((0, 60), (2, 90))],
    "tiny rates, 5/95": [((4, 1_000), (60, 19_000)), ((2, 500), (41, 9_500)), ((0, 250), (25, 4_700))],
    "rates near 1": [((95, 100), (97, 100)), ((490, 500), (480, 500))],
    "twenty epochs": [((20 + i, 400 + 10 * i), (800 + 7 * i, 7600 + 100 * i)) for i in range(20)],
}


def strata_of(mix: Counts) -> list[Stratum]:
    return [stratum(done(*control), done(*test), epoch=i) for i, (control, test) in enumerate(mix)]


@pytest.mark.parametrize("name", MIXES)
def test_weighted_sums_equal_heavy_simulation(name: str) -> None:
    mix = MIXES[name]
    sizes = np.array([n * m / (n + m) for (_, n), (_, m) in mix])
    weights = sizes / sizes.sum()
    rng = np.random.default_rng(20261122)
    drawn = []
    for arm in (0, 1):
        counts = [pair[arm] for pair in mix]
        drawn.append(
            sum(
                w * rng.beta(done + w / 2, people - done + w / 2, DRAWS)
                for w, (done, people) in zip(weights, counts, strict=True)
            )
        )
    control, test = drawn
    lift = compare(strata_of(mix), "control", "proportion")[0]
    low, high = lift.interval or (0.0, 0.0)
    ratio = test / control - 1
    error = 4 * (0.25 / DRAWS) ** 0.5
    assert lift.chance_to_beat == pytest.approx(float((test > control).mean()), abs=error)
    assert float((ratio < low).mean()) == pytest.approx(0.025, abs=error)
    assert float((ratio < high).mean()) == pytest.approx(0.975, abs=error)
    assert lift.expected_loss_value == pytest.approx(float(np.maximum(control - test, 0).mean()), rel=0.02, abs=1e-8)
    assert lift.expected_loss == pytest.approx(float(np.maximum(-ratio, 0).mean()), rel=0.02, abs=1e-8)
    assert lift.keeping_loss == pytest.approx(float(np.maximum(ratio, 0).mean()), rel=0.02, abs=1e-6)


def test_a_stratum_cut_in_two_says_nearly_the_same() -> None:
    whole = lift_of((200, 2_000), (240, 2_000))
    halves = compare(strata_of([((100, 1_000), (120, 1_000))] * 2), "control", "proportion")[0]
    assert halves.chance_to_beat == pytest.approx(whole.chance_to_beat or 0, abs=1e-3)
    assert halves.interval == pytest.approx(whole.interval or (), abs=2e-3)


def test_thirty_small_strata_do_not_add_up_their_priors() -> None:
    thin = strata_of([((1, 20), (19, 380))] * 30)
    lift = compare(thin, "control", "proportion")[0]
    assert lift.lift == pytest.approx(0.0, abs=1e-12)
    assert lift.chance_to_beat == pytest.approx(0.5, abs=0.06)
    with_priors = [(1.5, 21.0)] * 30, [(19.5, 381.0)] * 30
    control, test = (sum(d / n for d, n in counts) / 30 for counts in with_priors)
    assert test / control - 1 < -0.25  # what thirty whole priors would make of no difference


def test_strata_without_any_completion_have_a_posterior() -> None:
    lift = compare(strata_of([((0, 50), (0, 60)), ((0, 500), (0, 400))]), "control", "proportion")[0]
    assert lift.chance_to_beat == pytest.approx(0.5, abs=0.1)
    every = compare(strata_of([((50, 50), (60, 60)), ((500, 500), (400, 400))]), "control", "proportion")[0]
    assert every.interval is not None
    assert every.interval[0] < 0 < every.interval[1]


@pytest.mark.parametrize(("one", "other"), [((30, 1_000), (290_000, 10**7)), ((290_000, 10**7), (30, 1_000))])
def test_a_wide_and_a_narrow_sum_are_compared_exactly(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Sums on grids of very unlike steps, against the single strata that they nearly are."""
    weights = np.array([0.5, 0.5])
    half = [(one[0] / 2, one[1] / 2)] * 2, [(other[0] / 2, other[1] / 2)] * 2
    top, under = (posterior(counts, weights, (0.5, 0.5)) for counts in half)
    assert isinstance(top, Grid)
    exact_top, exact_under = Beta(*_same(top)), Beta(*_same(under))
    assert chance_above(top, under) == pytest.approx(chance_above(exact_top, exact_under), abs=2e-4)
    assert expected_shortfall(top, under) == pytest.approx(expected_shortfall(exact_top, exact_under), rel=2e-3)
    assert expected_relative_shortfall(top, under) == pytest.approx(
        expected_relative_shortfall(exact_top, exact_under), rel=2e-3
    )
    assert expected_relative_excess(top, under) == pytest.approx(
        expected_relative_excess(exact_top, exact_under), rel=5e-3
    )
    for level in (0.025, 0.975):
        assert ratio_quantile(top, under, level) == pytest.approx(
            ratio_quantile(exact_top, exact_under, level), abs=2e-3
        )
        assert difference_quantile(top, under, level) == pytest.approx(
            difference_quantile(exact_top, exact_under, level), abs=2e-5
        )


def _same(rate: Rate) -> tuple[float, float]:
    size = rate.mean * (1 - rate.mean) / rate.variance - 1
    return rate.mean * size, (1 - rate.mean) * size
