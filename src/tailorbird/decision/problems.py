"""Everything that is wrong with one definition, gathered so that its author is told at once and not one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tailorbird.domain.errors import Invalid, Problem, join_path


class Problems:
    """A growing list of problems under one path."""

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.found: list[Problem] = []

    def add(self, field: str, expected: str, got: object = "", detail: str = "") -> None:
        """Note that ``field`` (below this path) is wrong."""
        self.found.extend(Invalid.field(join_path(self.path, field), expected, got, detail).problems)

    @contextmanager
    def under(self, field: str) -> Iterator[None]:
        """Note whatever the block finds ``Invalid``, with its paths below ``field``, and go on after it."""
        try:
            yield
        except Invalid as error:
            where = join_path(self.path, field)
            self.found.extend(error.under(where).problems or Invalid.field(where, "", detail=error.detail).problems)

    def raise_any(self) -> None:
        """Raise one ``Invalid`` that names them all; nothing when there are none."""
        if self.found:
            more = f" (and {len(self.found) - 1} more)" if len(self.found) > 1 else ""
            raise Invalid(f"{self.found[0].detail}{more}", problems=tuple(self.found))
