"""Reads for people who look at data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tailorbird.domain.needs import EventNeed, History, PastEvent
from tailorbird.domain.profile import Profile
from tailorbird.store.looking import LOOKED_AT, end_of, wanted
from tailorbird.store.rows import EVENT_NAMES, decode, decode_profile, event_object
from tailorbird.store.sqlite.connection import Connection
from tailorbird.store.sqlite.database import Database


class SqliteLooking:
    """``Looking`` on one SQLite file: in a thread."""

    def __init__(self, database: Database) -> None:
        self._scan = database.scan

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
        return await self._scan(_settled)

    async def arrived(self, project: str, after: int, limit: int) -> list[dict[str, Any]]:
        return await self._scan(_arrived, project, after, limit)


def _count(connection: Connection, project: str) -> int:
    return int(connection.execute("SELECT count(*) FROM profiles WHERE project = ?", (project,)).fetchone()[0])


def _sample(connection: Connection, project: str, one_in: int, after: int, limit: int) -> list[Profile]:
    rows = connection.execute(
        "SELECT body FROM profiles WHERE project = ? AND person > ? AND person & ? = 0 ORDER BY person LIMIT ?",
        (project, after, one_in - 1, limit),
    )
    return [decode_profile(body) for (body,) in rows.fetchall()]


def _newest(connection: Connection, project: str, limit: int) -> list[Profile]:
    rows = connection.execute(
        "SELECT body FROM profiles WHERE project = ? ORDER BY person DESC LIMIT ?", (project, limit)
    )
    return [decode_profile(body) for (body,) in rows.fetchall()]


def _search(connection: Connection, project: str, prefix: str, limit: int) -> list[Profile]:
    found: dict[int, Profile] = {}
    for kind in ("u", "a"):
        rows = connection.execute(
            "SELECT p.person, p.body FROM visitor_ids v JOIN profiles p ON p.person = v.person"
            " WHERE v.project = ? AND v.kind = ? AND v.id >= ? AND v.id < ? ORDER BY v.id LIMIT ?",
            (project, kind, prefix, end_of(prefix), limit),
        )
        for person, body in rows.fetchall():
            if person not in found and len(found) < limit:
                found[person] = decode_profile(body)
    return list(found.values())


def _histories(
    connection: Connection, project: str, persons: Sequence[Sequence[int]], needs: Sequence[EventNeed], now: int
) -> list[History]:
    names, earliest, properties = wanted(needs, now)
    place = {number: index for index, numbers in enumerate(persons) for number in numbers}
    found: list[dict[str, list[PastEvent]]] = [{name: [] for name in names} for _ in persons]
    numbers = sorted(place)
    for start in range(0, len(numbers), 400):
        some = numbers[start : start + 400]
        rows = connection.execute(
            f"SELECT person, name, time, id, {'properties' if properties else 'NULL'} FROM events"  # noqa: S608 - marks
            f" WHERE project = ? AND person IN ({', '.join('?' * len(some))})"
            f" AND name IN ({', '.join('?' * len(names))}) AND time >= ?",
            (project, *some, *names, earliest),
        )
        for person, name, time, event_id, told in rows.fetchall():
            found[place[person]][name].append(PastEvent(name, time, event_id, decode(told) if told else {}))
    return [{name: tuple(sorted(one, key=_by_time)) for name, one in each.items()} for each in found]


def _by_time(event: PastEvent) -> tuple[int, str]:
    return event.time, event.id


def _events(connection: Connection, project: str, name: str, limit: int, after: int) -> list[dict[str, Any]]:
    columns = ", ".join(EVENT_NAMES)
    rows = connection.execute(
        f"SELECT {columns} FROM (SELECT {columns} FROM events WHERE project = ? AND seq > ?"  # noqa: S608 - constants
        " ORDER BY seq DESC LIMIT ?) WHERE ? = '' OR name = ? ORDER BY seq DESC LIMIT ?",
        (project, after, LOOKED_AT, name, name, limit),
    )
    return [event_object(row) for row in rows.fetchall()]


def _settled(connection: Connection) -> int:
    """The newest number: who writes is alone, so none below it is open."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])


def _arrived(connection: Connection, project: str, after: int, limit: int) -> list[dict[str, Any]]:
    rows = connection.execute(
        f"SELECT {', '.join(EVENT_NAMES)} FROM events"  # noqa: S608 - constants
        " WHERE project = ? AND seq > ? ORDER BY seq DESC LIMIT ?",
        (project, after, limit),
    )
    return [event_object(row, person=True) for row in rows.fetchall()]
