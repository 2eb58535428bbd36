"""Whoever is erased leaves the lake too: the files that hold facts of theirs are written anew without them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

import msgspec

from tailorbird.domain.exports import Erased
from tailorbird.lake.manifest import File, Manifest, State, following, taking
from tailorbird.lake.place import Place
from tailorbird.lake.writing import Keep, Writing


def erase(place: Place, state: State, people: Sequence[Erased], now: int) -> Manifest:
    """The step after which no file that counts holds facts of them. What it removes is gone after its grace."""
    by_project: dict[str, set[int]] = defaultdict(set)
    for one in people:
        by_project[one.project].add(one.person)
    writing = Writing(place, state.lineage[-1].name)
    removed: list[str] = []
    for file in state.files.values():
        persons = by_project.get(file.project)
        if persons and _holds(place, file, persons):
            writing.merged([file], _without(persons), level=file.level)
            removed.append(file.path)
    numbers = msgspec.structs.replace(state.numbers, erasures=people[-1].seq)
    taken = taking(state, removed)
    return following(state, now, "erase", added=writing.settle(), removed=removed, numbers=numbers, taken=taken)


def _holds(place: Place, file: File, persons: Collection[int]) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import parquet

    wanted = pa.array(sorted(persons), pa.int64())
    with place.open(file.path) as source, parquet.ParquetFile(source) as held:
        return any(
            pc.any(pc.is_in(batch["person"], value_set=wanted)).as_py()
            for batch in held.iter_batches(1 << 20, columns=["person"])
        )


def _without(persons: Collection[int]) -> Keep:
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(sorted(persons), pa.int64())
    return lambda facts: facts.filter(pc.invert(pc.is_in(facts["person"], value_set=wanted)))
