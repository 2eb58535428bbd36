"""From what Intempt's clients ask for to names of ours, and from what is decided to what they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tailorbird.domain.definitions import Template
from tailorbird.domain.ids import is_key
from tailorbird.domain.reasons import Group
from tailorbird.engine.calls import Detail
from tailorbird.engine.snapshot import Snapshot
from tailorbird.web.facades import intempt_wire as wire

DOOR = "intempt"
_encode = msgspec.json.Encoder().encode


class Choice(msgspec.Struct, frozen=True):
    """What is shown of one campaign."""

    name: str
    group: str | None
    body: Any


def asked_for(
    snapshot: Snapshot, told: wire.Choose, kind: str | None
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Names and groups to decide; both empty = everything open; no names at all = nothing can match."""
    names, groups = (tuple(filter(is_key, asked or ())) for asked in (told.names, told.groups))
    everything = told.names is None and told.groups is None
    if not everything and not names and not groups:
        return None, ()
    if kind is None:
        return names, groups
    if everything:
        names = tuple(name for name, _ in snapshot.live)
    else:
        members = {member for group in groups for member in snapshot.groups.get(group, ())}
        names = (*names, *sorted(members))
    of_kind = (name for name in dict.fromkeys(names) if (plan := snapshot.plan(name)) and plan.campaign.kind == kind)
    return tuple(of_kind) or None, ()


def choices(made: Iterable[Detail], groups: tuple[str, ...]) -> Iterable[bytes]:
    """What is shown, as JSON; every other decision, control's too, is told by its absence."""
    for detail in made:
        decision, campaign, kept = detail.decision, detail.campaign, detail.kept
        if campaign is None or decision.group is not Group.TEST or decision.payload is None:
            continue
        own = campaign.groups
        group = next((one for one in groups if one in own), own[0] if own else None)
        place = f"{DOOR}:{group}"
        choice = kept.get(place) if kept is not None else None
        if choice is None:
            choice = _encode(Choice(decision.campaign, group, decision.payload))
            if kept is not None:
                kept[place] = choice
        yield choice


def items(template: Template) -> tuple[str, ...]:
    """The catalogue items of a static list, each once: a template whose messages promote items is one."""
    return tuple(dict.fromkeys(item for message in template.content.messages for item in message.items))


def product(item: dict[str, Any], fields: tuple[str, ...] | None) -> dict[str, Any]:
    """An item with the fields asked for, or with all."""
    row = {"id": item["id"], "productId": item["id"], "type": item["type"], **item["attributes"]}
    return row if fields is None else {name: row[name] for name in fields if name in row}
