"""How far the import of a file is, noted beside its rejected rows: the same command goes on where it ended."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from tailorbird.cli.importing.cells import Type
from tailorbird.cli.importing.rows import START, Position

#: changes when the form of the file does; another form is not read
FORM = 1


class State(msgspec.Struct, kw_only=True):
    """The import of one file."""

    #: what is imported, where to, and how: another way is another import
    purpose: str
    #: hash of the file
    source: str
    #: tells the rows of this import from those of the same file imported anew
    run: str
    #: of CSV columns, as seen at the beginning
    types: dict[str, Type] = {}
    position: Position = START
    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    #: length of the file of rejected rows, as far as it is true
    rejects_bytes: int = 0
    done: bool = False
    form: int = FORM


_DECODER = msgspec.json.Decoder(State)


def read(path: Path) -> State | None:
    """The import that was begun; None where there is none, or none that can be read: then it begins anew, which does no
    harm."""
    try:
        state = _DECODER.decode(path.read_bytes())
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return state if state.form == FORM else None


def write(path: Path, state: State) -> None:
    """Replace the file in one step; it is never half written."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(msgspec.json.encode(state))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
