"""Sufficient statistics: all that a comparison of arms needs to know of the people in them, and nothing of any person.

Moments of two disjoint groups of people add up. Floating point sums; money is in the goal's currency.
"""

from __future__ import annotations

from typing import Literal

import msgspec

#: What a goal's totals are: did it happen (0 or 1 a person), a number a person, one number divided by another.
MomentKind = Literal["proportion", "mean", "ratio"]


class Moments(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the people of one arm in one stratum, of each person's total."""

    #: people exposed, whether or not they did anything
    n: int
    #: Σy; for a proportion the number of people who completed
    total: float
    #: Σy²
    squares: float = 0.0
    #: people with a completion
    contributing: int = 0
    #: ratio goals: the denominator of each person and the product with the numerator: Σd, Σd², Σyd
    per_total: float = 0.0
    per_squares: float = 0.0
    product: float = 0.0
    #: CUPED: the same person's value before the exposure: Σx, Σx², Σxy
    pre_total: float = 0.0
    pre_squares: float = 0.0
    pre_product: float = 0.0

    def __add__(self, other: Moments) -> Moments:
        """The moments of both groups together; no person may be in both."""
        return Moments(
            n=self.n + other.n,
            total=self.total + other.total,
            squares=self.squares + other.squares,
            contributing=self.contributing + other.contributing,
            per_total=self.per_total + other.per_total,
            per_squares=self.per_squares + other.per_squares,
            product=self.product + other.product,
            pre_total=self.pre_total + other.pre_total,
            pre_squares=self.pre_squares + other.pre_squares,
            pre_product=self.pre_product + other.pre_product,
        )


class Stratum(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in one allocation epoch: the only place in which arms may be compared."""

    rule: str
    epoch: int
    #: experience id or ``control`` → moments
    arms: dict[str, Moments]
    #: experience id or ``control`` → share (0..1, of this stratum's people) that it was meant to get
    shares: dict[str, float]
