"""Notes for the history, written in the transaction of what they tell of. They stand among the versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from tailorbird.domain.audit import Note, Telling
from tailorbird.store.rows import decode_told, encode, note_values
from tailorbird.store.sqlite.connection import Connection

P = ParamSpec("P")
T = TypeVar("T")


def noted(
    connection: Connection,
    tell: Telling | None,
    work: Callable[Concatenate[Connection, P], T],
    /,
    *args: P.args,
    **options: P.kwargs,
) -> T:
    """What ``work`` returns, with the note that is told of it."""
    result = work(connection, *args, **options)
    note = tell(result) if tell is not None else None
    if note is not None:
        write(connection, note)
    return result


def write(connection: Connection, note: Note) -> None:
    """Keep a note; one whose id is known is added to the one that is kept."""
    place = (note.project, note.kind, note.id)
    held = connection.execute(
        "SELECT body FROM definition_versions WHERE project = ? AND kind = ? AND id = ? AND version = 0", place
    ).fetchone()
    if held is None:
        connection.execute(
            "INSERT INTO definition_versions (project, kind, id, version, key, body, author, at, deleted, action)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            note_values(note),
        )
        return
    connection.execute(
        "UPDATE definition_versions SET body = ? WHERE project = ? AND kind = ? AND id = ? AND version = 0",
        (encode(decode_told(held[0]) + note.told), *place),
    )
