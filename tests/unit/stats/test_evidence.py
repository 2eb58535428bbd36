"""The e-value and the verdict: a martingale by construction, gates, directions, budgets."""

import itertools

import msgspec
import numpy as np
import pytest

from tailorbird.stats import Lift, Plan, Shortfall, Verdict, compare, verdict
from tailorbird.stats.evalue import EFFECTS, Planned, log_evidence, log_mixture, planned
from tests.unit.stats.making import done, per, rates, stratum, sums

PLAN = Plan(people=40_000, pair=10_000)
TUNED = planned(PLAN, relative=True)


@pytest.mark.parametrize(("x", "tau"), [(0.0, 0.3), (2.5, 1.0), (-2.5, 1.0), (6.0, 2.0), (-0.4, 0.01)])
@pytest.mark.parametrize(("drift", "spread"), [(2.8, 1.0), (3.2, 0.5)])
def test_the_closed_form_is_the_integral_over_drifts(x: float, tau: float, drift: float, spread: float) -> None:
    mu = np.linspace(-15, 15, 200_001)
    density = (np.exp(-(((mu - drift) / spread) ** 2) / 2) + np.exp(-(((mu + drift) / spread) ** 2) / 2)) / 2
    density /= density.sum()
    wanted = float((density * np.exp(mu * x - mu**2 * tau / 2)).sum())
    assert float(np.exp(log_mixture(x, tau, drift, spread))) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("information", [4.0, 100.0, 1_000.0, 6_000.0])
@pytest.mark.parametrize("tuned", [None, TUNED], ids=["no plan", "planned"])
def test_without_a_difference_its_mean_is_one(information: float, tuned: Planned | None) -> None:
    z = np.linspace(-150, 150, 300_001)
    normal = -(z**2) / 2
    mean = float(np.exp(log_evidence(z, information, tuned) + normal).sum() / np.exp(normal).sum())
    assert mean == pytest.approx(1.0, abs=1e-3)


def test_what_comes_next_is_worth_what_is_there() -> None:
    """The conditional mean of tomorrow's e-value is today's: what makes looking free."""
    today, tomorrow = 400.0, 700.0
    for moved in (-12.0, 0.0, 30.0):
        step = np.linspace(-12, 12, 200_001) * np.sqrt(tomorrow - today)
        normal = np.exp(-(step**2) / 2 / (tomorrow - today))
        later = np.exp(log_evidence((moved + step) / np.sqrt(tomorrow), tomorrow, TUNED))
        now = float(np.exp(log_evidence(moved / np.sqrt(today), today, TUNED)))
        assert float((later * normal).sum() / normal.sum()) == pytest.approx(now, rel=1e-4)


def test_evidence_grows_with_the_difference_and_not_without() -> None:
    values = [
        compare(rates((1_000, 10_000), (1_000 + more, 10_000)), "control", "proportion", plan=PLAN)[0].e_value or 0.0
        for more in range(0, 400, 40)
    ]
    assert values == sorted(values)
    assert values[0] < 1 < 20 < values[-1]


@pytest.mark.parametrize(
    ("plan", "people", "mean", "z"),
    [(Plan(pair=800), 2_000, 5.0, 3.3), (Plan(pair=5_000), 500, 1.0, 3.5)],
    ids=["only of differences", "only of ratios"],
)
def test_whoever_goes_over_to_the_other_scale_has_two_chances(plan: Plan, people: int, mean: float, z: float) -> None:
    """The same sums are a verdict on one scale and none on the other, so the scale is fixed before any look."""
    values = (np.arange(people) % 11 - 5.0) / np.sqrt(10) + mean
    found = [stratum(sums(values), sums(values + z * np.sqrt(2 / people)))]
    (ratio,), (difference,) = (compare(found, "control", "mean", plan=plan, signed=told) for told in (False, True))
    evidence = sorted([ratio.e_value or 0.0, difference.e_value or 0.0])
    assert evidence[0] < 15 < 20 < evidence[1]
    assert (evidence[1] == difference.e_value) is (people == 2_000)


def test_a_plan_is_worth_evidence_where_its_effect_is_there() -> None:
    counts = rates((1_500, 15_000), (1_650, 15_000))
    with_plan = compare(counts, "control", "proportion", plan=Plan(effect=0.1))[0].e_value or 0.0
    assert with_plan > 1.5 * (compare(counts, "control", "proportion")[0].e_value or 0.0)
    for_more = compare(counts, "control", "proportion", plan=Plan(effect=0.9))[0].e_value or 0.0
    assert for_more < with_plan


def test_a_fall_is_planned_like_the_rise_that_undoes_it() -> None:
    counts = rates((1_500, 15_000), (1_650, 15_000))
    fall, rise = (
        compare(counts, "control", "proportion", plan=Plan(effect=effect))[0].e_value for effect in (-0.2, 0.25)
    )
    assert fall == pytest.approx(rise, rel=1e-9)


@pytest.mark.parametrize("effect", [0.0, -1.0, -3.0])
def test_a_plan_without_an_effect_tunes_nothing(effect: float) -> None:
    counts = rates((1_000, 10_000), (1_130, 10_000))
    empty = compare(counts, "control", "proportion", plan=Plan(effect=effect))[0]
    assert empty.e_value == compare(counts, "control", "proportion")[0].e_value


def test_values_that_can_be_negative_are_tuned_to_the_planned_sample() -> None:
    rng = np.random.default_rng(6)
    data = [stratum(sums(rng.normal(0.0, 5, 4_000)), sums(rng.normal(0.35, 5, 4_000)))]
    none, known, unknown = (
        compare(data, "control", "mean", signed=True, plan=plan)[0].e_value or 0.0
        for plan in (None, Plan(pair=2_000.0), Plan(people=8_000))
    )
    assert known > none
    assert unknown == none


def test_evidence_does_not_grow_with_people_who_did_nothing_yet() -> None:
    """Time is information: twice as many people with as many completions are no later in the campaign."""
    few, many = (
        compare(rates((100, people), (130, people)), "control", "proportion", plan=PLAN)[0].e_value or 0.0
        for people in (20_000, 40_000)
    )
    assert many == pytest.approx(few, rel=0.02)


def test_evidence_of_any_size_can_be_written_down() -> None:
    lift = compare(rates((10_000, 10**6), (500_000, 10**6)), "control", "proportion")[0]
    assert np.isfinite(lift.e_value or 0.0)
    assert (lift.e_value or 0.0) > 1e200
    assert len(EFFECTS) == 8


def test_strata_add_up_as_if_each_difference_were_alone() -> None:
    one, other = stratum(done(900, 10_000), done(1_000, 10_000)), stratum(done(900, 10_000), done(1_000, 10_000), "b")
    alone = compare([one], "control", "proportion", plan=PLAN)[0].e_value or 0.0
    assert (compare([one, other], "control", "proportion", plan=PLAN)[0].e_value or 0.0) > alone
    against = stratum(done(1_000, 10_000), done(900, 10_000), "b")
    both = compare([one, against], "control", "proportion", plan=PLAN)[0]
    assert (both.e_value or 0.0) < 1
    assert both.e_direction == 0


def test_people_of_one_arm_only_and_strata_of_two_people_are_no_evidence() -> None:
    data = stratum(done(900, 10_000), done(1_000, 10_000))
    tiny = stratum(done(0, 1), done(1, 1), "b")
    alone = compare([data], "control", "proportion")[0]
    assert compare([data, tiny], "control", "proportion")[0].e_value == alone.e_value
    assert compare([tiny], "control", "proportion")[0].e_value is None


def test_arms_that_vary_differently_are_judged_by_the_larger_variance() -> None:
    rng = np.random.default_rng(1)
    wide, narrow = rng.normal(10, 9, 500), rng.normal(11, 1, 9_500)
    lift = compare([stratum(sums(wide), sums(narrow))], "control", "mean")[0]
    welch = (narrow.mean() - wide.mean()) / np.sqrt(wide.var(ddof=1) / 500 + narrow.var(ddof=1) / 9_500)
    mean = np.concatenate([wide, narrow]).mean()
    information = mean**2 / (wide.var(ddof=1) / 500 + narrow.var(ddof=1) / 9_500)
    assert lift.e_value == pytest.approx(float(np.exp(log_evidence(welch, information))), rel=1e-9)


def test_a_ratio_without_denominators_in_one_stratum_counts_the_others() -> None:
    rng = np.random.default_rng(2)
    units = rng.poisson(2, 2_000).astype(float) + 1
    good = stratum(per(units * 3 + rng.normal(0, 1, 2_000), units), per(units * 3.2 + rng.normal(0, 1, 2_000), units))
    empty = stratum(per([0.0, 0.0], [0.0, 0.0]), per([0.0, 0.0], [0.0, 0.0]), "b")
    alone = compare([good], "control", "ratio")[0].e_value
    assert compare([good, empty], "control", "ratio")[0].e_value == pytest.approx(alone, rel=1e-6)


# -- verdicts ---------------------------------------------------------------------------------------------------------

SURE = Lift(
    arm="test",
    baseline="control",
    contributing=500,
    baseline_contributing=500,
    chance_to_beat=0.999,
    e_value=50.0,
    e_direction=1,
)


def ask(lift: Lift, **options: object) -> Verdict:
    return verdict(lift, "mean", **options)  # type: ignore[arg-type]


def test_a_sure_lift_is_a_verdict() -> None:
    assert ask(SURE) == Verdict(outcome="better", e_value=50.0, threshold=20.0)
    assert ask(SURE).decided


@pytest.mark.parametrize(
    ("changes", "options", "lack"),
    [
        ({"e_value": 19.9}, {}, Shortfall.NOT_ENOUGH_EVIDENCE),
        ({}, {"comparisons": 3}, Shortfall.NOT_ENOUGH_EVIDENCE),
        ({"contributing": 199}, {}, Shortfall.TOO_FEW_CONTRIBUTING),
        ({"baseline_contributing": 199}, {}, Shortfall.TOO_FEW_CONTRIBUTING),
        ({}, {"capped": False}, Shortfall.NOT_CAPPED),
        ({}, {"exploratory": True}, Shortfall.EXPLORATORY),
        ({"e_value": None}, {}, Shortfall.NOT_ENOUGH_EVIDENCE),
        ({"e_direction": -1}, {}, Shortfall.DIRECTIONS_DIFFER),
        ({"e_value": None, "chance_to_beat": None, "lacks": (Shortfall.NO_PEOPLE,)}, {}, Shortfall.NO_PEOPLE),
    ],
)
def test_a_verdict_that_is_missing_says_why(changes: dict, options: dict, lack: Shortfall) -> None:
    answer = ask(msgspec.structs.replace(SURE, **changes), **options)
    assert answer.lacks == (lack,)
    assert answer.outcome is None
    assert not answer.decided


@pytest.mark.parametrize(("least", "kind"), [(35, "proportion"), (200, "mean"), (200, "ratio")])
def test_the_least_data_is_asked_of_both_groups(least: int, kind: str) -> None:
    for one, other in itertools.product((least - 1, least), repeat=2):
        lift = msgspec.structs.replace(SURE, contributing=one, baseline_contributing=other)
        assert verdict(lift, kind).decided == (min(one, other) >= least)  # type: ignore[arg-type]


def test_proportions_need_no_cap() -> None:
    assert verdict(SURE, "proportion", capped=False).decided


@pytest.mark.parametrize(
    ("better", "chance", "direction", "outcome"),
    [
        ("higher", 0.999, 1, "better"),
        ("higher", 0.001, -1, "worse"),
        ("lower", 0.999, -1, "better"),
        ("lower", 0.001, 1, "worse"),
    ],
)
def test_direction_comes_from_the_posterior(better: str, chance: float, direction: int, outcome: str) -> None:
    lift = msgspec.structs.replace(SURE, better=better, chance_to_beat=chance, e_direction=direction)
    assert ask(lift).outcome == outcome


def test_from_counts_to_a_verdict() -> None:
    better, same = rates((2_000, 20_000), (2_400, 20_000)), rates((2_000, 20_000), (2_010, 20_000))
    assert verdict(compare(better, "control", "proportion")[0], "proportion").outcome == "better"
    assert verdict(compare(better, "test", "proportion")[0], "proportion").outcome == "worse"
    fall = compare(better, "control", "proportion", better="lower")[0]
    assert verdict(fall, "proportion").outcome == "worse"
    assert verdict(compare(same, "control", "proportion")[0], "proportion").lacks == (Shortfall.NOT_ENOUGH_EVIDENCE,)
