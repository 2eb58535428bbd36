"""The computing part of a commit: read people from their documents, fold, and lay out what is to be written.

Nothing here touches the database, so that large batches can be folded in a thread while the event loop answers others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from tailorbird.domain.facts import Alias, Changes, Entry, IdKey, State, Verdict
from tailorbird.domain.profile import Profile
from tailorbird.store.contract import Fold
from tailorbird.store.postgres.errors import Again
from tailorbird.store.postgres.text import columns
from tailorbird.store.rows import decode_profile, encode, event_values, exposure_values

#: (project, counter name) → increment
Counts = dict[tuple[str, str], int]
Columns = list[Sequence[Any]]
#: a person, their document, and the positions (from 1) of the ids that lead to them among those asked for
Found = tuple[int, bytes, Sequence[int]]


class Folded(msgspec.Struct, kw_only=True):
    """What is to be written, as columns; an empty list: nothing."""

    verdicts: list[Verdict]
    #: UTC ms of the newest entry
    at: int
    #: ids that led to a person who does not list them: to be looked at again before anything is believed
    doubtful: Columns
    #: person, target, project, at
    links: Columns
    #: project, kind, id, person of ids that were claimed, of those that move; and claimed ones that nobody took
    new_ids: Columns
    moved_ids: Columns
    unused_ids: Columns
    #: person, body (and project)
    known_profiles: Columns
    new_profiles: Columns
    events: list[tuple[Any, ...]]
    exposures: Columns
    days: Columns
    counts: Counts


def ids_of(entries: Sequence[Entry]) -> list[IdKey]:
    """The ids that entries name, sorted."""
    wanted: set[IdKey] = set()
    for entry in entries:
        if isinstance(entry, Alias):
            wanted.add((entry.project, "u", entry.visitor_id))
            wanted.add((entry.project, "u", entry.alias))
            continue
        if entry.visitor.id is not None:
            wanted.add((entry.project, "u", entry.visitor.id))
        if entry.visitor.anonymous_id is not None:
            wanted.add((entry.project, "a", entry.visitor.anonymous_id))
    return sorted(wanted)


def compute(
    entries: Sequence[Entry], asked: Sequence[IdKey], claimed: Collection[IdKey], found: Sequence[Found], fold: Fold
) -> Folded:
    """Fold entries into the people that were ``found`` for the ids ``asked``; nobody had those that were ``claimed``.

    Raises ``Again`` for an id that is neither: it was moved at this very moment.
    """
    state, doubtful = _state(asked, found)
    if any(key not in state.persons and key not in claimed for key in asked):
        raise Again
    changes = fold(entries, state)
    merged = {person: target for _, person, target, _ in changes.links}
    new_ids, moved_ids = _ids(changes, state, claimed, merged)
    known, new = _profiles(changes, state, merged)
    exposures = sorted(changes.exposures, key=lambda row: (row.project, row.person, row.answers.campaign))
    links = sorted((person, _end(merged, person), project, at) for project, person, _, at in changes.links)
    return Folded(
        verdicts=changes.verdicts,
        at=max(entry.received_at for entry in entries),
        doubtful=columns(doubtful),
        links=columns(links),
        new_ids=columns(sorted(new_ids)),
        moved_ids=columns(sorted(moved_ids)),
        unused_ids=columns(sorted(key for key in claimed if key not in changes.ids)),
        known_profiles=columns(sorted(known)),
        new_profiles=columns(new),
        events=[event_values(event, person) for event, person in changes.events],
        exposures=columns(list(exposure_values(exposures))),
        days=columns(sorted(changes.days)),
        counts=changes.counts,
    )


def _state(asked: Sequence[IdKey], found: Sequence[Found]) -> tuple[State, list[tuple[str, str, str, int]]]:
    persons: dict[IdKey, int] = {}
    profiles: dict[int, Profile] = {}
    doubtful: list[tuple[str, str, str, int]] = []
    for person, body, positions in found:
        profile = profiles[person] = decode_profile(body)
        for position in positions:
            key = asked[position - 1]
            persons[key] = person
            if key[2] not in (profile.ids if key[1] == "u" else profile.anonymous_ids):
                doubtful.append((*key, person))
    return State(persons=persons, profiles=profiles), doubtful


_NewIds = list[tuple[str, str, str, int]]


def _ids(changes: Changes, state: State, claimed: Collection[IdKey], merged: dict[int, int]) -> tuple[_NewIds, _NewIds]:
    """Ids that led to nobody, and those that lead to somebody else from now on.

    What led to the people merged away is moved with them, so it is not among these.
    """
    new: _NewIds = []
    moved: _NewIds = []
    for key, person in changes.ids.items():
        end, before = _end(merged, person), state.persons.get(key)
        if key in claimed:
            new.append((*key, end))
        elif before is None or _end(merged, before) != end:
            moved.append((*key, end))
    return new, moved


def _end(merged: dict[int, int], person: int) -> int:
    while person in merged:
        person = merged[person]
    return person


def _profiles(
    changes: Changes, state: State, merged: dict[int, int]
) -> tuple[list[tuple[int, bytes]], list[tuple[int, bytes, str]]]:
    known: list[tuple[int, bytes]] = []
    new: list[tuple[int, bytes, str]] = []
    for person, profile in changes.profiles.items():
        if person in merged:
            continue
        if person in state.profiles:
            known.append((person, encode(profile)))
        else:
            new.append((person, encode(profile), changes.projects[person]))
    return known, new
