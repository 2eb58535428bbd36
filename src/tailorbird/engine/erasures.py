"""Erasures outlive a restore: each is noted in the database and in a log outside it, and what one of the two does not
know is repeated there. A backup brings people back; this sends them away again.

A person of the database is erased again when their number was erased (numbers are never given twice), or when an id
of theirs was and their number was made before that: whoever came back later is somebody new and stays. A device alone
proves nothing about a person with known ids, because devices are shared.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec
import structlog

from tailorbird.domain.erasure import Erasure, hashed_id
from tailorbird.domain.errors import Unavailable
from tailorbird.domain.ids import person_made_at
from tailorbird.domain.visitor import IdKind
from tailorbird.engine import erasurelog
from tailorbird.engine.runtime import Runtime
from tailorbird.store.contract import Store

log = structlog.get_logger(__name__)

_PAGE = 10_000


class Replayed(msgspec.Struct, frozen=True):
    """What repeating erasures did."""

    #: erasures that the database did not know
    unknown: int = 0
    #: people who were erased again
    people: int = 0
    #: erasures whose hashes nobody can read here, because the signing key is not in this database
    unreadable: int = 0


async def note(runtime: Runtime, project: str, at: int) -> None:
    """Write the erasures at ``at`` to the log. ``Unavailable`` when that failed; then housekeeping goes on trying."""
    if runtime.data_dir is None:
        return
    fresh = await runtime.store.erasures(project, at)
    try:
        await asyncio.to_thread(erasurelog.append, runtime.data_dir / erasurelog.FILE, fresh)
    except OSError as error:
        runtime.erasures_owed = True
        log.warning("erasure not noted", error=error.strerror)
        raise Unavailable("The person is erased, but that could not be written to the log of erasures yet.") from error


async def reconcile(runtime: Runtime) -> Replayed:
    """Make the database and the log of this data folder know the same erasures. Trouble with the log is logged."""
    if runtime.data_dir is None:
        return Replayed()
    path = runtime.data_dir / erasurelog.FILE
    try:
        told = await asyncio.to_thread(erasurelog.read, path)
        if told.damaged:
            log.error("log of erasures is damaged", lines=told.damaged[:20])
        replayed = await replay(runtime.store, told.erasures)
        known = {erasure.name for erasure in told.erasures}
        missing = [erasure for erasure in await runtime.store.erasures() if erasure.name not in known]
        await asyncio.to_thread(erasurelog.append, path, missing)
    except OSError as error:
        runtime.erasures_owed = True
        log.error("log of erasures cannot be used", error=error.strerror)
        return Replayed()
    runtime.erasures_owed = False
    if replayed.people:
        log.warning("people erased again: the database is older than their erasure", people=replayed.people)
    return replayed


async def replay(store: Store, told: Sequence[Erasure]) -> Replayed:
    """Repeat the erasures that the database does not know. Interrupted at any point, it can be begun again."""
    known = {erasure.name for erasure in await store.erasures()}
    pending: dict[str, list[Erasure]] = defaultdict(list)
    for erasure in told:
        if erasure.name not in known:
            known.add(erasure.name)
            pending[erasure.project].append(erasure)
    people = unreadable = 0
    for project, erasures in pending.items():
        done, unread = await _replay_project(store, project, erasures)
        people, unreadable = people + done, unreadable + unread
    return Replayed(sum(map(len, pending.values())), people, unreadable)


async def _replay_project(store: Store, project: str, erasures: list[Erasure]) -> tuple[int, int]:
    """Those found by an id first: erasing by number is what makes an erasure known."""
    secrets = {key.id: key.secret for key in await store.signing_keys(project)}
    numbers = {erasure.person for erasure in erasures}
    found = await _found_by_id(store, project, erasures, secrets)
    people = 0
    for person, at in found.items():
        if person not in numbers:
            people += bool(await store.erase(project, person, at))
    for erasure in erasures:
        people += bool(await store.erase(project, erasure.person, erasure.at))
    await store.note_erasures(erasures)
    return people, sum(bool(erasure.ids and erasure.key not in secrets) for erasure in erasures) if secrets else 0


async def _found_by_id(
    store: Store, project: str, erasures: Iterable[Erasure], secrets: dict[str, bytes]
) -> dict[int, int]:
    """Person → when they were erased, of those whose number was made before that."""
    wanted: dict[str, dict[str, int]] = defaultdict(dict)
    for erasure in erasures:
        if erasure.key in secrets:
            hashes = wanted[erasure.key]
            hashes.update((one, max(erasure.at, hashes.get(one, 0))) for one in erasure.ids)
    found: dict[int, int] = {}
    after = ("", "")
    while wanted and (page := await store.id_page(project, after, _PAGE)):
        after = page[-1][:2]
        for kind, person, at in await asyncio.to_thread(_matches, page, wanted, secrets):
            if kind == "u" or all(one != "u" for _, one, _ in await store.profile_ids(project, person)):
                found[person] = max(at, found.get(person, 0))
    return found


def _matches(
    page: Sequence[tuple[IdKind, str, int]], wanted: dict[str, dict[str, int]], secrets: dict[str, bytes]
) -> list[tuple[IdKind, int, int]]:
    return [
        (kind, person, at)
        for key, hashes in wanted.items()
        for kind, visitor_id, person in page
        if (at := hashes.get(hashed_id(secrets[key], kind, visitor_id), -1)) >= person_made_at(person)
    ]
