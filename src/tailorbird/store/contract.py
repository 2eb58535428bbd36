"""What a store promises. Two real things keep it, SQLite and PostgreSQL; ``tests/store`` is one suite for both.

Every method that takes a project reads and writes only that project's rows. What ``tell`` makes of an act's result is
kept with it, in the same transaction. Methods raise ``domain.errors``:
``Conflict`` for a lost optimistic lock or a taken name, ``NotFound``, ``Invalid`` for text that is no text, and
``Unavailable`` when the database is away, locked, full or too slow; whatever raised, nothing of that call was kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from tailorbird.domain.access import ApiKey, Project, SigningKey
from tailorbird.domain.audit import Telling
from tailorbird.domain.definitions import Definition, Item, Kind
from tailorbird.domain.erasure import Erasure
from tailorbird.domain.exports import Numbers
from tailorbird.domain.facts import Changes, Entry, IdKey, State, Verdict
from tailorbird.domain.needs import EventNeed, History
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import IdKind, Visitor
from tailorbird.store.accounts import AccountStore
from tailorbird.store.drafts import DraftStore
from tailorbird.store.looking import Looking

#: name of the word about a database that a restore renews, so that readers of its sequence numbers begin anew
INCARNATION = "incarnation"

#: ``profiles.fold_batch`` with its person numbers bound: pure, called inside the transaction
Fold = Callable[[Sequence[Entry], State], Changes]


class Found(msgspec.Struct, frozen=True):
    """The people that a visitor's two ids lead to. Both are the same object where both lead to one person."""

    known: Profile | None = None
    anonymous: Profile | None = None


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was refused: kept for a week, at most 1,000 per project, its values masked."""

    at: int
    name: str
    field: str
    error: str
    #: the event with every value replaced by its type and length
    masked: dict[str, Any] = {}
    #: the door that it came through
    source: str = ""
    #: bytes of what could not be decoded; 0 where it could
    size: int = 0
    #: how that begins, masked, where it is nothing that ``masked`` could tell
    beginning: str = ""


class SchemaRow(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute, event or event property that was seen, with the type of its values."""

    #: ``attribute``, ``event`` or ``property``
    kind: str
    #: attribute or event name; ``event.property`` for properties
    name: str
    type: str
    first_at: int
    last_at: int
    count: int


class Store(Protocol):
    """One database."""

    @property
    def accounts(self) -> AccountStore:
        """Accounts, sessions, memberships and invitations."""

    @property
    def drafts(self) -> DraftStore:
        """What is written and not yet published."""

    @property
    def looking(self) -> Looking:
        """Reads for people who look at data."""

    # -- life --------------------------------------------------------------------------------------------------------
    async def open(self, *, exclusive: bool = False) -> None:
        """Connect, ``Conflict`` on a schema that is newer than this code, start the writer.

        A server says ``exclusive``; where a database serves one process only, a second one is refused.
        """

    async def close(self) -> None:
        """Finish what is queued, then disconnect."""

    async def ping(self) -> None:
        """Return when a trivial read works; raise ``Unavailable`` otherwise."""

    # -- facts: the one write path -----------------------------------------------------------------------------------
    async def commit(self, entries: Sequence[Entry], fold: Fold) -> list[Verdict]:
        """Make the entries durable and return their verdicts, in order, after their transaction was committed.

        Calls that arrive while a commit runs are written together by the next one; neighbours that hand in the same
        ``fold`` (equal objects) are folded as one batch. Inside: insert event identities into the ledger
        (``duplicate``, or ``conflict`` when the content differs) → read the people of the new entries → ``fold`` →
        write what it changed. ``fold`` sees only entries that are not duplicates; verdicts come back for all. When
        ``fold`` raises, the callers whose entries do not make it raise lose nothing. It may be called again.
        """

    # -- people ------------------------------------------------------------------------------------------------------
    async def find(self, project: str, visitor: Visitor) -> Found:
        """The profiles of a visitor's ids: one point read each, links resolved."""

    async def history(
        self, project: str, person: int, merged: Sequence[int], needs: Iterable[EventNeed], now: int
    ) -> History:
        """The past events asked for, of the person and those merged into it, in one query; ascending by (time, id)."""

    async def profile_ids(self, project: str, person: int) -> list[IdKey]:
        """All ids that lead to this person."""

    async def events_of(
        self, project: str, persons: Sequence[int], limit: int = 1000, before: int = 0, *, name: str = ""
    ) -> list[dict[str, Any]]:
        """A person's events, newest first, each as a plain object; ``before`` (a sequence number) pages on; of one
        ``name`` where it is told."""

    async def exposures_of(self, project: str, persons: Sequence[int]) -> list[dict[str, Any]]:
        """A person's first exposures and days seen, as plain objects."""

    async def erase(self, project: str, person: int, at: int, *, tell: Telling | None = None) -> int:
        """Forget a person: profile, ids, links, events, exposures, answers, list memberships. Ledger rows stay.

        Includes everyone merged into them. Returns the number of rows removed, 0 for an unknown person. Each of them is
        noted as an ``Erasure`` in the same transaction, their ids hashed with the project's oldest signing key.
        """

    async def erasures(self, project: str | None = None, since: int = 0) -> list[Erasure]:
        """Who was erased at a time or after it, in the order in which it was noted."""

    async def note_erasures(self, erasures: Sequence[Erasure]) -> None:
        """Keep erasures that happened in another copy of the data. Those that are known already change nothing."""

    async def id_page(
        self, project: str, after: tuple[str, str] = ("", ""), limit: int = 10_000
    ) -> list[tuple[IdKind, str, int]]:
        """All ids in the order of (kind, id), each with the person it leads to; ``after`` pages on."""

    async def people(self, project: str, after: int = 0, limit: int = 100) -> list[Profile]:
        """Profiles in person order, for listings and counts."""

    # -- projects, keys ----------------------------------------------------------------------------------------------
    async def create_project(
        self, project: Project, signing_key: SigningKey, *, tell: Telling | None = None
    ) -> None: ...
    async def projects(self) -> list[Project]:
        """All projects with their versions: one cheap query; processes poll it."""

    async def rename_project(self, project: str, name: str, *, tell: Telling | None = None) -> None:
        """The key stays. Bumps the project's version."""

    async def add_key(self, key: ApiKey, *, tell: Telling | None = None) -> None:
        """``Conflict`` when the client already holds two live secret keys."""

    async def keys(self, project: str | None = None) -> list[ApiKey]: ...
    async def end_key(self, project: str, key_id: str, at: int, *, tell: Telling | None = None) -> None:
        """Let a key expire at ``at``; of two times the earlier holds."""

    async def revoke_key(self, project: str, key_id: str, at: int, *, tell: Telling | None = None) -> None:
        """Stop a key for good. Clocks may differ and jump: ``at`` is only noted, the first of two times."""

    async def touch_keys(self, used: Mapping[str, int]) -> None:
        """Note last use: key id → UTC ms."""

    async def signing_keys(self, project: str | None = None) -> list[SigningKey]: ...
    async def add_signing_key(self, key: SigningKey, *, tell: Telling | None = None) -> None: ...
    async def retire_signing_key(self, project: str, key_id: str, at: int, *, tell: Telling | None = None) -> None: ...

    # -- definitions -------------------------------------------------------------------------------------------------
    async def definitions(self, project: str, kind: Kind | None = None, *, deleted: bool = False) -> list[Definition]:
        """The newest version of each, in the order of creation."""

    async def definition(self, project: str, kind: Kind, ref: str, version: int = 0) -> Definition:
        """By id or key; version 0 = the newest. A deleted one is ``NotFound`` unless a version is named."""

    async def versions(self, project: str, kind: Kind, definition_id: str) -> list[Definition]:
        """All versions, newest first."""

    async def creators(self, project: str, kind: Kind) -> dict[str, tuple[str, int]]:
        """Id → who wrote the first version of each, and when."""

    async def write_definitions(self, writes: Sequence[tuple[Definition, int]]) -> None:
        """Append versions in one transaction; each comes with the version it was made from (0 = a new definition).

        ``Conflict`` (extra ``expected`` and ``current``, the newest Definition) when somebody wrote meanwhile, or when
        the key belongs to another live definition of the kind (then ``current`` is that one). Bumps the project's
        version.
        """

    async def audit(
        self, project: str, limit: int = 100, before: int = 0, *, kind: str = ""
    ) -> list[tuple[int, Definition]]:
        """Every write and every note (version 0, its ``Told`` as the body), newest first, as (sequence number,
        definition); ``before`` pages on; of one ``kind`` where it is named."""

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
        """Add members (canonical JSON of each value), or replace all; returns the new size.

        ``TooLarge`` over ``limit``. Others see all of it or nothing. Bumps the project's version.
        """

    async def remove_members(
        self, project: str, list_id: str, members: Iterable[str], *, tell: Telling | None = None
    ) -> int: ...
    async def members(self, project: str, list_id: str) -> list[str]: ...
    async def list_sizes(self, project: str) -> dict[str, tuple[int, int]]:
        """List id → (size, change number)."""

    async def put_items(self, project: str, items: Sequence[Item], at: int, *, tell: Telling | None = None) -> None:
        """Insert or replace catalogue items. Bumps the project's ``items_version``."""

    async def delete_items(self, project: str, ids: Sequence[str], at: int, *, tell: Telling | None = None) -> int: ...
    async def items(self, project: str, *, changed_after: int = 0) -> list[tuple[str, bytes | None, int]]:
        """(id, JSON of the Item or None if deleted, change number) of items changed after a change number."""

    async def item_page(self, project: str, after: str = "", limit: int = 100) -> list[Item]: ...

    # -- what came in ------------------------------------------------------------------------------------------------
    async def note_rejected(self, project: str, rejected: Sequence[Rejected]) -> None: ...
    async def rejected(self, project: str, limit: int = 100) -> list[Rejected]: ...
    async def note_schema(self, project: str, rows: Sequence[SchemaRow]) -> None:
        """Add up counts and widen first/last."""

    async def schema(self, project: str) -> list[SchemaRow]: ...
    async def counts(self, project: str) -> dict[str, int]:
        """Named counters, e.g. ``identity_conflicts``, ``duplicate_conflicts``."""

    async def remember_answer(
        self, project: str, request_id: str, body: bytes, at: int, visitor: Visitor = ...
    ) -> None:
        """Keep an answer for ten minutes. The first of two stays. ``visitor`` lets an erasure find it."""

    async def remembered_answer(self, project: str, request_id: str, since: int) -> bytes | None: ...
    async def recent_events(self, project: str, limit: int = 100, after: int = 0) -> list[dict[str, Any]]:
        """The newest events of the whole project, for looking at what arrives."""

    # -- housekeeping ------------------------------------------------------------------------------------------------
    async def lease(self, name: str, holder: str, now: int, until: int) -> bool:
        """Take a job for ``holder`` from now to ``until``, or keep it for longer; False while another one holds it.

        Where several servers share a database, its clock decides when ``until - now`` has passed.
        """

    async def meta(self, name: str) -> str:
        """A word about the database, e.g. ``INCARNATION``; empty when it has none."""

    async def set_meta(self, name: str, value: str) -> None: ...
    async def begin_incarnation(self, name: str) -> None:
        """Call the database by a new name, because it goes on from an older state of another copy of it; keep the names
        before (``domain.exports.Lineage``), each with the numbers that it began above."""

    async def fact_numbers(self) -> Numbers:
        """The newest number of each sequence of facts: cheap, to see whether there is something new. On a database with
        several writers they may stand for rows that are not committed yet."""

    async def prune(
        self,
        now: int,
        dedupe_horizon: Mapping[str, int],
        retention: Mapping[str, int],
        *,
        exported: int | None = None,
    ) -> dict[str, int]:
        """Remove what outlived its time, in small bites: ledger, rejected, answers, events (ms per project).

        Age counts from when we received it. Events with a number above ``exported`` stay. Returns the rows removed of
        each.
        """

    def stream_events(self, project: str) -> AsyncIterator[dict[str, Any]]:
        """All events in sequence order, each with its ``person``, for exports and checks."""
