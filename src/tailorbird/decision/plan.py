"""Plans: campaigns compiled for deciding. All that can be looked up, parsed or checked was done once, at publish."""

from __future__ import annotations

from typing import Literal

import msgspec

from tailorbird.decision.quick import Quick
from tailorbird.decision.ranges import lookup
from tailorbird.decision.schedule import Timetable
from tailorbird.domain.campaign import Campaign, Device, Experience, Rule, Status, TemplateRef
from tailorbird.domain.errors import Problem
from tailorbird.domain.facts import Arm
from tailorbird.domain.needs import Needs
from tailorbird.targeting import Condition
from tailorbird.templates import CompiledContent, pick_locale


class PlanExperience(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One arm of a rule, its content compiled."""

    id: str
    name: str
    #: inside the campaign, e.g. ``rules[0].experiences[1]``
    path: str
    #: as written
    source: Experience
    #: none was written yet
    content: CompiledContent | None
    #: locale → content used instead
    locales: dict[str, CompiledContent | None]
    template: TemplateRef | None
    #: what a token of this experience carries
    arm: Arm

    def content_for(self, locale: str | None) -> CompiledContent | None:
        """The content for ``de-AT``: its own, else the one for ``de``, else the default."""
        return pick_locale(self.content, self.locales, locale)


class PlanRule(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Whom, when, where, how often, and who gets which slot."""

    id: str
    name: str
    #: inside the campaign, e.g. ``rules[0]``
    path: str
    #: as written
    source: Rule
    #: None: neither the rule nor its campaign has an audience, so it matches nobody
    audience: Condition | None
    #: empty = all
    devices: frozenset[Device]
    open: Timetable
    cap: Literal["always", "once", "visit"]
    experiences: tuple[PlanExperience, ...]
    #: what the split's draw is salted with beside the campaign
    purpose: str
    #: lower bounds of every slot range but the first, and the range's owners
    bounds: tuple[int, ...]
    owners: tuple[PlanExperience, ...]
    #: whether one experience holds every slot
    whole: bool
    epoch: int
    #: what a token of this rule's control carries
    control: Arm

    def experience_at(self, slot: int) -> PlanExperience | None:
        """Who owns ``slot``; None when no experience of the rule has a share."""
        return lookup(self.bounds, self.owners, slot) if self.owners else None


class Plan(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A campaign, ready to be decided at any moment for anybody. Compared by identity."""

    id: str
    key: str
    version: int
    #: as written
    campaign: Campaign
    status: Status
    salt: str
    test_users: frozenset[str]
    open: Timetable
    #: None: none was written; each rule needs its own
    audience: Condition | None
    exclusion_set: str | None
    priority: int
    #: slots below this are control
    control_slots: int
    rules: tuple[PlanRule, ...]
    #: what deciding reads: conditions, caps and every content
    needs: Needs
    #: what finding the matching rule reads: all that is needed of a campaign that others of its exclusion set wait for
    match_needs: Needs
    #: whether it can be decided while the store is away
    degradable: bool
    #: what works, though perhaps not as meant
    warnings: tuple[Problem, ...] = ()
    #: the short way to an arm, for plans of the simple kind
    quick: Quick | None = None

    def experiences(self) -> tuple[PlanExperience, ...]:
        """Every experience of every rule, in order."""
        return tuple(experience for rule in self.rules for experience in rule.experiences)
