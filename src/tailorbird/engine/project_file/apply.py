"""Applying a project file: all of it is prepared, checked and compiled, the plan is told, and then all of it is written
in one transaction, or nothing."""

from __future__ import annotations

import asyncio

import msgspec
from msgspec.structs import replace

from tailorbird.domain.campaign import Campaign
from tailorbird.domain.definitions import Definition, Kind
from tailorbird.domain.errors import Conflict, Invalid
from tailorbird.engine.diff import Change
from tailorbird.engine.noting import Act, telling
from tailorbird.engine.project_file import plan as plans
from tailorbird.engine.project_file.draft import Draft
from tailorbird.engine.project_file.entries import Entry
from tailorbird.engine.project_file.export import names_of
from tailorbird.engine.project_file.plan import Action, MemberChange, Plan, Step
from tailorbird.engine.project_file.reading import FileText
from tailorbird.engine.refresh import refresh
from tailorbird.engine.runtime import Runtime

#: a write and the version that it was made from
Write = tuple[Definition, int]


async def apply(
    runtime: Runtime,
    project: str,
    text: FileText,
    author: str,
    *,
    dry_run: bool = False,
    prune: bool = False,
    base: int = 0,
) -> Plan:
    """Bring a project to what a file says, and tell what that changed; with ``dry_run`` only tell.

    Definitions that the file does not have stay, unless ``prune`` removes them. ``Invalid`` names everything that is
    wrong with the file; ``Conflict`` when the project is not what it was at ``base``, the plan's. Either way nothing
    was written. Members of lists are uploaded before the definitions are written, each list at once.
    """
    await refresh(runtime)
    snapshot = runtime.project(project)
    if base and base != snapshot.project.version:
        raise Conflict("The project was changed since this plan was made. Look at the new plan.")
    draft = await Draft.make(runtime, snapshot, text.value, prune=prune)
    lists = await _member_changes(runtime, draft)
    plan = await asyncio.to_thread(_plan, draft, lists, dry_run)
    writes = await asyncio.to_thread(_writes, draft, author, runtime.clock())
    if dry_run or not plan.differs:
        return plan
    await _write(runtime, draft, lists, writes, author)
    return replace(plan, applied=True)


async def _member_changes(runtime: Runtime, draft: Draft) -> dict[str, MemberChange]:
    """Id of a list → what happens to its members, where the file brings others than it has."""
    project = draft.snapshot.project.id
    found: dict[str, MemberChange] = {}
    for entry in draft.entries:
        if entry.members is None:
            continue
        held = await runtime.store.members(project, entry.id)
        change = await asyncio.to_thread(_member_change, held, entry.members)
        if change is not None:
            found[entry.id] = change
    return found


def _member_change(held: list[str], wanted: list[str]) -> MemberChange | None:
    added, removed = set(wanted).difference(held), set(held).difference(wanted)
    if not added and not removed:
        return None
    return MemberChange(before=len(held), after=len(wanted), added=len(added), removed=len(removed))


# -- telling ----------------------------------------------------------------------------------------------------------


def _plan(draft: Draft, lists: dict[str, MemberChange], dry_run: bool) -> Plan:
    steps = [_step(draft, entry, lists.get(entry.id), dry_run) for entry in draft.entries]
    steps += [_removal(definition) for definition in draft.deletions]
    return Plan(
        project=draft.snapshot.project.key,
        base=draft.snapshot.project.version,
        differs=any(step.action != "unchanged" for step in steps),
        applied=False,
        steps=tuple(steps),
    )


def _step(draft: Draft, entry: Entry, members: MemberChange | None, dry_run: bool) -> Step:
    differs = draft.changed(entry)
    action: Action = "create" if not entry.live else "change" if differs or members is not None else "unchanged"
    step = Step(
        kind=entry.kind,
        key=entry.key,
        id="" if entry.made and dry_run else entry.id,
        action=action,
        version=entry.held.version if entry.held is not None and entry.live else 0,
        members=members,
        notes=entry.notes + _notes(entry),
    )
    if action != "change" or not differs:
        return step
    before, after = entry.current, entry.prepared
    changes = plans.body_changes(entry.kind, before, after, names_of(draft.snapshot), names_of(draft.after))
    step = replace(step, changes=_renamed(entry, changes))
    if not isinstance(before, Campaign) or not isinstance(after, Campaign):
        return step
    return replace(
        step,
        control_moved=plans.control_moved(before, after),
        moves=plans.moves(before, after),
        names=plans.called(before) | plans.called(after),
    )


def _renamed(entry: Entry, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    if entry.held is None or entry.held.key == entry.key:
        return changes
    return (Change(path="key", before=entry.held.key, after=entry.key), *changes)


def _notes(entry: Entry) -> tuple[str, ...]:
    if entry.held is not None and not entry.live:
        return ("It was deleted earlier and comes back: its visitors go on where they were.",)
    held, written = entry.current, entry.written
    if not isinstance(held, Campaign):
        return ()
    ranges = {rule.id: rule.ranges for rule in held.rules}
    if any(rule.ranges and rule.ranges != ranges.get(rule.id, rule.ranges) for rule in written.rules):
        return ("The ranges of the file are others than the project's, which stay.",)
    return ()


def _removal(definition: Definition) -> Step:
    return Step(kind=definition.kind, key=definition.key, id=definition.id, action="delete", version=definition.version)


# -- writing ----------------------------------------------------------------------------------------------------------


def _writes(draft: Draft, author: str, at: int) -> list[Write]:
    """Everything to write, each after the one that gives its key up; two cannot exchange their keys at once."""
    writes = [_deletion(definition, author, at) for definition in draft.deletions]
    for entry in draft.entries:
        if draft.changed(entry):
            writes.append((draft.definition(entry, author, at), entry.held.version if entry.held is not None else 0))
    holders = {(kind, d.key): d.id for kind, held in draft.snapshot.definitions.items() for d in held.values()}
    ordered: list[Write] = []
    while writes:
        waiting = {(new.kind, new.id) for new, _ in writes}
        blocked = [write for write in writes if _is_blocked(write[0], holders, waiting)]
        if len(blocked) == len(writes):
            names = ", ".join(sorted(new.key for new, _ in writes))
            raise Invalid.field("", "definitions that do not exchange their keys at once", names)
        ordered += [write for write in writes if write not in blocked]
        writes = blocked
    return ordered


def _is_blocked(new: Definition, holders: dict[tuple[Kind, str], str], waiting: set[tuple[Kind, str]]) -> bool:
    holder = holders.get((new.kind, new.key), new.id)
    return not new.deleted and holder != new.id and (new.kind, holder) in waiting


def _deletion(definition: Definition, author: str, at: int) -> Write:
    body = msgspec.Raw(bytes(definition.body))
    fresh = replace(
        definition,
        version=definition.version + 1,
        body=body,
        author=author,
        at=at,
        deleted=True,
        action="apply: delete",
    )
    return fresh, definition.version


async def _write(
    runtime: Runtime, draft: Draft, lists: dict[str, MemberChange], writes: list[Write], author: str
) -> None:
    for entry in draft.entries:
        if entry.id in lists and entry.members is not None:
            change = lists[entry.id]
            act = Act(project=draft.snapshot.project.id, kind="list", author=author, action="apply: replace members")
            act = replace(act, of=entry.id, name=entry.key, before={"size": change.before})
            await runtime.store.put_members(
                draft.snapshot.project.id,
                entry.id,
                entry.members,
                replace=True,
                limit=runtime.limits.list_members,
                tell=telling(runtime, act, {"size": change.after}),
            )
    if writes:
        await runtime.store.write_definitions(writes)
    await refresh(runtime)
