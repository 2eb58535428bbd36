"""Reads for people who look at data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tailorbird.domain.needs import EventNeed, History, PastEvent
from tailorbird.domain.profile import Profile
from tailorbird.store.looking import LOOKED_AT, end_of, wanted
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.database import Database
from tailorbird.store.postgres.text import array
from tailorbird.store.rows import EVENT_NAMES, decode, decode_profile, event_object


class PostgresLooking:
    """``Looking`` on PostgreSQL: on the connections for scans."""

    def __init__(self, database: Database) -> None:
        self._scan = database.scans.read
        self._settled = 0
        #: a number, and who could hold it or one below it when it was the newest
        self._fence: tuple[int, frozenset[str]] | None = None

    async def count_people(self, project: str) -> int:
        return await self._scan(_count, project)

    async def sample(self, project: str, one_in: int, after: int = 0, limit: int = 200) -> list[Profile]:
        return await self._scan(_sample, project, one_in, after, limit)

    async def newest_people(self, project: str, limit: int = 50) -> list[Profile]:
        return await self._scan(_newest, project, limit)

    async def search(self, project: str, prefix: str, limit: int = 50) -> list[Profile]:
        return await self._scan(_search, project, prefix, limit)

    async def histories(
        self, project: str, persons: Sequence[Sequence[int]], needs: Iterable[EventNeed], now: int
    ) -> list[History]:
        return await self._scan(_histories, project, persons, tuple(needs), now)

    async def events_named(
        self, project: str, name: str = "", limit: int = 100, after: int = 0
    ) -> list[dict[str, Any]]:
        return await self._scan(_events, project, name, limit, after)

    async def settled(self) -> int:
        fence = self._fence  # taken before we look, so that whoever is in it and is not seen has ended
        given, writing = await self._scan(_writing)
        if fence is not None and not fence[1] & writing:
            self._settled = max(self._settled, fence[0])
        if not writing:
            self._settled = max(self._settled, given)
        if self._fence is None or self._fence[0] <= self._settled:
            self._fence = given, writing
        return self._settled

    async def arrived(self, project: str, after: int, limit: int) -> list[dict[str, Any]]:
        return await self._scan(_arrived, project, after, limit)


async def _count(connection: Connection, project: str) -> int:
    return int(await connection.fetchval("SELECT count(*) FROM profiles WHERE project = $1", project))


async def _sample(connection: Connection, project: str, one_in: int, after: int, limit: int) -> list[Profile]:
    rows = await connection.fetch(
        "SELECT body FROM profiles WHERE project = $1 AND person > $2 AND person & $3::bigint = 0"
        " ORDER BY person LIMIT $4",
        project,
        after,
        one_in - 1,
        limit,
    )
    return [decode_profile(body) for (body,) in rows]


async def _newest(connection: Connection, project: str, limit: int) -> list[Profile]:
    rows = await connection.fetch(
        "SELECT body FROM profiles WHERE project = $1 ORDER BY person DESC LIMIT $2", project, limit
    )
    return [decode_profile(body) for (body,) in rows]


async def _search(connection: Connection, project: str, prefix: str, limit: int) -> list[Profile]:
    found: dict[int, Profile] = {}
    for kind in ("u", "a"):
        rows = await connection.fetch(
            "SELECT p.person, p.body FROM visitor_ids v JOIN profiles p ON p.person = v.person"
            " WHERE v.project = $1 AND v.kind = $2 AND v.id >= $3 AND v.id < $4 ORDER BY v.id LIMIT $5",
            project,
            kind,
            prefix,
            end_of(prefix),
            limit,
        )
        for person, body in rows:
            if person not in found and len(found) < limit:
                found[person] = decode_profile(body)
    return list(found.values())


async def _histories(
    connection: Connection, project: str, persons: Sequence[Sequence[int]], needs: Sequence[EventNeed], now: int
) -> list[History]:
    names, earliest, properties = wanted(needs, now)
    place = {number: index for index, numbers in enumerate(persons) for number in numbers}
    found: list[dict[str, list[PastEvent]]] = [{name: [] for name in names} for _ in persons]
    rows = await connection.fetch(
        f"SELECT person, name, time, id, {'properties' if properties else 'NULL::bytea'} FROM events"  # noqa: S608
        " WHERE project = $1 AND person = ANY ($2::bigint[]) AND name = ANY ($3::text[]) AND time >= $4",
        project,
        sorted(place),
        array(names),
        earliest,
    )
    for person, name, time, event_id, told in rows:
        found[place[person]][name].append(PastEvent(name, time, event_id, decode(told) if told else {}))
    return [{name: tuple(sorted(one, key=_by_time)) for name, one in each.items()} for each in found]


def _by_time(event: PastEvent) -> tuple[int, str]:
    return event.time, event.id


async def _events(connection: Connection, project: str, name: str, limit: int, after: int) -> list[dict[str, Any]]:
    columns = ", ".join(EVENT_NAMES)
    rows = await connection.fetch(
        f"SELECT {columns} FROM (SELECT {columns} FROM events WHERE project = $1 AND seq > $2"  # noqa: S608 - constants
        " ORDER BY seq DESC LIMIT $3) AS newest WHERE $4 = '' OR name = $4 ORDER BY seq DESC LIMIT $5",
        project,
        after,
        LOOKED_AT,
        name,
        limit,
    )
    return [event_object(row) for row in rows]


async def _writing(connection: Connection) -> tuple[int, frozenset[str]]:
    """The newest number that was given out, then the transactions that may hold one up to it: whoever writes events
    locks their table before the first number is asked for, and lets it go after the commit can be seen."""
    given = await connection.fetchval("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM events_seq_seq")
    rows = await connection.fetch(
        "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = 'events'::regclass"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND mode = 'RowExclusiveLock' AND granted"
    )
    return int(given), frozenset(one for (one,) in rows)


async def _arrived(connection: Connection, project: str, after: int, limit: int) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        f"SELECT {', '.join(EVENT_NAMES)} FROM events"  # noqa: S608 - constants
        " WHERE project = $1 AND seq > $2 ORDER BY seq DESC LIMIT $3",
        project,
        after,
        limit,
    )
    return [event_object(row, person=True) for row in rows]
