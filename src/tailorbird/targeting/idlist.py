"""Uploaded lists: up to a million ids (or any JSON values), kept as sorted 64-bit hashes, eight bytes a member.

What is hashed is the canonical JSON of a value, so that the number 2 and the text "2" are two members.
"""

from __future__ import annotations

import hashlib
import math
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

MAX_LIST_MEMBERS = 1_000_000

_encoder = msgspec.json.Encoder(order="deterministic")


def canonical(value: Any) -> str | None:
    """The one JSON text of a value: sorted keys, ``2`` for 2.0. None for what JSON cannot say: NaN, lone surrogates."""
    try:
        return _encoder.encode(_plain(value)).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None


def _plain(value: Any) -> Any:
    """``value`` with whole floats as integers; raises ValueError where JSON has no form for it."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("not a JSON number")
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


@lru_cache(maxsize=20_000)
def _hash_of_text(value: str) -> int | None:
    text = canonical(value)
    return None if text is None else _hash(text)


class IdList:
    """A set of JSON values that cannot be listed again, only asked. Immutable once built."""

    __slots__ = ("_hashes",)

    def __init__(self, members: Iterable[str] = ()) -> None:
        """From the members' canonical JSON texts, which is how the store keeps them (``'"ada"'``, ``'2'``)."""
        self._hashes = array("Q", sorted({_hash(member) for member in members}))

    @classmethod
    def of(cls, values: Iterable[Any]) -> IdList:
        """From plain values: ``IdList.of(["ada", 2])``. Values that JSON cannot say are left out."""
        return cls(text for value in values if (text := canonical(value)) is not None)

    @classmethod
    def from_bytes(cls, data: bytes) -> IdList:
        """The list that ``to_bytes`` wrote, on any machine."""
        made = cls()
        hashes = array("Q")
        hashes.frombytes(data)
        if sys.byteorder == "big":
            hashes.byteswap()
        made._hashes = hashes
        return made

    def to_bytes(self) -> bytes:
        """Eight bytes a member, little-endian."""
        if sys.byteorder == "little":
            return self._hashes.tobytes()
        swapped = array("Q", self._hashes)
        swapped.byteswap()
        return swapped.tobytes()

    def __len__(self) -> int:
        return len(self._hashes)

    def __contains__(self, value: object) -> bool:
        if isinstance(value, str):
            wanted = _hash_of_text(value)
        else:
            text = canonical(value)
            wanted = None if text is None else _hash(text)
        if wanted is None:
            return False
        at = bisect_left(self._hashes, wanted)
        return at < len(self._hashes) and self._hashes[at] == wanted
