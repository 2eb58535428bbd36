"""What is done in a project beside writing definitions. The history shows both, in one order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

NoteKind = Literal["project", "key", "signing_key", "member", "invitation", "list", "items", "person"]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an act changed, as it is kept. Neither secrets nor anything of visitors stands in it."""

    #: what it was done to; empty where that has no id, or may not be remembered
    of: str = ""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    #: how many of what; of several acts in one note the sum
    counts: dict[str, int] = {}

    def __add__(self, later: Told) -> Told:
        """Both as one act."""
        counts = {name: self.counts.get(name, 0) + many for name, many in later.counts.items()}
        return Told(of=later.of, before=self.before, after=later.after, counts={**self.counts, **counts})


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One act: who did what to what, and when. A second note of the same ``id`` is added to the first."""

    project: str
    kind: NoteKind
    id: str
    #: what people call what it was done to
    name: str
    author: str
    #: UTC milliseconds
    at: int
    #: what was done: make, rotate, revoke, invite, …
    action: str
    told: Told = Told()


#: what an act comes to in the history, by what it returned; None = nothing was done. Pure: it may be asked again
Telling = Callable[[Any], Note | None]
