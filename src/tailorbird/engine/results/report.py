"""What a reader is answered. Times are UTC milliseconds; shares and rates are between 0 and 1."""

from __future__ import annotations

from typing import Literal

import msgspec

from tailorbird.domain.moments import MomentKind
from tailorbird.engine.results.course import Anew
from tailorbird.engine.results.view import Choice

Role = Literal["primary", "secondary", "guardrail", "global"]


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """How one arm did in one goal."""

    #: people that count for this goal
    people: int
    #: people with a completion
    conversions: int
    #: of all people: completions, or the sum of their totals, capped
    total: float
    #: rate of completion, mean per person, or of ratios numerator by denominator; null without people
    value: float | None
    #: of ratios: the sum of the denominators
    per: float | None = None


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """From, to: the true value is inside with 95 %, given what was assumed."""

    low: float
    high: float


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Decided or not yet, and why not."""

    outcome: Literal["better", "worse"] | None = None
    e_value: float | None = None
    #: what the e-value has to reach: 20 times the number of comparisons
    threshold: float = 20.0
    #: names of what is missing; empty exactly when there is an outcome
    reasons: tuple[str, ...] = ()


class Lift(msgspec.Struct, frozen=True, kw_only=True):
    """One arm against its baseline in one goal."""

    #: experience id; ``test``: all experiences of the campaign together
    arm: str
    baseline: str
    #: people in rules and epochs that hold both arms, and those left out because theirs do not
    people: int
    baseline_people: int
    left_out: int
    #: values standardised to the same mix of rules and epochs
    value: float | None
    baseline_value: float | None
    #: 0.1 is ten percent more than the baseline
    lift: float | None
    interval: Interval | None
    difference: float | None
    difference_interval: Interval | None
    #: chance that the arm is better than the baseline: shown all the time, decides nothing
    chance_to_beat: float | None
    #: what choosing the arm costs on average if it is worse in truth, as a share of the baseline's value
    expected_loss: float | None
    #: evidence against "no difference" that stays true however often one looks
    e_value: float | None
    too_little_data: bool
    verdict: Verdict
    #: names of why figures are missing
    lacks: tuple[str, ...] = ()


class Chance(msgspec.Struct, frozen=True, kw_only=True):
    """How likely an arm is the best of its rule, and what choosing it costs on average, in the goal's unit."""

    chance_to_be_best: float
    expected_loss: float


class GoalArm(msgspec.Struct, frozen=True, kw_only=True):
    """One arm of one rule in one goal."""

    rule: str
    arm: str
    reached: Reached
    lift: Lift | None = None
    best: Chance | None = None


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """How many people the campaign needs to find the smallest lift worth finding, at the baseline's results so far."""

    lift: float
    people: int
    #: at the traffic of the last seven days; null without traffic
    days_left: float | None


class GoalReport(msgspec.Struct, frozen=True, kw_only=True):
    """One goal."""

    id: str
    key: str
    name: str
    role: Role
    kind: MomentKind
    better: Literal["higher", "lower"]
    window_days: float
    currency: str | None = None
    #: where totals were cut off; null = nowhere
    cap: float | None = None
    per_cap: float | None = None
    arms: tuple[GoalArm, ...] = ()
    #: all experiences against control, in the same rules and epochs
    campaign: Lift | None = None
    need: Need | None = None
    #: why it could not be counted
    problem: str | None = None


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One arm of one rule: an experience, or control."""

    rule: str
    rule_name: str
    arm: str
    name: str
    #: people whose first exposure was in it
    people: int
    impressions: int = 0
    clicks: int = 0
    dismissals: int = 0
    #: people who clicked
    clickers: int = 0
    #: clicks by impressions; null without impressions
    click_through: float | None = None
    #: people who met another arm of their rule, or control, later on
    crossed: int = 0


class GroupReport(msgspec.Struct, frozen=True, kw_only=True):
    """One value of the dimension that was asked for; null = it was not known."""

    value: str | None
    people: int
    arms: tuple[Arm, ...]
    goals: tuple[GoalReport, ...]


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """How the people of one rule, in one epoch of its shares, fell on its arms."""

    rule: str
    epoch: int
    observed: dict[str, int]
    expected: dict[str, float]
    leaked: int
    e_value: float


class SampleRatio(msgspec.Struct, frozen=True, kw_only=True):
    """Whether people fell on the arms as intended. If not, no figure can be trusted."""

    e_value: float
    mismatch: bool
    #: of the classical test, right for one look only
    p_value: float
    #: people in an arm that had no share in their version, and whether they are too many
    leaked: int
    leak: bool
    splits: tuple[Split, ...] = ()


class Crossed(msgspec.Struct, frozen=True, kw_only=True):
    """People who met more than one arm. They count in their first: leaving them out would bias."""

    people: int
    share: float
    #: above 1 %
    alarm: bool
    #: people who came into another rule when facts changed; that is no crossing
    moved: int
    #: of the crossed: people whose devices were exposed apart, before anybody knew that they belong together
    conflicts: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The results of one campaign as one reader chose to see them."""

    campaign: str
    key: str
    name: str
    status: str
    version: int
    as_of: int
    started_at: int | None
    #: people exposed since then count; null = all of them
    measured_since: int | None
    #: every change that made the verdict begin anew, the newest last
    restarts: tuple[Anew, ...]
    attribution: Literal["view", "click"]
    baseline: str
    #: what was chosen that was not fixed at the start; empty exactly when this is the view of the verdict
    exploratory: tuple[Choice, ...]
    people: int
    first_exposure_at: int | None
    last_exposure_at: int | None
    arms: tuple[Arm, ...]
    goals: tuple[GoalReport, ...]
    groups: tuple[GroupReport, ...] = ()
    #: absent where people are counted in several groups
    sample_ratio: SampleRatio | None = None
    crossed: Crossed
    #: sentences that a reader should know
    notes: tuple[str, ...] = ()
