"""Ids, keys and names: what they look like, how new ones are made, how they are compared.

Ids are text, everywhere and always; the one exception is the person number, which never leaves the server.
Randomness comes in as an argument, so that every function here is pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

#: No look-alikes (0/O, 1/l/I) in ids that people read aloud.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
#: Keys (selectors), groups and exclusion sets.
KEY = re.compile(r"^[A-Za-z0-9_-]{1,100}$")
KEY_EXPECTED = "1 to 100 letters, digits, - or _"
#: Longest visitor id, in characters.
MAX_VISITOR_ID = 256
#: of a person number: the time is above them
_PERSON_BITS = 22

Randbits = Callable[[int], int]


def short_id(randbits: Randbits, length: int = 5) -> str:
    """A new id of ``length`` alphanumerics, the form in which definitions are named on the wire."""
    number = randbits(length * 8)
    letters = []
    for _ in range(length):
        number, index = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[index])
    return "".join(letters)


def long_id(short: str) -> str:
    """The 24 hexadecimal digits that doors show where a vendor's ids are long; derived, never stored."""
    return hashlib.sha256(b"tailorbird:" + short.encode()).hexdigest()[:24]


def key_from_name(name: str) -> str:
    """The selector made from a name: ``Home page: hero!`` → ``home-page-hero``. Never empty."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return "-".join(words)[:100].strip("-") or "unnamed"


def is_key(text: str) -> bool:
    """Whether ``text`` may be a key, a group or an exclusion set."""
    return KEY.match(text) is not None


def is_attribute_name(name: str) -> bool:
    """Whether an attribute may be called so: not like a built-in fact (``@``) nor like an operator (``$``).

    ``$groups`` is the one exception: the condition syntax has always had it for the groups that somebody is in.
    """
    return name[:1] not in ("@", "$") or name == "$groups"


def event_identity(source: str, event_id: str, salt: str = "") -> bytes:
    """16 bytes that stand for an event's identity in the ledger.

    ``salt`` is the canonical content where a door reuses ids (order lines), else empty. Holds no personal data back.
    """
    text = f"{len(source)}:{source}{len(event_id)}:{event_id}{salt}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def content_hash(content: bytes) -> bytes:
    """8 bytes that tell a repeated event from another event under the same id."""
    return hashlib.blake2b(content, digest_size=8).digest()


def person_made_at(person: int) -> int:
    """When a person number was made, in UTC milliseconds by the clock of the server that made it."""
    return person >> _PERSON_BITS


class PersonNumbers:
    """Makes person numbers: 63 bits, ordered in time, never twice within a process.

    >>> numbers = PersonNumbers(lambda bits: 0)
    >>> numbers.next(1_800_000_000_000) < numbers.next(1_800_000_000_000)
    True
    """

    def __init__(self, randbits: Randbits) -> None:
        self._randbits = randbits
        self._last = 0

    def next(self, now: int) -> int:
        """A new number at ``now`` (UTC milliseconds)."""
        fresh = ((now & 0x1FF_FFFF_FFFF) << _PERSON_BITS) | self._randbits(_PERSON_BITS)
        self._last = max(self._last + 1, fresh)
        return self._last
