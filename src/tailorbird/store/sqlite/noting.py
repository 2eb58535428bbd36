"""Notes for the histories, written in the transaction of what they tell of. A project's stand among the versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from tailorbird.domain.audit import AccountNote, Note, Telling, notes_of
from tailorbird.store.rows import ACCOUNT_NOTE_COLUMNS, account_note_values, decode_told, encode, note_values
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
    for note in notes_of(tell(result)) if tell is not None else ():
        if isinstance(note, AccountNote):
            connection.execute(
                f"INSERT INTO account_notes ({ACCOUNT_NOTE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - constants
                account_note_values(note),
            )
        else:
            _write(connection, note)
    return result


def _write(connection: Connection, note: Note) -> None:
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
