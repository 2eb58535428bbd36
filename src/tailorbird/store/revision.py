"""Which schema a database has, and whether this code works with it."""

from __future__ import annotations

import msgspec

from tailorbird.store.migrate import HEAD


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """The schema of a database: what its migrations left, and what they say about older code."""

    #: the newest migration that the database has seen; empty where there is none
    version: str
    #: the oldest schema whose code still works with it, by what its newest migration wrote; empty where nothing says so
    runs_with: str = ""

    @property
    def is_newer(self) -> bool:
        """Whether it has seen migrations that this code does not know."""
        return self.version > HEAD

    @property
    def is_usable(self) -> bool:
        """Whether this code works with it as it is: its own schema, or a newer one that says so."""
        return self.version == HEAD or (self.is_newer and "" < self.runs_with <= HEAD)

    @property
    def is_too_new(self) -> bool:
        """Whether only newer code works with it."""
        return self.is_newer and not self.is_usable

    @property
    def why_too_new(self) -> str:
        """What stands in brackets behind "a newer Tailorbird"."""
        if not self.runs_with:
            return f"its schema is {self.version}, this one knows {HEAD}"
        return f"its schema is {self.version}, which runs with {self.runs_with} or newer; this one knows {HEAD}"
