"""Answers that may be asked for again under the same request id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tailorbird.store.postgres.connections import Connection
from tailorbird.store.postgres.text import columns

#: how long the answer to a request id holds
ANSWER_MS = 10 * 60_000

_REMEMBER = (
    "INSERT INTO answers (project, request_id, body, at, visitor_id, anonymous_id)"  # noqa: S608 - constants
    " SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::text[])"
    " ON CONFLICT (project, request_id) DO UPDATE SET body = excluded.body, at = excluded.at,"
    " visitor_id = excluded.visitor_id, anonymous_id = excluded.anonymous_id"
    f" WHERE answers.at < excluded.at - {ANSWER_MS}"
)


class Answer(NamedTuple):
    """An answer as its table keeps it."""

    project: str
    request_id: str
    body: bytes
    at: int
    visitor_id: str | None
    anonymous_id: str | None


async def remember(connection: Connection, answers: Iterable[Answer]) -> None:
    """Keep answers. The first of two stays, unless it is too old to be asked for."""
    kept: dict[tuple[str, str], Answer] = {}
    for one in answers:
        before = kept.get((one.project, one.request_id))
        if before is None or before.at < one.at - ANSWER_MS:
            kept[one.project, one.request_id] = one
    await connection.execute(_REMEMBER, *columns(kept[key] for key in sorted(kept)))


async def remembered(connection: Connection, project: str, request_id: str, since: int) -> bytes | None:
    """The answer that was given to a request id at or after a time."""
    body: bytes | None = await connection.fetchval(
        "SELECT body FROM answers WHERE project = $1 AND request_id = $2 AND at >= $3", project, request_id, since
    )
    return body
