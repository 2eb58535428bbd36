"""What arrives: the newest events, those that were refused and why, the names and types seen, and named counters."""

from __future__ import annotations

from typing import Any

from tailorbird.engine.jobs import flush_schema
from tailorbird.engine.runtime import Runtime
from tailorbird.store.contract import Rejected, SchemaRow


async def schema(runtime: Runtime, project: str) -> list[SchemaRow]:
    """Attributes, events and properties that were seen, with their types."""
    await flush_schema(runtime)
    return await runtime.store.schema(runtime.project(project).project.id)


async def rejected(runtime: Runtime, project: str, limit: int = 100) -> list[Rejected]:
    """The newest refused events, masked."""
    return await runtime.store.rejected(runtime.project(project).project.id, limit)


async def counts(runtime: Runtime, project: str) -> dict[str, int]:
    """Named counters of the project, e.g. ``identity_conflicts``."""
    return await runtime.store.counts(runtime.project(project).project.id)


async def recent_events(runtime: Runtime, project: str, limit: int = 100, after: int = 0) -> list[dict[str, Any]]:
    """The newest events of everybody; ``after`` a sequence number: only newer ones."""
    return await runtime.store.recent_events(runtime.project(project).project.id, limit, after)


def warnings(runtime: Runtime, project: str) -> dict[str, str]:
    """Definitions that are switched off, and why."""
    return dict(runtime.project(project).warnings)
