"""The field's usual engine, for comparison: a normal posterior of the relative lift itself by the delta method.

As GrowthBook's statistics documentation gives it: Δ = (m_T - m_C)/|m_C|, V = s²_T/(n_T·m_C²) + s²_C·m_T²/(n_C·m_C⁴),
with CUPED the covariances too; with a normal prior N(μ, σ²) the precision is 1/V + 1/σ². On the absolute scale the
prior is multiplied by |m_C|. Its verdict depends on the scale, and its tails are wrong in small samples: use it to
check numbers against other tools.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from tailorbird.stats.beta import Array
from tailorbird.stats.cuped import adjusted_variance
from tailorbird.stats.lift import Lift, Prior, Scale
from tailorbird.stats.normal import below, half_width, losses
from tailorbird.stats.standard import Cell, Estimate


def compare(
    base: Lift, one: Estimate, other: Estimate, *, variance: float, scale: Scale, prior: Prior, level: float
) -> Lift:
    """The figures of ``scale``; ``variance`` is that of the observed lift (or difference)."""
    size = abs(other.value) if scale == "relative" else 1.0
    observed = (one.value - other.value) / size
    mean, spread = _posterior(observed, variance, prior, abs(other.value) if scale == "absolute" else 1.0)
    half = half_width(level) * spread
    choosing, keeping = losses(mean, spread)
    figures = msgspec.structs.replace(
        base, scale=scale, spread=spread, chance_to_beat=below(mean / spread), difference=one.value - other.value
    )
    if scale == "absolute":
        return msgspec.structs.replace(
            figures,
            difference=mean,
            difference_interval=(mean - half, mean + half),
            expected_loss_value=choosing,
            keeping_loss_value=keeping,
        )
    return msgspec.structs.replace(
        figures, lift=mean, interval=(mean - half, mean + half), expected_loss=choosing, keeping_loss=keeping
    )


def _posterior(observed: float, variance: float, prior: Prior, unit: float) -> tuple[float, float]:
    if prior.lift_variance is None:
        return observed, math.sqrt(variance)
    prior_mean, prior_variance = prior.lift_mean * unit, prior.lift_variance * unit * unit
    precision = 1 / variance + 1 / prior_variance
    return (observed / variance + prior_mean / prior_variance) / precision, 1 / math.sqrt(precision)


def lift_variance(one: Estimate, other: Estimate, scale: Scale) -> float:
    """V of the lift, or of the difference."""
    if scale == "absolute":
        return one.variance + other.variance
    return one.variance / other.value**2 + other.variance * one.value**2 / other.value**4


def cuped_lift_variance(
    one: Sequence[Cell], other: Sequence[Cell], weights: Array, theta: float, values: tuple[float, float]
) -> float:
    """V of the lift of adjusted values over the unadjusted baseline: the ratio multiplies y, not x, of the
    baseline."""
    above, under = values
    ratio, scale = above / under, under * under
    arm = sum(float(w) ** 2 * adjusted_variance(c, theta) / c.n for w, c in zip(weights, one, strict=True))
    baseline = sum(
        float(w) ** 2
        * max(0.0, c.variance * ratio**2 - 2 * theta * c.pre_covariance * ratio + theta**2 * c.pre_variance)
        / c.n
        for w, c in zip(weights, other, strict=True)
    )
    return (arm + baseline) / scale
