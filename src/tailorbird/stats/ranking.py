"""Which of several arms is best: P(arm is the best) = E[Π P(other is worse)], integrated over the arm's posterior."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from scipy import special

from tailorbird.domain.moments import MomentKind, Moments, Stratum
from tailorbird.stats.beta import Array, legendre, posterior
from tailorbird.stats.lift import Best, Better, Prior, Share, Shortfall
from tailorbird.stats.standard import Estimate, cells, mean_of, ratio_of

#: half width of the window of a normal posterior in standard deviations
REACH = 9.0


class _Spread(Protocol):
    window: tuple[float, float]

    def cdf(self, x: Array) -> Array: ...

    def points(self, breaks: Sequence[float] = ()) -> tuple[Array, Array]: ...


class Bell:
    """A normal posterior, to be integrated over."""

    def __init__(self, mean: float, spread: float) -> None:
        self.mean, self.spread = mean, spread
        self.window = (mean - REACH * spread, mean + REACH * spread)

    def cdf(self, x: Array) -> Array:
        """P(X ≤ x)."""
        return np.asarray(special.ndtr((x - self.mean) / self.spread))

    def points(self, breaks: Sequence[float] = ()) -> tuple[Array, Array]:
        """Nodes and masses; the window is cut at ``breaks``."""
        low, high = self.window
        edges = np.array([low, *sorted(x for x in breaks if low < x < high), high])
        nodes, weights = legendre()
        half = np.diff(edges)[:, None] / 2
        x = (edges[:-1, None] + half * (nodes + 1)).ravel()
        mass = (half * weights).ravel() * np.exp(-(((x - self.mean) / self.spread) ** 2) / 2)
        return x, mass / mass.sum()


def best(
    strata: Sequence[Stratum],
    kind: MomentKind,
    *,
    arms: Sequence[str] | None = None,
    better: Better = "higher",
    signed: bool = False,
    prior: Prior | None = None,
) -> Best:
    """Chances of ``arms`` (default: all there are, control included), in the strata that hold every one of them.

    Arms of different rules share no stratum: ask one rule at a time.
    """
    names = list(arms if arms is not None else sorted({arm for stratum in strata for arm in stratum.arms}))
    shared, left_out = [], 0
    for stratum in strata:
        people = [stratum.arms[arm].n if arm in stratum.arms else 0 for arm in names]
        if all(people):
            shared.append(stratum)
        else:
            left_out += sum(people)
    if not shared or not names:
        return Best(left_out=left_out, lacks=(Shortfall.NO_SHARED_STRATUM,))
    sizes = np.array([1 / sum(1 / stratum.arms[arm].n for arm in names) for stratum in shared])
    columns = [[stratum.arms[arm] for stratum in shared] for arm in names]
    weights = np.asarray(sizes / sizes.sum())
    if kind == "proportion":
        chosen = prior or Prior()
        rates = [posterior([(m.total, m.n) for m in column], weights, (chosen.a, chosen.b)) for column in columns]
        return Best(shares=_shares(names, rates, better, lambda x: x), left_out=left_out)
    found = _estimates(columns, weights, kind)
    if isinstance(found, Shortfall):
        return Best(left_out=left_out, lacks=(found,))
    if signed or min(one.value for one in found) <= 0:
        bells = [Bell(one.value, math.sqrt(one.variance)) for one in found]
        return Best(shares=_shares(names, bells, better, lambda x: x), left_out=left_out)
    bells = [Bell(math.log(one.value), math.sqrt(one.variance) / one.value) for one in found]
    return Best(shares=_shares(names, bells, better, lambda x: np.asarray(np.exp(x))), left_out=left_out)


def _estimates(columns: Sequence[Sequence[Moments]], weights: Array, kind: MomentKind) -> list[Estimate] | Shortfall:
    found = []
    for column in columns:
        own = cells(column, kind)
        if isinstance(own, Shortfall):
            return own
        estimate = ratio_of(own, weights) if kind == "ratio" else mean_of(own, weights)
        if isinstance(estimate, Shortfall):
            return estimate
        if estimate.variance <= 0:
            return Shortfall.ZERO_VARIANCE
        found.append(estimate)
    return found


def _shares(
    names: Sequence[str], spreads: Sequence[_Spread], better: Better, value: Callable[[Array], Array]
) -> tuple[Share, ...]:
    chances, parts, values = [], [], []
    for own in spreads:
        others = [other for other in spreads if other is not own]
        x, mass = own.points([edge for other in others for edge in other.window])
        wins = mass
        for other in others:
            below = other.cdf(x)
            wins = wins * (below if better == "higher" else 1 - below)
        chances.append(float(wins.sum()))
        parts.append(float(wins @ value(x)))
        values.append(float(mass @ value(x)))
    whole, top = sum(chances), sum(parts)
    sign = 1 if better == "higher" else -1
    return tuple(
        Share(arm=arm, chance_to_be_best=chance / whole, expected_loss_value=max(0.0, sign * (top - own)))
        for arm, chance, own in zip(names, chances, values, strict=True)
    )
