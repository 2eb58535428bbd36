"""Notes for the histories, written in the transaction of what they tell of. A project's stand among the versions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

from tailorbird.domain.audit import AccountNote, Note, Telling, notes_of
from tailorbird.store.postgres.connections import Connection
from tailorbird.store.rows import ACCOUNT_NOTE_COLUMNS, account_note_values, decode_told, encode, note_values

P = ParamSpec("P")
T = TypeVar("T")


async def noted(
    connection: Connection,
    tell: Telling | None,
    work: Callable[Concatenate[Connection, P], Awaitable[T]],
    /,
    *args: P.args,
    **options: P.kwargs,
) -> T:
    """What ``work`` returns, with the note that is told of it."""
    result = await work(connection, *args, **options)
    for note in notes_of(tell(result)) if tell is not None else ():
        if isinstance(note, AccountNote):
            await connection.execute(
                f"INSERT INTO account_notes ({ACCOUNT_NOTE_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)",  # noqa: S608 - constants
                *account_note_values(note),
            )
        else:
            await _write(connection, note)
    return result


async def _write(connection: Connection, note: Note) -> None:
    """Keep a note; one whose id is known is added to the one that is kept."""
    fresh = await connection.fetchval(
        "INSERT INTO definition_versions (project, kind, id, version, key, body, author, at, deleted, action)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT (project, kind, id, version) DO NOTHING RETURNING seq",
        *note_values(note),
    )
    if fresh is not None:
        return
    place = (note.project, note.kind, note.id)
    held = await connection.fetchval(
        "SELECT body FROM definition_versions WHERE project = $1 AND kind = $2 AND id = $3 AND version = 0 FOR UPDATE",
        *place,
    )
    await connection.execute(
        "UPDATE definition_versions SET body = $4 WHERE project = $1 AND kind = $2 AND id = $3 AND version = 0",
        *place,
        encode(decode_told(held) + note.told),
    )
