"""Whatever the sums are: figures are finite or absent with a reason, and do not depend on units, order or names."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.domain.moments import MomentKind, Moments, Stratum
from tailorbird.stats import Lift, Shortfall, best, compare, sample_ratio, verdict

KINDS: list[MomentKind] = ["proportion", "mean", "ratio"]
FIGURES = (
    *("lift", "difference", "spread", "chance_to_beat", "expected_loss", "expected_loss_value"),
    *("keeping_loss", "keeping_loss_value", "e_value"),
)


@st.composite
def people(draw: st.DrawFn, *, signed: bool = False) -> Moments:
    """Sums that some people can have: small groups by each value, large ones by repetition."""
    low = -1000 if signed else 0
    values = draw(st.lists(st.tuples(st.integers(low, 1000), st.integers(0, 5), st.integers(0, 50)), max_size=6))
    times = draw(st.sampled_from([1, 1, 7, 1000, 10**6]))
    sums = [sum(column) * times for column in zip(*map(_products, values), strict=True)] if values else [0] * 8
    return Moments(
        n=len(values) * times,
        total=float(sums[0]),
        squares=float(sums[1]),
        contributing=sum(y != 0 for y, _, _ in values) * times,
        per_total=float(sums[2]),
        per_squares=float(sums[3]),
        product=float(sums[4]),
        pre_total=float(sums[5]),
        pre_squares=float(sums[6]),
        pre_product=float(sums[7]),
    )


def _products(one: tuple[int, int, int]) -> tuple[int, ...]:
    y, d, x = one
    return y, y * y, d, d * d, y * d, x, x * x, x * y


@st.composite
def counts(draw: st.DrawFn) -> Moments:
    n = draw(st.one_of(st.integers(0, 30), st.integers(0, 10**7)))
    done = draw(st.one_of(st.just(0), st.just(n), st.integers(0, n)))
    return Moments(n=n, total=float(done), contributing=done)


@st.composite
def strata_of(draw: st.DrawFn, kind: MomentKind, *, signed: bool = False) -> list[Stratum]:
    arm = counts() if kind == "proportion" else people(signed=signed)
    names = ("control", "a", "b")
    return [
        Stratum(
            rule="rule",
            epoch=epoch,
            arms={name: draw(arm) for name in names if draw(st.integers(0, 9)) > 0},
            shares={name: draw(st.sampled_from([0.0, 0.05, 0.5, 1.0])) for name in names},
        )
        for epoch in range(draw(st.integers(0, 3)))
    ]


def alike(one: float | None, other: float | None) -> bool:
    """Both absent, or equal but for rounding."""
    if one is None or other is None:
        return one is other
    return one == pytest.approx(other, rel=1e-5, abs=1e-7)


def sound(lift: Lift) -> None:
    for name in FIGURES:
        value = getattr(lift, name)
        assert value is None or math.isfinite(value), name
    for interval in (lift.interval, lift.difference_interval):
        assert interval is None or (interval[0] <= interval[1] and all(map(math.isfinite, interval)))
    assert lift.interval is None or lift.interval[0] >= -1 or lift.spread is not None
    assert lift.chance_to_beat is None or 0 <= lift.chance_to_beat <= 1
    if lift.chance_to_beat is None:
        assert lift.lacks
    for name in ("expected_loss", "expected_loss_value", "keeping_loss", "keeping_loss_value"):
        assert (getattr(lift, name) or 0.0) >= 0


@settings(max_examples=120, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS), signed=st.booleans(), engine=st.sampled_from(["bayesian", "delta"]))
def test_every_figure_is_finite_or_absent_with_a_reason(
    data: st.DataObject, kind: MomentKind, signed: bool, engine: Any
) -> None:
    strata = data.draw(strata_of(kind, signed=signed))
    options: dict[str, Any] = {"engine": engine, "cuped": data.draw(st.booleans())}
    options["better"] = data.draw(st.sampled_from(["higher", "lower"]))
    for lift in compare(strata, "control", kind, arms=["a", "b"], signed=signed, **options):
        sound(lift)
        answer = verdict(lift, kind)
        assert answer.decided == (not answer.lacks)
    ranked = best(strata, kind, arms=["control", "a"], signed=signed)
    assert bool(ranked.shares) != bool(ranked.lacks)
    if ranked.shares:
        assert sum(share.chance_to_be_best for share in ranked.shares) == pytest.approx(1)
    checked = sample_ratio(strata)
    assert checked.e_value >= 0
    assert 0 <= checked.p_value <= 1
    assert checked.people == sum(arm.n for stratum in strata for arm in stratum.arms.values())


@settings(max_examples=40, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_the_order_of_strata_and_the_names_of_arms_do_not_matter(data: st.DataObject, kind: MomentKind) -> None:
    strata = data.draw(strata_of(kind))
    names = {"control": "zero", "a": "one", "b": "two"}
    renamed = [
        msgspec.structs.replace(stratum, arms={names[arm]: moments for arm, moments in stratum.arms.items()})
        for stratum in reversed(strata)
    ]
    (lift,), (other,) = compare(strata, "control", kind, arms=["a"]), compare(renamed, "zero", kind, arms=["one"])
    assert lift.lacks == other.lacks
    for name in FIGURES:
        assert alike(getattr(lift, name), getattr(other, name)), name


@settings(max_examples=40, deadline=None)
@given(data=st.data(), kind=st.sampled_from(["mean", "ratio"]), unit=st.sampled_from([0.01, 128.0]))
def test_cents_and_euros_say_the_same(data: st.DataObject, kind: MomentKind, unit: float) -> None:
    strata = data.draw(strata_of(kind))
    cents = [
        msgspec.structs.replace(stratum, arms={arm: _scaled(moments, unit) for arm, moments in stratum.arms.items()})
        for stratum in strata
    ]
    (lift,), (other,) = (compare(each, "control", kind, arms=["a"]) for each in (strata, cents))
    assert lift.lacks == other.lacks
    for name in ("lift", "chance_to_beat", "expected_loss", "e_value"):
        assert alike(getattr(lift, name), getattr(other, name)), name
    if lift.difference is not None:
        assert other.difference == pytest.approx(lift.difference * unit, rel=1e-6, abs=1e-9)


def _scaled(moments: Moments, unit: float) -> Moments:
    return msgspec.structs.replace(
        moments, total=moments.total * unit, squares=moments.squares * unit**2, product=moments.product * unit
    )


@settings(max_examples=60, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_arms_that_are_alike_in_every_stratum_have_no_lift(data: st.DataObject, kind: MomentKind) -> None:
    arm = data.draw(counts() if kind == "proportion" else people())
    times = data.draw(st.lists(st.integers(1, 50), min_size=1, max_size=3))
    strata = [
        Stratum(rule="rule", epoch=epoch, arms={"control": arm, "a": _repeated(arm, many)}, shares={})
        for epoch, many in enumerate(times)
    ]
    lift = compare(strata, "control", kind, arms=["a"])[0]
    if Shortfall.NO_PEOPLE in lift.lacks:
        assert arm.n == 0
        return
    assert lift.lift is None or lift.lift == pytest.approx(0.0, abs=1e-9)
    assert not verdict(lift, kind).decided


def _repeated(moments: Moments, times: int) -> Moments:
    return msgspec.convert({name: value * times for name, value in msgspec.structs.asdict(moments).items()}, Moments)
