"""The tables of a project, and what is made of them on the way and used several times: let go together at the end."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import Any


class Kept:
    """``events, exposures, sightings, links``, and ``keep``."""

    def __init__(self, tables: Any, held: ExitStack) -> None:
        self._tables = tables
        self._held = held

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tables, name)

    def keep(self, table: Any) -> Any:
        """Compute a table now, once, for everything that is made of it."""
        kept = table.cache()
        self._held.callback(_let_go, kept)
        return kept


def _let_go(table: Any) -> None:
    with suppress(Exception):  # the engine may have ended before
        table.release()
