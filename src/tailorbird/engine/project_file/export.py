"""A project as one readable file."""

from __future__ import annotations

import asyncio
from typing import Any

from tailorbird.domain.definitions import Audience
from tailorbird.engine.project_file.form import FORMAT, SECTIONS, Names, plain
from tailorbird.engine.project_file.writing import write_yaml
from tailorbird.engine.refresh import refresh
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot


async def export_text(runtime: Runtime, project: str, *, members: bool = False) -> str:
    """All definitions of a project as YAML, in the order of their creation, which breaks ties between campaigns.

    Of list audiences only the size is told, unless ``members`` asks for all of them.
    """
    await refresh(runtime)
    snapshot = runtime.project(project)
    lists = {audience.id: audience.key for audience in _lists(snapshot)}
    counted = await runtime.store.list_sizes(snapshot.project.id)
    sizes = {key: counted.get(list_id, (0, 0))[0] for list_id, key in lists.items()}
    found: dict[str, list[str]] = {}
    if members:
        found = {key: await runtime.store.members(snapshot.project.id, list_id) for list_id, key in lists.items()}
    return await asyncio.to_thread(lambda: "".join(write_yaml(document(snapshot), sizes=sizes, members=found)))


def _lists(snapshot: Snapshot) -> list[Audience]:
    audiences: list[Audience] = list(snapshot.bodies["audience"].values())
    return [audience for audience in audiences if audience.type == "list"]


def document(snapshot: Snapshot) -> dict[str, Any]:
    """The project as plain values, in the form of a file."""
    told: dict[str, Any] = {"tailorbird": FORMAT, "project": snapshot.project.key}
    names = names_of(snapshot)
    for settings in snapshot.bodies["settings"].values():
        told["settings"] = plain("settings", settings, names)
    for section, kind in SECTIONS.items():
        told[section] = {body.key: plain(kind, body, names) for body in snapshot.bodies[kind].values()}
    return told


def names_of(snapshot: Snapshot) -> Names:
    """What goals and templates are called."""
    return Names(
        goals={goal_id: goal.key for goal_id, goal in snapshot.bodies["goal"].items()},
        templates={
            template_id: (template.key, snapshot.definitions["template"][template_id].version)
            for template_id, template in snapshot.bodies["template"].items()
        },
    )
