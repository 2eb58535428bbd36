"""The sample-ratio test: false alarms when it is looked at 200 times, and how soon it sees a real mismatch."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
from scipy import special

from bench.calibration.validity import SPLITS
from tailorbird.stats.samples import ALARM, CONCENTRATIONS, log_evidence

#: the share of campaigns that may alarm although shares are kept
BUDGET = 0.01
#: where others draw the line with the classical test
CLASSICAL = 0.001
BATCH = 250


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is simulated."""

    campaigns: int = 4000
    looks: int = 200
    people: int = 100_000


class Alarms(msgspec.Struct, frozen=True, kw_only=True):
    """The share of campaigns that ever alarm."""

    split: str
    #: the share that control got instead of the intended one
    control: float
    sequential: float
    #: the χ² test at p < 0.001, looked at as often, and only once at the end
    classical: float
    once: float
    campaigns: int
    kept: bool

    @property
    def met(self) -> bool:
        """Whether false alarms stay within the budget and two standard errors; true for real mismatches."""
        limit = BUDGET + 2 * float(np.sqrt(BUDGET * (1 - BUDGET) / self.campaigns))
        return not self.kept or self.sequential <= limit


def measure(sizes: Sizes, seed: int) -> Iterator[Alarms]:
    """Shares kept, then control getting 4 % fewer people than intended."""
    rng = np.random.default_rng(seed)
    for split, shares in SPLITS.items():
        for lost in (0.0, 0.04):
            intended = np.array(shares)
            real = intended * np.array([1 - lost] + [1.0] * (len(shares) - 1))
            yield _alarms(rng, split, intended, real / real.sum(), sizes)


def _alarms(rng: np.random.Generator, split: str, intended: np.ndarray, real: np.ndarray, sizes: Sizes) -> Alarms:
    found = np.zeros(3)
    for start in range(0, sizes.campaigns, BATCH):
        batch = min(BATCH, sizes.campaigns - start)
        counts = rng.multinomial(sizes.people // sizes.looks, real, size=(batch, sizes.looks)).cumsum(axis=1)
        logs = special.logsumexp(log_evidence(counts.astype(float), intended), axis=-1) - np.log(len(CONCENTRATIONS))
        expected = counts.sum(axis=-1, keepdims=True) * intended
        p = special.gammaincc((len(intended) - 1) / 2, ((counts - expected) ** 2 / expected).sum(axis=-1) / 2)
        alarmed = (logs >= np.log(ALARM)).any(axis=1), (p < CLASSICAL).any(axis=1), p[:, -1] < CLASSICAL
        found += [float(each.sum()) for each in alarmed]
    sequential, classical, once = (float(share) for share in found / sizes.campaigns)
    return Alarms(
        split=split,
        control=float(real[0]),
        sequential=sequential,
        classical=classical,
        once=once,
        campaigns=sizes.campaigns,
        kept=bool(np.allclose(real, intended)),
    )
