"""The product's e-values and gates over arrays of campaigns and looks, and when each campaign is declared."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from bench.calibration.worlds import Array, Looks
from tailorbird.domain.moments import MomentKind
from tailorbird.stats import Plan
from tailorbird.stats.deciding import COMPLETIONS, CONTRIBUTING, EVIDENCE
from tailorbird.stats.evalue import Score, log_evidence, planned, score_of_means, score_of_rates


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Of each campaign, look and arm but control: ln e, z, and whether the gate of the least data is open."""

    log: Array
    z: Array
    enough: Array

    def declared(self, comparisons: int) -> Array:
        """Whether a verdict stands, by campaign, look and arm."""
        return np.asarray((self.log >= np.log(EVIDENCE * comparisons)) & self.enough)


def evidence(strata: Sequence[Looks], kind: MomentKind, plan: Plan | None) -> Evidence:
    """What ``stats.compare`` would say of every arm against control at every look."""
    with np.errstate(all="ignore"):
        terms = [_score(looks, kind) for looks in strata]
        moved, variance, _, level = (np.sum([np.nan_to_num(term[i]) for term in terms], axis=0) for i in range(4))
        z = np.nan_to_num(moved / np.sqrt(variance), posinf=0.0, neginf=0.0)
        information = np.maximum(np.nan_to_num(level**2 / variance), 1e-9)
    least = COMPLETIONS if kind == "proportion" else CONTRIBUTING
    done = np.sum([looks.contributing for looks in strata], axis=0)
    enough = np.minimum(done[..., 1:], done[..., :1]) >= least
    return Evidence(log=log_evidence(z, information, planned(plan, relative=True)), z=z, enough=enough)


def _score(looks: Looks, kind: MomentKind) -> Score:
    n, m = looks.people[..., 1:], looks.people[..., :1]
    y, x = looks.total[..., 1:], looks.total[..., :1]
    if kind == "proportion":
        return score_of_rates(n, m, y / n, x / m)
    if kind == "mean":
        return score_of_means(
            n,
            m,
            y / n - x / m,
            _variance(looks.squares[..., 1:], y, n),
            _variance(looks.squares[..., :1], x, m),
            (y + x) / (n + m),
        )
    d, e = looks.per_total[..., 1:], looks.per_total[..., :1]
    ratio = (y + x) / (d + e)
    moved = (y - ratio * d) / n - (x - ratio * e) / m
    variances = _residual(looks, slice(1, None), ratio), _residual(looks, slice(0, 1), ratio)
    return score_of_means(n, m, moved, *variances, (y + x) / (n + m))


def _variance(squares: Array, total: Array, n: Array) -> Array:
    return np.asarray((squares - total * total / n) / (n - 1))


def _residual(looks: Looks, arms: slice, ratio: Array) -> Array:
    """The variance of y - R·d."""
    squares = (
        looks.squares[..., arms] - 2 * ratio * looks.product[..., arms] + ratio * ratio * looks.per_squares[..., arms]
    )
    total = looks.total[..., arms] - ratio * looks.per_total[..., arms]
    return _variance(squares, total, looks.people[..., arms])


def ever(declared: Array) -> float:
    """The share of campaigns in which any arm was ever declared."""
    return float(declared.any(axis=(1, 2)).mean())


def bare_rule(found: Evidence) -> float:
    """The share in which "chance to win above 95 % or below 5 %" was ever true: what looking does to a bare
    posterior."""
    return float((np.abs(found.z) > 1.6448536).any(axis=(1, 2)).mean())
