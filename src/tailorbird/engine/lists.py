"""List audiences: uploaded ids. Members are kept apart from the definition and are not versioned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tailorbird.domain.definitions import Definition
from tailorbird.domain.errors import Invalid
from tailorbird.engine.noting import Act, counting
from tailorbird.engine.publish import read
from tailorbird.engine.refresh import refresh
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import DECODERS

_MEMBER = msgspec.json.Encoder(order="sorted")


async def put(
    runtime: Runtime, project: str, ref: str, members: Iterable[Any], *, replace: bool, author: str = ""
) -> int:
    """Add members, or replace all of them; returns the new size. Up to 1 M."""
    held = await _list(runtime, project, ref)
    encoded = [encoded_member(member, index) for index, member in enumerate(members)]
    act = _act(held, author, "replace members" if replace else "add members")
    tell = counting(runtime, act, lambda _: {"sent": len(encoded)}, "size")
    size = await runtime.store.put_members(
        held.project,
        held.id,
        encoded,
        replace=replace,
        limit=runtime.limits.list_members,
        tell=tell,
    )
    await refresh(runtime)
    return size


async def remove(runtime: Runtime, project: str, ref: str, members: Iterable[Any], *, author: str = "") -> int:
    """Remove members; returns how many were there."""
    held = await _list(runtime, project, ref)
    count = await runtime.store.remove_members(
        held.project,
        held.id,
        [encoded_member(m, i) for i, m in enumerate(members)],
        tell=counting(runtime, _act(held, author, "remove members"), lambda many: {"removed": many}),
    )
    await refresh(runtime)
    return count


async def size(runtime: Runtime, project: str, ref: str) -> int:
    """How many members a list has."""
    held = await _list(runtime, project, ref)
    return (await runtime.store.list_sizes(held.project)).get(held.id, (0, 0))[0]


def _act(held: Definition, author: str, action: str) -> Act:
    return Act(project=held.project, kind="list", author=author, action=action, of=held.id, name=held.key)


async def _list(runtime: Runtime, project: str, ref: str) -> Definition:
    definition = await read(runtime, project, "audience", ref)
    if DECODERS["audience"].decode(definition.body).type != "list":
        raise Invalid.field("audience", "an audience of type list", ref)
    return definition


def encoded_member(member: Any, index: int) -> str:
    """The canonical JSON of a member, by which lists are kept; ``Invalid`` for what no visitor's value can equal."""
    if isinstance(member, (dict, list)) or member is None:
        raise Invalid.field(f"[{index}]", "text, a number or a boolean", member)
    if isinstance(member, str) and len(member) > 256:
        raise Invalid.field(f"[{index}]", "text of at most 256 characters", f"{len(member)} characters")
    return _MEMBER.encode(member).decode()
