"""For commands that must be the only ones to write to a SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tailorbird.cli.errors import Failed
from tailorbird.cli.place import Place


@contextmanager
def alone(where: Place, instead: str) -> Iterator[None]:
    """``Failed`` where a server runs, saying what to do ``instead``; none can begin until this ends.

    A PostgreSQL database serves several processes, so nobody is refused there.
    """
    if where.shared:
        yield
        return
    from tailorbird.domain.errors import TailorbirdError
    from tailorbird.store.sqlite.file import ServerLock

    where.folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = ServerLock(where.file)
    except TailorbirdError as error:
        raise Failed(f"A Tailorbird server uses {where.file}. {instead}") from error
    try:
        yield
    finally:
        lock.release()
