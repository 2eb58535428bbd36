"""Long answers in pages, so that reading a million rows does not hold everything else up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from tailorbird.store.postgres.connections import Connection

#: rows at a time, a few milliseconds of work
PAGE = 5_000


async def pages(connection: Connection, sql: str, *args: Any) -> AsyncIterator[Sequence[Any]]:
    """The rows of a query as they were at one moment, page by page. To be read to the end."""
    async with connection.transaction(readonly=True):
        cursor = await connection.cursor(sql, *args)
        while page := await cursor.fetch(PAGE):
            yield page
