"""The comparison itself: strata in, one ``Lift`` per arm out."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tailorbird.domain.errors import Invalid
from tailorbird.domain.moments import MomentKind, Moments, Stratum
from tailorbird.stats import delta, evalue, normal, rates
from tailorbird.stats.beta import posterior
from tailorbird.stats.cuped import adjust, slope
from tailorbird.stats.deciding import too_little
from tailorbird.stats.lift import Better, Engine, Lift, Plan, Prior, Scale, Shortfall
from tailorbird.stats.standard import Cell, Estimate, Pair, cells, mean_of, pair, ratio_of, total

CONTROL, TEST = "control", "test"
#: below it the density of a rate has a pole at its edge, and sums over nodes are no integral
SMALLEST_PRIOR = 0.5


def pooled(strata: Sequence[Stratum], *, control: str = CONTROL, test: str = TEST) -> list[Stratum]:
    """All experiences of each stratum as one arm ``test``: what the campaign's own figure compares with control."""
    together = []
    for stratum in strata:
        others = [moments for arm, moments in stratum.arms.items() if arm != control]
        arms = {control: stratum.arms[control]} if control in stratum.arms else {}
        shares = {control: stratum.shares.get(control, 0.0), test: _rest(stratum.shares, control)}
        arms |= {test: total(others)} if others else {}
        together.append(msgspec.structs.replace(stratum, arms=arms, shares=shares))
    return together


def _rest(shares: dict[str, float], control: str) -> float:
    return sum(share for arm, share in shares.items() if arm != control)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """How to compare; the same for all arms."""

    kind: MomentKind
    better: Better = "higher"
    signed: bool = False
    prior: Prior = Prior()
    engine: Engine = "bayesian"
    scale: Scale | None = None
    cuped: bool = False
    plan: Plan | None = None
    level: float = 0.95


def compare(
    strata: Sequence[Stratum],
    baseline: str,
    kind: MomentKind,
    *,
    arms: Sequence[str] | None = None,
    better: Better = "higher",
    signed: bool = False,
    prior: Prior | None = None,
    engine: Engine = "bayesian",
    scale: Scale | None = None,
    cuped: bool = False,
    plan: Plan | None = None,
    level: float = 0.95,
) -> list[Lift]:
    """Each of ``arms`` (default: all there are) against ``baseline``, in the strata that hold both.

    ``signed`` says that a person's total can be negative: means are then compared on the absolute scale. ``scale``
    forces one for means and ratios. ``cuped`` uses pre-exposure sums (not for ratios, whose denominators have none);
    it turns a proportion into a mean. ``prior`` belongs to proportions, its lift part to the delta engine. Never
    raises for what the data is like: a figure that cannot be had is ``None``, and ``lacks`` says why.
    """
    _checked(prior or Prior(), level)
    names = arms if arms is not None else sorted({arm for stratum in strata for arm in stratum.arms} - {baseline})
    question = Question(
        kind=kind,
        better=better,
        signed=signed,
        prior=prior or Prior(),
        engine=engine,
        scale=scale,
        cuped=cuped and kind != "ratio",
        plan=plan,
        level=level,
    )
    return [_lift(strata, arm, baseline, question) for arm in names]


def _checked(prior: Prior, level: float) -> None:
    for name, value in (("prior.a", prior.a), ("prior.b", prior.b)):
        if not value >= SMALLEST_PRIOR:
            raise Invalid.field(name, f"a number from {SMALLEST_PRIOR}", value)
    if not 0 < level < 1:
        raise Invalid.field("level", "a probability between 0 and 1", level)


def _lift(strata: Sequence[Stratum], arm: str, baseline: str, question: Question) -> Lift:
    base = Lift(arm=arm, baseline=baseline, better=question.better)
    shared = pair(strata, arm, baseline)
    if isinstance(shared, Shortfall):
        return msgspec.structs.replace(base, lacks=(shared,))
    base = _counted(base, shared, question.kind)
    if question.cuped:
        shared, question = _binary_as_mean(shared, question)
    one, other = cells(shared.arm, question.kind), cells(shared.baseline, question.kind)
    if isinstance(one, Shortfall):
        return msgspec.structs.replace(base, lacks=(one,))
    if isinstance(other, Shortfall):
        return msgspec.structs.replace(base, lacks=(other,))
    theta = slope((one, other)) if question.cuped else 0.0
    tested = adjust(one, other, theta) if question.cuped else (one, other)
    e_value, direction = evalue.evidence(*tested, question.kind, question.plan, signed=question.signed)
    base = msgspec.structs.replace(base, e_value=e_value, e_direction=direction)
    if question.engine == "delta":
        figures = _delta(base, shared, (one, other), theta, question)
    elif question.kind == "proportion":
        figures = _proportion(base, shared, question)
    else:
        figures = _normal(base, shared, tested, question)
    return _turned(figures) if question.better == "lower" else figures


def _counted(base: Lift, shared: Pair, kind: MomentKind) -> Lift:
    one, other = total(shared.arm), total(shared.baseline)
    done, baseline_done = _completions(one, kind), _completions(other, kind)
    return msgspec.structs.replace(
        base,
        people=one.n,
        baseline_people=other.n,
        left_out=shared.left_out,
        contributing=done,
        baseline_contributing=baseline_done,
        too_little_data=too_little(kind, done, baseline_done) is not None,
    )


def _completions(moments: Moments, kind: MomentKind) -> int:
    return round(moments.total) if kind == "proportion" else moments.contributing


def _binary_as_mean(shared: Pair, question: Question) -> tuple[Pair, Question]:
    """A proportion as the mean of zeros and ones, whose squares are themselves."""
    if question.kind != "proportion":
        return shared, question
    arm, baseline = (
        tuple(msgspec.structs.replace(moments, squares=moments.total) for moments in columns)
        for columns in (shared.arm, shared.baseline)
    )
    return msgspec.structs.replace(shared, arm=arm, baseline=baseline), msgspec.structs.replace(question, kind="mean")


def _proportion(base: Lift, shared: Pair, question: Question) -> Lift:
    weights = shared.weights
    prior = (question.prior.a, question.prior.b)
    top = posterior([(m.total, m.n) for m in shared.arm], weights, prior)
    under = posterior([(m.total, m.n) for m in shared.baseline], weights, prior)
    one = float(sum(w * m.total / m.n for w, m in zip(weights, shared.arm, strict=True)))
    other = float(sum(w * m.total / m.n for w, m in zip(weights, shared.baseline, strict=True)))
    tail = (1 - question.level) / 2
    low, high = (rates.ratio_quantile(top, under, level) for level in (tail, 1 - tail))
    return msgspec.structs.replace(
        base,
        value=one,
        baseline_value=other,
        lift=one / other - 1 if other > 0 else None,
        interval=(normal.change(low), normal.change(high)),
        difference=one - other,
        difference_interval=(
            rates.difference_quantile(top, under, tail),
            rates.difference_quantile(top, under, 1 - tail),
        ),
        chance_to_beat=rates.chance_above(top, under),
        expected_loss=rates.expected_relative_shortfall(top, under),
        expected_loss_value=rates.expected_shortfall(top, under),
        keeping_loss=rates.expected_relative_excess(top, under),
        keeping_loss_value=rates.expected_shortfall(under, top),
        lacks=() if other > 0 else (Shortfall.ZERO_BASELINE,),
    )


def _estimates(
    cells: tuple[Sequence[Cell], Sequence[Cell]], shared: Pair, kind: MomentKind
) -> tuple[Estimate, Estimate] | Shortfall:
    measure = ratio_of if kind == "ratio" else mean_of
    one, other = measure(cells[0], shared.weights), measure(cells[1], shared.weights)
    if isinstance(one, Shortfall) or isinstance(other, Shortfall):
        return Shortfall.ZERO_DENOMINATOR
    return one, other


def _normal(base: Lift, shared: Pair, tested: tuple[list[Cell], list[Cell]], question: Question) -> Lift:
    estimates = _estimates(tested, shared, question.kind)
    if isinstance(estimates, Shortfall):
        return msgspec.structs.replace(base, lacks=(estimates,))
    one, other = estimates
    base = msgspec.structs.replace(base, value=one.value, baseline_value=other.value)
    if one.variance + other.variance <= 0:
        return msgspec.structs.replace(base, lacks=(Shortfall.ZERO_VARIANCE,))
    lack = _no_ratio(one, other, question)
    if lack is None and question.scale != "absolute":
        return normal.on_ratio(base, one, other, question.level)
    base = msgspec.structs.replace(base, lacks=() if lack is None else (lack,))
    return normal.on_difference(base, one, other, question.level)


def _no_ratio(one: Estimate, other: Estimate, question: Question) -> Shortfall | None:
    """Why there is no logarithm of the ratio."""
    if question.signed or min(one.value, other.value) < 0:
        return Shortfall.SIGNED_VALUES
    if other.value == 0:
        return Shortfall.ZERO_BASELINE
    return Shortfall.ZERO_VALUE if one.value == 0 else None


def _delta(base: Lift, shared: Pair, plain: tuple[list[Cell], list[Cell]], theta: float, question: Question) -> Lift:
    estimates = _estimates(plain, shared, question.kind)
    if isinstance(estimates, Shortfall):
        return msgspec.structs.replace(base, lacks=(estimates,))
    one, other = estimates
    scale = question.scale or "relative"
    base = msgspec.structs.replace(base, value=one.value, baseline_value=other.value)
    if min(one.variance, other.variance) <= 0:
        return msgspec.structs.replace(base, lacks=(Shortfall.ZERO_VARIANCE,))
    if scale == "relative" and other.value == 0:
        return msgspec.structs.replace(base, lacks=(Shortfall.ZERO_BASELINE,))
    if theta:
        adjusted = _estimates(adjust(*plain, theta), shared, question.kind)
        if isinstance(adjusted, Shortfall):  # pragma: no cover  (ratios have no θ)
            return base
        moved = Estimate(value=other.value + adjusted[0].value - adjusted[1].value, variance=adjusted[0].variance)
        variance = (
            adjusted[0].variance + adjusted[1].variance
            if scale == "absolute"
            else delta.cuped_lift_variance(*plain, shared.weights, theta, (moved.value, other.value))
        )
        one = moved
    else:
        variance = delta.lift_variance(one, other, scale)
    return delta.compare(base, one, other, variance=variance, scale=scale, prior=question.prior, level=question.level)


def _turned(lift: Lift) -> Lift:
    """The same figures where lower is better: the chances and losses change sides, nothing else."""
    return msgspec.structs.replace(
        lift,
        chance_to_beat=None if lift.chance_to_beat is None else 1 - lift.chance_to_beat,
        expected_loss=lift.keeping_loss,
        keeping_loss=lift.expected_loss,
        expected_loss_value=lift.keeping_loss_value,
        keeping_loss_value=lift.expected_loss_value,
    )
