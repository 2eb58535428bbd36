"""What a comparison answers: plain frozen values. A figure that cannot be had is ``None``, with the word that says
why."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

Better = Literal["higher", "lower"]
Engine = Literal["bayesian", "delta"]
#: ``relative``: the posterior is of the ratio of the two values; ``absolute``: of their difference
Scale = Literal["relative", "absolute"]
Interval = tuple[float, float]


class Shortfall(StrEnum):
    """Why a figure or a verdict is not there: a closed list."""

    #: an arm has nobody in it
    NO_PEOPLE = "NO_PEOPLE"
    #: both arms have people, but in no rule and epoch both of them
    NO_SHARED_STRATUM = "NO_SHARED_STRATUM"
    #: a variance needs two people in each arm
    TOO_FEW_PEOPLE = "TOO_FEW_PEOPLE"
    #: everybody has the same value: nothing can be said about chance
    ZERO_VARIANCE = "ZERO_VARIANCE"
    #: the baseline's value is zero: no change relative to it exists
    ZERO_BASELINE = "ZERO_BASELINE"
    #: the arm's value is zero: the logarithm of the ratio does not exist
    ZERO_VALUE = "ZERO_VALUE"
    #: the values are, or can be, negative: a relative change would not mean what it says
    SIGNED_VALUES = "SIGNED_VALUES"
    #: the denominators of a ratio sum up to nothing
    ZERO_DENOMINATOR = "ZERO_DENOMINATOR"
    #: a proportion's verdict needs 35 completions in each group
    TOO_FEW_COMPLETIONS = "TOO_FEW_COMPLETIONS"
    #: the verdict of a mean or ratio needs 200 contributing people in each group
    TOO_FEW_CONTRIBUTING = "TOO_FEW_CONTRIBUTING"
    #: verdicts on sums, means and ratios use capped totals
    NOT_CAPPED = "NOT_CAPPED"
    #: this view was not fixed at the start: estimates and intervals, no verdict
    EXPLORATORY = "EXPLORATORY"
    #: the e-value has not reached what the number of comparisons asks for
    NOT_ENOUGH_EVIDENCE = "NOT_ENOUGH_EVIDENCE"
    #: the evidence and the posterior point in different directions: the effect differs between rules or epochs
    DIRECTIONS_DIFFER = "DIRECTIONS_DIFFER"


class Prior(msgspec.Struct, frozen=True, kw_only=True):
    """What is assumed before the first person. The default says next to nothing."""

    #: Beta(a, b) of a proportion, each at least ½; Jeffreys' prior. Strata share it: it counts once per arm, however
    #: many there are
    a: float = 0.5
    b: float = 0.5
    #: delta engine only: normal prior of the relative lift; ``None`` is flat
    lift_mean: float = 0.0
    lift_variance: float | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a campaign was planned for. Fixed at the start, since the e-value is tuned to it."""

    #: the relative change that is worth finding: with a power of 80 % it is found in the planned sample
    effect: float = 0.1
    #: that sample: all arms together, control included
    people: int = 0
    #: of one comparison: n·m/(n+m) for arms of n and m people. The same for every arm, whatever its share. It tunes
    #: the
    #: e-value of values that can be negative, which have no relative change; 0 where it is not known
    pair: float = 0.0
    #: where the planned effect puts the test's z at the planned sample: z(1-α/2k) + z(power)
    drift: float = 2.8015851


class Lift(msgspec.Struct, frozen=True, kw_only=True):
    """One arm against the baseline for one goal. Signs are as observed; ``better`` is in chances and losses only."""

    arm: str
    baseline: str
    #: people of strata that hold both arms; those of other strata cannot be compared and are left out
    people: int = 0
    baseline_people: int = 0
    left_out: int = 0
    #: people with a completion, in the same strata
    contributing: int = 0
    baseline_contributing: int = 0
    #: per person (ratio goals: per unit of the denominator), standardised to the same mix of strata
    value: float | None = None
    baseline_value: float | None = None
    better: Better = "higher"
    scale: Scale = "relative"
    #: as observed: 0.1 is 10 % more than the baseline (with a lift prior: the posterior's mean)
    lift: float | None = None
    #: credible interval of the relative change
    interval: Interval | None = None
    #: value minus baseline_value, and its credible interval
    difference: float | None = None
    difference_interval: Interval | None = None
    #: standard deviation of the posterior: of the log ratio (bayesian, relative), of the lift (delta), of the
    #: difference
    spread: float | None = None
    #: probability that the arm is better than the baseline
    chance_to_beat: float | None = None
    #: what choosing the arm costs on average if it is in truth worse, as a share of the baseline's value ...
    expected_loss: float | None = None
    #: ... and in units of the value
    expected_loss_value: float | None = None
    #: what keeping the baseline costs on average if the arm is in truth better; share, and units of the value
    keeping_loss: float | None = None
    keeping_loss_value: float | None = None
    #: anytime-valid evidence against "no difference": under it, 20 is reached in at most 5 % of campaigns, ever
    e_value: float | None = None
    #: the direction in which that evidence points: 1 up, -1 down, 0 none
    e_direction: int = 0
    #: below the least data of a verdict: the interval is not held to its level
    too_little_data: bool = True
    #: why figures are missing
    lacks: tuple[Shortfall, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Decided or not yet, and why not. Direction comes from the posterior, certainty from the e-value."""

    outcome: Literal["better", "worse"] | None = None
    e_value: float | None = None
    #: the e-value that was asked for: 20 times the number of comparisons
    threshold: float = 20.0
    #: empty exactly when there is an outcome
    lacks: tuple[Shortfall, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether there is an outcome."""
        return self.outcome is not None


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How likely an arm is the best of several, and what choosing it costs on average against the best."""

    arm: str
    chance_to_be_best: float
    #: in units of the value
    expected_loss_value: float


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """Several arms that share strata; empty, with the reason, where they cannot be compared."""

    shares: tuple[Share, ...] = ()
    #: people of all arms in strata that lack one of them, and so are left out
    left_out: int = 0
    lacks: tuple[Shortfall, ...] = ()


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """How the people of one rule in one epoch fell on its arms, and how they were meant to."""

    rule: str
    epoch: int
    observed: dict[str, int]
    expected: dict[str, float]
    #: exposures in arms without a share
    leaked: int = 0
    #: evidence against the intended shares; 1 where fewer than two arms have one
    e_value: float = 1.0


class SampleRatio(msgspec.Struct, frozen=True, kw_only=True):
    """Whether people fell on the arms as intended. A mismatch means that no figure of the campaign can be trusted."""

    people: int
    #: over all strata, valid at every look
    e_value: float
    #: the e-value reached 100: with shares kept that happens in at most 1 % of campaigns, ever
    mismatch: bool
    #: Pearson's χ² summed over strata; right for one look only, false alarms grow with looks
    p_value: float
    degrees: int
    #: exposures in an arm that had no range in its version, and whether they are more than max(5, 0.01 %)
    leaked: int
    leak: bool
    splits: tuple[Split, ...] = ()
