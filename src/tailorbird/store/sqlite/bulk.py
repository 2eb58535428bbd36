"""Many rows in few steps: dozens are written by one INSERT, and read as one value.

Every step of a statement lets go of Python's interpreter lock and has to win it back from a busy event loop, for up to
5 ms each. With a step per row, 64 producers beside a busy loop got 1,500 entries a second through; this way 9,000.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from tailorbird.store.sqlite.connection import Connection

#: rows in one INSERT and values in one IN list: a few sizes, so that their statements stay prepared
_ROWS = (1024, 256, 64, 16, 4, 1)
#: parameters of one INSERT; SQLite allows 32,766
_MOST_PARAMETERS = 6_000
_VALUES = (1, 8, 64, 512)


def insert(connection: Connection, into: str, rows: Sequence[Sequence[Any]], tail: str = "") -> None:
    """Insert all rows (one at least), each as wide as the first.

    ``into`` is what stands before VALUES, ``tail`` what comes after.
    """
    start = 0
    for size in _ROWS:
        if size * len(rows[0]) > _MOST_PARAMETERS:
            continue
        while len(rows) - start >= size:
            chunk = rows[start : start + size]
            start += size
            sql = _insert_sql(into, len(chunk[0]), size, tail)
            connection.execute(sql, chunk[0] if size == 1 else [value for row in chunk for value in row])


@lru_cache(maxsize=256)
def _insert_sql(into: str, width: int, rows: int, tail: str) -> str:
    one = f"({', '.join('?' * width)})"
    return f"INSERT {into} VALUES {', '.join([one] * rows)} {tail}"  # noqa: S608 - only marks are put in


def answers(connection: Connection, sql: str, before: tuple[Any, ...], values: Sequence[Any]) -> Iterator[Any]:
    """The one value that ``sql`` answers for each part of ``values``, which stand where it says ``IN ({})``.

    The last part is filled up with its last value, which changes no IN list.
    """
    start = 0
    while start < len(values):
        chunk = values[start : start + _VALUES[-1]]
        start += len(chunk)
        size = next(size for size in _VALUES if size >= len(chunk))
        padding = (chunk[-1],) * (size - len(chunk))
        (value,) = connection.execute(_in_sql(sql, size), (*before, *chunk, *padding)).fetchone()
        if value is not None:
            yield value


@lru_cache(maxsize=64)
def _in_sql(sql: str, size: int) -> str:
    return sql.format(", ".join("?" * size))
