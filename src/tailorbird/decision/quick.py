"""The short way to an arm, for the plans that most are: running, always open, in no exclusion set, without caps.

A plan that qualifies gets one closure at publish that asks its audiences and draws, and nothing else. It leads where
``choose`` leads (a property test holds the two together); everything that is rarer goes through ``choose``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import mmh3

from tailorbird.decision.bucket import CONTROL, SLOTS, prefix
from tailorbird.decision.schedule import Timetable
from tailorbird.domain.campaign import Campaign
from tailorbird.domain.facts import Arm
from tailorbird.targeting import Condition, Subject

if TYPE_CHECKING:
    from tailorbird.decision.plan import PlanRule

#: From a subject and the bytes of the id that is drawn on to the arm; None where no rule matches.
Quick = Callable[[Subject, bytes], Arm | None]
_Match = Callable[[Subject], bool]
#: what a rule needs for its two draws: audience, control's arm, the split's prefix, bounds of hashes, arms by range
_Rule = tuple[_Match, Arm, bytes, tuple[int, ...], tuple[Arm, ...]]

_hash = mmh3.hash


def quick_way(
    campaign: Campaign, audience: Condition | None, open_: Timetable, rules: Sequence[PlanRule]
) -> Quick | None:
    """The closure of a plan of the simple kind; None for every other."""
    simple = campaign.status == "running" and open_.always and not campaign.exclusion_set and not campaign.expose
    asked = [rule for rule in rules if rule.audience is not None]
    if not simple or not asked or any(not _is_simple(rule) for rule in asked):
        return None
    parts = tuple(_parts(campaign.salt, rule, rule.audience) for rule in asked if rule.audience is not None)
    slots = _least_hash(round(campaign.control * SLOTS / 100))
    control = prefix(campaign.salt, CONTROL)
    if audience is None and len(parts) == 1:
        return _single(control, slots, *parts[0])
    return _several(control, slots, audience, parts)


def _is_simple(rule: PlanRule) -> bool:
    return rule.open.always and not rule.devices and rule.cap == "always" and bool(rule.owners)


def _parts(salt: str, rule: PlanRule, audience: Condition) -> _Rule:
    bounds = () if rule.whole else tuple(map(_least_hash, rule.bounds))
    return audience.match, rule.control, prefix(salt, rule.purpose), bounds, tuple(o.arm for o in rule.owners)


def _least_hash(slot: int) -> int:
    """The least 32-bit hash that falls into ``slot`` or above, so that hashes need not be scaled: ``hash * SLOTS >> 32
    >= slot`` exactly where ``hash >= _least_hash(slot)``."""
    return -(-(slot << 32) // SLOTS)


def _several(control: bytes, control_below: int, audience: Condition | None, rules: tuple[_Rule, ...]) -> Quick:
    match = audience.match if audience is not None else None

    def arm(subject: Subject, visitor: bytes) -> Arm | None:
        if match is not None and not match(subject):
            return None
        for matches, held_back, split, bounds, arms in rules:
            if matches(subject):
                if control_below and _hash(control + visitor, 0, False) < control_below:
                    return held_back
                return arms[bisect_right(bounds, _hash(split + visitor, 0, False))] if bounds else arms[0]
        return None

    return arm


def _single(
    control: bytes,
    control_below: int,
    matches: _Match,
    held_back: Arm,
    split: bytes,
    bounds: tuple[int, ...],
    arms: tuple[Arm, ...],
) -> Quick:
    """The same for one rule, which most campaigns have."""

    def arm(subject: Subject, visitor: bytes) -> Arm | None:
        if not matches(subject):
            return None
        if control_below and _hash(control + visitor, 0, False) < control_below:
            return held_back
        return arms[bisect_right(bounds, _hash(split + visitor, 0, False))] if bounds else arms[0]

    return arm
