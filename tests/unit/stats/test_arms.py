"""Arms compared: the log ratio of means and ratios, the absolute scale, strata, CUPED, and what is said when nothing
can be."""

import subprocess
import sys

import msgspec
import numpy as np
import pytest
from scipy import special

from tailorbird.domain.errors import Invalid
from tailorbird.domain.moments import MomentKind, Moments, Stratum
from tailorbird.stats import Lift, Prior, Shortfall, compare, pooled
from tests.unit.stats.making import done, per, rates, stratum, sums

RNG = np.random.default_rng(20261122)
CONTROL, TEST = RNG.gamma(2.0, 10.0, 3_000), RNG.gamma(2.0, 10.6, 5_000)


def one(control: Moments, test: Moments, kind: MomentKind, **options: object) -> Lift:
    return compare([stratum(control, test)], "control", kind, **options)[0]  # type: ignore[arg-type]


# -- means and ratios
# -------------------------------------------------------------------------------------------------


def test_a_mean_is_compared_by_the_logarithm_of_the_ratio() -> None:
    lift = one(sums(CONTROL), sums(TEST), "mean")
    centre = np.log(TEST.mean() / CONTROL.mean())
    spread = np.sqrt(TEST.var(ddof=1) / 5_000 / TEST.mean() ** 2 + CONTROL.var(ddof=1) / 3_000 / CONTROL.mean() ** 2)
    assert lift.scale == "relative"
    assert lift.lift == pytest.approx(np.expm1(centre))
    assert lift.spread == pytest.approx(spread)
    assert lift.chance_to_beat == pytest.approx(special.ndtr(centre / spread))
    assert lift.interval == pytest.approx((np.expm1(centre - 1.959964 * spread), np.expm1(centre + 1.959964 * spread)))
    assert (lift.value, lift.baseline_value) == pytest.approx((TEST.mean(), CONTROL.mean()))


def test_losses_are_expectations_over_the_posterior() -> None:
    lift = one(sums(CONTROL), sums(TEST * 0.96), "mean")
    centre = np.log1p(lift.lift or 0.0)
    ratio = np.exp(np.random.default_rng(1).normal(centre, lift.spread or 0.0, 2_000_000))
    assert lift.expected_loss == pytest.approx(float(np.maximum(1 - ratio, 0).mean()), rel=0.01)
    assert lift.keeping_loss == pytest.approx(float(np.maximum(ratio - 1, 0).mean()), rel=0.01)


def test_exchanging_the_arms_exchanges_the_answer() -> None:
    there, back = one(sums(CONTROL), sums(TEST), "mean"), one(sums(TEST), sums(CONTROL), "mean")
    assert there.interval is not None
    assert back.interval is not None
    assert (1 + there.interval[0]) * (1 + back.interval[1]) == pytest.approx(1)
    assert (there.chance_to_beat or 0) + (back.chance_to_beat or 0) == pytest.approx(1)
    assert there.e_value == pytest.approx(back.e_value)


def test_a_ratio_is_of_the_sums_with_the_variance_of_its_residuals() -> None:
    rng = np.random.default_rng(3)
    arms = []
    for worth in (10.0, 11.0):
        units = rng.poisson(2.0, 4_000).astype(float)
        arms.append((units * worth + rng.normal(0, 3, 4_000) * np.sqrt(units), units))
    (y, d), (z, e) = arms
    lift = one(per(y, d), per(z, e), "ratio")
    values = y.sum() / d.sum(), z.sum() / e.sum()
    variances = [
        np.var(top - value * under, ddof=1) / 4_000 / under.mean() ** 2
        for (top, under), value in zip(arms, values, strict=True)
    ]
    spread = np.sqrt(sum(v / value**2 for v, value in zip(variances, values, strict=True)))
    assert lift.lift == pytest.approx(values[1] / values[0] - 1)
    assert lift.spread == pytest.approx(spread, rel=1e-9)


def test_values_that_can_be_negative_are_compared_by_difference() -> None:
    signed = one(sums(CONTROL), sums(TEST), "mean", signed=True)
    below = one(sums(CONTROL - 60), sums(TEST - 60), "mean")
    for lift in (signed, below):
        assert lift.scale == "absolute"
        assert lift.lift is None
        assert lift.lacks == (Shortfall.SIGNED_VALUES,)
    assert signed.difference == pytest.approx(below.difference or 0)
    assert signed.difference_interval == pytest.approx(below.difference_interval or ())
    assert signed.chance_to_beat == pytest.approx(below.chance_to_beat or 0)
    assert one(sums(CONTROL), sums(TEST), "mean", scale="absolute").lacks == ()


def test_the_level_of_the_interval_is_what_was_asked_for() -> None:
    wide, narrow = one(sums(CONTROL), sums(TEST), "mean", level=0.99), one(sums(CONTROL), sums(TEST), "mean", level=0.8)
    assert wide.interval is not None
    assert narrow.interval is not None
    assert wide.interval[0] < narrow.interval[0] < narrow.interval[1] < wide.interval[1]
    fifty = compare(rates((50, 500), (60, 500)), "control", "proportion", level=0.5)[0]
    assert fifty.interval is not None
    assert fifty.interval[0] > 0


@pytest.mark.parametrize("kind", ["proportion", "mean"])
def test_lower_is_better_changes_sides_and_no_sign(kind: MomentKind) -> None:
    arms = (done(500, 10_000), done(450, 10_000)) if kind == "proportion" else (sums(CONTROL), sums(TEST))
    higher, lower = one(*arms, kind), one(*arms, kind, better="lower")
    assert (lower.chance_to_beat or 0) == pytest.approx(1 - (higher.chance_to_beat or 0))
    assert (lower.expected_loss, lower.keeping_loss_value) == (higher.keeping_loss, higher.expected_loss_value)
    assert (lower.lift, lower.interval, lower.e_value) == (higher.lift, higher.interval, higher.e_value)


# -- strata
# -----------------------------------------------------------------------------------------------------------


def test_arms_are_all_there_are_unless_named() -> None:
    arms = {name: done(50, 1_000) for name in ("b", "control", "a")}
    strata = [Stratum(rule="r", epoch=1, arms=arms, shares={})]
    assert [lift.arm for lift in compare(strata, "control", "proportion")] == ["a", "b"]
    assert [lift.arm for lift in compare(strata, "control", "proportion", arms=["b"])] == ["b"]
    assert [lift.arm for lift in compare(strata, "a", "proportion")] == ["b", "control"]


@pytest.mark.parametrize("engine", ["bayesian", "delta"])
@pytest.mark.parametrize("kind", ["proportion", "mean", "ratio"])
def test_no_difference_in_unlike_strata_is_no_lift(kind: MomentKind, engine: str) -> None:
    def arm(people: int, level: float) -> Moments:
        if kind == "proportion":
            return done(people * level / 100, people)
        y = np.tile([0.0, level, 2 * level, 5 * level], people // 4)
        return per(y, np.tile([1.0, 1.0, 2.0, 4.0], people // 4)) if kind == "ratio" else sums(y)

    strata = [
        stratum(arm(4_000, 10), arm(1_000, 10), rule="a"),
        stratum(arm(400, 2), arm(8_000, 2), rule="b"),
        stratum(arm(1_200, 4), arm(1_200, 4), rule="b", epoch=2),
    ]
    lift = compare(strata, "control", kind, engine=engine)[0]  # type: ignore[arg-type]
    assert lift.lift == pytest.approx(0.0, abs=1e-12)
    assert lift.chance_to_beat == pytest.approx(0.5, abs=0.02)
    together = sum((s.arms["control"] for s in strata[1:]), strata[0].arms["control"])
    others = sum((s.arms["test"] for s in strata[1:]), strata[0].arms["test"])
    naive = compare([stratum(together, others)], "control", kind)[0]
    assert abs(naive.lift or 0.0) > 0.2


def test_pooling_experiences_keeps_control_and_strata() -> None:
    strata = [
        Stratum(
            rule="a",
            epoch=1,
            arms={"control": done(10, 100), "x": done(20, 100), "y": done(5, 50)},
            shares={"control": 0.4, "x": 0.4, "y": 0.2},
        ),
        Stratum(rule="b", epoch=2, arms={"z": done(1, 10)}, shares={"z": 1.0}),
    ]
    first, second = pooled(strata)
    assert first.arms == {"control": done(10, 100), "test": done(25, 150)}
    assert first.shares == pytest.approx({"control": 0.4, "test": 0.6})
    assert second.arms == {"test": done(1, 10)}
    assert compare([first, second], "control", "proportion")[0].left_out == 10


def test_a_stratum_of_one_person_borrows_the_spread_of_its_arm() -> None:
    strata = [stratum(sums(CONTROL), sums(TEST)), stratum(sums([20.0]), sums([30.0]), epoch=2)]
    lift = compare(strata, "control", "mean")[0]
    assert lift.spread == pytest.approx(one(sums(CONTROL), sums(TEST), "mean").spread or 0, rel=1e-3)


# -- CUPED
# ------------------------------------------------------------------------------------------------------------


def with_past(effect: float, seed: int, people: int = 4_000) -> Stratum:
    rng = np.random.default_rng(seed)
    arms = []
    for lift in (0.0, effect):
        before = rng.gamma(2.0, 5.0, people)
        arms.append(sums(before * 0.8 + rng.gamma(2.0, 1.0, people) + lift, before))
    return stratum(arms[0], arms[1])


def test_what_people_did_before_takes_noise_away() -> None:
    data = with_past(0.2, seed=1)
    plain, adjusted = compare([data], "control", "mean")[0], compare([data], "control", "mean", cuped=True)[0]
    assert (adjusted.spread or 1) < 0.5 * (plain.spread or 0)
    assert (adjusted.e_value or 0) > (plain.e_value or 0)


def test_cuped_is_unbiased_and_its_interval_holds_the_truth() -> None:
    lifts = [compare([with_past(0.2, seed)], "control", "mean", cuped=True)[0] for seed in range(300)]
    truth = 0.2 / (10 * 0.8 + 2)
    held = [lift.interval is not None and lift.interval[0] <= truth <= lift.interval[1] for lift in lifts]
    assert np.mean([lift.lift for lift in lifts]) == pytest.approx(truth, abs=0.001)
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_cuped_over_strata_leaves_no_difference_at_none() -> None:
    first, second = with_past(0.0, seed=1), with_past(0.0, seed=2)
    # what differs before the exposure between strata moves nothing: x̄ is the stratum's own
    lift = compare([first, msgspec.structs.replace(second, epoch=2)], "control", "mean", cuped=True)[0]
    assert lift.chance_to_beat == pytest.approx(0.5, abs=0.45)
    assert abs(lift.lift or 1) < 3 * (lift.spread or 0)


def test_cuped_without_any_past_changes_nothing_and_ratios_have_none() -> None:
    plain, adjusted = one(sums(CONTROL), sums(TEST), "mean"), one(sums(CONTROL), sums(TEST), "mean", cuped=True)
    assert adjusted == plain
    y, d = CONTROL[:1_000], np.ones(1_000)
    assert one(per(y, d), per(y + 1, d), "ratio", cuped=True) == one(per(y, d), per(y + 1, d), "ratio")


def test_cuped_makes_a_proportion_a_mean() -> None:
    rng = np.random.default_rng(5)
    arms = []
    for rate in (0.1, 0.11):
        before = rng.binomial(1, 0.3, 8_000)
        now = rng.binomial(1, rate * (0.4 + 2 * before))
        arms.append(
            Moments(
                n=8_000,
                total=float(now.sum()),
                contributing=int(now.sum()),
                pre_total=float(before.sum()),
                pre_squares=float(before.sum()),
                pre_product=float((now * before).sum()),
            )
        )
    plain, adjusted = (one(arms[0], arms[1], "proportion", cuped=cuped) for cuped in (False, True))
    assert adjusted.spread is not None
    assert plain.interval is not None
    assert adjusted.interval is not None
    assert adjusted.interval[1] - adjusted.interval[0] < plain.interval[1] - plain.interval[0]


# -- what is said when nothing can be
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["bayesian", "delta"])
@pytest.mark.parametrize(
    ("control", "test", "kind", "lack"),
    [
        (sums([]), sums([1.0, 2.0]), "mean", Shortfall.NO_PEOPLE),
        (sums([3.0]), sums([1.0, 2.0]), "mean", Shortfall.TOO_FEW_PEOPLE),
        (sums([1.0, 2.0]), sums([3.0]), "mean", Shortfall.TOO_FEW_PEOPLE),
        (sums([2.0, 2.0]), sums([2.0, 2.0]), "mean", Shortfall.ZERO_VARIANCE),
        (per([1.0, 2.0], [0.0, 0.0]), per([1.0, 2.0], [1.0, 2.0]), "ratio", Shortfall.ZERO_DENOMINATOR),
        (per([1.0, 2.0], [1.0, 2.0]), per([1.0, 2.0], [0.0, 0.0]), "ratio", Shortfall.ZERO_DENOMINATOR),
    ],
)
def test_what_cannot_be_compared_says_why(
    control: Moments, test: Moments, kind: MomentKind, lack: Shortfall, engine: str
) -> None:
    lift = one(control, test, kind, engine=engine)
    assert lift.lacks == (lack,)
    assert (lift.lift, lift.interval, lift.chance_to_beat) == (None, None, None)
    assert lift.too_little_data


@pytest.mark.parametrize(
    ("control", "test", "lack"),
    [
        (sums([0.0, 0.0, 0.0]), sums([0.0, 4.0, 2.0]), Shortfall.ZERO_BASELINE),
        (sums([0.0, 4.0, 2.0]), sums([0.0, 0.0, 0.0]), Shortfall.ZERO_VALUE),
    ],
)
def test_a_mean_of_zero_leaves_the_difference(control: Moments, test: Moments, lack: Shortfall) -> None:
    lift = one(control, test, "mean")
    assert lift.lacks == (lack,)
    assert lift.scale == "absolute"
    assert lift.difference_interval is not None
    assert lift.chance_to_beat is not None


def test_the_delta_engine_has_no_relative_lift_over_nothing() -> None:
    signed = sums([-1.0, 1.0]), sums([1.0, 3.0])
    assert one(*signed, "mean", engine="delta").lacks == (Shortfall.ZERO_BASELINE,)
    assert one(*signed, "mean", engine="delta", scale="absolute").difference == pytest.approx(2.0)


def test_delta_and_cuped_on_the_absolute_scale() -> None:
    data = with_past(0.2, seed=4)
    plain = compare([data], "control", "mean", engine="delta", scale="absolute")[0]
    adjusted = compare([data], "control", "mean", engine="delta", scale="absolute", cuped=True)[0]
    assert (adjusted.spread or 1) < 0.5 * (plain.spread or 0)
    assert adjusted.difference == pytest.approx(0.2, abs=4 * (adjusted.spread or 0))


def test_enough_data_for_a_verdict_is_said() -> None:
    assert compare(rates((34, 500), (90, 500)), "control", "proportion")[0].too_little_data
    assert not compare(rates((35, 500), (90, 500)), "control", "proportion")[0].too_little_data
    values = np.r_[np.zeros(100), np.ones(200)]
    assert not one(sums(values), sums(values), "mean").too_little_data
    assert one(sums(values[1:]), sums(values[:-1]), "mean").too_little_data


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("prior.a", {"prior": Prior(a=0.4)}),
        ("prior.b", {"prior": Prior(b=float("nan"))}),
        ("level", {"level": 1.0}),
        ("level", {"level": 95}),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused(field: str, options: dict) -> None:
    with pytest.raises(Invalid) as refusal:
        compare(rates((5, 10), (6, 10)), "control", "proportion", **options)
    assert refusal.value.problems[0].field == field
    assert compare(rates((5, 10), (6, 10)), "control", "proportion", prior=Prior(a=0.5, b=0.5), level=0.5)


def test_a_lift_prior_draws_the_delta_engine_towards_it() -> None:
    flat = one(sums(CONTROL), sums(TEST), "mean", engine="delta")
    drawn = one(sums(CONTROL), sums(TEST), "mean", engine="delta", prior=Prior(lift_variance=1e-4))
    assert 0 < (drawn.lift or 0) < (flat.lift or 0)


# -- the package
# ------------------------------------------------------------------------------------------------------

CHEAP = "import sys, tailorbird.stats as s; assert not {'numpy', 'scipy'} & set(sys.modules), 'heavy'"
USED = (
    "import sys; from tailorbird.stats import *; from tailorbird.domain.moments import *;"
    "m = Moments(n=10, total=3); s = [Stratum(rule='r', epoch=1, arms={'control': m, 'a': m}, shares={'a': .5})];"
    "compare(s, 'control', 'proportion'); best(s, 'proportion'); sample_ratio(s);"
    "sample_size('proportion', .1, shares={'control': 1, 'a': 1});"
    "assert 'numpy' in sys.modules; assert 'scipy.stats' not in sys.modules, 'slow'"
)


@pytest.mark.parametrize("code", [CHEAP, USED], ids=["importing it", "using it"])
def test_the_package_loads_no_more_than_it_needs(code: str) -> None:
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_an_unknown_name_is_no_attribute() -> None:
    import tailorbird.stats as room

    with pytest.raises(AttributeError, match="guess"):
        _ = room.guess
