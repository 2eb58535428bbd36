"""Two rates against each other, from their posteriors: chance, losses, and intervals of ratio and difference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from tailorbird.stats.beta import Grid, Rate

#: log ratios are looked for between these
FAR = 700.0


def at_most(top: Rate, under: Rate, ratio: float) -> float:
    """P(top ≤ ratio · under)."""
    if isinstance(under, Grid) and _narrower(top, under):
        x, mass = top.points()
        return float(mass @ (1 - under.cdf(x / ratio)))
    breaks = [edge / ratio for edge in top.window]
    x, mass = under.points(breaks)
    return float(mass @ top.cdf(x * ratio))


def differs_by_at_most(top: Rate, under: Rate, difference: float) -> float:
    """P(top - under ≤ difference)."""
    if isinstance(under, Grid) and _narrower(top, under):
        x, mass = top.points()
        return float(mass @ (1 - under.cdf(x - difference)))
    breaks = [edge - difference for edge in top.window]
    x, mass = under.points(breaks)
    return float(mass @ top.cdf(x + difference))


def _narrower(one: Rate, other: Rate) -> bool:
    return one.variance < other.variance


def chance_above(top: Rate, under: Rate) -> float:
    """P(top > under)."""
    return min(1.0, max(0.0, 1 - at_most(top, under, 1.0)))


def expected_shortfall(top: Rate, under: Rate) -> float:
    """E[max(under - top, 0)]: what is lost on average by choosing ``top``."""
    if isinstance(under, Grid) and _narrower(top, under):
        x, mass = top.points()
        return max(0.0, float(mass @ (under.mean - under.below(x) - x * (1 - under.cdf(x)))))
    x, mass = under.points(top.window)
    return max(0.0, float(mass @ (x * top.cdf(x) - top.below(x))))


def expected_relative_shortfall(top: Rate, under: Rate) -> float:
    """E[max(1 - top/under, 0)]: the same as a share of the baseline's rate."""
    if isinstance(under, Grid) and _narrower(top, under):
        x, mass = top.points()
        return max(0.0, float(mass @ (1 - under.cdf(x) - x * under.inverse_above(x))))
    x, mass = under.points(top.window)
    return max(0.0, float(mass @ (top.cdf(x) - top.below(x) / x)))


def expected_relative_excess(top: Rate, under: Rate) -> float | None:
    """E[max(top/under - 1, 0)] = E[top/under] - 1 + E[max(1 - top/under, 0)]; ``None`` where it is infinite."""
    if under.inverse_mean is None:
        return None
    return max(0.0, top.mean * under.inverse_mean - 1 + expected_relative_shortfall(top, under))


def ratio_quantile(top: Rate, under: Rate, level: float) -> float:
    """The logarithm of the ratio that is not exceeded with this probability."""
    centre = float(np.log(top.mean / under.mean))
    spread = float(np.sqrt(top.variance / top.mean**2 + under.variance / under.mean**2))
    return solve(lambda log: at_most(top, under, float(np.exp(log))), level, centre, spread, (-FAR, FAR))


def difference_quantile(top: Rate, under: Rate, level: float) -> float:
    """The difference that is not exceeded with this probability."""
    spread = float(np.sqrt(top.variance + under.variance))
    return solve(lambda x: differs_by_at_most(top, under, x), level, top.mean - under.mean, spread, (-1.0, 1.0))


def solve(
    cdf: Callable[[float], float], level: float, centre: float, spread: float, bounds: tuple[float, float]
) -> float:
    """Where an increasing ``cdf`` reaches ``level``: a bracket, then bisection and false position on the normal
    score.

    On that score a posterior is nearly a straight line, so a handful of steps give twelve digits.
    """

    def score(x: float) -> float:
        return float(special.ndtri(min(max(cdf(x), 1e-300), 1 - 1e-16))) - aim

    aim = float(special.ndtri(level))
    guess = centre + aim * spread
    low, high, width = guess, guess, spread
    while score(low) > 0 and low > bounds[0]:
        low, width = max(bounds[0], low - width), width * 2
    width = spread
    while score(high) < 0 and high < bounds[1]:
        high, width = min(bounds[1], high + width), width * 2
    return _narrow(score, low, high, spread * 1e-12)


def _narrow(score: Callable[[float], float], low: float, high: float, close: float) -> float:
    """Illinois' false position: superlinear, and never leaves the bracket."""
    at_low, at_high, kept = score(low), score(high), 0
    for _ in range(100):
        if high - low <= close or at_low == at_high:
            break
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        if not low < middle < high:
            middle = (low + high) / 2
        at = score(middle)
        if abs(at) < 1e-13:
            return middle
        if at < 0:
            low, at_low = middle, at
            at_high, kept = (at_high / 2 if kept == 1 else at_high), 1
        else:
            high, at_high = middle, at
            at_low, kept = (at_low / 2 if kept == -1 else at_low), -1
    return (low + high) / 2
