"""What other tools call sequential, to check their numbers against ours; nothing here decides anything.

``sequence``: the asymptotic confidence sequence around a difference, tuned to a sample (Waudby-Smith et al. 2021, as
in GrowthBook's sequential tests). ``bayes_factor``: two rates against one, averaged over priors (as in Bucketeer);
its error rate is an average over the prior, and each comparison has its own.
"""

from __future__ import annotations

import math

import msgspec
from scipy import special

from tailorbird.stats.lift import Interval, Prior

#: the sample at which the sequence is narrowest
TUNING = 5000


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """An interval that holds at every look, and the p-value that goes with it."""

    interval: Interval
    p_value: float
    rho: float


def sequence(estimate: float, spread: float, people: int, *, level: float = 0.95, tuning: float = TUNING) -> Sequence:
    """The confidence sequence at ``people`` in both arms together, of an estimate with standard error ``spread``.

    ρ² = (−2·ln α + ln(−2·ln α + 1))/tuning; half = spread·√N·√(2(Nρ² + 1)/(N²ρ²)·ln(√(Nρ² + 1)/α)).
    """
    alpha = 1 - level
    rho = math.sqrt((-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuning)
    known = people * rho * rho
    half = (
        spread
        * math.sqrt(people)
        * math.sqrt(2 * (known + 1) / (people * known) * math.log(math.sqrt(known + 1) / alpha))
    )
    z = estimate / spread
    log_evidence = rho * rho * z * z * people / (2 * (known + 1)) - math.log(known + 1) / 2
    return Sequence(interval=(estimate - half, estimate + half), p_value=math.exp(min(0.0, -log_evidence)), rho=rho)


def bayes_factor(control: tuple[float, float], test: tuple[float, float], prior: Prior | None = None) -> float:
    """How much better two rates predict (completions, people) of both arms than one rate does."""
    a, b = (prior.a, prior.b) if prior is not None else (1.0, 1.0)
    arms = [(a + done, b + people - done) for done, people in (control, test)]
    done, people = control[0] + test[0], control[1] + test[1]
    apart = sum(float(special.betaln(*arm)) for arm in arms) - 2 * float(special.betaln(a, b))
    together = float(special.betaln(a + done, b + people - done)) - float(special.betaln(a, b))
    return math.exp(min(690.0, apart - together))
