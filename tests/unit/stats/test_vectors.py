"""Numbers that other programs computed: the delta engine to the digit, the exact posterior against closed forms."""

import json
import math
from typing import Any

import pytest

from tailorbird.domain.moments import MomentKind, Moments
from tailorbird.stats import Lift, Prior, Shortfall, compare
from tailorbird.stats.others import bayes_factor, sequence
from tests.architecture.sources import ROOT
from tests.unit.stats.making import rates, stratum

VECTORS = json.loads((ROOT / "tests" / "data" / "stats" / "growthbook.json").read_text(encoding="utf-8"))
COMPARISONS = [vector for vector in VECTORS if vector["engine"] == "EffectBayesianABTest"]
KINDS: dict[str, MomentKind] = {
    "ProportionStatistic": "proportion",
    "SampleMeanStatistic": "mean",
    "RatioStatistic": "ratio",
}
UNIFORM = Prior(a=1, b=1)


def moments(published: dict[str, Any]) -> Moments:
    top = published.get("m_statistic", published)
    under = published.get("d_statistic", {})
    return Moments(
        n=published["n"],
        total=top["sum"],
        squares=top.get("sum_squares", 0.0),
        per_total=under.get("sum", 0.0),
        per_squares=under.get("sum_squares", 0.0),
        product=published.get("m_d_sum_of_products", 0.0),
    )


def delta(control: Moments, test: Moments, kind: MomentKind, **options: Any) -> Lift:
    return compare([stratum(control, test)], "control", kind, engine="delta", **options)[0]


def prior_of(config: dict[str, Any]) -> Prior:
    effect = config["prior_effect"]
    return Prior(lift_mean=effect["mean"], lift_variance=effect["variance"] if effect["proper"] else None)


@pytest.mark.parametrize("vector", COMPARISONS, ids=lambda vector: vector["upstream_test"].rpartition("::")[2])
def test_the_delta_engine_gives_the_published_result(vector: dict[str, Any]) -> None:
    config, expected = vector["config"], vector["expected"]
    lift = delta(
        moments(vector["a"]),
        moments(vector["b"]),
        KINDS[vector["a"]["type"]],
        scale=config["difference_type"],
        prior=prior_of(config),
        better="lower" if config["inverse"] else "higher",
    )
    if expected["errorMessage"]:
        assert lift.lacks
        assert lift.chance_to_beat is None
        return
    relative = config["difference_type"] == "relative"
    interval = lift.interval if relative else lift.difference_interval
    keeping = lift.keeping_loss if relative else lift.keeping_loss_value
    choosing = lift.expected_loss if relative else lift.expected_loss_value
    assert (lift.lift if relative else lift.difference) == pytest.approx(expected["expected"], abs=1e-6)
    assert lift.spread == pytest.approx(expected["uplift"]["stddev"], abs=1e-6)
    assert interval == pytest.approx(expected["ci"], abs=1e-6)
    assert lift.chance_to_beat == pytest.approx(expected["chanceToWin"], abs=1e-6)
    assert [keeping, choosing] == pytest.approx(expected["risk"], abs=1e-6)


def test_the_published_results_hold_every_kind_and_the_refusals() -> None:
    assert {vector["a"]["type"] for vector in COMPARISONS} == set(KINDS)
    assert {bool(vector["expected"]["errorMessage"]) for vector in COMPARISONS} == {True, False}


def seen(lift: Lift) -> list[float | None]:
    assert lift.interval is not None
    return [lift.chance_to_beat, lift.lift, lift.spread, *lift.interval, lift.keeping_loss, lift.expected_loss]


A = Moments(n=10_000, total=500), Moments(n=10_000, total=550)
B = Moments(n=5000, total=50_000, squares=2.5e6), Moments(n=5200, total=54_600, squares=2.86e6)
C = (
    Moments(n=5000, total=50_000, squares=2.5e6, per_total=1000, per_squares=1500, product=60_000),
    Moments(n=5200, total=54_600, squares=2.86e6, per_total=1050, per_squares=1600, product=66_000),
)
D = (
    Moments(n=5000, total=50_000, squares=2.5e6, pre_total=45_000, pre_squares=2.2e6, pre_product=1.8e6),
    Moments(n=5200, total=54_600, squares=2.86e6, pre_total=46_800, pre_squares=2.3e6, pre_product=1.95e6),
)


def within(found: list[float | None], wanted: list[float]) -> bool:
    """Equal to the ten decimals that were written down."""
    return found == pytest.approx(wanted, abs=1e-9)


def test_case_a_relative() -> None:
    wanted = [0.9346490516, 0.1, 0.0661664568, -0.0296838722, 0.2296838722, 0.1018895481, 0.0018895481]
    assert within(seen(delta(*A, "proportion")), wanted)


def test_case_a_relative_with_a_prior() -> None:
    lift = delta(*A, "proportion", prior=Prior(lift_variance=0.09))
    wanted = [0.9300105509, 0.0953612071, 0.0646135717, -0.0312790663, 0.2220014805, 0.0973614521, 0.0020002451]
    assert within(seen(lift), wanted)


def test_case_a_absolute_with_a_prior() -> None:
    lift = delta(*A, "proportion", prior=Prior(lift_variance=0.09), scale="absolute")
    assert lift.difference_interval is not None
    found = [
        *(lift.chance_to_beat, lift.difference, lift.spread, *lift.difference_interval),
        *(lift.keeping_loss_value, lift.expected_loss_value),
    ]
    wanted = [0.9395949713, 0.0047883038, 0.0030864754, -0.0012610768, 0.0108376844, 0.0048686778, 0.000080374]
    assert within(found, wanted)


def test_case_b_mean() -> None:
    wanted = [0.8854748454, 0.05, 0.0415693658, -0.0314744598, 0.1314744598, 0.0523187394, 0.0023187394]
    assert within(seen(delta(*B, "mean")), wanted)


def test_case_c_ratio() -> None:
    wanted = [0.9961578152, 0.04, 0.0150058208, 0.0105891318, 0.0694108682, 0.040017791, 0.000017791]
    assert within(seen(delta(*C, "ratio")), wanted)


def test_case_d_cuped() -> None:
    wanted = [0.9557295245, 0.05, 0.0293574548, -0.007539554, 0.107539554, 0.050532782, 0.000532782]
    assert within(seen(delta(*D, "mean", cuped=True)), wanted)


@pytest.mark.parametrize("kind", ["proportion", "mean", "ratio"])
def test_the_two_directions_exchange_chances_and_losses(kind: MomentKind) -> None:
    higher = delta(*C, kind) if kind != "proportion" else delta(*A, kind)
    lower = delta(*C, kind, better="lower") if kind != "proportion" else delta(*A, kind, better="lower")
    assert lower.chance_to_beat == pytest.approx(1 - (higher.chance_to_beat or 0))
    assert (lower.expected_loss, lower.keeping_loss) == (higher.keeping_loss, higher.expected_loss)
    assert (lower.lift, lower.interval) == (higher.lift, higher.interval)


def test_the_exact_posterior_gives_the_beta_binomial_figures() -> None:
    lift = compare(rates((500, 10_000), (550, 10_000)), "control", "proportion", prior=UNIFORM)[0]
    assert lift.chance_to_beat == pytest.approx(0.9434781553, abs=1e-9)
    assert lift.expected_loss_value == pytest.approx(7.6064055e-05, abs=1e-11)
    assert lift.keeping_loss_value == pytest.approx(0.0050750643, abs=1e-9)


def closed_form(a: int, b: int, c: float, d: float) -> float:
    """P(Beta(a, b) > Beta(c, d)) for a whole a, as a sum (Cook 2005)."""

    def log_beta(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    return sum(
        math.exp(log_beta(c + i, b + d) - math.log(b + i) - log_beta(1 + i, b) - log_beta(c, d)) for i in range(a)
    )


@pytest.mark.parametrize(
    ("control", "test"),
    [((0, 1), (0, 1)), ((0, 1), (1, 1)), ((3, 3), (2, 40)), ((0, 50), (5, 7)), ((90, 100), (900, 1000))],
)
def test_the_chance_equals_a_closed_form_down_to_one_person(control: tuple[int, int], test: tuple[int, int]) -> None:
    lift = compare(rates(control, test), "control", "proportion", prior=UNIFORM)[0]
    wanted = closed_form(1 + test[0], 1 + test[1] - test[0], 1 + control[0], 1 + control[1] - control[0])
    assert lift.chance_to_beat == pytest.approx(wanted, abs=1e-11)


def test_the_known_small_sample_is_right_where_the_delta_method_is_not() -> None:
    exact = compare(rates((10, 200), (18, 200)), "control", "proportion", prior=UNIFORM)[0]
    usual = delta(Moments(n=200, total=10), Moments(n=200, total=18), "proportion")
    assert exact.chance_to_beat == pytest.approx(0.939, abs=5e-4)
    assert usual.chance_to_beat == pytest.approx(0.878, abs=5e-4)


def test_an_empty_arm_has_a_reason() -> None:
    lift = compare([stratum(Moments(n=0, total=0), Moments(n=5, total=1))], "control", "proportion")[0]
    assert lift.lacks == (Shortfall.NO_PEOPLE,)


# -- sequential figures of other tools --------------------------------------------------------------------------------


def test_case_a_sequential() -> None:
    lift = delta(*A, "proportion")
    found = sequence(lift.lift or 0.0, lift.spread or 0.0, 20_000)
    assert found.p_value == 1.0
    assert found.rho == pytest.approx(0.0398400668, abs=1e-9)
    assert found.interval == pytest.approx((-0.1069100628, 0.3069100628), abs=1e-9)


def test_the_sequence_rejects_where_its_interval_leaves_zero() -> None:
    for estimate in (0.1, 0.2069, 0.207, 0.3):
        found = sequence(estimate, 0.0661664568, 20_000)
        assert (found.p_value < 0.05) == (found.interval[0] > 0)


@pytest.mark.parametrize(("test", "wanted"), [(550, 0.0277574037), (620, 7.4401881101), (650, 270.8513773588)])
def test_bayes_factors_of_two_rates(test: int, wanted: float) -> None:
    assert bayes_factor((500, 10_000), (test, 10_000)) == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_a_bayes_factor_takes_another_prior() -> None:
    jeffreys = bayes_factor((500, 10_000), (620, 10_000), Prior())
    assert jeffreys != bayes_factor((500, 10_000), (620, 10_000))
    assert jeffreys == pytest.approx(7.44, rel=0.5)
