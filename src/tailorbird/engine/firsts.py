"""Whether a project's backend has called yet: what the first steps of the console wait for."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from tailorbird.domain.errors import TailorbirdError
from tailorbird.engine.runtime import Runtime

_PATIENCE_S = 1.0


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """What arrived of a project's backends."""

    #: null = nobody asked for a decision yet
    decided_at: int | None = None
    #: the newest one; null = there was none
    event: dict[str, Any] | None = None


def asked(runtime: Runtime, project: str) -> None:
    """A decision was asked for. The first of each project is written down, once by each process."""
    if project in runtime.decided or runtime.breaker.is_open:
        return
    at = runtime.decided[project] = runtime.clock()
    runtime.background(_keep(runtime, project, at))


async def _keep(runtime: Runtime, project: str, at: int) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):  # a store that is away does not hold up a stop
            if not await runtime.store.meta(_name(project)):
                await runtime.store.set_meta(_name(project), str(at))
    except (TailorbirdError, TimeoutError):
        runtime.decided.pop(project, None)  # the next decision tries again


async def connection(runtime: Runtime, project: str) -> Connection:
    """When a decision was asked for first, and the newest event."""
    place = runtime.project(project).project.id
    told = await runtime.store.meta(_name(place))
    newest = await runtime.store.recent_events(place, 1)
    return Connection(decided_at=int(told) if told else runtime.decided.get(place), event=newest[0] if newest else None)


def _name(project: str) -> str:
    return f"first decision of {project}"
