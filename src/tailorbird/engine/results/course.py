"""A campaign's course so far, from its versions: when it started, what was fixed then, when its verdict began anew, and
which share of the people each arm was meant to get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from tailorbird.decision.bucket import SLOTS
from tailorbird.domain.campaign import Analysis, Campaign, Rule
from tailorbird.domain.definitions import Definition, Goal
from tailorbird.domain.reasons import CONTROL_ARM
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import DECODERS, UNREADABLE, Snapshot

_USUAL = Analysis()
#: members of a goal that only describe it
_DESCRIBING = frozenset(("name", "key", "id", "description", "global"))


class Restart(StrEnum):
    """Why the verdict began anew: something that was fixed at the start was changed."""

    GOAL_REPLACED = "GOAL_REPLACED"
    GOAL_CHANGED = "GOAL_CHANGED"
    WINDOW_CHANGED = "WINDOW_CHANGED"
    ATTRIBUTION_CHANGED = "ATTRIBUTION_CHANGED"
    BASELINE_CHANGED = "BASELINE_CHANGED"


class Anew(msgspec.Struct, frozen=True, kw_only=True):
    """One such change."""

    at: int
    reason: Restart
    author: str


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What the versions of one campaign tell."""

    definition: Definition
    campaign: Campaign
    #: when it served for the first time (UTC ms); None = it never did
    started_at: int | None
    #: every change that made the verdict begin anew, the newest last
    anew: tuple[Anew, ...]
    #: as it was fixed when the verdict began; where nobody was control then, compared with the first experience
    analysis: Analysis
    #: version → rule id → arm → share of the rule's people
    shares: dict[int, dict[str, dict[str, float]]]
    #: every rule and experience that it ever had: id → name
    names: dict[str, str]
    #: experience id → rule id, as they stood when the verdict began; after them those of other versions
    rules: dict[str, str]

    @property
    def measured_since(self) -> int | None:
        """Since when people count; None = all of them."""
        return self.anew[-1].at if self.anew else None

    def place(self, rule: str, arm: str) -> tuple[int, int, str]:
        """Where an arm stands when arms are listed: rule by rule, control first, as they were written."""
        rules, arms = [*dict.fromkeys(self.rules.values())], [CONTROL_ARM, *self.rules]
        return (
            rules.index(rule) if rule in rules else len(rules),
            arms.index(arm) if arm in arms else len(arms),
            arm,
        )

    @property
    def primary(self) -> str | None:
        """The goal that it is judged by."""
        return _primary(self.campaign)


#: what was read already: a snapshot is replaced whole when anything changes
_known: WeakKeyDictionary[Snapshot, dict[str, Course]] = WeakKeyDictionary()


async def course(runtime: Runtime, snapshot: Snapshot, definition: Definition) -> Course:
    """The course of a campaign; ``definition`` is its newest version."""
    known = _known.setdefault(snapshot, {})
    held = known.get(definition.id)
    if held is None or held.definition.version != definition.version:
        held = known[definition.id] = await _read_course(runtime, snapshot.project.id, definition)
    return held


async def _read_course(runtime: Runtime, project: str, definition: Definition) -> Course:
    versions = await runtime.store.versions(project, "campaign", definition.id)
    read = [(one, body) for one in reversed(versions) if (body := _read(one)) is not None]
    started = next((one.at for one, body in read if body.status == "running"), None)
    goals: dict[str, list[tuple[Definition, Goal]]] = {}
    for goal_id in {_primary(body) for _, body in read} - {None}:
        held = await runtime.store.versions(project, "goal", str(goal_id))
        goals[str(goal_id)] = [(one, goal) for one in reversed(held) if (goal := _read_goal(one)) is not None]
    bodies = [body for _, body in read]
    anew = _restarts(read, goals, started)
    begun = anew[-1].at if anew else started
    newest = read[-1][1]
    fixed = _at(read, begun) if begun is not None else newest
    return Course(
        definition=definition,
        campaign=newest,
        started_at=started,
        anew=anew,
        analysis=_fixed_by(fixed),
        shares={one.version: {rule.id: shares_of(rule, body.control) for rule in body.rules} for one, body in read},
        names=_names(bodies),
        rules={e.id: rule.id for body in (fixed, *bodies) for rule in body.rules for e in rule.experiences},
    )


def shares_of(rule: Rule, control: float) -> dict[str, float]:
    """Arm → share of the rule's people that the draws give it."""
    held = control / 100
    shares = {CONTROL_ARM: held} if held > 0 else {}
    for experience, ranges in rule.ranges.items():
        shares[experience] = (1 - held) * sum(high - low for low, high in ranges) / SLOTS
    return {arm: share for arm, share in shares.items() if share > 0}


def _read(definition: Definition) -> Campaign | None:
    try:
        body: Campaign = DECODERS["campaign"].decode(definition.body)
    except UNREADABLE:
        return None
    return body


def _read_goal(definition: Definition) -> Goal | None:
    try:
        body: Goal = DECODERS["goal"].decode(definition.body)
    except UNREADABLE:
        return None
    return body


def _primary(campaign: Campaign) -> str | None:
    return next((use.goal for use in campaign.goals if use.role == "primary"), None)


def _analysis(campaign: Campaign) -> Analysis:
    return campaign.analysis or _USUAL


def _fixed_by(campaign: Campaign) -> Analysis:
    told = _analysis(campaign)
    return told if campaign.control > 0 else msgspec.structs.replace(told, baseline="first")


def _at(read: Sequence[tuple[Definition, Campaign]], time: int) -> Campaign:
    """The version in force at a time; the first one before its time."""
    return next((body for one, body in reversed(read) if one.at <= time), read[0][1])


def _restarts(
    read: Sequence[tuple[Definition, Campaign]],
    goals: Mapping[str, Sequence[tuple[Definition, Goal]]],
    started: int | None,
) -> tuple[Anew, ...]:
    """What changed after the start, in the order in which it was written."""
    if started is None:
        return ()
    moments = [one for one, _ in read] + [one for held in goals.values() for one, _ in held]
    found: list[Anew] = []
    before = _fixed(read, goals, started)
    for moment in sorted((one for one in moments if one.at > started), key=lambda one: one.at):
        now = _fixed(read, goals, moment.at)
        reason = _difference(before, now)
        if reason is not None:
            found.append(Anew(at=moment.at, reason=reason, author=moment.author))
        before = now
    return tuple(found)


_Fixed = tuple[str | None, Analysis, dict[str, Any]]


def _fixed(
    read: Sequence[tuple[Definition, Campaign]], goals: Mapping[str, Sequence[tuple[Definition, Goal]]], time: int
) -> _Fixed:
    campaign = _at(read, time)
    primary = _primary(campaign)
    held = goals.get(primary, ()) if primary is not None else ()
    goal = next((body for one, body in reversed(held) if one.at <= time), None)
    told: dict[str, Any] = msgspec.to_builtins(goal) if goal is not None else {}
    return primary, _analysis(campaign), {name: part for name, part in told.items() if name not in _DESCRIBING}


def _difference(before: _Fixed, now: _Fixed) -> Restart | None:
    if before[0] != now[0]:
        return Restart.GOAL_REPLACED
    if before[1].attribution != now[1].attribution:
        return Restart.ATTRIBUTION_CHANGED
    if before[1].baseline != now[1].baseline:
        return Restart.BASELINE_CHANGED
    if before[2] == now[2]:
        return None
    changed = {name for name in before[2].keys() | now[2].keys() if before[2].get(name) != now[2].get(name)}
    return Restart.WINDOW_CHANGED if changed == {"window_days"} else Restart.GOAL_CHANGED


def _names(bodies: Any) -> dict[str, str]:
    found = {CONTROL_ARM: CONTROL_ARM}
    for body in bodies:
        for rule in body.rules:
            found[rule.id] = rule.name
            found |= {e.id: e.name for e in rule.experiences}
    return found
