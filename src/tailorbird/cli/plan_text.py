"""A plan as people read it: a line a definition, and under it what changes and who moves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tailorbird.engine.project_file.plan import Move, Plan, Step

_SIGNS = {"create": "+", "change": "~", "delete": "-"}
_SLOTS = "of 10,000 slots"
_BRACKETS = re.compile(r"\[([A-Za-z0-9]{5})\]")


def plan_lines(plan: Plan) -> Iterator[str]:
    """Everything that differs, and at the end how many of each kind."""
    changed = [step for step in plan.steps if step.action != "unchanged"]
    for step in changed:
        yield f"{_SIGNS[step.action]} {step.kind} {step.key}"
        yield from (f"    {line}" for line in _step(step))
    if changed:
        yield ""
    yield summary(plan)


def summary(plan: Plan) -> str:
    """How many definitions meet with what."""
    unchanged = plan.count("unchanged")
    if not plan.differs:
        return f"{plan.project} is as the file says: {unchanged} unchanged."
    told = [f"{plan.count(action)} to {action}" for action in _SIGNS if plan.count(action)]  # type: ignore[arg-type]
    return f"{plan.project}: {', '.join(told)}, {unchanged} unchanged."


def _step(step: Step) -> Iterator[str]:
    for change in step.changes:
        path = _BRACKETS.sub(lambda match: f"[{step.names.get(match[1], match[1])}]", change.path)
        yield f"{path}: {_shown(change.before)} -> {_shown(change.after)}"
    if step.members is not None:
        members = step.members
        yield (
            f"members: {members.before:,} -> {members.after:,} ({members.added:,} added, {members.removed:,} removed)"
        )
    if step.control_moved:
        share = f"{step.control_moved / 100:g} %"
        yield f"{step.control_moved:,} {_SLOTS}, {share} of visitors, pass between control and the experiences"
    for move in step.moves:
        yield _move(move)
    for note in step.notes:
        yield f"note: {note}"


def _move(move: Move) -> str:
    epoch = f"; epoch {move.epoch} begins" if move.epoch is not None else ""
    who = f"rule {move.name or move.rule}: "
    if move.emptied:
        return f"{who}no experience has a share any more, so it shows nothing{epoch}"
    if not move.moved:
        return f"{who}nobody moves{epoch}"
    return f"{who}{move.moved:,} {_SLOTS}, {move.share:g} % of its visitors, move to another experience{epoch}"


def _shown(value: Any) -> str:
    import msgspec

    from tailorbird.domain.errors import shorten

    return "(nothing)" if value is msgspec.UNSET else shorten(value)
