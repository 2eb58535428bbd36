"""What a server and the process beside it say to each other: MessagePack, each message after its length in four bytes.

Every message from the server has a number of its own; the answers name it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.domain.exports import Numbers
from tailorbird.lake.queries.ask import Question

HEAD = 4


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the leader is told with every turn."""

    #: project → days that its facts are kept
    keep_days: dict[str, int] = {}
    #: seconds for which a file that counts no more is left to the questions that still read it
    grace: float = 300.0
    #: merge whatever is in several files, now
    compact: bool = False


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn of the leader did."""

    #: rows that are in the lake now and were not before
    exported: int = 0
    #: people whose facts were removed
    erased: int = 0
    #: the lake's version, and how far the store is in it
    version: int = 0
    numbers: Numbers = Numbers()
    #: there is more to do at once
    more: bool = False


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a lake of one table."""

    files: int = 0
    rows: int = 0
    bytes: int = 0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How a lake is. ``lake`` is empty where none was begun."""

    lake: str = ""
    version: int = 0
    #: UTC ms of the last step
    at: int = 0
    numbers: Numbers = Numbers()
    #: by table
    held: dict[str, Held] = {}
    #: UTC ms at which the oldest event that is not in the lake was received; 0: all are
    waiting_since: int = 0


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """Where things are, and what may be used; the first message. Holds passwords, so it is no argument."""

    #: path of a SQLite file, or address of a PostgreSQL database
    database: str
    #: folder or address
    lake: str
    threads: int
    memory_mb: int
    scratch: str | None = None


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """Answer a question about a project."""

    id: int
    project: str
    question: Question


class Keep(msgspec.Struct, frozen=True, kw_only=True, tag="keep"):
    """Do a turn as the leader."""

    id: int
    rules: Rules


class Look(msgspec.Struct, frozen=True, kw_only=True, tag="look"):
    """Tell how the lake is."""

    id: int


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    """Nobody waits for an answer any more."""

    id: int


ToChild = Ask | Keep | Look | Cancel


class Advanced(msgspec.Struct, frozen=True, kw_only=True, tag="advanced"):
    """So many steps of an answer are done."""

    id: int
    done: int
    of: int


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="answered"):
    """The rows of named tables."""

    id: int
    rows: dict[str, list[dict[str, Any]]]


class Kept(msgspec.Struct, frozen=True, kw_only=True, tag="kept"):
    """A turn was done."""

    id: int
    turn: Turn


class Looked(msgspec.Struct, frozen=True, kw_only=True, tag="looked"):
    """How the lake is."""

    id: int
    status: Status


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """Why there is no answer: the name of an error of ours, and its sentence."""

    id: int
    error: str
    detail: str
    retry_after: float = 1.0


FromChild = Advanced | Answered | Kept | Looked | Failed

_encode = msgspec.msgpack.Encoder().encode
read_hello = msgspec.msgpack.Decoder(Hello).decode
read_to_child = msgspec.msgpack.Decoder(ToChild).decode
read_from_child = msgspec.msgpack.Decoder(FromChild).decode


def framed(message: Hello | ToChild | FromChild) -> bytes:
    """A message as it is sent."""
    data = _encode(message)
    return len(data).to_bytes(HEAD, "big") + data
