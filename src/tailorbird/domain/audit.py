"""What is done beside writing definitions: in a project, whose history shows both in one order, and to accounts."""

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


class AccountNote(msgspec.Struct, frozen=True, kw_only=True):
    """One act on an account: who did what to whom, and when."""

    #: id of the account; empty where it was done to all of them
    account: str = ""
    #: its e-mail address, which stays when the account is gone
    email: str = ""
    #: e-mail address of who was signed in, or the command that was run on the machine itself
    author: str
    #: UTC milliseconds
    at: int
    #: what was done: create, rename, disable, …
    action: str
    told: Told = Told()


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


#: what an act comes to in the histories: nothing where nothing was done, several notes where it is told in two
Notes = Note | AccountNote | tuple[Note | AccountNote, ...] | None
#: that, by what the act returned. Pure: it may be asked again
Telling = Callable[[Any], Notes]


def notes_of(told: Notes) -> tuple[Note | AccountNote, ...]:
    """One by one what was told."""
    if told is None:
        return ()
    return told if isinstance(told, tuple) else (told,)


def together(*tellings: Telling) -> Telling:
    """Several tellings of one act."""
    return lambda result: tuple(note for tell in tellings for note in notes_of(tell(result)))
