"""From strata to one value per arm: only what shares a stratum is compared, and both arms get the same mix of strata.

A stratum weighs what it knows of the difference, n·m/(n+m) for arms of n and m people (Mantel and Haenszel 1959: with
these weights the ratio of two standardised rates is their risk ratio). Where shares never change that is the size of
the stratum. Both arms are weighted alike, so strata that convert differently, or an arm that got more of a good one,
move neither.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from tailorbird.domain.moments import MomentKind, Moments, Stratum
from tailorbird.stats.beta import Array
from tailorbird.stats.lift import Shortfall

#: a sum of squares around the mean below this part of the sum of squares is rounding
ROUNDING = 1e-12


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One arm in one stratum, or all of an arm: means and unbiased (co)variances of a person's totals."""

    n: int
    mean: float
    variance: float
    per: float = 0.0
    per_variance: float = 0.0
    per_covariance: float = 0.0
    pre: float = 0.0
    pre_variance: float = 0.0
    pre_covariance: float = 0.0


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """The strata that two arms share, as columns."""

    arm: tuple[Moments, ...]
    baseline: tuple[Moments, ...]
    #: n·m/(n+m) of each stratum: its weight, and what it adds to the test's information
    sizes: Array
    #: people of the two arms in strata that hold only one of them
    left_out: int = 0

    @property
    def weights(self) -> Array:
        """The sizes, summing to 1."""
        return np.asarray(self.sizes / self.sizes.sum())


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A value and the variance of that value, not of a person."""

    value: float
    variance: float


def pair(strata: Sequence[Stratum], arm: str, baseline: str) -> Pair | Shortfall:
    """The strata in which both arms have people, or why there are none."""
    both, alone, seen = [], 0, {arm: 0, baseline: 0}
    for stratum in strata:
        one, other = stratum.arms.get(arm), stratum.arms.get(baseline)
        here = {arm: one.n if one else 0, baseline: other.n if other else 0}
        seen = {key: count + here[key] for key, count in seen.items()}
        if one is not None and other is not None and one.n and other.n:
            both.append((one, other))
        else:
            alone += sum(here.values())
    if not both:
        return Shortfall.NO_SHARED_STRATUM if all(seen.values()) else Shortfall.NO_PEOPLE
    sizes = np.array([one.n * other.n / (one.n + other.n) for one, other in both])
    arms, baselines = zip(*both, strict=True)
    return Pair(arm=tuple(arms), baseline=tuple(baselines), sizes=sizes, left_out=alone)


def total(columns: Sequence[Moments]) -> Moments:
    """All strata of an arm together; for counts, and where a stratum is too small for a variance of its own."""
    return sum(columns[1:], start=columns[0])


def cell(moments: Moments, kind: MomentKind) -> Cell:
    """Means and variances of one group. Of a single person the variances are nan."""
    n = moments.n
    mean = moments.total / n
    if kind == "proportion":
        return Cell(n=n, mean=mean, variance=mean * (1 - mean))
    per, pre = moments.per_total / n, moments.pre_total / n
    if n < 2:
        nan = float("nan")
        return Cell(
            n=n, mean=mean, variance=nan, per=per, per_variance=nan, per_covariance=nan, pre=pre, pre_variance=nan
        )
    return Cell(
        n=n,
        mean=mean,
        variance=_spread(moments.squares, n, mean),
        per=per,
        per_variance=_spread(moments.per_squares, n, per),
        per_covariance=(moments.product - n * mean * per) / (n - 1),
        pre=pre,
        pre_variance=_spread(moments.pre_squares, n, pre),
        pre_covariance=(moments.pre_product - n * mean * pre) / (n - 1),
    )


def _spread(squares: float, n: int, mean: float) -> float:
    """The unbiased variance; what is only the rounding of two equal sums is none."""
    around = squares - n * mean * mean
    return around / (n - 1) if abs(around) > ROUNDING * squares else 0.0


def cells(columns: Sequence[Moments], kind: MomentKind) -> list[Cell] | Shortfall:
    """The cell of each stratum. One with a single person borrows the variances of its arm as a whole."""
    whole = cell(total(columns), kind)
    if whole.n < 2 and kind != "proportion":
        return Shortfall.TOO_FEW_PEOPLE
    return [_borrowing(cell(moments, kind), whole) for moments in columns]


def _borrowing(one: Cell, whole: Cell) -> Cell:
    if one.n > 1 or one.variance == one.variance:
        return one
    return msgspec.structs.replace(whole, n=one.n, mean=one.mean, per=one.per, pre=one.pre)


def mean_of(columns: Sequence[Cell], weights: Array) -> Estimate:
    """Σ w·mean, and its variance."""
    value = sum(float(w) * c.mean for w, c in zip(weights, columns, strict=True))
    variance = sum(float(w) ** 2 * c.variance / c.n for w, c in zip(weights, columns, strict=True))
    return Estimate(value=value, variance=variance)


def ratio_of(columns: Sequence[Cell], weights: Array) -> Estimate | Shortfall:
    """Σ w·mean over Σ w·per (the combined ratio), its variance by linearisation."""
    per = sum(float(w) * c.per for w, c in zip(weights, columns, strict=True))
    if per == 0:
        return Shortfall.ZERO_DENOMINATOR
    value = sum(float(w) * c.mean for w, c in zip(weights, columns, strict=True)) / per
    variance = sum(float(w) ** 2 * residual_variance(c, value) / c.n for w, c in zip(weights, columns, strict=True)) / (
        per * per
    )
    return Estimate(value=value, variance=variance)


def residual_variance(one: Cell, ratio: float) -> float:
    """The variance of y - ratio·d, which is what a ratio's error is made of."""
    return max(0.0, one.variance - 2 * ratio * one.per_covariance + ratio * ratio * one.per_variance)
