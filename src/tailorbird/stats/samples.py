"""Did people fall on the arms as intended? One test per rule and epoch, multiplied; it may be looked at all the time.

In a stratum with intended shares π and counts x, the Dirichlet-multinomial likelihood with α = κ·π over the
multinomial one is an e-process under "shares kept" (Lindon and Malek 2020, *Anytime-valid inference for multinomial
count data*). Products over strata are one too, and so is the average over κ: small κ finds gross errors early, large
κ finds a deviation of a tenth of a percent late. Pearson's χ² stands beside it for comparison; arms without a share
count in neither, their people are leaks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from tailorbird.domain.moments import Stratum
from tailorbird.stats.beta import Array
from tailorbird.stats.lift import SampleRatio, Split

#: prior sizes κ; a share is expected within about √(π(1-π)/κ) of what was intended
CONCENTRATIONS = np.array([1e2, 1e3, 1e4, 1e5])
#: the e-value that is called a mismatch
ALARM = 100.0
#: leaks that alarm: more than this many, and more than this part of all people
FEW_LEAKS, LEAK_SHARE = 5, 0.0001
#: the logarithm at which an e-value stops growing, so that it can be written down
MOST = 690.0


def sample_ratio(strata: Sequence[Stratum]) -> SampleRatio:
    """The test over all strata. ``Moments.n`` is all it reads of the arms."""
    logs, chi, degrees = np.zeros(len(CONCENTRATIONS)), 0.0, 0
    splits = []
    for stratum in strata:
        split, counts, shares = _split(stratum)
        if len(counts) > 1 and counts.sum() > 0:
            own = log_evidence(counts, shares)
            logs = logs + own
            expected = counts.sum() * shares
            chi, degrees = chi + float(((counts - expected) ** 2 / expected).sum()), degrees + len(counts) - 1
            split = _with_evidence(split, own)
        splits.append(split)
    leaked = sum(split.leaked for split in splits)
    people = sum(sum(split.observed.values()) for split in splits)
    e_value = _average(logs)
    return SampleRatio(
        people=people,
        e_value=e_value,
        mismatch=e_value >= ALARM,
        p_value=float(special.gammaincc(degrees / 2, chi / 2)) if degrees else 1.0,
        degrees=degrees,
        leaked=leaked,
        leak=leaked > max(FEW_LEAKS, LEAK_SHARE * people),
        splits=tuple(splits),
    )


def _split(stratum: Stratum) -> tuple[Split, Array, Array]:
    total = sum(share for share in stratum.shares.values() if share > 0)
    shares = {arm: share / total for arm, share in stratum.shares.items() if share > 0}
    observed = {arm: moments.n for arm, moments in stratum.arms.items()} | {
        arm: 0 for arm in shares if arm not in stratum.arms
    }
    kept = sum(count for arm, count in observed.items() if arm in shares)
    split = Split(
        rule=stratum.rule,
        epoch=stratum.epoch,
        observed=observed,
        expected={arm: share * kept for arm, share in shares.items()},
        leaked=sum(observed.values()) - kept,
    )
    counts = np.array([observed[arm] for arm in shares], dtype=np.float64)
    return split, counts, np.array(list(shares.values()), dtype=np.float64)


def _with_evidence(split: Split, logs: Array) -> Split:
    return Split(
        rule=split.rule,
        epoch=split.epoch,
        observed=split.observed,
        expected=split.expected,
        leaked=split.leaked,
        e_value=_average(logs),
    )


def log_evidence(counts: Array, shares: Array) -> Array:
    """The logarithm of each concentration's likelihood ratio; counts may have further axes in front."""
    people = counts.sum(axis=-1)[..., None]
    sizes = CONCENTRATIONS
    alpha = sizes[:, None] * shares
    rising = special.gammaln(alpha + counts[..., None, :]) - special.gammaln(alpha)
    mixed = special.gammaln(sizes) - special.gammaln(sizes + people) + rising.sum(axis=-1)
    return np.asarray(mixed - (counts * np.log(shares)).sum(axis=-1)[..., None])


def _average(logs: Array) -> float:
    return math.exp(min(float(special.logsumexp(logs)) - math.log(len(logs)), MOST))
