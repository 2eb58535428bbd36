"""List audiences: uploaded ids. Members are kept apart from the definition and are not versioned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tailorbird.domain.errors import Invalid
from tailorbird.engine.publish import read
from tailorbird.engine.refresh import refresh
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import DECODERS

_MEMBER = msgspec.json.Encoder(order="sorted")


async def put(runtime: Runtime, project: str, ref: str, members: Iterable[Any], *, replace: bool) -> int:
    """Add members, or replace all of them; returns the new size. Up to 1 M."""
    project_id, list_id = await _list(runtime, project, ref)
    encoded = [encoded_member(member, index) for index, member in enumerate(members)]
    size = await runtime.store.put_members(
        project_id, list_id, encoded, replace=replace, limit=runtime.limits.list_members
    )
    await refresh(runtime)
    return size


async def remove(runtime: Runtime, project: str, ref: str, members: Iterable[Any]) -> int:
    """Remove members; returns how many were there."""
    project_id, list_id = await _list(runtime, project, ref)
    count = await runtime.store.remove_members(
        project_id, list_id, [encoded_member(m, i) for i, m in enumerate(members)]
    )
    await refresh(runtime)
    return count


async def size(runtime: Runtime, project: str, ref: str) -> int:
    """How many members a list has."""
    project_id, list_id = await _list(runtime, project, ref)
    return (await runtime.store.list_sizes(project_id)).get(list_id, (0, 0))[0]


async def _list(runtime: Runtime, project: str, ref: str) -> tuple[str, str]:
    definition = await read(runtime, project, "audience", ref)
    if DECODERS["audience"].decode(definition.body).type != "list":
        raise Invalid.field("audience", "an audience of type list", ref)
    return definition.project, definition.id


def encoded_member(member: Any, index: int) -> str:
    """The canonical JSON of a member, by which lists are kept; ``Invalid`` for what no visitor's value can equal."""
    if isinstance(member, (dict, list)) or member is None:
        raise Invalid.field(f"[{index}]", "text, a number or a boolean", member)
    if isinstance(member, str) and len(member) > 256:
        raise Invalid.field(f"[{index}]", "text of at most 256 characters", f"{len(member)} characters")
    return _MEMBER.encode(member).decode()
