"""Slot ranges over a campaign's life: carried from the version in force, edited minimally, counted in epochs."""

from __future__ import annotations

from math import inf

from msgspec.structs import replace

from tailorbird.decision.ranges import allocate
from tailorbird.domain.campaign import Campaign, Rule


def settle_ranges(campaign: Campaign, current: Campaign | None) -> Campaign:
    """``campaign`` with the ranges and epochs it gets when it follows ``current``, the version in force.

    Rules and experiences are recognised by id, so every id must be filled in. Ranges and epochs that ``campaign``
    brings along count only when nothing is in force (an import): a rollback restores weights, never old ranges.
    """
    known = {rule.id: rule for rule in (current or campaign).rules}
    return replace(campaign, rules=tuple(_settle(rule, known.get(rule.id)) for rule in campaign.rules))


def _settle(rule: Rule, before: Rule | None) -> Rule:
    # A weight that means nothing counts as none here; compiling the campaign refuses it with its path.
    shares = {e.id: e.weight if not e.paused and 0 < e.weight < inf else 0.0 for e in rule.experiences}
    previous = before.ranges if before is not None else {}
    epoch = before.epoch if before is not None else 0
    ranges = allocate(previous, shares)
    changed = bool(previous) and ranges != previous
    return replace(rule, ranges=ranges, epoch=epoch + 1 if changed else epoch)
