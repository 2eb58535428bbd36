"""Made-up people with a known truth: cumulative sums of many campaigns at every look, as arrays.

Axes: campaign, look, arm. Arm 0 is control. Values of people who buy come from a table of equally likely entries, so
the truth after capping is known exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from scipy import special

Array = np.ndarray[Any, np.dtype[Any]]

#: entries of a table of buyers
ENTRIES = 1 << 16


class Looks(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up to each look: people, completions, Σy, Σy², and of the denominators Σd, Σd², Σyd."""

    people: Array
    contributing: Array
    total: Array
    squares: Array
    per_total: Array
    per_squares: Array
    product: Array


class Buyers(msgspec.Struct, frozen=True, kw_only=True):
    """How often people buy, and what: entries are (total, orders) pairs, sorted by total, all equally likely."""

    rate: float
    #: distinct totals with their orders, ascending by total
    totals: Array
    orders: Array
    #: which pair each entry is
    table: Array

    def probabilities(self) -> Array:
        """How likely each pair is."""
        return np.bincount(self.table, minlength=len(self.totals)) / ENTRIES

    def capped_moments(self, rate: float, cap: float, scale: float = 1.0) -> tuple[float, float, float]:
        """Truth of min(scale·y, cap) and d per person: E y, E y², E d."""
        y, chances = np.minimum(scale * self.totals, cap), rate * self.probabilities()
        return float(chances @ y), float(chances @ y**2), float(chances @ self.orders)


def heavy_buyers(rate: float = 0.05, sigma: float = 2.0, several: tuple[float, ...] = (1.0,)) -> Buyers:
    """Log-normal values per order (median 1), in steps of 5 %; ``several`` is how likely 1, 2, ... orders are."""
    levels = (np.arange(ENTRIES) + 0.5) / ENTRIES
    worth = np.exp(np.round(special.ndtri(levels) * sigma / 0.05) * 0.05)
    orders = 1 + np.searchsorted(np.cumsum(several)[:-1], (np.arange(ENTRIES) * 40_503 % ENTRIES + 0.5) / ENTRIES)
    pairs, table = np.unique(np.stack([worth * orders, orders], axis=1), axis=0, return_inverse=True)
    return Buyers(rate=rate, totals=pairs[:, 0], orders=pairs[:, 1], table=np.asarray(table).ravel().astype(np.uint16))


def spaced(people: int, looks: int, *, early: bool = False) -> Array:
    """People at each look: evenly, or with most looks in the beginning (from a thousandth of the sample on)."""
    if early:
        return np.unique(np.round(np.geomspace(max(20.0, people / 1000), people, looks)).astype(np.int64))
    return np.round(np.linspace(0, people, looks + 1)[1:]).astype(np.int64)


def proportions(rng: np.random.Generator, campaigns: int, sizes: Array, shares: Array, rates: Array) -> Looks:
    """People who convert or not: ``rates`` of each arm."""
    people = rng.multinomial(np.diff(sizes, prepend=0), shares, size=(campaigns, len(sizes)))
    done = rng.binomial(people, rates).cumsum(axis=1)
    zero = np.zeros(1)
    return Looks(
        people=people.cumsum(axis=1),
        contributing=done,
        total=done,
        squares=done,
        per_total=zero,
        per_squares=zero,
        product=zero,
    )


def spread(rng: np.random.Generator, campaigns: int, sizes: Array, shares: Array, rates: Array, worth: Array) -> Looks:
    """People who do it are worth ``worth`` of their arm: means that are alike, from spreads that are not."""
    looks = proportions(rng, campaigns, sizes, shares, rates)
    return msgspec.structs.replace(looks, total=looks.total * worth, squares=looks.squares * worth**2)


def delayed(rng: np.random.Generator, campaigns: int, sizes: Array, shares: Array, rate: float, wait: float) -> Looks:
    """People who convert some looks after they came, ``wait`` looks in the mean: they count as people at once."""
    people = rng.multinomial(np.diff(sizes, prepend=0), shares, size=(campaigns, len(sizes)))
    waiting, done = np.zeros_like(people[:, 0]), np.zeros_like(people)
    for look in range(len(sizes)):
        waiting = waiting + rng.binomial(people[:, look], rate)
        now = rng.binomial(waiting, 1 / wait)
        waiting, done[:, look] = waiting - now, now
    done, zero = done.cumsum(axis=1), np.zeros(1)
    return Looks(
        people=people.cumsum(axis=1),
        contributing=done,
        total=done,
        squares=done,
        per_total=zero,
        per_squares=zero,
        product=zero,
    )


def together(strata: Sequence[Looks]) -> list[Looks]:
    """All strata as if they were one: what nobody should do."""
    columns = {
        name: sum(getattr(looks, name) for looks in strata) for name in ("people", "contributing", "total", "squares")
    }
    zero = np.zeros(1)
    return [Looks(**columns, per_total=zero, per_squares=zero, product=zero)]


def purchases(
    rng: np.random.Generator, campaigns: int, sizes: Array, shares: Array, buyers: Buyers, *, capped: bool = True
) -> Looks:
    """People who buy, all arms alike; at each look totals are capped at the 99.9th percentile of all people so
    far."""
    people = rng.multinomial(np.diff(sizes, prepend=0), shares, size=(campaigns, len(sizes)))
    found = [_sums(rng, own, buyers, capped) for own in people]
    columns = [np.stack(column) for column in zip(*found, strict=True)]
    names = ("contributing", "total", "squares", "per_total", "per_squares", "product")
    return Looks(people=people.cumsum(axis=1), **dict(zip(names, columns, strict=True)))


def _sums(rng: np.random.Generator, people: Array, buyers: Buyers, capped: bool) -> tuple[Array, ...]:
    """One campaign: counts of every kind of buyer up to each look, then sums over kinds."""
    looks, arms = people.shape
    kinds = len(buyers.totals)
    bought = rng.binomial(people, buyers.rate)
    place = np.repeat(np.arange(looks * arms) * kinds, bought.ravel())
    drawn = place + buyers.table[rng.integers(0, ENTRIES, size=len(place), dtype=np.uint16)]
    counts = np.bincount(drawn, minlength=looks * arms * kinds).reshape(looks, arms, kinds).cumsum(axis=0)
    worth = np.broadcast_to(buyers.totals, (looks, kinds))
    if capped:
        worth = np.minimum(worth, _caps(counts.sum(axis=1), people.sum(axis=1).cumsum(), buyers.totals)[:, None])
    orders = buyers.orders
    return (
        counts.sum(axis=2),
        np.einsum("lak,lk->la", counts, worth),
        np.einsum("lak,lk->la", counts, worth * worth),
        counts @ orders,
        counts @ (orders * orders),
        np.einsum("lak,lk->la", counts, worth * orders),
    )


def _caps(counts: Array, people: Array, totals: Array) -> Array:
    """The 99.9th percentile of everybody's total at each look."""
    above = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    kept = (above > 0.001 * people[:, None]).sum(axis=1) - 1
    return np.asarray(np.where(kept >= 0, totals[np.maximum(kept, 0)], totals[-1]))
