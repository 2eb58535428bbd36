"""Decisions that are the same for everybody who gets them: made and encoded once a minute, handed out many times.

Control, static content and every "nothing to show" depend on the campaign alone; only which of them a visitor gets does
not. What depends on the visitor (dynamic content, locales, explanations) is made anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tailorbird.decision import Choice, Plan, PlanExperience
from tailorbird.domain.decision import Decision
from tailorbird.domain.facts import Arm
from tailorbird.domain.reasons import Group, Reason
from tailorbird.engine.calls import Detail
from tailorbird.engine.tokens import MINUTE_MS, Signer

_ENCODER = msgspec.json.Encoder()


class Ready:
    """A decision with its JSON."""

    __slots__ = ("campaign", "decision", "detail", "encoded", "kept", "minute", "reason")

    def __init__(self, decision: Decision, minute: int = 0, choice: Choice | None = None) -> None:
        self.decision = decision
        self.campaign = decision.campaign
        self.reason = decision.reason
        self.encoded: bytes = _ENCODER.encode(decision)
        self.minute = minute
        #: what doors made of it
        self.kept: dict[str, Any] = {}
        #: what it was made from; None for nothing to show
        self.detail = _detail(decision, choice, self.kept) if choice is not None else None

    def detailed(self, plan: Plan | None) -> Detail:
        """The decision with what it was made from; ``plan`` is asked where that is not known here."""
        if self.detail is not None or plan is None:
            return self.detail or Detail(decision=self.decision)
        return Detail(decision=self.decision, campaign=plan.campaign, version=plan.version, kept=self.kept)


def _detail(decision: Decision, choice: Choice, kept: dict[str, Any]) -> Detail:
    experience = choice.experience
    settled = experience.content.settled if experience is not None and experience.content is not None else None
    return Detail(
        decision=decision,
        campaign=choice.plan.campaign,
        version=choice.plan.version,
        rule=choice.rule.source if choice.rule is not None else None,
        experience=experience.source if experience is not None else None,
        messages=settled.messages if settled is not None else (),
        kept=kept,
    )


class Shelf:
    """The ready decisions of one snapshot. As many as experiences, so it stays small."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        #: by whether the exposure is left to the token, and whether it counts at all; then by the identity of the
        #: plan's arm, which lives as long as the snapshot whose shelf this is
        self._arms: dict[tuple[bool, bool], dict[int, Ready]] = {
            (report, counted): {} for report in (False, True) for counted in (False, True)
        }
        self._blanks: dict[Reason, dict[str, Ready]] = {reason: {} for reason in Reason}

    def blank(self, name: str, reason: Reason) -> Ready:
        """Nothing to show, and why."""
        held = self._blanks[reason].get(name)
        if held is None:
            held = Ready(Decision(campaign=name, experience=None, group=None, reason=reason))
            self._blanks[reason][name] = held
        return held

    def arm(self, name: str, choice: Choice, now: int, *, report: bool, counted: bool) -> Ready | None:
        """The decision for an arm whose content is the same for everybody; None for every other."""
        answers = choice.arm
        if answers is None:
            return None
        shelf = self._arms[report, counted]
        held = shelf.get(id(answers))
        if held is not None and held.minute == now // MINUTE_MS and held.campaign == name:
            return held
        return self._put(shelf, answers, name, choice, now, report, counted)

    def arms(self, *, report: bool, counted: bool) -> Mapping[int, Ready]:
        """What stands there now, by the identity of the plan's arm; the caller checks minute and name."""
        return self._arms[report, counted]

    def blanks(self, reason: Reason) -> Mapping[str, Ready]:
        """Every "nothing to show" for this reason that was handed out so far, by name."""
        return self._blanks[reason]

    def _put(
        self, shelf: dict[int, Ready], answers: Arm, name: str, choice: Choice, now: int, report: bool, counted: bool
    ) -> Ready | None:
        experience = choice.experience
        if choice.forced or (experience is not None and not _is_same_for_all(experience)):
            return None
        decision = Decision(
            campaign=name,
            experience=experience.name if experience is not None else None,
            group=Group.TEST if experience is not None else Group.CONTROL,
            reason=choice.reason,
            payload=msgspec.Raw(experience.content.static) if experience and experience.content else None,  # type: ignore[arg-type]
            token=self._signer.token(answers, now, report=report, counted=counted),
        )
        made = shelf[id(answers)] = Ready(decision, now // MINUTE_MS, choice)
        return made


def _is_same_for_all(experience: PlanExperience) -> bool:
    return experience.content is not None and experience.content.static is not None and not experience.locales
