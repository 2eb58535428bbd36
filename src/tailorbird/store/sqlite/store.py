"""The store on one SQLite file. Methods say where they run: read here, scan in a thread, write with the next batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tailorbird.domain.access import ApiKey, Project, SigningKey
from tailorbird.domain.audit import Telling
from tailorbird.domain.definitions import Definition, Item, Kind
from tailorbird.domain.erasure import Erasure
from tailorbird.domain.errors import TooLarge
from tailorbird.domain.exports import Numbers
from tailorbird.domain.facts import Entry, IdKey, Verdict
from tailorbird.domain.needs import EventNeed, History
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import IdKind, Visitor
from tailorbird.store.contract import Fold, Found, Rejected, SchemaRow
from tailorbird.store.sqlite import access, definitions, erase, facts, incoming, items, lists, people, prune
from tailorbird.store.sqlite.accountstore import SqliteAccounts
from tailorbird.store.sqlite.connection import Connect, Connection, connect
from tailorbird.store.sqlite.database import Database
from tailorbird.store.sqlite.drafts import SqliteDrafts
from tailorbird.store.sqlite.looking import SqliteLooking
from tailorbird.store.sqlite.noting import noted

#: past events that are read on the event loop; more are read in a thread
_HISTORY_AT_ONCE = 500
_PAGE = 1_000
_NOBODY = Visitor()


class SqliteStore:
    """Tailorbird's data in one file, for one serving process. ``connect`` and ``synchronous`` are there for tests.

    Command line tools may write to the same file meanwhile.
    """

    def __init__(
        self, path: str | Path, *, connect: Connect = connect, busy_ms: int = 2_000, synchronous: str = "FULL"
    ) -> None:
        self._database = Database(Path(path), connect, busy_ms=busy_ms, synchronous=synchronous)
        self._read = self._database.read
        self._scan = self._database.scan
        self._write = self._database.write
        self._uploads = asyncio.Lock()
        self.accounts = SqliteAccounts(self._database)
        self.drafts = SqliteDrafts(self._database)
        self.looking = SqliteLooking(self._database)

    # -- life --------------------------------------------------------------------------------------------------------

    async def open(self, *, exclusive: bool = False) -> None:
        """Make or migrate the file and start the writer. A server says ``exclusive``: a second one is refused."""
        await self._database.open(exclusive=exclusive)
        try:
            for project, person in self._read(erase.unfinished):
                await self._erase_events(project, person)
            if exclusive:
                for storage in self._read(lists.orphans):
                    await self._discard(storage)
        except BaseException:
            await self._database.close()  # else the next attempt would meet the lock of this one
            raise

    async def close(self) -> None:
        await self._database.close()

    async def ping(self) -> None:
        self._read(_ping)

    async def writer_pragma(self, name: str) -> Any:
        """What the live writing connection is set to, e.g. ``synchronous`` → 2."""
        return await self._write(_pragma, name)

    # -- facts -------------------------------------------------------------------------------------------------------

    async def commit(self, entries: Sequence[Entry], fold: Fold) -> list[Verdict]:
        if not entries:
            return []
        verdicts: list[Verdict] = await self._database.writer.commit(entries, fold)
        return verdicts

    # -- people ------------------------------------------------------------------------------------------------------

    async def find(self, project: str, visitor: Visitor) -> Found:
        return self._read(people.find, project, visitor)

    async def history(
        self, project: str, person: int, merged: Sequence[int], needs: Iterable[EventNeed], now: int
    ) -> History:
        wanted, persons = tuple(needs), (person, *merged)
        found = self._read(people.history, project, persons, wanted, now, _HISTORY_AT_ONCE)
        if found is None:
            found = await self._scan(people.history, project, persons, wanted, now)
        return found or {}

    async def profile_ids(self, project: str, person: int) -> list[IdKey]:
        return self._read(people.profile_ids, project, person)

    async def events_of(
        self, project: str, persons: Sequence[int], limit: int = 1000, before: int = 0, *, name: str = ""
    ) -> list[dict[str, Any]]:
        return await self._scan(people.events_of, project, persons, limit, before, name)

    async def exposures_of(self, project: str, persons: Sequence[int]) -> list[dict[str, Any]]:
        return await self._scan(people.exposures_of, project, persons)

    async def erase(self, project: str, person: int, at: int, *, tell: Telling | None = None) -> int:
        persons, removed = await self._write(noted, tell, erase.forget, project, person, at)
        for one in persons:
            removed += await self._erase_events(project, one)
        return removed

    async def _erase_events(self, project: str, person: int) -> int:
        total = 0
        while True:
            removed = await self._database.write_rows(erase.BITE, erase.forget_events, project, person)
            total += removed
            if removed < erase.BITE:
                return total

    async def erasures(self, project: str | None = None, since: int = 0) -> list[Erasure]:
        return await self._scan(erase.erasures, project, since)

    async def note_erasures(self, erasures: Sequence[Erasure]) -> None:
        for start in range(0, len(erasures), erase.BITE):
            bite = erasures[start : start + erase.BITE]
            await self._database.write_rows(len(bite), erase.note, bite)

    async def id_page(
        self, project: str, after: tuple[str, str] = ("", ""), limit: int = 10_000
    ) -> list[tuple[IdKind, str, int]]:
        return await self._scan(people.id_page, project, after, limit)

    async def people(self, project: str, after: int = 0, limit: int = 100) -> list[Profile]:
        return await self._scan(people.people, project, after, limit)

    # -- projects, keys ----------------------------------------------------------------------------------------------

    async def create_project(self, project: Project, signing_key: SigningKey, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.create_project, project, signing_key)

    async def projects(self) -> list[Project]:
        return self._read(access.projects)

    async def rename_project(self, project: str, name: str, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.rename_project, project, name)

    async def add_key(self, key: ApiKey, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.add_key, key)

    async def keys(self, project: str | None = None) -> list[ApiKey]:
        return self._read(access.keys, project)

    async def end_key(self, project: str, key_id: str, at: int, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.end_key, project, key_id, at)

    async def revoke_key(self, project: str, key_id: str, at: int, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.revoke_key, project, key_id, at)

    async def touch_keys(self, used: Mapping[str, int]) -> None:
        await self._write(access.touch_keys, dict(used))

    async def signing_keys(self, project: str | None = None) -> list[SigningKey]:
        return self._read(access.signing_keys, project)

    async def add_signing_key(self, key: SigningKey, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.add_signing_key, key)

    async def retire_signing_key(self, project: str, key_id: str, at: int, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.retire_signing_key, project, key_id, at)

    # -- definitions -------------------------------------------------------------------------------------------------

    async def definitions(self, project: str, kind: Kind | None = None, *, deleted: bool = False) -> list[Definition]:
        return await self._scan(definitions.definitions, project, kind, deleted)

    async def definition(self, project: str, kind: Kind, ref: str, version: int = 0) -> Definition:
        return self._read(definitions.definition, project, kind, ref, version)

    async def versions(self, project: str, kind: Kind, definition_id: str) -> list[Definition]:
        return await self._scan(definitions.versions, project, kind, definition_id)

    async def creators(self, project: str, kind: Kind) -> dict[str, tuple[str, int]]:
        return await self._scan(definitions.creators, project, kind)

    async def write_definitions(self, writes: Sequence[tuple[Definition, int]]) -> None:
        await self._write(definitions.write_definitions, writes)

    async def audit(
        self, project: str, limit: int = 100, before: int = 0, *, kind: str = ""
    ) -> list[tuple[int, Definition]]:
        return await self._scan(definitions.audit, project, limit, before, kind)

    # -- lists, catalogue --------------------------------------------------------------------------------------------

    async def put_members(
        self,
        project: str,
        list_id: str,
        members: Iterable[str],
        *,
        replace: bool,
        limit: int,
        tell: Telling | None = None,
    ) -> int:
        async with self._uploads:
            upload = await self._write(lists.begin, project, list_id, replace)
            try:
                return await self._upload(project, list_id, upload, members, limit, tell)
            except BaseException:
                await self._discard(upload.storage, 0 if upload.fresh else upload.batch)
                raise

    async def _upload(
        self, project: str, list_id: str, upload: lists.Upload, members: Iterable[str], limit: int, tell: Telling | None
    ) -> int:
        if upload.stale:
            await self._discard(upload.storage, upload.batch)
        size = upload.size
        rest = iter(members)
        while bite := sorted(islice(rest, lists.BITE)):
            size += await self._database.write_rows(len(bite), lists.add, upload, bite)
            if size > limit:
                raise TooLarge(f"A list holds at most {limit:,} members.")
        old = await self._write(noted, _of(tell, size), lists.finish, project, list_id, upload, size)
        if old:
            await self._discard(old)
        return size

    async def _discard(self, storage: int, from_batch: int = 0) -> None:
        while await self._database.write_rows(lists.BITE, lists.discard, storage, from_batch) == lists.BITE:
            pass

    async def remove_members(
        self, project: str, list_id: str, members: Iterable[str], *, tell: Telling | None = None
    ) -> int:
        out = set(members)
        if len(out) <= lists.REMOVED_AT_ONCE:
            async with self._uploads:
                return await self._database.write_rows(
                    len(out), noted, tell, lists.remove, project, list_id, sorted(out)
                )
        before = await self.members(project, list_id)
        rest = [member for member in before if member not in out]
        if len(rest) < len(before):
            gone = _of(tell, len(before) - len(rest))
            await self.put_members(project, list_id, rest, replace=True, limit=len(before), tell=gone)
        return len(before) - len(rest)

    async def members(self, project: str, list_id: str) -> list[str]:
        return await self._scan(lists.members, project, list_id)

    async def list_sizes(self, project: str) -> dict[str, tuple[int, int]]:
        return self._read(lists.sizes, project)

    async def put_items(self, project: str, items_: Sequence[Item], at: int, *, tell: Telling | None = None) -> None:
        await self._database.write_rows(len(items_), noted, tell, items.put_items, project, items_)

    async def delete_items(self, project: str, ids: Sequence[str], at: int, *, tell: Telling | None = None) -> int:
        return await self._database.write_rows(len(ids), noted, tell, items.delete_items, project, ids)

    async def items(self, project: str, *, changed_after: int = 0) -> list[tuple[str, bytes | None, int]]:
        return await self._scan(items.items, project, changed_after)

    async def item_page(self, project: str, after: str = "", limit: int = 100) -> list[Item]:
        return self._read(items.item_page, project, after, limit)

    # -- what came in ------------------------------------------------------------------------------------------------

    async def note_rejected(self, project: str, rejected: Sequence[Rejected]) -> None:
        await self._database.write_rows(len(rejected), incoming.note_rejected, project, rejected)

    async def rejected(self, project: str, limit: int = 100) -> list[Rejected]:
        return await self._scan(incoming.rejected, project, limit)

    async def note_schema(self, project: str, rows: Sequence[SchemaRow]) -> None:
        await self._database.write_rows(len(rows), incoming.note_schema, project, rows)

    async def schema(self, project: str) -> list[SchemaRow]:
        return await self._scan(incoming.schema, project)

    async def counts(self, project: str) -> dict[str, int]:
        return self._read(incoming.counts, project)

    async def remember_answer(
        self, project: str, request_id: str, body: bytes, at: int, visitor: Visitor = _NOBODY
    ) -> None:
        await self._write(incoming.remember_answer, project, request_id, body, at, visitor)

    async def remembered_answer(self, project: str, request_id: str, since: int) -> bytes | None:
        return self._read(incoming.remembered_answer, project, request_id, since)

    async def recent_events(self, project: str, limit: int = 100, after: int = 0) -> list[dict[str, Any]]:
        return await self._scan(people.recent_events, project, limit, after)

    # -- housekeeping ------------------------------------------------------------------------------------------------

    async def lease(self, name: str, holder: str, now: int, until: int) -> bool:
        return await self._write(prune.lease, name, holder, now, until)

    async def meta(self, name: str) -> str:
        return self._read(_meta, name)

    async def set_meta(self, name: str, value: str) -> None:
        await self._write(facts.set_meta, name, value)

    async def begin_incarnation(self, name: str) -> None:
        await self._write(facts.begin_incarnation, name)

    async def fact_numbers(self) -> Numbers:
        return self._read(facts.given_out)

    async def prune(
        self,
        now: int,
        dedupe_horizon: Mapping[str, int],
        retention: Mapping[str, int],
        *,
        exported: int | None = None,
    ) -> dict[str, int]:
        removed = {"ledger": 0, "events": 0, "rejected": 0, "answers": 0}
        write = self._database.write_rows
        for project, kept_for in dedupe_horizon.items():
            after = b""
            while True:
                bound = await self._scan(prune.ledger_bound, project, after)
                removed["ledger"] += await write(prune.BITE, prune.ledger, project, after, bound, now - kept_for)
                if bound is None:
                    break
                after = bound
        for project, kept_for in retention.items():
            while bite := await write(prune.BITE, prune.events, project, now - kept_for, exported):
                removed["events"] += bite
        while bite := await write(prune.BITE, prune.answers, now):
            removed["answers"] += bite
        removed["rejected"] = await write(prune.BITE, prune.rejected, now)
        return removed

    async def stream_events(self, project: str) -> AsyncIterator[dict[str, Any]]:
        after = 0
        while page := await self._scan(people.events_after, project, after, _PAGE):
            for event in page:
                yield event
            after = page[-1]["seq"]


def _of(tell: Telling | None, result: Any) -> Telling | None:
    """What is told where the act comes to this, whatever its last step returns."""
    return None if tell is None else lambda _: tell(result)


def _ping(connection: Connection) -> None:
    connection.execute("SELECT 1 FROM projects LIMIT 1").fetchone()


def _pragma(connection: Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _meta(connection: Connection, name: str) -> str:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return row[0] if row else ""
