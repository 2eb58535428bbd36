"""How many people a campaign needs, and how many days that is.

The fixed-horizon sample of a two-sided test at 5 % (divided by the number of comparisons) with 80 % power: for two
proportions with the pooled variance under "no difference" and their own under the planned effect (Fleiss, Levin and
Paik 2003, 4.14), for means and ratios with one deviation. A campaign that is looked at all the time and ends with its
verdict needs about nine tenths of it in the median when the planned effect is there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from scipy import special

from tailorbird.domain.errors import Invalid
from tailorbird.domain.moments import MomentKind, Moments
from tailorbird.stats.lift import Plan
from tailorbird.stats.standard import cell, residual_variance

#: what the control of one campaign's errors is worth, and how often a planned effect shall be found
ALPHA, POWER = 0.05, 0.8
#: the relative change that is planned for when nobody says
EFFECT = 0.1


def sample_size(
    kind: MomentKind,
    baseline: float,
    *,
    effect: float = EFFECT,
    deviation: float | None = None,
    shares: Mapping[str, float],
    control: str = "control",
    comparisons: int | None = None,
    power: float = POWER,
) -> Plan:
    """The plan to find a relative change of ``effect`` in each arm against ``control``.

    ``baseline`` is control's rate, mean or ratio; ``deviation`` the standard deviation of a person's total (for
    ratios of the residual per unit: ``spread_of`` gives both from what was seen). ``shares`` are weights of all arms,
    control included. Raises ``Invalid`` where no sample can find the effect.
    """
    _checked(kind, baseline, effect, deviation, shares, control, power)
    others = {arm: share for arm, share in shares.items() if arm != control and share > 0}
    z = float(special.ndtri(1 - ALPHA / 2 / (comparisons or len(others))))
    drift = z + float(special.ndtri(power))
    whole, held = sum(share for share in shares.values() if share > 0), shares[control]
    people, pairs = 0.0, 0.0
    for share in others.values():
        if kind == "proportion":
            pair = _pair_of_rates(baseline, baseline * (1 + effect), share / (share + held), z, drift - z)
        else:
            pair = (drift * (deviation or 0.0) / (effect * baseline)) ** 2
        pairs = max(pairs, pair)
        people = max(people, pair * (1 / share + 1 / held) * whole)
    return Plan(effect=effect, people=math.ceil(people), pair=pairs, drift=drift)


def _pair_of_rates(control: float, test: float, part: float, z: float, power: float) -> float:
    """n·m/(n+m) of two arms of which the test arm is ``part``."""
    pooled = part * test + (1 - part) * control
    null = math.sqrt(pooled * (1 - pooled))
    true = math.sqrt(test * (1 - test) * (1 - part) + control * (1 - control) * part)
    return ((z * null + power * true) / (test - control)) ** 2


def spread_of(moments: Moments, kind: MomentKind) -> tuple[float, float] | None:
    """Value and deviation of what was seen, as ``sample_size`` takes them; ``None`` where there is no such value."""
    if moments.n < 2:
        return None
    one = cell(moments, kind)
    if kind != "ratio":
        return one.mean, math.sqrt(max(0.0, one.variance))
    if one.per == 0:
        return None
    ratio = one.mean / one.per
    return ratio, math.sqrt(residual_variance(one, ratio)) / abs(one.per)


def days_left(plan: Plan, people: int, per_day: float) -> float | None:
    """Days until the planned sample at this traffic; 0 when it is reached, ``None`` without traffic."""
    missing = plan.people - people
    if missing <= 0:
        return 0.0
    return missing / per_day if per_day > 0 else None


def _checked(
    kind: MomentKind,
    baseline: float,
    effect: float,
    deviation: float | None,
    shares: Mapping[str, float],
    control: str,
    power: float,
) -> None:
    if not math.isfinite(effect) or effect == 0:
        raise Invalid.field("effect", "a relative change other than 0", effect)
    if not 0 < power < 1:
        raise Invalid.field("power", "a probability between 0 and 1", power)
    if shares.get(control, 0.0) <= 0 or not any(share > 0 for arm, share in shares.items() if arm != control):
        raise Invalid.field("shares", f"a share of {control} and of another arm", dict(shares))
    if kind == "proportion":
        if not (0 < baseline < 1 and 0 < baseline * (1 + effect) < 1):
            raise Invalid.field("baseline", "a rate that stays between 0 and 1 with the effect", baseline)
    elif baseline == 0 or not math.isfinite(baseline):
        raise Invalid.field("baseline", "a value other than 0", baseline)
    elif deviation is None or not deviation > 0:
        raise Invalid.field("deviation", "a standard deviation above 0", deviation)
