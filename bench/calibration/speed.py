"""A true difference: how many people until the verdict, against the sample of one look at the end?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from bench.calibration import worlds
from bench.calibration.looking import evidence
from tailorbird.stats import Plan, sample_size

#: what is promised, in fixed-horizon samples
MEDIAN, MEAN = 1.2, 1.35
RATES = (0.05, 0.1, 0.3)
#: campaigns drawn at a time: what fits into memory
BATCH = 250


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is simulated."""

    campaigns: int = 4000
    #: looks in one planned sample, and planned samples until a campaign is given up
    looks: int = 200
    longest: int = 4


class Duration(msgspec.Struct, frozen=True, kw_only=True):
    """People until the verdict, as shares of the fixed-horizon sample."""

    case: str
    rate: float
    arms: int
    fixed: int
    median: float
    mean: float
    #: the shares of campaigns decided within one and within two samples
    within_one: float
    within_two: float
    #: decided for the wrong side
    wrong: float
    campaigns: int
    #: whether the promise is about this case
    promised: bool

    @property
    def met(self) -> bool:
        """Whether median and mean are as promised."""
        return self.median <= MEDIAN and self.mean <= MEAN


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A true effect under a plan for 10 %."""

    name: str
    rate: float
    arms: int = 2
    effect: float = 0.1
    planned: bool = True
    promised: bool = True


def cases() -> Iterator[Case]:
    """The promised ones, then what happens otherwise."""
    for rate in RATES:
        yield Case(name="+10 %, planned for +10 %", rate=rate)
    for rate in RATES:
        yield Case(name="+10 % in each of three arms", rate=rate, arms=4)
    yield Case(name="+10 %, no plan", rate=0.1, planned=False, promised=False)
    yield Case(name="+20 %, planned for +10 %", rate=0.1, effect=0.2, promised=False)
    yield Case(name="+5 %, planned for +10 %", rate=0.1, effect=0.05, promised=False)
    yield Case(name="-10 %, planned for +10 %", rate=0.1, effect=-0.1, promised=False)


def measure(case: Case, sizes: Sizes, seed: int) -> Duration:
    """When the first experience is declared."""
    rng = np.random.default_rng(seed)
    shares = {("control" if i == 0 else f"arm{i}"): 1.0 for i in range(case.arms)}
    plan = sample_size("proportion", case.rate, shares=shares)
    fixed = sample_size("proportion", case.rate, effect=case.effect, shares=shares).people
    taken, wrong = [], 0
    for start in range(0, sizes.campaigns, BATCH):
        batch = min(BATCH, sizes.campaigns - start)
        hit, moved, steps = _first(rng, case, sizes, plan if case.planned else None, fixed, batch)
        taken.append(np.where(hit < len(steps), steps[np.minimum(hit, len(steps) - 1)], steps[-1]) / fixed)
        wrong += int((moved * np.sign(case.effect) < 0).sum())
    samples = np.concatenate(taken)
    return Duration(
        case=case.name,
        rate=case.rate,
        arms=case.arms,
        fixed=fixed,
        median=float(np.median(samples)),
        mean=float(samples.mean()),
        within_one=float((samples <= 1).mean()),
        within_two=float((samples <= 2).mean()),
        wrong=wrong / sizes.campaigns,
        campaigns=sizes.campaigns,
        promised=case.promised,
    )


def _first(
    rng: np.random.Generator, case: Case, sizes: Sizes, plan: Plan | None, fixed: int, batch: int
) -> tuple[worlds.Array, worlds.Array, worlds.Array]:
    """The look of each campaign's verdict (the number of looks where there is none), its direction, people by
    look."""
    steps = worlds.spaced(fixed * sizes.longest, sizes.looks * sizes.longest)
    rates = np.array([case.rate] + [case.rate * (1 + case.effect)] * (case.arms - 1))
    looks = worlds.proportions(rng, batch, steps, np.full(case.arms, 1 / case.arms), rates)
    found = evidence([looks], "proportion", plan)
    declared = found.declared(case.arms - 1)[:, :, 0]
    hit = np.where(declared.any(axis=1), declared.argmax(axis=1), len(steps))
    moved = np.sign(found.z[np.arange(batch), np.minimum(hit, len(steps) - 1), 0]) * (hit < len(steps))
    return hit, moved, steps
