"""Evidence that may be looked at as often as one likes.

Under "no difference" U = Σ h·(mean_T - mean_C) over strata, h = n·m/(n+m), is close to a Brownian motion in its
variance V. What is known of the logarithm of the ratio by then is I = (Σ h·mean)²/V, and X = U/√V·√I. For every log
ratio r, exp(rX - r²I/2) is a nonnegative martingale with mean 1, and so is any mixture of them over r. By Ville's
inequality it ever reaches 20 with a probability of at most 5 %, looked at all the time (Robbins 1970; asymptotically
so with estimated variances: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021). Time is information, not people:
what people do comes after they came, and z moves on when nobody new comes any more.

The mixture: four fifths around the planned effect, in both directions, with a third of it as standard deviation; one
fifth around effects from 64 to 0.5 % in halves, so that a much larger effect is seen early and a smaller one late.
Without a plan that part is all there is, and a verdict takes a third more people. Where values can be negative there
is no ratio; then effects are in standard deviations and I = Σ h. The sums are those of Mantel and Haenszel: a stratum
in which only one arm has people adds nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from tailorbird.domain.moments import MomentKind
from tailorbird.stats.beta import Array
from tailorbird.stats.lift import Plan
from tailorbird.stats.standard import Cell, residual_variance

#: z(0.975) + z(0.8): where the planned effect puts z at the planned sample
DRIFT = 2.8015851
#: standard deviation of the mixture around it, on the same scale
SPREAD = 1.0
#: how much of the mixture is kept for effects that were not planned for
KEPT = 0.2
#: log ratios (where there are none: standard deviations) around which that part is spread
EFFECTS: tuple[float, ...] = tuple(0.64 / 2.0**k for k in range(8))
#: the logarithm at which an e-value stops growing, so that it can be written down
MOST = 690.0


def log_mixture(x: Array | float, tau: Array | float, drift: float = DRIFT, spread: float = SPREAD) -> Array:
    """ln ∫ exp(μx - μ²τ/2) dF(μ) for F half N(drift, spread²) and half N(-drift, spread²)."""
    x, tau = np.asarray(x, dtype=np.float64), np.asarray(tau, dtype=np.float64)
    precision = 1 / spread**2 + tau
    sides = [((side * drift / spread**2 + x) ** 2 / precision - drift**2 / spread**2) / 2 for side in (1.0, -1.0)]
    return np.asarray(np.logaddexp(sides[0], sides[1]) - np.log(2 * spread) - np.log(precision) / 2)


def log_evidence(z: Array | float, information: Array | float, planned: Planned | None = None) -> Array:
    """The logarithm of the e-value at z = U/√V and I = ``information``; arrays go through element by element."""
    z, information = np.asarray(z, dtype=np.float64), np.asarray(information, dtype=np.float64)
    parts = [_scaled(z, information, (DRIFT / effect) ** 2, DRIFT) - math.log(len(EFFECTS)) for effect in EFFECTS]
    wide = special.logsumexp(np.stack(parts), axis=0)
    if planned is None:
        return np.asarray(wide)
    tuned = _scaled(z, information, planned.information, planned.drift)
    return np.asarray(np.logaddexp(math.log1p(-KEPT) + tuned, math.log(KEPT) + wide))


def _scaled(z: Array, information: Array, planned: float, drift: float) -> Array:
    tau = information / planned
    return log_mixture(z * np.sqrt(tau), tau, drift)


class Planned(NamedTuple):
    """The information at which a planned effect puts z at ``drift``."""

    information: float
    drift: float


def planned(plan: Plan | None, *, relative: bool) -> Planned | None:
    """What the mixture is tuned to; ``None`` where the plan says nothing about it."""
    if plan is None:
        return None
    if relative:
        effect = abs(math.log1p(plan.effect)) if plan.effect > -1 else 0.0
        return Planned((plan.drift / effect) ** 2, plan.drift) if effect > 0 else None
    return Planned(plan.pair, plan.drift) if plan.pair > 0 else None


class Score(NamedTuple):
    """Of each stratum: U = h·difference, its variance under "no difference", h = n·m/(n+m), and h·mean of both."""

    moved: Array
    variance: Array
    size: Array
    level: Array


def evidence(
    arm: Sequence[Cell], baseline: Sequence[Cell], kind: MomentKind, plan: Plan | None, *, signed: bool = False
) -> tuple[float | None, int]:
    """The e-value of the difference in all strata together and its direction; ``None`` where nothing varies."""
    moved, variance, size, level = (float(column.sum()) for column in score(arm, baseline, kind))
    if not variance > 0:
        return None, 0
    relative = level > 0 and not signed
    information = level * level / variance if relative else size
    log = float(log_evidence(moved / math.sqrt(variance), information, planned(plan, relative=relative)))
    return math.exp(min(log, MOST)), int(np.sign(moved))


def score(arm: Sequence[Cell], baseline: Sequence[Cell], kind: MomentKind) -> Score:
    """U, V and h of all strata. One of two people says nothing, nor does one without any denominator."""
    pairs = [(one, other) for one, other in zip(arm, baseline, strict=True) if one.n + other.n > 2]
    if kind == "ratio":
        pairs = [(one, other) for one, other in pairs if one.n * one.per + other.n * other.per != 0]
    n, m = _column([one.n for one, _ in pairs]), _column([other.n for _, other in pairs])
    p, q = _column([one.mean for one, _ in pairs]), _column([other.mean for _, other in pairs])
    if kind == "proportion":
        return score_of_rates(n, m, p, q)
    if kind == "mean":
        s, t = _column([one.variance for one, _ in pairs]), _column([other.variance for _, other in pairs])
        return score_of_means(n, m, p - q, s, t, (n * p + m * q) / (n + m))
    residuals = [_residuals(one, other) for one, other in pairs]
    moved, s, t = (_column([column[i] for column in residuals]) for i in range(3))
    return score_of_means(n, m, moved, s, t, (n * p + m * q) / (n + m))


def _column(values: Sequence[float]) -> Array:
    return np.array(values, dtype=np.float64)


def _residuals(one: Cell, other: Cell) -> tuple[float, float, float]:
    """Of y - R·d with the ratio R of both arms together: the difference of the means, and the variances."""
    ratio = (one.n * one.mean + other.n * other.mean) / (one.n * one.per + other.n * other.per)
    moved = (one.mean - ratio * one.per) - (other.mean - ratio * other.per)
    return moved, residual_variance(one, ratio), residual_variance(other, ratio)


def score_of_rates(n: Array, m: Array, p: Array, q: Array) -> Score:
    """For rates p of n and q of m people. V is hypergeometric, from both arms together: the small arm of a 5/95 split
    would otherwise judge its own deviation with a variance that moves along with it.
    """
    people, size = n + m, n * m / (n + m)
    rate = (n * p + m * q) / people
    return Score(size * (p - q), size * rate * (1 - rate) * people / (people - 1), size, size * rate)


def score_of_means(n: Array, m: Array, moved: Array, s: Array, t: Array, mean: Array) -> Score:
    """For a difference of means of n and m people with variances s and t of a person; ``mean`` is of both.

    The arms' variances may differ in truth, and the pooled one moves less with the small arm's luck: V takes the
    larger.
    """
    size = n * m / (n + m)
    pooled = ((n - 1) * s + (m - 1) * t + size * moved * moved) / (n + m - 1)
    return Score(size * moved, np.maximum(size * pooled, size * size * (s / n + t / m)), size, size * mean)
