"""Better, worse or not yet decided, and why not: certainty from the e-value, direction from the posterior.

A verdict exists only for what was fixed at the start: the primary goal, and guardrails with a budget of their own,
of the whole campaign, with window, attribution and baseline unchanged. Everything else is exploratory.
"""

from __future__ import annotations

from tailorbird.domain.moments import MomentKind
from tailorbird.stats.lift import Lift, Shortfall, Verdict

#: an e-value reaches this under "no difference" in at most 1 of 20 campaigns
EVIDENCE = 20.0
#: completions that a proportion's verdict needs in each group
COMPLETIONS = 35
#: people with a completion that the verdict of a mean or ratio needs in each group
CONTRIBUTING = 200


def too_little(kind: MomentKind, contributing: int, baseline_contributing: int) -> Shortfall | None:
    """What is missing in the smaller group before a verdict can be given."""
    fewest = min(contributing, baseline_contributing)
    if kind == "proportion":
        return Shortfall.TOO_FEW_COMPLETIONS if fewest < COMPLETIONS else None
    return Shortfall.TOO_FEW_CONTRIBUTING if fewest < CONTRIBUTING else None


def verdict(
    lift: Lift, kind: MomentKind, *, comparisons: int = 1, capped: bool = True, exploratory: bool = False
) -> Verdict:
    """The verdict on one lift, of a goal that is compared ``comparisons`` times in all.

    ``comparisons`` is the number of arms (for guardrails: times guardrails) that share one budget of 5 %. ``capped``
    says whether totals were capped at the pooled 99.9th percentile; it does not matter to proportions.
    """
    threshold = EVIDENCE * max(1, comparisons)
    lacks = tuple(_lacks(lift, kind, threshold, capped, exploratory))
    if lacks:
        return Verdict(e_value=lift.e_value, threshold=threshold, lacks=lacks)
    return Verdict(outcome="better" if _wins(lift) else "worse", e_value=lift.e_value, threshold=threshold)


def _wins(lift: Lift) -> bool:
    return (lift.chance_to_beat or 0.0) > 0.5


def _directions_differ(lift: Lift) -> bool:
    upward = lift.e_direction > 0
    return _wins(lift) != (upward if lift.better == "higher" else not upward)


def _lacks(lift: Lift, kind: MomentKind, threshold: float, capped: bool, exploratory: bool) -> list[Shortfall]:
    if exploratory:
        return [Shortfall.EXPLORATORY]
    if lift.e_value is None or lift.chance_to_beat is None:
        return list(lift.lacks) or [Shortfall.NOT_ENOUGH_EVIDENCE]
    found = [too_little(kind, lift.contributing, lift.baseline_contributing)]
    if not capped and kind != "proportion":
        found.append(Shortfall.NOT_CAPPED)
    if lift.e_value < threshold:
        found.append(Shortfall.NOT_ENOUGH_EVIDENCE)
    elif _directions_differ(lift):
        found.append(Shortfall.DIRECTIONS_DIFFER)
    return [lack for lack in found if lack is not None]
