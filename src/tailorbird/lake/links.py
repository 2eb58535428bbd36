"""Who turned out to be whom: kept in memory, because the store tells only what is new with every question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

#: number, person merged away, person they became
Link = tuple[int, int, int]


class Merged:
    """Merges of people, resolved: each person merged away (ascending), and who they are in the end. Never changed."""

    def __init__(self, persons: Any, targets: Any) -> None:
        self.persons = persons
        self.targets = targets

    @classmethod
    def none(cls) -> Merged:
        """Nobody was merged."""
        import numpy as np

        return cls(np.empty(0, np.int64), np.empty(0, np.int64))

    def table(self) -> pa.Table:
        """``person`` and ``target``."""
        import pyarrow as pa

        return pa.table({"person": pa.array(self.persons, pa.int64()), "target": pa.array(self.targets, pa.int64())})

    def packed(self) -> bytes:
        """As ``unpacked`` reads it: a store leads old merges on to newer ones, and cannot tell later how it was."""
        import pyarrow as pa

        sink, table = pa.BufferOutputStream(), self.table()
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
            stream.write_table(table)
        return bytes(sink.getvalue())

    @classmethod
    def unpacked(cls, data: bytes) -> Merged:
        """What ``packed`` wrote."""
        import pyarrow as pa

        with pa.ipc.open_stream(data) as stream:
            table = stream.read_all()
        return cls(table["person"].to_numpy(), table["target"].to_numpy())

    def who(self, persons: Any) -> Any:
        """The people that these numbers are part of."""
        return _follow(self.persons, self.targets, persons)

    def with_members(self, whos: Any) -> Any:
        """These people (ascending) and every number that was merged into them, ascending."""
        import numpy as np

        return np.union1d(whos, self.persons[isin(self.targets, whos)])

    def of(self, persons: Any) -> Merged:
        """The merges of these numbers (ascending) only."""
        mine = isin(self.persons, persons)
        return Merged(self.persons[mine], self.targets[mine])

    def learn(self, links: Any) -> Merged:
        """With more merges, three columns; whoever became somebody who was merged away leads on to the end."""
        import numpy as np

        if not len(links):
            return self
        persons, firsts = np.unique(links[:, 1], return_index=True)
        targets = links[firsts, 2]
        old = ~isin(self.persons, persons)
        known, whos = self.persons[old], self.targets[old]
        while True:
            onward = _follow(persons, targets, _follow(known, whos, targets))
            if (onward == targets).all():
                break
            targets = onward
        places = np.searchsorted(known, persons)
        return Merged(np.insert(known, places, persons), np.insert(_follow(persons, targets, whos), places, targets))


class Links:
    """The merges of one project."""

    def __init__(self) -> None:
        self._sure = Merged.none()
        #: all that are known, by number
        self._told: list[Any] = []
        #: numbers up to here are known
        self.settled = 0

    def learn(self, links: Iterable[Link], settled: int) -> tuple[Merged, Any]:
        """Take in merges above ``settled`` as it was, and tell all of them; apart, as three columns, those above the
        new ``settled``. They are not remembered: below them others may still appear."""
        held = _rows(links)
        sure = held[held[:, 0] <= settled]
        if len(sure):
            self._sure = self._sure.learn(sure)
            self._told.append(sure)
        self.settled = max(self.settled, settled)
        late = held[len(sure) :]
        return self._sure.learn(late), late

    @property
    def sure(self) -> Merged:
        """The merges up to ``settled``."""
        return self._sure

    def above(self, number: int) -> Any:
        """The settled merges above a number, three columns."""
        import numpy as np

        if len(self._told) != 1:
            self._told = [np.concatenate([_rows(()), *self._told])]
        (told,) = self._told
        return told[told[:, 0].searchsorted(number, side="right") :]


def _rows(links: Iterable[Link]) -> Any:
    import numpy as np

    return np.array([*links], np.int64).reshape(-1, 3)


def isin(numbers: Any, ascending: Any) -> Any:
    """Which of some numbers are among others."""
    import numpy as np

    if not len(ascending):
        return np.zeros(len(numbers), bool)
    if len(numbers) < _MANY or len(ascending) * 10 > len(numbers):
        return _among(numbers, ascending)
    # most are told apart by a few bits, without looking for each
    bits = np.zeros(_BITS, bool)
    bits[ascending & (_BITS - 1)] = True
    found = bits[numbers & (_BITS - 1)]
    places = np.flatnonzero(found)
    found[places] = _among(numbers[places], ascending)
    return found


_MANY, _BITS = 10_000, 1 << 20


def _among(numbers: Any, ascending: Any) -> Any:
    import numpy as np

    return ascending[np.minimum(np.searchsorted(ascending, numbers), len(ascending) - 1)] == numbers


def _follow(persons: Any, targets: Any, numbers: Any) -> Any:
    """Whom numbers became: of these merged persons (ascending), their targets; all others are themselves."""
    import numpy as np

    there = np.flatnonzero(isin(numbers, persons))
    found = numbers.copy()
    found[there] = targets[np.searchsorted(persons, numbers[there])]
    return found
