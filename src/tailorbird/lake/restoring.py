"""A lake follows its database through a restore. The database went back to an older state and on from there; facts that
the lake has of the way that was left are no facts any more."""

from __future__ import annotations

from tailorbird.domain.errors import Conflict
from tailorbird.domain.exports import Lineage, Numbers
from tailorbird.lake.manifest import Manifest, State, following, taking
from tailorbird.lake.place import Place
from tailorbird.lake.writing import Keep, Writing

ANOTHER = "The lake in this folder is another database's. Name another one with --lake-url."


def follow(place: Place, state: State, lineage: Lineage, now: int) -> Manifest:
    """The step after which the lake holds only what the database, too, has lived through.

    Files with numbers on both sides of where the ways part are written anew; what lies behind is read from the database
    once more. ``Conflict`` when the two have no incarnation in common.
    """
    cut = parting(state.lineage, lineage, state.numbers)
    writing = Writing(place, lineage[-1].name)
    removed: list[str] = []
    for file in state.files.values():
        upto = cut.of(file.table)
        if file.last <= upto:
            continue
        removed.append(file.path)
        if file.first <= upto:
            writing.merged([file], _upto(upto), level=file.level)
    return following(
        state,
        now,
        "restore",
        added=writing.settle(),
        removed=removed,
        lineage=lineage,
        numbers=state.numbers.lesser(cut),
        taken=taking(state, removed),
    )


def parting(lake: Lineage, database: Lineage, numbers: Numbers) -> Numbers:
    """Where the ways of a lake, which got to ``numbers``, and of a database part."""
    common = 0
    while common < min(len(lake), len(database)) and lake[common] == database[common]:
        common += 1
    if not common:
        raise Conflict(ANOTHER)
    cut = numbers
    for way in (lake, database):
        if common < len(way):
            cut = cut.lesser(way[common].since)
    return cut


def _upto(most: int) -> Keep:
    import pyarrow.compute as pc

    return lambda facts: facts.filter(pc.less_equal(facts["seq"], most))
