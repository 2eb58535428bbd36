"""Why a campaign chose as it did, in plain words: the gate that closed and the smallest part that did not hold.

The gates themselves are not walked a second time: what ``choose`` answered is put into words, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from tailorbird.decision.bucket import CONTROL, SLOTS, draw
from tailorbird.decision.choose import Choice, choose, isolated
from tailorbird.decision.plan import Plan, PlanRule
from tailorbird.domain.decision import Explanation
from tailorbird.domain.errors import join_path
from tailorbird.domain.reasons import Reason
from tailorbird.targeting import Condition, Subject, explain_condition

_STATUS = {
    "draft": "It is a draft and was never started.",
    "testing": "It is in testing and serves its test users only; this visitor is none of them.",
    "paused": "It is paused.",
    "archived": "It is archived.",
}
_CAP = {
    "once": "The visitor was shown this rule before, and it is shown once in a lifetime.",
    "visit": "The visitor was shown this rule in this visit, and it is shown once per visit.",
}


def explain(
    plan: Plan, subject: Subject, peers: Sequence[Plan] = (), now: int | None = None, *, degraded: bool = False
) -> Explanation:
    """Why ``choose`` answers what it does for the same arguments. Never raises."""
    return explain_choice(choose(plan, subject, peers, now=now, degraded=degraded), subject, now)


def explain_choice(choice: Choice, subject: Subject, now: int | None = None) -> Explanation:
    """Why ``choice`` was made for ``subject`` at ``now``. Its gate is the choice's. Never raises."""
    moment = subject.context.now if now is None else now
    found = isolated(_DESCRIBE[choice.gate], choice, subject, moment)
    if isinstance(found, Exception):
        message = f"It ended at the gate {choice.gate}; the words for it broke ({type(found).__name__})."
        found = Explanation(gate=choice.gate, message=message)
    warnings = tuple(problem.detail for problem in choice.plan.warnings)
    return replace(found, warnings=warnings) if warnings else found


def _status(choice: Choice, subject: Subject, now: int) -> Explanation:
    status = choice.plan.status
    return Explanation(gate="status", message=_STATUS[status], path="status", found=status, expected="running")


def _schedule(choice: Choice, subject: Subject, now: int) -> Explanation:
    closed = choice.plan.open.explain(now)
    return _under(closed, "schedule") if closed is not None else _unexplained(choice)


def _audience(choice: Choice, subject: Subject, now: int) -> Explanation:
    audience = choice.plan.audience
    return _condition(audience, subject) if audience is not None else _unexplained(choice)


def _exclusion_set(choice: Choice, subject: Subject, now: int) -> Explanation:
    plan, holder = choice.plan, choice.holder
    name = holder.key if holder is not None else "another campaign"
    return Explanation(
        gate="exclusion_set",
        message=f"{name} holds this visitor: of the set {plan.exclusion_set} it is the first campaign that matches.",
        path="exclusion_set",
        found=name,
        expected=plan.key,
    )


def _rule(choice: Choice, subject: Subject, now: int) -> Explanation:
    rules = tuple(_mismatch(rule, subject, now) for rule in choice.plan.rules)
    if not rules:
        return Explanation(gate="rule", message="It has no rules.", path="rules", found=0)
    if len(rules) == 1:
        return replace(rules[0], gate="rule", rules=rules)
    return Explanation(gate="rule", message=f"None of its {len(rules)} rules matches.", path="rules", rules=rules)


def _cap(choice: Choice, subject: Subject, now: int) -> Explanation:
    rule = _matched(choice)
    shown = subject.profile.displays[rule.id].count if subject.profile is not None else 0
    return Explanation(
        gate="cap",
        message=_CAP[rule.cap],
        path=f"{rule.path}.cap",
        found=shown,
        expected=rule.cap,
        rules=_passed_over(choice, rule, subject, now),
    )


def _control(choice: Choice, subject: Subject, now: int) -> Explanation:
    plan, rule = choice.plan, _matched(choice)
    slot = draw(plan.salt, CONTROL, choice.bucket_id)
    return Explanation(
        gate="control",
        message=f"{_title(rule)} matches; the visitor is in control: slot {slot} is below {plan.control_slots}.",
        path="control",
        found=slot,
        expected=plan.control_slots,
        rules=_passed_over(choice, rule, subject, now),
    )


def _experience(choice: Choice, subject: Subject, now: int) -> Explanation:
    rule, experience = _matched(choice), choice.experience
    if experience is not None and choice.forced:
        message = f"“{experience.name}” was asked for, whatever the gates say."
        return Explanation(gate="experience", message=message, path=experience.path)
    skipped = _passed_over(choice, rule, subject, now)
    if experience is None:
        message = f"{_title(rule)} matches, but none of its experiences has a share: all are paused or weigh nothing."
        return Explanation(gate="experience", message=message, path=f"{rule.path}.experiences", rules=skipped)
    if choice.reason is Reason.TARGETING_MATCH:
        message = f"{_title(rule)} matches and shows “{experience.name}” to everybody outside the control group."
        return Explanation(gate="experience", message=message, path=experience.path, rules=skipped)
    slot = draw(choice.plan.salt, rule.purpose, choice.bucket_id)
    return Explanation(
        gate="experience",
        message=f"{_title(rule)} matches; slot {slot} of {SLOTS} belongs to “{experience.name}”.",
        path=experience.path,
        found=slot,
        expected=[list(pair) for pair in rule.source.ranges.get(experience.id, ())],
        rules=skipped,
    )


def _degraded(choice: Choice, subject: Subject, now: int) -> Explanation:
    plan = choice.plan
    if plan.degradable:
        message = (
            f"The store is away, so nobody knows whether another campaign of {plan.exclusion_set} holds this visitor."
        )
        return Explanation(gate="degraded", message=message, path="exclusion_set", expected=plan.key)
    wanted = "past events" if plan.needs.events else "the profile"
    return Explanation(gate="degraded", message=f"The store is away, and this campaign needs {wanted}.")


def _error(choice: Choice, subject: Subject, now: int) -> Explanation:
    kind = type(choice.error).__name__
    return Explanation(gate="error", message=f"It broke while it was evaluated ({kind}: {choice.error}).")


_DESCRIBE: dict[str, Callable[[Choice, Subject, int], Explanation]] = {
    "status": _status,
    "schedule": _schedule,
    "audience": _audience,
    "exclusion_set": _exclusion_set,
    "rule": _rule,
    "cap": _cap,
    "control": _control,
    "experience": _experience,
    "degraded": _degraded,
    "error": _error,
}


def _passed_over(choice: Choice, matched: PlanRule, subject: Subject, now: int) -> tuple[Explanation, ...]:
    """Why the rules before the one that matched did not."""
    earlier = choice.plan.rules[: choice.plan.rules.index(matched)]
    return tuple(_mismatch(rule, subject, now) for rule in earlier)


def _mismatch(rule: PlanRule, subject: Subject, now: int) -> Explanation:
    """The first of audience, devices and schedule that keeps ``rule`` from matching."""
    if rule.audience is None:
        message = "Neither the rule nor the campaign has an audience, so it matches nobody."
        return Explanation(gate="audience", message=message, path=f"{rule.path}.audience")
    if not rule.audience.match(subject):
        return _condition(rule.audience, subject)
    device = subject.fact("@device")
    if rule.devices and device not in rule.devices:
        wanted = sorted(rule.devices)
        message = f"It is for {' and '.join(wanted)} only; the device is {device or 'unknown'}."
        return Explanation(gate="rule", message=message, path=f"{rule.path}.devices", found=device, expected=wanted)
    closed = rule.open.explain(now)
    if closed is not None:
        return _under(closed, f"{rule.path}.schedule")
    return Explanation(gate="rule", message=f"{_title(rule)} matches.", path=rule.path)


def _condition(condition: Condition, subject: Subject) -> Explanation:
    return replace(explain_condition(condition, subject), gate="audience")


def _under(explanation: Explanation, path: str) -> Explanation:
    return replace(explanation, path=join_path(path, explanation.path))


def _matched(choice: Choice) -> PlanRule:
    if choice.rule is None:
        raise ValueError("no rule matched")
    return choice.rule


def _unexplained(choice: Choice) -> Explanation:
    return Explanation(gate=choice.gate, message=f"The gate {choice.gate} was closed.", path=choice.gate)


def _title(rule: PlanRule) -> str:
    """What people call a rule: its name, else its number in the order in which they are tried."""
    return f"Rule “{rule.name}”" if rule.name else f"Rule {int(rule.path.removeprefix('rules[').removesuffix(']')) + 1}"
