"""The store on PostgreSQL. Methods say where they run: read by key, scan, write at the desk, or commit with a group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from tailorbird.domain.access import ApiKey, Project, SigningKey
from tailorbird.domain.audit import Telling
from tailorbird.domain.definitions import Definition, Item, Kind
from tailorbird.domain.erasure import Erasure
from tailorbird.domain.exports import Numbers
from tailorbird.domain.facts import Entry, IdKey, Verdict
from tailorbird.domain.needs import EventNeed, History
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import IdKind, Visitor
from tailorbird.store.contract import Fold, Found, Rejected, SchemaRow
from tailorbird.store.postgres import access, answers, definitions, erase, facts, incoming, items, lists, people, prune
from tailorbird.store.postgres.accountstore import PostgresAccounts
from tailorbird.store.postgres.answers import Answer
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.database import Database
from tailorbird.store.postgres.drafts import PostgresDrafts
from tailorbird.store.postgres.looking import PostgresLooking
from tailorbird.store.postgres.noting import noted
from tailorbird.store.postgres.transaction import once, transact

P = ParamSpec("P")
T = TypeVar("T")

_PAGE = 1_000
_NOBODY = Visitor()


class PostgresStore:
    """Tailorbird's data in one PostgreSQL database, for any number of processes. ``migrate`` makes its schema.

    ``readers`` are the connections for reads on the decision path; a process opens at most six more.
    """

    def __init__(self, url: str, *, readers: int = 4) -> None:
        self._database = Database(url, readers=readers)
        self._read = self._database.reads.read
        self._scan = self._database.scans.read
        self._uploads = asyncio.Lock()
        self.accounts = PostgresAccounts(self._database)
        self.drafts = PostgresDrafts(self._database)
        self.looking = PostgresLooking(self._database)

    async def _write(
        self, work: Callable[Concatenate[Connection, P], Awaitable[T]], *args: P.args, **options: P.kwargs
    ) -> T:
        """Run in a transaction of its own."""
        return await self._database.desk.run(transact, work, *args, **options)

    # -- life --------------------------------------------------------------------------------------------------------

    async def open(self, *, exclusive: bool = False) -> None:
        """Connect. Never migrates: another schema than this version's is refused."""
        await self._database.open()
        try:
            for project, person in await self._scan(erase.unfinished):
                await self._erase_events(project, person)
        except BaseException:
            await self._database.close()
            raise

    async def close(self) -> None:
        await self._database.close()

    async def ping(self) -> None:
        await self._read(_ping)

    async def setting(self, name: str) -> str:
        """What the connection that writes is set to, e.g. ``synchronous_commit`` → ``on``."""
        return await self._database.desk.run(_setting, name)

    # -- facts -------------------------------------------------------------------------------------------------------

    async def commit(self, entries: Sequence[Entry], fold: Fold) -> list[Verdict]:
        if not entries:
            return []
        verdicts: list[Verdict] = await self._database.writer.commit(entries, fold)
        return verdicts

    # -- people ------------------------------------------------------------------------------------------------------

    async def find(self, project: str, visitor: Visitor) -> Found:
        return await self._read(people.find, project, visitor)

    async def history(
        self, project: str, person: int, merged: Sequence[int], needs: Iterable[EventNeed], now: int
    ) -> History:
        return await self._read(people.history, project, (person, *merged), tuple(needs), now)

    async def profile_ids(self, project: str, person: int) -> list[IdKey]:
        return await self._read(people.profile_ids, project, person)

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
            removed = await self._write(erase.forget_events, project, person)
            total += removed
            if removed < erase.BITE:
                return total

    async def erasures(self, project: str | None = None, since: int = 0) -> list[Erasure]:
        return await self._scan(erase.erasures, project, since)

    async def note_erasures(self, erasures: Sequence[Erasure]) -> None:
        for start in range(0, len(erasures), erase.BITE):
            await self._write(erase.note, erasures[start : start + erase.BITE])

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
        return await self._read(access.projects)

    async def rename_project(self, project: str, name: str, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.rename_project, project, name)

    async def add_key(self, key: ApiKey, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.add_key, key)

    async def keys(self, project: str | None = None) -> list[ApiKey]:
        return await self._read(access.keys, project)

    async def end_key(self, project: str, key_id: str, at: int, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.end_key, project, key_id, at)

    async def revoke_key(self, project: str, key_id: str, at: int, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.revoke_key, project, key_id, at)

    async def touch_keys(self, used: Mapping[str, int]) -> None:
        await self._write(access.touch_keys, dict(used))

    async def signing_keys(self, project: str | None = None) -> list[SigningKey]:
        return await self._read(access.signing_keys, project)

    async def add_signing_key(self, key: SigningKey, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.add_signing_key, key)

    async def retire_signing_key(self, project: str, key_id: str, at: int, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, access.retire_signing_key, project, key_id, at)

    # -- definitions -------------------------------------------------------------------------------------------------

    async def definitions(self, project: str, kind: Kind | None = None, *, deleted: bool = False) -> list[Definition]:
        return await self._scan(definitions.definitions, project, kind, deleted)

    async def definition(self, project: str, kind: Kind, ref: str, version: int = 0) -> Definition:
        return await self._read(definitions.definition, project, kind, ref, version)

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
        async def upload(connection: Connection) -> int:
            return await noted(connection, tell, lists.put_members, project, list_id, members, replace, limit)

        # one at a time, so that a key can be revoked meanwhile; once only, because members may be an iterator
        async with self._uploads:
            try:
                return await self._database.desk.run(once, upload)
            except lists.BrokenOff as error:
                raise error.__cause__ or error from None

    async def remove_members(
        self, project: str, list_id: str, members: Iterable[str], *, tell: Telling | None = None
    ) -> int:
        async with self._uploads:
            return await self._write(noted, tell, lists.remove_members, project, list_id, sorted(set(members)))

    async def members(self, project: str, list_id: str) -> list[str]:
        return await self._scan(lists.members, project, list_id)

    async def list_sizes(self, project: str) -> dict[str, tuple[int, int]]:
        return await self._read(lists.sizes, project)

    async def put_items(self, project: str, items_: Sequence[Item], at: int, *, tell: Telling | None = None) -> None:
        await self._write(noted, tell, items.put_items, project, items_)

    async def delete_items(self, project: str, ids: Sequence[str], at: int, *, tell: Telling | None = None) -> int:
        return await self._write(noted, tell, items.delete_items, project, ids)

    async def items(self, project: str, *, changed_after: int = 0) -> list[tuple[str, bytes | None, int]]:
        return await self._scan(items.items, project, changed_after)

    async def item_page(self, project: str, after: str = "", limit: int = 100) -> list[Item]:
        return await self._read(items.item_page, project, after, limit)

    # -- what came in ------------------------------------------------------------------------------------------------

    async def note_rejected(self, project: str, rejected: Sequence[Rejected]) -> None:
        await self._write(incoming.note_rejected, project, rejected)

    async def rejected(self, project: str, limit: int = 100) -> list[Rejected]:
        return await self._scan(incoming.rejected, project, limit)

    async def note_schema(self, project: str, rows: Sequence[SchemaRow]) -> None:
        await self._write(incoming.note_schema, project, rows)

    async def schema(self, project: str) -> list[SchemaRow]:
        return await self._scan(incoming.schema, project)

    async def counts(self, project: str) -> dict[str, int]:
        return await self._read(incoming.counts, project)

    async def remember_answer(
        self, project: str, request_id: str, body: bytes, at: int, visitor: Visitor = _NOBODY
    ) -> None:
        await self._database.writer.remember(Answer(project, request_id, body, at, visitor.id, visitor.anonymous_id))

    async def remembered_answer(self, project: str, request_id: str, since: int) -> bytes | None:
        return await self._read(answers.remembered, project, request_id, since)

    async def recent_events(self, project: str, limit: int = 100, after: int = 0) -> list[dict[str, Any]]:
        return await self._scan(people.recent_events, project, limit, after)

    # -- housekeeping ------------------------------------------------------------------------------------------------

    async def lease(self, name: str, holder: str, now: int, until: int) -> bool:
        return await self._write(prune.lease, name, holder, until - now)

    async def meta(self, name: str) -> str:
        return await self._read(_meta, name)

    async def set_meta(self, name: str, value: str) -> None:
        await self._write(facts.set_meta, name, value)

    async def begin_incarnation(self, name: str) -> None:
        await self._write(facts.begin_incarnation, name)

    async def fact_numbers(self) -> Numbers:
        return await self._scan(facts.given_out)

    async def prune(
        self,
        now: int,
        dedupe_horizon: Mapping[str, int],
        retention: Mapping[str, int],
        *,
        exported: int | None = None,
    ) -> dict[str, int]:
        removed = {"ledger": 0, "events": 0, "rejected": 0, "answers": 0}
        for project, kept_for in dedupe_horizon.items():
            after = b""
            while True:
                bound = await self._scan(prune.ledger_bound, project, after)
                removed["ledger"] += await self._write(prune.ledger, project, after, bound, now - kept_for)
                if bound is None:
                    break
                after = bound
        for project, kept_for in retention.items():
            while bite := await self._write(prune.events, project, now - kept_for, exported):
                removed["events"] += bite
        while bite := await self._write(prune.answers, now):
            removed["answers"] += bite
        removed["rejected"] = await self._write(prune.rejected, now)
        return removed

    async def stream_events(self, project: str) -> AsyncIterator[dict[str, Any]]:
        after = 0
        while page := await self._scan(people.events_after, project, after, _PAGE):
            for event in page:
                yield event
            after = page[-1]["seq"]


async def _ping(connection: Connection) -> None:
    await connection.fetchval("SELECT 1 FROM projects LIMIT 1")


async def _setting(connection: Connection, name: str) -> str:
    return str(await connection.fetchval("SELECT current_setting($1)", name))


async def _meta(connection: Connection, name: str) -> str:
    return await connection.fetchval("SELECT value FROM meta WHERE name = $1", name) or ""
