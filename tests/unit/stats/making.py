"""Strata and moments for tests: two arms by their counts or their values."""

from collections.abc import Sequence

import numpy as np

from tailorbird.domain.moments import Moments, Stratum

Counts = tuple[float, int]


def done(completions: float, people: int) -> Moments:
    """A proportion's moments."""
    return Moments(n=people, total=completions)


def sums(values: Sequence[float] | np.ndarray, pre: Sequence[float] | np.ndarray | None = None) -> Moments:
    """A mean's moments from each person's total."""
    y = np.asarray(values, dtype=float)
    x = np.zeros_like(y) if pre is None else np.asarray(pre, dtype=float)
    return Moments(
        n=len(y),
        total=float(y.sum()),
        squares=float(y @ y),
        contributing=int((y != 0).sum()),
        pre_total=float(x.sum()),
        pre_squares=float(x @ x),
        pre_product=float(x @ y),
    )


def per(values: Sequence[float] | np.ndarray, units: Sequence[float] | np.ndarray) -> Moments:
    """A ratio's moments from each person's numerator and denominator."""
    y, d = np.asarray(values, dtype=float), np.asarray(units, dtype=float)
    return Moments(
        n=len(y),
        total=float(y.sum()),
        squares=float(y @ y),
        contributing=int((d != 0).sum()),
        per_total=float(d.sum()),
        per_squares=float(d @ d),
        product=float(y @ d),
    )


def stratum(control: Moments, test: Moments, rule: str = "rule", epoch: int = 1) -> Stratum:
    """One rule in one epoch, shares as the people fell."""
    people = max(1, control.n + test.n)
    return Stratum(
        rule=rule,
        epoch=epoch,
        arms={"control": control, "test": test},
        shares={"control": control.n / people, "test": test.n / people},
    )


def rates(control: Counts, test: Counts) -> list[Stratum]:
    """One stratum of a proportion: (completions, people) of each arm."""
    return [stratum(done(*control), done(*test))]
