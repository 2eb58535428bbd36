"""Campaigns without any difference, looked at 200 times: how many are ever declared?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec
import numpy as np

from bench.calibration import worlds
from bench.calibration.looking import bare_rule, ever, evidence
from tailorbird.domain.moments import MomentKind
from tailorbird.stats import Plan, sample_size

#: the share that may be declared
BUDGET = 0.05
SPLITS: dict[str, tuple[float, ...]] = {
    "50/50": (0.5, 0.5),
    "5/95": (0.05, 0.95),
    "4 arms": (0.25, 0.25, 0.25, 0.25),
}
RATES = (0.01, 0.05, 0.1, 0.3, 0.5)
#: campaigns drawn at a time: what fits into memory
BATCH = 250


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is simulated."""

    campaigns: int = 5000
    purchases: int = 2500
    looks: int = 200
    #: campaigns run to this many times their planned sample
    length: float = 2.0


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One case: what share was ever declared."""

    metric: str
    split: str
    plan: str
    campaigns: int
    declared: float
    #: the same looks with a bare 95 % rule
    bare: float

    @property
    def limit(self) -> float:
        """5 % and two standard errors."""
        return BUDGET + 2 * float(np.sqrt(BUDGET * (1 - BUDGET) / self.campaigns))

    @property
    def met(self) -> bool:
        """Whether the share is within the limit."""
        return self.declared <= self.limit


#: draws campaigns: generator, how many, people at each look → the strata
Draw = Callable[[np.random.Generator, int, worlds.Array], Sequence[worlds.Looks]]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A metric under one split."""

    metric: str
    kind: MomentKind
    split: str
    draw: Draw
    plan: Plan
    campaigns: int
    comparisons: int = 1


def cases(sizes: Sizes) -> Iterator[Case]:
    """Everything that must hold, each metric under each split; then what real campaigns bring with them."""
    revenue = worlds.heavy_buyers()
    orders = worlds.heavy_buyers(several=(0.7, 0.2, 0.1))
    for split, shares in SPLITS.items():
        for rate in RATES:
            draw = partial(_rates, shares=np.array(shares), rates=np.full(len(shares), rate))
            yield _case(f"proportion {rate:g}", "proportion", split, draw, rate, sizes.campaigns)
        metrics: list[tuple[str, MomentKind, worlds.Buyers]] = [
            ("revenue", "mean", revenue),
            ("revenue per order", "ratio", orders),
        ]
        for metric, kind, buyers in metrics:
            bought = partial(_purchases, shares=np.array(shares), buyers=buyers)
            yield _case(metric, kind, split, bought, truth(buyers, kind == "ratio"), sizes.purchases)
    yield from _hard_cases(sizes.campaigns)


def _hard_cases(campaigns: int) -> Iterator[Case]:
    for split in ("50/50", "5/95"):
        shares = np.array(SPLITS[split])
        for metric, wait, crowd in (("conversions delayed", 20.0, False), ("everybody comes first", 100.0, True)):
            late = partial(_delayed, shares=shares, rate=0.05, wait=wait, crowd=crowd)
            yield _case(f"proportion 0.05, {metric}", "proportion", split, late, 0.05, campaigns)
        for metric, rates, worth in (
            ("equal means, test varies more", (0.1, 0.05), (1.0, 2.0)),
            ("equal means, control varies more", (0.05, 0.1), (2.0, 1.0)),
        ):
            unequal = partial(_spread, shares=shares, rates=np.array(rates), worth=np.array(worth))
            yield _case(metric, "mean", split, unequal, (0.1, 0.4), campaigns)
    for split in ("50/50", "5/95"):
        high = partial(_rates, shares=np.array(SPLITS[split]), rates=np.full(2, 0.99))
        yield _case("proportion 0.99, planned for +0.5 %", "proportion", split, high, 0.99, campaigns, effect=0.005)
    yield _case("two rules, weights changed", "proportion", "90/10, then 50/50", _mixed, 0.05, campaigns)


def _case(
    metric: str,
    kind: MomentKind,
    split: str,
    draw: Draw,
    expected: float | tuple[float, float],
    campaigns: int,
    *,
    effect: float = 0.1,
) -> Case:
    """With its plan: from a rate, or from value and deviation."""
    shares = SPLITS.get(split, (0.5, 0.5))
    named = {("control" if i == 0 else f"arm{i}"): share for i, share in enumerate(shares)}
    if isinstance(expected, tuple):
        plan = sample_size("mean", expected[0], effect=effect, deviation=expected[1], shares=named)
    else:
        plan = sample_size("proportion", expected, effect=effect, shares=named)
    return Case(
        metric=metric, kind=kind, split=split, draw=draw, plan=plan, campaigns=campaigns, comparisons=len(shares) - 1
    )


def _rates(
    rng: np.random.Generator, campaigns: int, steps: worlds.Array, *, shares: worlds.Array, rates: worlds.Array
) -> list[worlds.Looks]:
    return [worlds.proportions(rng, campaigns, steps, shares, rates)]


def _purchases(
    rng: np.random.Generator, campaigns: int, steps: worlds.Array, *, shares: worlds.Array, buyers: worlds.Buyers
) -> list[worlds.Looks]:
    return [worlds.purchases(rng, campaigns, steps, shares, buyers)]


def _delayed(
    rng: np.random.Generator,
    campaigns: int,
    steps: worlds.Array,
    *,
    shares: worlds.Array,
    rate: float,
    wait: float,
    crowd: bool,
) -> list[worlds.Looks]:
    if crowd:
        steps = np.minimum(steps[-1], np.arange(1, len(steps) + 1) * (steps[-1] // 10 + 1))
    return [worlds.delayed(rng, campaigns, steps, shares, rate, wait=wait)]


def _spread(
    rng: np.random.Generator,
    campaigns: int,
    steps: worlds.Array,
    *,
    shares: worlds.Array,
    rates: worlds.Array,
    worth: worlds.Array,
) -> list[worlds.Looks]:
    return [worlds.spread(rng, campaigns, steps, shares, rates, worth)]


def _mixed(rng: np.random.Generator, campaigns: int, steps: worlds.Array) -> list[worlds.Looks]:
    """Two rules at 10 and 2 %, the second with 90 % control at first; from half-time on everything converts half
    more."""
    half = int(steps[len(steps) // 2])
    first, second = np.minimum(steps, half) // 2, np.maximum(steps - half, 0) // 2
    even, uneven = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    return [
        worlds.proportions(rng, campaigns, people, shares, np.full(2, rate))
        for people, shares, rate in (
            (first, even, 0.10),
            (first, uneven, 0.02),
            (second, even, 0.15),
            (second, even, 0.03),
        )
    ]


def truth(buyers: worlds.Buyers, ratio: bool) -> tuple[float, float]:
    """Value and deviation of capped totals, as a plan needs them."""
    chances = buyers.rate * buyers.probabilities()
    cap = buyers.totals[int((chances[::-1].cumsum()[::-1] > 0.001).sum()) - 1]
    y, d = np.minimum(buyers.totals, cap), buyers.orders
    mean, per = float(chances @ y), float(chances @ d)
    if not ratio:
        return mean, float(np.sqrt(chances @ y**2 - mean**2))
    return mean / per, float(np.sqrt(chances @ (y - mean / per * d) ** 2)) / per


def measure(case: Case, sizes: Sizes, seed: int) -> list[Share]:
    """Three ways to look: with the plan, without one, and in a thirtieth of it with a plan for that and most looks
    early."""
    rng = np.random.default_rng(seed)
    people = int(case.plan.people * sizes.length)
    small = msgspec.structs.replace(case.plan, pair=case.plan.pair / 30, effect=case.plan.effect * 30**0.5)
    late = _shares(rng, case, worlds.spaced(people, sizes.looks), {"planned": case.plan, "no plan": None}, case.kind)
    few = worlds.spaced(max(2_000, people // 30), sizes.looks, early=True)
    return [*late, *_shares(rng, case, few, {"planned far too small, most looks early": small}, case.kind)]


def _shares(
    rng: np.random.Generator, case: Case, steps: worlds.Array, plans: dict[str, Plan | None], kind: MomentKind
) -> list[Share]:
    declared, bare = dict.fromkeys(plans, 0.0), 0.0
    for start in range(0, case.campaigns, BATCH):
        batch = min(BATCH, case.campaigns - start)
        strata = case.draw(rng, batch, steps)
        for name, plan in plans.items():
            found = evidence(strata, kind, plan)
            declared[name] += batch * ever(found.declared(case.comparisons))
        pooled = worlds.together(strata) if len(strata) > 1 else strata
        bare += batch * bare_rule(evidence(pooled, kind, None))
    return [
        Share(
            metric=case.metric,
            split=case.split,
            plan=name,
            campaigns=case.campaigns,
            declared=count / case.campaigns,
            bare=bare / case.campaigns,
        )
        for name, count in declared.items()
    ]
