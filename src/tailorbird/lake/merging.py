"""Few files instead of many: small ones are merged as they gather, and once a day every past day becomes one file per
project and table. And what a project no longer keeps leaves the lake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from tailorbird.domain.exports import FactTable
from tailorbird.domain.facts import DAY_MS
from tailorbird.lake.manifest import File, Manifest, State, following, taking
from tailorbird.lake.place import Place
from tailorbird.lake.writing import Writing

#: files of one level, project, table and day that are merged into one of the next level
FAN_IN = 16
#: rows that one step reads, about
_ROWS_A_STEP = 1_000_000

_Key = tuple[str, FactTable, int]


def next_step(
    place: Place, state: State, now: int, keep_days: Mapping[str, int], *, everything: bool
) -> Manifest | None:
    """What is to be tidied up next; None: nothing. ``everything``: every day, and today's too."""
    if outlived := _outlived(state, now, keep_days):
        return following(state, now, "expire", removed=outlived, taken=taking(state, outlived))
    if gathered := _gathered(state):
        return _merge(place, state, now, gathered)
    due = now - state.compacted_at >= DAY_MS
    if not (due or everything):
        return None
    before = now // DAY_MS + everything * DAY_MS
    if several := [files for (_, _, day), files in _by_day(state).items() if len(files) > 1 and day < before]:
        return _merge(place, state, now, several)
    return following(state, now, "merge", compacted_at=now) if due else None


def _outlived(state: State, now: int, keep_days: Mapping[str, int]) -> list[str]:
    today = now // DAY_MS
    return [
        file.path
        for file in state.files.values()
        if file.project in keep_days and file.day < today - keep_days[file.project]
    ]


def _by_day(state: State) -> dict[_Key, list[File]]:
    found: dict[_Key, list[File]] = defaultdict(list)
    for file in state.files.values():
        found[file.project, file.table, file.day].append(file)
    return found


def _gathered(state: State) -> list[list[File]]:
    """Small files that are many enough."""
    found: list[list[File]] = []
    for files in _by_day(state).values():
        if len(files) < FAN_IN:
            continue
        levels: dict[int, list[File]] = defaultdict(list)
        for file in files:
            levels[file.level].append(file)
        found += [alike for alike in levels.values() if len(alike) >= FAN_IN]
    return found


def _merge(place: Place, state: State, now: int, groups: list[list[File]]) -> Manifest:
    writing = Writing(place, state.lineage[-1].name)
    removed: list[str] = []
    for files in _some(groups):
        writing.merged(files, level=max(file.level for file in files) + 1)
        removed += [file.path for file in files]
    return following(state, now, "merge", added=writing.settle(), removed=removed)


def _some(groups: list[list[File]]) -> Iterator[list[File]]:
    """As many as one step takes; one at least."""
    rows = 0
    for files in groups:
        yield files
        rows += sum(file.rows for file in files)
        if rows >= _ROWS_A_STEP:
            return
