"""What a store promises about drafts that are not published. Kept by both, like ``contract``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from tailorbird.domain.definitions import Kind
from tailorbird.domain.errors import Conflict
from tailorbird.domain.unpublished import Unpublished

DRAFT_COLUMNS = "project, kind, id, body, base, revision, author, at"


class DraftStore(Protocol):
    """One draft per definition."""

    async def read(self, project: str, kind: Kind, definition_id: str) -> Unpublished | None: ...
    async def all(self, project: str, kind: Kind) -> list[Unpublished]:
        """By id."""

    async def write(self, draft: Unpublished, expected: int | None) -> Unpublished:
        """Replace the draft of ``expected`` revision (0: there is none; None: whichever), with the next revision.

        ``Conflict`` (extra ``expected`` and ``current``, the draft that is there or None) when it is another one.
        """

    async def remove(self, project: str, kind: Kind, definition_id: str, expected: int | None) -> bool:
        """Whether there was one; ``Conflict`` likewise."""


def draft_of(row: Sequence[Any]) -> Unpublished:
    """``DRAFT_COLUMNS`` as a draft."""
    return Unpublished(
        project=row[0],
        kind=row[1],
        id=row[2],
        body=msgspec.Raw(row[3]),
        base=row[4],
        revision=row[5],
        author=row[6],
        at=row[7],
    )


def draft_values(one: Unpublished) -> tuple[Any, ...]:
    """A draft as ``DRAFT_COLUMNS``."""
    return one.project, one.kind, one.id, bytes(one.body), one.base, one.revision, one.author, one.at


def check_revision(held: Unpublished | None, expected: int | None) -> None:
    """``Conflict`` when the draft is not the one that is expected."""
    found = held.revision if held is not None else 0
    if expected is None or expected == found:
        return
    if held is None:
        raise Conflict("The draft is gone: it was published or discarded meanwhile.", expected=expected, current=0)
    raise Conflict(
        f"The draft was written by {held.author} meanwhile: it is at revision {found}, not {expected}.",
        expected=expected,
        current=held,
    )
