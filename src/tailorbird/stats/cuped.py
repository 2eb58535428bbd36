"""CUPED: less noise by what a person did before the exposure, which no experience can have changed.

Deng, Xu, Kohavi and Walker (2013), *Improving the sensitivity of online controlled experiments by utilizing
pre-experiment data*: y is replaced by y - θ(x - x̄) with θ = cov(x, y)/var(x), within arms and strata, pooled over
all of them; x̄ is the mean of both arms of the stratum, so levels stay what they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tailorbird.stats.standard import Cell


def slope(groups: Sequence[Sequence[Cell]]) -> float:
    """θ over all groups, each cell weighted by its degrees of freedom; 0 where x does not vary."""
    cells = [cell for group in groups for cell in group if cell.n > 1]
    spread = sum((cell.n - 1) * cell.pre_variance for cell in cells)
    return sum((cell.n - 1) * cell.pre_covariance for cell in cells) / spread if spread > 0 else 0.0


def adjust(one: Sequence[Cell], other: Sequence[Cell], theta: float) -> tuple[list[Cell], list[Cell]]:
    """Both arms with y - θ(x - x̄) in the place of y."""
    middles = [(a.n * a.pre + b.n * b.pre) / (a.n + b.n) for a, b in zip(one, other, strict=True)]
    return _adjusted(one, middles, theta), _adjusted(other, middles, theta)


def _adjusted(cells: Sequence[Cell], middles: Sequence[float], theta: float) -> list[Cell]:
    return [
        msgspec.structs.replace(
            cell,
            mean=cell.mean - theta * (cell.pre - middle),
            variance=adjusted_variance(cell, theta),
        )
        for cell, middle in zip(cells, middles, strict=True)
    ]


def adjusted_variance(cell: Cell, theta: float) -> float:
    """The variance of y - θx."""
    return max(0.0, cell.variance + theta * theta * cell.pre_variance - 2 * theta * cell.pre_covariance)
