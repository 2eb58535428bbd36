"""How often the 95 % credible interval holds the truth, over campaigns drawn with that truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from scipy import special

from bench.calibration import worlds
from tailorbird.domain.moments import Moments, Stratum
from tailorbird.stats import compare
from tailorbird.stats.beta import Beta
from tailorbird.stats.rates import at_most

LEVEL = 0.95
#: what is promised of rates from ten expected completions in the smaller group on, and of capped means and ratios
#: from
#: 200 contributing people
RATES_HELD, VALUES_HELD = (0.94, 0.96), (0.93, 0.97)
LEAST_EXPECTED, LEAST_CONTRIBUTING = 10, 200
SPLITS = {"50/50": 0.5, "5/95": 0.05}


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is simulated."""

    campaigns: int = 1500
    expected: tuple[int, ...] = (2, 5, 10, 20, 35, 100, 1000)
    contributing: tuple[int, ...] = (20, 50, 100, 200, 500, 2000)
    rates: tuple[float, ...] = (0.01, 0.05, 0.1, 0.3, 0.5)


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """One case."""

    metric: str
    split: str
    effect: float
    #: completions expected in the smaller group
    expected: int
    covered: float
    #: standard error of the simulation; 0 where all outcomes were added up
    error: float
    promised: tuple[float, float] | None

    @property
    def met(self) -> bool:
        """Within the promised range, two standard errors allowed; true where nothing is promised."""
        if self.promised is None:
            return True
        low, high = self.promised
        return low - 2 * self.error <= self.covered <= high + 2 * self.error


def rates(sizes: Sizes) -> Iterator[Coverage]:
    """Proportions, without and with a difference: every outcome with its chance, nothing drawn."""
    for expected in sizes.expected:
        for split, part in SPLITS.items():
            for rate in sizes.rates:
                for effect in (0.0, 0.2):
                    yield Coverage(
                        metric=f"proportion {rate:g}",
                        split=split,
                        effect=effect,
                        expected=expected,
                        covered=_rate_case(rate, effect, expected, part),
                        error=0.0,
                        promised=RATES_HELD if expected >= LEAST_EXPECTED else None,
                    )


def _rate_case(rate: float, effect: float, expected: int, part: float) -> float:
    """The probability that the interval holds 1 + effect.

    For a given count of control the posterior of the ratio moves one way with the test arm's count, so the counts
    whose interval holds the truth are a range, and its two ends are found by halving.
    """
    control = round(expected / rate)
    test = round(control * (1 - part) / part)
    chances = special.bdtr(np.arange(control + 1), control, rate)
    counts = np.flatnonzero(np.diff(chances, prepend=0.0) > 1e-9)
    covered = 0.0
    for count in counts:
        first, after = _held(int(count), control, test, 1 + effect)
        held = _up_to(after - 1, test, rate * (1 + effect)) - _up_to(first - 1, test, rate * (1 + effect))
        covered += held * float(chances[count] - (chances[count - 1] if count else 0.0))
    return covered


def _held(done: int, control: int, test: int, ratio: float) -> tuple[int, int]:
    """The first count of the test arm whose interval holds ``ratio``, and the first one after them."""

    def first(level: float) -> int:
        low, high = 0, test + 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if _below(done, control, middle, test, ratio) <= level else (middle + 1, high)
        return low

    return first((1 + LEVEL) / 2), first((1 - LEVEL) / 2)


def _up_to(count: int, people: int, rate: float) -> float:
    return float(special.bdtr(count, people, rate)) if count >= 0 else 0.0


def _below(done: int, people: int, test_done: int, test_people: int, ratio: float) -> float:
    """What the posterior of the ratio of rates puts below ``ratio``."""
    top, under = Beta(test_done + 0.5, test_people - test_done + 0.5), Beta(done + 0.5, people - done + 0.5)
    return at_most(top, under, ratio)


def values(sizes: Sizes, seed: int) -> Iterator[Coverage]:
    """Capped revenue and revenue per order. What is to be covered is the ratio of the capped quantity at the cap
    seen."""
    rng = np.random.default_rng(seed)
    revenue, orders = worlds.heavy_buyers(), worlds.heavy_buyers(several=(0.7, 0.2, 0.1))
    for expected in sizes.contributing:
        for split, part in SPLITS.items():
            for metric, kind, buyers in (("revenue", "mean", revenue), ("revenue per order", "ratio", orders)):
                for effect in (0.0, 0.2):
                    held = [_value_case(rng, kind, buyers, effect, expected, part) for _ in range(sizes.campaigns)]
                    covered = float(np.mean(held))
                    yield Coverage(
                        metric=metric,
                        split=split,
                        effect=effect,
                        expected=expected,
                        covered=covered,
                        error=float(np.sqrt(covered * (1 - covered) / sizes.campaigns)),
                        promised=VALUES_HELD if expected >= LEAST_CONTRIBUTING else None,
                    )


def _value_case(
    rng: np.random.Generator, kind: Any, buyers: worlds.Buyers, effect: float, expected: int, part: float
) -> bool:
    """One campaign: people of the test arm spend ``effect`` more per order, everything is capped at what all show."""
    control = round(expected / buyers.rate)
    test = round(control * (1 - part) / part)
    drawn = [_drawn(rng, people, buyers) for people in (control, test)]
    spent = [buyers.totals[drawn[0]], buyers.totals[drawn[1]] * (1 + effect)]
    everybody = np.sort(np.concatenate(spent))[::-1]
    cap = float(everybody[min(int(0.001 * (control + test)), len(everybody) - 1)])
    arms = {
        arm: _moments(np.minimum(y, cap), buyers.orders[kinds], people)
        for arm, y, kinds, people in zip(("control", "test"), spent, drawn, (control, test), strict=True)
    }
    stratum = Stratum(rule="rule", epoch=1, arms=arms, shares={"control": part, "test": 1 - part})
    interval = compare([stratum], "control", kind)[0].interval
    y, _, d = buyers.capped_moments(buyers.rate, cap)
    higher, _, e = buyers.capped_moments(buyers.rate, cap, 1 + effect)
    truth = higher / y - 1 if kind == "mean" else (higher / e) / (y / d) - 1
    return interval is not None and interval[0] <= truth <= interval[1]


def _drawn(rng: np.random.Generator, people: int, buyers: worlds.Buyers) -> worlds.Array:
    return buyers.table[rng.integers(0, worlds.ENTRIES, rng.binomial(people, buyers.rate))]


def _moments(y: worlds.Array, d: worlds.Array, people: int) -> Moments:
    return Moments(
        n=people,
        total=float(y.sum()),
        squares=float(y @ y),
        contributing=len(y),
        per_total=float(d.sum()),
        per_squares=float(d @ d),
        product=float(y @ d),
    )
