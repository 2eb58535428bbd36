"""Which experience, control, or nothing, and why: the gates of a campaign in their order, then two draws.

Status → schedule → campaign audience → exclusion set → the first rule whose audience, devices and schedule match → that
rule's cap → control draw → experience draw. Control visitors pass the same gates as all others of their rule, so both
groups qualify alike. Nothing is read and nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeVar, TypeVarTuple

import msgspec

from tailorbird.decision.bucket import CONTROL, draw
from tailorbird.decision.plan import Plan, PlanExperience, PlanRule
from tailorbird.domain.errors import NotFound
from tailorbird.domain.facts import Arm
from tailorbird.domain.reasons import Group, Reason
from tailorbird.domain.visits import cap_used
from tailorbird.targeting import Subject

Args = TypeVarTuple("Args")
T = TypeVar("T")


class Choice(msgspec.Struct, frozen=True, eq=False):
    """What one campaign chose for one visitor."""

    plan: Plan
    reason: Reason
    #: the gate that closed, or ``experience`` where one was chosen; the words of ``Explanation.gate``
    gate: str
    #: test or control; None where the visitor entered no rule
    group: Group | None = None
    #: the rule that matched, also when its cap is used up
    rule: PlanRule | None = None
    #: none for control and where nothing is shown
    experience: PlanExperience | None = None
    #: the id this campaign draws on
    bucket_id: str = ""
    #: for EXCLUDED: who holds the visitor, as far as that is known
    holder: Plan | None = None
    #: for ERROR: what broke, for the log
    error: Exception | None = None
    #: asked for by name, past all gates and draws
    forced: bool = False

    @property
    def arm(self) -> Arm | None:
        """What a token of this choice carries; None where there is nothing to hand back."""
        if self.rule is None or self.group is None:
            return None
        return self.experience.arm if self.experience is not None else self.rule.control


def choose(
    plan: Plan, subject: Subject, peers: Sequence[Plan] = (), *, now: int | None = None, degraded: bool = False
) -> Choice:
    """The choice of ``plan`` for ``subject`` at ``now`` (UTC ms; the context's when absent). Never raises.

    ``peers`` are the plans of the same exclusion set, oldest first; ``plan`` takes the place of the one with its id
    among them, or counts as the youngest. ``degraded``: the store is away, so whatever needs it answers ``DEGRADED``
    and draws hash the request's own ids.
    """
    moment = subject.context.now if now is None else now
    bucket_id = bucket_id_of(plan, subject, degraded=degraded)
    try:
        return _pass_gates(plan, subject, peers, moment, bucket_id, degraded)
    except Exception as error:  # noqa: BLE001 - compiled conditions run here; whatever breaks, breaks alone
        return Choice(plan, Reason.ERROR, "error", bucket_id=bucket_id, error=error)


def forced(plan: Plan, experience: str) -> Choice:
    """The choice of one experience, by id or name, whatever the gates and draws say. Raises ``NotFound``."""
    for field in ("id", "name"):
        for rule in plan.rules:
            for candidate in rule.experiences:
                if getattr(candidate, field) == experience:
                    return Choice(plan, Reason.TARGETING_MATCH, "experience", Group.TEST, rule, candidate, forced=True)
    raise NotFound(f"Campaign {plan.key} has no experience {experience!r}.")


def bucket_id_of(plan: Plan, subject: Subject, *, degraded: bool = False) -> str:
    """The id ``plan`` draws on: what a merge left to this campaign, else the profile's first id, else the request's."""
    profile = subject.profile
    if profile is None or degraded:
        return subject.context.visitor.bucket_id
    return profile.bucket_ids.get(plan.id) or profile.bucket_id or subject.context.visitor.bucket_id


def serves(plan: Plan, subject: Subject) -> bool:
    """Whether the status lets this visitor in: running serves everyone, testing its test users."""
    if plan.status == "running":
        return True
    return plan.status == "testing" and is_test_user(plan, subject)


def is_test_user(plan: Plan, subject: Subject) -> bool:
    """Whether one of the visitor's ids, given now or known from before, is on the campaign's list of test users."""
    visitor, profile = subject.context.visitor, subject.profile
    ids = {visitor.id, visitor.anonymous_id}
    if profile is not None:
        ids.update(profile.ids, profile.anonymous_ids)
    return not plan.test_users.isdisjoint(ids)


def matching_rule(plan: Plan, subject: Subject, now: int) -> PlanRule | None:
    """The first rule whose audience, devices and schedule match."""
    for rule in plan.rules:
        if rule_matches(rule, subject, now):
            return rule
    return None


def rule_matches(rule: PlanRule, subject: Subject, now: int) -> bool:
    """Whether one rule matches; the cheap parts are asked first."""
    return (
        rule.audience is not None
        and (rule.open.always or rule.open(now))
        and (not rule.devices or subject.fact("@device") in rule.devices)
        and rule.audience.match(subject)
    )


def drawn(plan: Plan, rule: PlanRule, bucket_id: str) -> Arm | None:
    """The arm that the two draws alone give in ``rule``; None where none of its experiences has a share."""
    if not rule.owners:
        return None
    if plan.control_slots and draw(plan.salt, CONTROL, bucket_id) < plan.control_slots:
        return rule.control
    experience = rule.owners[0] if rule.whole else rule.experience_at(draw(plan.salt, rule.purpose, bucket_id))
    return experience.arm if experience is not None else None


def is_capped(rule: PlanRule, subject: Subject, now: int) -> bool:
    """Whether the visitor was already shown ``rule`` as often as its cap allows."""
    if rule.cap == "always" or subject.profile is None:
        return False
    return cap_used(subject.profile, rule.id, rule.cap, subject.context.session_id, now)


def isolated(work: Callable[[*Args], T], *args: *Args) -> T | Exception:
    """What ``work`` returns, or what it raised: the one place where a broken definition is kept from its neighbours."""
    try:
        return work(*args)
    except Exception as error:  # noqa: BLE001 - compiled conditions run here; whatever breaks, breaks alone
        return error


def _pass_gates(
    plan: Plan, subject: Subject, peers: Sequence[Plan], now: int, bucket_id: str, degraded: bool
) -> Choice:
    if plan.status != "running" and not serves(plan, subject):
        return Choice(plan, Reason.DISABLED, "status", bucket_id=bucket_id)
    if not (plan.open.always or plan.open(now)):
        return Choice(plan, Reason.DISABLED, "schedule", bucket_id=bucket_id)
    if degraded and not plan.degradable:
        return Choice(plan, Reason.DEGRADED, "degraded", bucket_id=bucket_id)
    if plan.audience is not None and not plan.audience.match(subject):
        return Choice(plan, Reason.DEFAULT, "audience", bucket_id=bucket_id)
    rule = matching_rule(plan, subject, now)
    if plan.exclusion_set is not None:
        holder, unsure = _holder(plan, rule is not None, subject, peers, now, degraded)
        if holder is not None and holder is not plan:
            return Choice(plan, Reason.EXCLUDED, "exclusion_set", bucket_id=bucket_id, holder=holder)
        if unsure:
            return Choice(plan, Reason.DEGRADED, "degraded", bucket_id=bucket_id)
    if rule is None:
        return Choice(plan, Reason.DEFAULT, "rule", bucket_id=bucket_id)
    return _draw(plan, rule, subject, now, bucket_id)


def _holder(
    plan: Plan, matched: bool, subject: Subject, peers: Sequence[Plan], now: int, degraded: bool
) -> tuple[Plan | None, bool]:
    """The campaign of the set that holds the visitor, and whether one ahead of it might do so for all that is known.

    ``matched``: whether a rule of ``plan`` matches. A campaign that breaks holds nobody.
    """
    contenders = [plan if peer.id == plan.id else peer for peer in peers]
    if plan not in contenders:
        contenders.append(plan)
    contenders.sort(key=attrgetter("priority"), reverse=True)
    unsure = False
    for peer in contenders:
        if peer is plan:
            if matched:
                return plan, unsure
        elif peer.status != "running" or not peer.open(now):
            continue
        elif degraded and peer.match_needs.store:
            unsure = True
        elif isolated(_holds, peer, subject, now) is True:
            return peer, unsure
    return None, unsure


def _holds(peer: Plan, subject: Subject, now: int) -> bool:
    return (peer.audience is None or peer.audience.match(subject)) and matching_rule(peer, subject, now) is not None


def _draw(plan: Plan, rule: PlanRule, subject: Subject, now: int, bucket_id: str) -> Choice:
    if is_capped(rule, subject, now):
        return Choice(plan, Reason.CAPPED, "cap", rule=rule, bucket_id=bucket_id)
    if not rule.owners:
        # Checked before the control draw: control without anybody to compare it with would only be lost visitors.
        return Choice(plan, Reason.DISABLED, "experience", rule=rule, bucket_id=bucket_id)
    if plan.control_slots and draw(plan.salt, CONTROL, bucket_id) < plan.control_slots:
        return Choice(plan, Reason.CONTROL, "control", Group.CONTROL, rule, bucket_id=bucket_id)
    if rule.whole:
        return Choice(plan, Reason.TARGETING_MATCH, "experience", Group.TEST, rule, rule.owners[0], bucket_id)
    experience = rule.experience_at(draw(plan.salt, rule.purpose, bucket_id))
    return Choice(plan, Reason.SPLIT, "experience", Group.TEST, rule, experience, bucket_id)
