"""Removing files that count no more, once nobody reads them; and those that never counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from tailorbird.lake.manifest import Log, State
from tailorbird.lake.place import Place
from tailorbird.lake.standing import files as standing
from tailorbird.lake.writing import FOLDER

#: a file that no manifest names may be one that is just being written
UNNAMED_S = 900.0
#: how often everything in the folder is looked at
LOOK_S = 86_400.0


class Sweeper:
    """Knows since when files are of no use."""

    def __init__(self, place: Place, now: Callable[[], float], *, unnamed: float = UNNAMED_S) -> None:
        self._place = place
        self._now = now
        self._unnamed = unnamed
        #: path → when it may go, but for the grace of those that counted
        self._left: dict[str, tuple[float, bool]] = {}
        self._looked = -math.inf
        #: as of the last time that standing answers were looked through
        self._taken: dict[str, int] = {}

    def left(self, paths: Iterable[str]) -> None:
        """These counted until now."""
        now = self._now()
        self._left.update((path, (now, True)) for path in paths)

    def sweep(self, state: State, grace: float) -> int:
        """Remove what nobody may read any more; how many files."""
        now = self._now()
        if state.taken != self._taken or now - self._looked >= LOOK_S:
            self._taken = state.taken
            self._place.remove(standing.outdated(self._place, state))
        if now - self._looked >= LOOK_S:
            self._looked = now
            for one in self._place.walk(FOLDER):
                if one.name not in state.files:
                    self._left.setdefault(one.name, (now, False))
            Log(self._place).forget(state.version)
        old = [
            path
            for path, (since, counted) in self._left.items()
            if path in state.files or now - since >= (grace if counted else max(grace, self._unnamed))
        ]
        gone = [path for path in old if path not in state.files]
        self._place.remove(gone)
        for path in old:
            del self._left[path]
        return len(gone)
