"""Notes for the history: who did what, beside definitions. They are written with what they tell of, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tailorbird.domain.access import ApiKey
from tailorbird.domain.audit import Note, NoteKind, Telling, Told
from tailorbird.engine.runtime import Runtime

HOUR_MS = 3_600_000


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Who does what to what."""

    project: str
    kind: NoteKind
    author: str
    action: str
    of: str = ""
    name: str = ""
    before: dict[str, Any] = {}


def telling(runtime: Runtime, act: Act, after: dict[str, Any] | None = None) -> Telling:
    """A note of an act, unless it answers that there was nothing to do (False)."""
    now = runtime.clock()
    note = _note(act, runtime.ordered_id(now), now, Told(of=act.of, before=act.before, after=after or {}))
    return lambda result: None if result is False else note


def counting(runtime: Runtime, act: Act, told: Callable[[Any], dict[str, int]], size: str = "") -> Telling:
    """A note of an act by how many it was about; nothing is told of none. What it answers is the new ``size``, if that
    has a name.

    Those of one author within an hour are one note, so that a catalogue which is brought up to date every minute does
    not bury everything else.
    """
    now = runtime.clock()
    name = f"{act.of} {act.action} {act.author} {now // HOUR_MS}"

    def tell(result: Any) -> Note | None:
        counts = told(result)
        if not any(counts.values()) and not size:
            return None
        return _note(act, name, now, Told(of=act.of, after={size: result} if size else {}, counts=counts))

    return tell


def _note(act: Act, note_id: str, now: int, told: Told) -> Note:
    return Note(
        project=act.project,
        kind=act.kind,
        id=note_id,
        name=act.name,
        author=act.author,
        at=now,
        action=act.action,
        told=told,
    )


def key_told(key: ApiKey) -> dict[str, Any]:
    """What the history tells of an API key."""
    told: dict[str, Any] = {"kind": key.kind, "scopes": list(key.scopes)}
    limits = {"expires_at": key.expires_at, "rate": key.rate, "burst": key.burst}
    return told | {name: value for name, value in limits.items() if value}
