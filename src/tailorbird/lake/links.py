"""Who turned out to be whom: kept in memory, because the store tells only what is new with every question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


class Links:
    """The merges of one project, resolved: each person merged away, and who they are in the end."""

    def __init__(self) -> None:
        import numpy as np

        self._persons: Any = np.empty(0, np.int64)
        self._targets: Any = np.empty(0, np.int64)
        #: numbers up to here are known
        self.settled = 0

    def learn(self, links: Iterable[tuple[int, int, int]], settled: int) -> pa.Table:
        """Take in (number, person, target) of merges above ``settled`` as it was, and tell all of them.

        Those above the new ``settled`` are told, and not remembered: below them others may still appear.
        """
        held = [*links]
        sure = [link for link in held if link[0] <= settled]
        if sure:
            self._persons, self._targets = _with(self._persons, self._targets, sure)
        self.settled = max(self.settled, settled)
        late = held[len(sure) :]
        return _table(*(_with(self._persons, self._targets, late) if late else (self._persons, self._targets)))


def _with(persons: Any, targets: Any, links: list[tuple[int, int, int]]) -> tuple[Any, Any]:
    """The map with more merges in it; whoever became somebody who was merged away leads on to the end."""
    import numpy as np

    added = np.array([(person, target) for _, person, target in links], np.int64)
    persons = np.concatenate([added[:, 0], persons])
    targets = np.concatenate([added[:, 1], targets])
    persons, firsts = np.unique(persons, return_index=True)
    targets = targets[firsts]
    while True:
        places = np.minimum(np.searchsorted(persons, targets), len(persons) - 1)
        leads_on = persons[places] == targets
        if not leads_on.any():
            return persons, targets
        targets = np.where(leads_on, targets[places], targets)


def _table(persons: Any, targets: Any) -> pa.Table:
    import pyarrow as pa

    return pa.table({"person": pa.array(persons, pa.int64()), "target": pa.array(targets, pa.int64())})
