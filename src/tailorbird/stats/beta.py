"""The posterior of a rate: exactly Beta in one stratum, a weighted sum of Betas over several.

The Beta density is integrated over φ with x = sin²φ. That takes away its poles at 0 and 1 (the prior Beta(½, ½) alone
is constant in φ) and makes it nearly normal with a standard deviation of 1/(2√n) whatever the rate, so 96
Gauss-Legendre nodes on a window of ±13 such deviations are exact to rounding from no person at all to tens of
millions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np
from scipy import special

Array = np.ndarray[Any, np.dtype[np.float64]]

NODES = 96
#: half width of the window in standard deviations of φ: what lies beyond has a mass below 1e-18
WIDTH = 13.0
#: points on which a weighted sum is kept
GRID = 8192
#: tail mass cut from each stratum before strata are added up
TAIL = 1e-13


@cache
def legendre() -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on [-1, 1]; made once."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return nodes, weights


class Rate(Protocol):
    """A distribution on (0, 1): what ratios, differences and maxima of rates are computed from."""

    mean: float
    variance: float
    #: E[1/X]; None where it is infinite: a Beta before the first completion
    inverse_mean: float | None
    #: where all but a mass of about 1e-12 lies
    window: tuple[float, float]

    def cdf(self, x: Array) -> Array:
        """P(X ≤ x)."""

    def below(self, x: Array) -> Array:
        """E[X; X ≤ x], the part of the mean that lies below."""

    def points(self, breaks: Sequence[float] = ()) -> tuple[Array, Array]:
        """Nodes and masses that integrate a function that is smooth between ``breaks``."""


class Beta:
    """Beta(a, b) with a, b ≥ ½, so that the density in φ is smooth."""

    def __init__(self, a: float, b: float) -> None:
        self.a, self.b = a, b
        self.mean = a / (a + b)
        self.variance = self.mean * (b / (a + b)) / (a + b + 1)
        self.inverse_mean = (a + b - 1) / (a - 1) if a > 1 else None
        middle, half = np.arctan2(np.sqrt(a), np.sqrt(b)), WIDTH / (2 * np.sqrt(a + b))
        self._span = (max(0.0, middle - half), min(np.pi / 2, middle + half))
        self.window = (float(np.sin(self._span[0]) ** 2), float(np.sin(self._span[1]) ** 2))

    def cdf(self, x: Array) -> Array:
        """P(X ≤ x), the regularised incomplete beta function."""
        return np.asarray(special.betainc(self.a, self.b, np.clip(x, 0.0, 1.0)))

    def below(self, x: Array) -> Array:
        """E[X; X ≤ x]."""
        return np.asarray(self.mean * special.betainc(self.a + 1, self.b, np.clip(x, 0.0, 1.0)))

    def points(self, breaks: Sequence[float] = ()) -> tuple[Array, Array]:
        """Nodes and masses; the window is cut at ``breaks``, so a function may have steps or bends there."""
        low, high = self._span
        inner = sorted(float(np.arcsin(np.sqrt(x))) for x in breaks if self.window[0] < x < self.window[1])
        edges = np.array([low, *inner, high])
        nodes, weights = legendre()
        half = np.diff(edges)[:, None] / 2
        phi = (edges[:-1, None] + half * (nodes + 1)).ravel()
        with np.errstate(divide="ignore"):
            log = (2 * self.a - 1) * np.log(np.sin(phi)) + (2 * self.b - 1) * np.log(np.cos(phi))
        # Relative to the largest and normalised: no difference of large logarithms of Gamma is ever taken.
        mass = (half * weights).ravel() * np.exp(log - log.max())
        return np.sin(phi) ** 2, mass / mass.sum()


class Grid:
    """A distribution by its masses at equally spaced points."""

    def __init__(self, x: Array, mass: Array) -> None:
        self._x, self._mass = x, mass
        self._step = float(x[1] - x[0])
        self._edges = np.concatenate([x - self._step / 2, [x[-1] + self._step / 2]])
        self._cdf = np.concatenate([[0.0], np.cumsum(mass)])
        self._below = np.concatenate([[0.0], np.cumsum(mass * x)])
        self._inverse = np.concatenate([[0.0], np.cumsum(mass / x)])
        self.mean = float(mass @ x)
        self.inverse_mean: float | None = float(self._inverse[-1])
        self.variance = float(mass @ (x - self.mean) ** 2)
        self.window = (float(self._edges[0]), float(self._edges[-1]))

    def cdf(self, x: Array) -> Array:
        """P(X ≤ x), linear within a cell."""
        return np.asarray(np.interp(x, self._edges, self._cdf))

    def below(self, x: Array) -> Array:
        """E[X; X ≤ x]."""
        return np.asarray(np.interp(x, self._edges, self._below))

    def inverse_above(self, x: Array) -> Array:
        """E[1/X; X > x]."""
        return np.asarray(self._inverse[-1] - np.interp(x, self._edges, self._inverse))

    def points(self, breaks: Sequence[float] = ()) -> tuple[Array, Array]:
        """The grid itself: fine enough for anything as wide as the distribution, so there are no cuts."""
        return self._x, self._mass


def matched(mean: float, variance: float) -> Beta:
    """The Beta with this mean and variance; its parameters are at least ½."""
    size = mean * (1 - mean) / variance - 1
    return Beta(max(0.5, mean * size), max(0.5, (1 - mean) * size))


def posterior(counts: Sequence[tuple[float, float]], weights: Array, prior: tuple[float, float]) -> Rate:
    """The posterior of Σ w·p over strata with ``counts`` (completions, people) and weights w that sum to 1.

    In stratum s the prior counts w_s times: many small strata together assume as much as one large one does. With
    a whole prior in each, thirty epochs would add fifteen invented completions to the smaller arm.
    """
    a, b = prior
    if len(counts) == 1:
        done, people = counts[0]
        return Beta(a + done, b + people - done)
    wins = np.array([done for done, _ in counts]) + a * weights
    losses = np.array([people - done for done, people in counts]) + b * weights
    size = wins + losses
    mean = float(weights @ (wins / size))
    variance = float(weights**2 @ (wins * losses / size**2 / (size + 1)))
    done, people = sum(done for done, _ in counts), sum(people for _, people in counts)
    if done in (0, people):
        return matched(mean, variance)  # nothing but the prior has a shape here, and this is the shape it has
    return _convolved(wins, losses, weights, mean, variance)


def _convolved(wins: Array, losses: Array, weights: Array, mean: float, variance: float) -> Rate:
    """The distribution of Σ w·Beta(wins, losses) by the product of transforms; mean and variance are made exact."""
    low = special.betaincinv(wins, losses, TAIL) * weights
    high = special.betainccinv(wins, losses, TAIL) * weights
    step = float((high - low).sum()) / GRID
    cells = np.ceil((high - low) / step).astype(int) + 1
    length = 1 << int(cells.sum()).bit_length()
    transform: Any = 1.0
    for won, lost, weight, start, count in zip(wins, losses, weights, low, cells, strict=True):
        edges = start + step * np.arange(count + 1)
        mass = np.diff(special.betainc(won, lost, np.clip(edges / weight, 0.0, 1.0)))
        transform = transform * np.fft.rfft(mass / mass.sum(), length)
    mass = np.maximum(np.fft.irfft(transform, length)[: int(cells.sum()) - len(cells) + 1], 0.0)
    mass /= mass.sum()
    x = np.arange(len(mass)) * step
    centre = float(mass @ x)
    stretch = np.sqrt(variance / float(mass @ (x - centre) ** 2))
    x = mean + (x - centre) * stretch
    keep = x > 0
    return Grid(x[keep], mass[keep] / mass[keep].sum())
