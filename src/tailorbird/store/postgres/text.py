"""Text as PostgreSQL can keep it: NUL, which it cannot, is written with two characters, as is U+0001.

What is written so compares in the same order as the text itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def encode(text: str) -> bytes:
    """The form of one value; the driver calls this for every text but those in arrays."""
    return keepable(text).encode()


def decode(data: bytes) -> str:
    """The text that ``encode`` was given."""
    if b"\1" in data:
        data = data.replace(b"\1\1", b"\0").replace(b"\1\2", b"\1")
    return data.decode()


def keepable(text: str) -> str:
    """A text without NUL."""
    if "\0" in text or "\1" in text:
        return text.replace("\1", "\1\2").replace("\0", "\1\1")
    return text


def array(values: Sequence[Any]) -> Sequence[Any]:
    """Values of one type for an array: texts are made keepable, which hardly one needs."""
    together = "".join([value for value in values if type(value) is str])
    if "\0" not in together and "\1" not in together:
        return values
    return [keepable(value) if type(value) is str else value for value in values]


def columns(rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """Rows (one at least) as columns, the form in which a statement takes many of them."""
    return [array(column) for column in zip(*rows, strict=True)]
