"""Who was exposed to a campaign, in memory and sorted by person: what files sorted by day cannot tell quickly of a few
people among millions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tailorbird.lake import columns
from tailorbird.lake.links import isin

if TYPE_CHECKING:
    import pyarrow as pa

#: what a roster reads of each table
EXPOSED = ("person", "seq", "time", "version", "rule", "arm", "epoch")
SEEN = ("person", "arm")
#: bytes for each exposure, about, the arms that its person was seen in included
BYTES_EACH = 36
#: arms of one campaign, at most: a person and an arm are one number
_ARMS = 1 << 12


class TooManyArms(Exception):
    """A campaign with more arms than a roster tells apart."""


class Roster:
    """The exposures of one campaign, and the arms in which people were seen."""

    def __init__(self, campaign: str, exposures: Iterable[pa.RecordBatch], sightings: Iterable[pa.RecordBatch]) -> None:
        import numpy as np

        self._campaign = campaign
        self._cells = _Codes(("version", "rule", "arm", "epoch"))
        self._arms = _Codes(("arm",))
        self._exposed = _Sorted(*_columns((self._exposed_of(batch) for batch in exposures), 4))
        self._seen = np.unique(_columns(((self._seen_of(batch),) for batch in sightings), 1)[0])

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return self._exposed.size + int(self._seen.nbytes)

    def exposures(self, persons: Any) -> pa.Table:
        """The exposures of these persons (ascending), as facts."""
        import pyarrow as pa

        person, seq, time, cell = self._exposed.of(persons)
        told = {"person": pa.array(person), "seq": pa.array(seq), "time": pa.array(time)}
        return _facts("exposures", told | self._cells.told(cell), self._campaign, len(person))

    def sightings(self, persons: Any) -> pa.Table:
        """The arms in which these persons (ascending) were seen: one fact each, whenever it was."""
        import numpy as np
        import pyarrow as pa

        begin = np.searchsorted(self._seen, persons * _ARMS)
        found = self._seen[_ranges(begin, np.searchsorted(self._seen, (persons + 1) * _ARMS))]
        told = {"person": pa.array(found // _ARMS)} | self._arms.told(found % _ARMS)
        return _facts("sightings", told, self._campaign, len(found))

    def learn(self, exposures: pa.Table, sightings: pa.Table) -> None:
        """Take in more facts."""
        import numpy as np

        for batch in exposures.select(EXPOSED).to_batches():
            self._exposed.insert(*self._exposed_of(batch))
        for batch in sightings.select(SEEN).to_batches():
            more = np.unique(self._seen_of(batch))
            more = more[~isin(more, self._seen)]
            self._seen = np.insert(self._seen, np.searchsorted(self._seen, more), more)

    def news(self, sightings: pa.Table) -> Any:
        """Which of these sightings tell of a person in an arm for the first time."""
        import numpy as np

        found = [~isin(self._seen_of(batch), self._seen) for batch in sightings.select(SEEN).to_batches()]
        return np.concatenate([np.empty(0, bool), *found])

    def _exposed_of(self, batch: pa.RecordBatch) -> tuple[Any, ...]:
        return (*(batch[name].to_numpy() for name in ("person", "seq", "time")), self._cells.of(batch))

    def _seen_of(self, batch: pa.RecordBatch) -> Any:
        return batch["person"].to_numpy() * _ARMS + self._arms.of(batch)


class _Sorted:
    """Columns of numbers, sorted by the first."""

    def __init__(self, *held: Any) -> None:
        import numpy as np

        order = np.argsort(held[0], kind="stable")
        self._held = [column[order] for column in held]

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return sum(int(column.nbytes) for column in self._held)

    def of(self, keys: Any) -> list[Any]:
        """The rows of these keys (ascending)."""
        import numpy as np

        first = self._held[0]
        places = _ranges(np.searchsorted(first, keys), np.searchsorted(first, keys, side="right"))
        return [column[places] for column in self._held]

    def insert(self, *more: Any) -> None:
        """Take in more rows."""
        import numpy as np

        order = np.argsort(more[0], kind="stable")
        places = np.searchsorted(self._held[0], more[0][order], side="right")
        self._held = [np.insert(held, places, column[order]) for held, column in zip(self._held, more, strict=True)]


class _Codes:
    """A small number for each combination of values."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._known: dict[tuple[Any, ...], int] = {}

    def of(self, batch: pa.RecordBatch) -> Any:
        """The number of each row."""
        import numpy as np

        key = np.zeros(batch.num_rows, np.int64)
        values = []
        for name in self._names:
            told = batch[name].dictionary_encode()
            values.append(told.dictionary.to_pylist())
            key = key * max(1, len(values[-1])) + told.indices.to_numpy()
        distinct, rows = np.unique(key, return_inverse=True)
        codes = np.array([self._code(int(one), values) for one in distinct], np.int16)
        return codes[rows] if len(distinct) else np.empty(0, np.int16)

    def told(self, codes: Any) -> dict[str, Any]:
        """The columns that these numbers stand for."""
        import pyarrow as pa

        known = [*zip(*self._known, strict=True)] if self._known else [()] * len(self._names)
        return {name: pa.array(known[at]).take(pa.array(codes)) for at, name in enumerate(self._names)}

    def _code(self, key: int, values: list[list[Any]]) -> int:
        found = []
        for column in reversed(values):
            key, place = divmod(key, len(column))
            found.append(column[place])
        code = self._known.setdefault(tuple(reversed(found)), len(self._known))
        if code >= _ARMS:
            raise TooManyArms
        return code


def _columns(parts: Iterable[tuple[Any, ...]], width: int) -> list[Any]:
    import numpy as np

    held = [*parts]
    if not held:
        return [np.empty(0, np.int64) for _ in range(width)]
    return [np.concatenate(column) for column in zip(*held, strict=True)]


def _ranges(begins: Any, ends: Any) -> Any:
    """The numbers from each begin to its end."""
    import numpy as np

    sizes = ends - begins
    starts = np.repeat(begins - np.r_[0, np.cumsum(sizes)[:-1]], sizes)
    return starts + np.arange(len(starts))


def _facts(table: Any, told: dict[str, Any], campaign: str, size: int) -> pa.Table:
    """Columns as facts; what is not told is null."""
    import pyarrow as pa

    schema = columns.schema(table)
    told["campaign"] = pa.array([campaign] * size, pa.string())
    held = [told[name] if name in told else pa.nulls(size, schema.field(name).type) for name in schema.names]
    return pa.table(held, names=schema.names).cast(schema)
