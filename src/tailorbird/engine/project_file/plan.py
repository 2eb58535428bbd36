"""What applying a file changes, told before it acts: definition by definition, and for campaigns who moves."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from tailorbird.decision.bucket import SLOTS
from tailorbird.decision.ranges import moved
from tailorbird.domain.campaign import Campaign, Rule
from tailorbird.domain.definitions import Kind
from tailorbird.engine.diff import Change, changes
from tailorbird.engine.project_file.form import Names, plain

Action = Literal["create", "change", "unchanged", "delete"]


class Move(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Visitors of one rule who change the experience. They are a share of those who are not control."""

    #: id of the rule
    rule: str
    name: str
    #: how many of the 10,000 slots get another experience
    moved: int
    #: the same in percent
    share: float
    #: the epoch of allocation that begins; absent = none does
    epoch: int | None = None
    #: no experience of the rule has a share any more: it shows nothing
    emptied: bool = False


class MemberChange(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a list before and after."""

    before: int
    after: int
    added: int
    removed: int


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happens to one definition."""

    kind: Kind
    key: str
    id: str
    action: Action
    #: the version in force; 0 = there is none
    version: int = 0
    #: what differs, by path; of a new definition nothing is listed
    changes: tuple[Change, ...] = ()
    #: of campaigns: how many of the 10,000 slots pass between control and the experiences
    control_moved: int = 0
    #: of campaigns: rule by rule, who moves
    moves: tuple[Move, ...] = ()
    #: of lists, where the file brings members that differ
    members: MemberChange | None = None
    #: id of a rule or experience that ``changes`` names → what people call it
    names: dict[str, str] = {}
    #: what is worth knowing beside that
    notes: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that applying a file does, or did."""

    #: key of the project
    project: str
    #: state of the project that the plan was made from; hand it back to apply this very plan
    base: int
    #: whether the project differs from the file
    differs: bool
    #: whether it was carried out
    applied: bool
    steps: tuple[Step, ...]

    def count(self, action: Action) -> int:
        """How many definitions meet with ``action``."""
        return sum(step.action == action for step in self.steps)


def body_changes(kind: Kind, before: Any, after: Any, then: Names, now: Names) -> tuple[Change, ...]:
    """What differs between two bodies, as a file would say it. Ranges and epochs are told as moves instead."""
    return tuple(changes(_compared(plain(kind, before, then)), _compared(plain(kind, after, now))))


def _compared(told: dict[str, Any]) -> dict[str, Any]:
    for rule in told.get("rules", ()):
        rule.pop("ranges", None)
        rule.pop("epoch", None)
    return told


def control_moved(before: Campaign, after: Campaign) -> int:
    """How many slots pass between control and the rest."""
    return abs(_control_slots(after) - _control_slots(before))


def _control_slots(campaign: Campaign) -> int:
    return round(campaign.control * SLOTS / 100)


def moves(before: Campaign, after: Campaign) -> tuple[Move, ...]:
    """Who moves in the rules that both have: the owners of all slots compared one by one."""
    held = {rule.id: rule for rule in before.rules}
    told = (_move(held[rule.id], rule) for rule in after.rules if rule.id in held)
    return tuple(move for move in told if move is not None)


def _move(before: Rule, after: Rule) -> Move | None:
    slots = moved(before.ranges, after.ranges)
    begins = after.epoch if after.epoch != before.epoch else None
    emptied = bool(before.ranges) and not after.ranges
    if not slots and begins is None and not emptied:
        return None
    return Move(rule=after.id, name=after.name, moved=slots, share=slots * 100 / SLOTS, epoch=begins, emptied=emptied)


def called(campaign: Campaign) -> dict[str, str]:
    """What people call its rules and experiences."""
    rules = {rule.id: rule.name for rule in campaign.rules if rule.name}
    return rules | {e.id: e.name for rule in campaign.rules for e in rule.experiences}
