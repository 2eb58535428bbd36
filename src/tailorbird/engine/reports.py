"""Reports of what was shown that come without a token: the arm they answer is found by the experience they name.

What the person was exposed to counts first. Where the report itself is what counts the exposure, nothing is remembered
yet: then a trusted caller is believed, and for everybody else the draws must say the same.
"""

from __future__ import annotations

import msgspec

from tailorbird.decision import Plan, PlanExperience, PlanRule, bucket_id_of, drawn, is_test_user
from tailorbird.domain.facts import Arm
from tailorbird.domain.profile import Profile, Seen
from tailorbird.domain.reasons import CONTROL_ARM
from tailorbird.domain.visitor import Context
from tailorbird.engine.snapshot import Snapshot
from tailorbird.targeting import Subject


class Report(msgspec.Struct, frozen=True):
    """One report, as its caller tells it."""

    #: id of the experience; for control visitors, of any experience of their rule
    experience: str
    #: whether they were in control; None = not told
    control: bool | None = None


def token_for(
    snapshot: Snapshot, context: Context, profile: Profile | None, report: Report, *, trusted: bool
) -> str | None:
    """The token that the decision would have given; None where nobody was ever shown this."""
    place = snapshot.by_experience.get(report.experience)
    exposures = profile.exposures if profile is not None else {}
    if place is None:  # it is gone from the newest version
        held = ((campaign, seen) for campaign, seen in exposures.items() if seen.arm == report.experience)
        arm = next((_remembered(campaign, seen) for campaign, seen in held), None)
        return snapshot.signer.token(arm, context.now) if arm is not None else None
    plan, rule, experience = place
    subject = Subject(context, profile)
    by_draw = drawn(plan, rule, bucket_id_of(plan, subject))
    seen = exposures.get(plan.id)
    told = _told(rule, experience, report, seen, by_draw)
    by_report = (plan.campaign.expose or "report") == "report"
    if seen is not None and (seen.rule, seen.arm) == (told.rule, told.arm):
        return snapshot.signer.token(_remembered(plan.id, seen), context.now, report=by_report, counted=_counts(plan))
    if told != by_draw and not trusted:
        return None
    rehearsed = (told != by_draw or plan.status != "running") and is_test_user(plan, subject)
    return snapshot.signer.token(told, context.now, report=by_report, counted=_counts(plan) and not rehearsed)


def _told(rule: PlanRule, experience: PlanExperience, report: Report, seen: Seen | None, by_draw: Arm | None) -> Arm:
    """The arm that a report speaks of. Where it does not tell control, what is known of the person does."""
    control = report.control
    if control is None:
        if seen is not None and seen.rule == rule.id and seen.arm in (CONTROL_ARM, experience.id):
            control = seen.arm == CONTROL_ARM
        else:
            control = by_draw == rule.control
    return rule.control if control else experience.arm


def _remembered(campaign: str, seen: Seen) -> Arm:
    return Arm(campaign=campaign, version=seen.version, rule=seen.rule, arm=seen.arm, epoch=seen.epoch)


def _counts(plan: Plan) -> bool:
    return plan.status not in ("draft", "testing")
