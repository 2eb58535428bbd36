"""What stays of a person who was erased: nothing that names them, enough to recognise them in an older copy of the
data, so that a backup that is restored does not bring them back."""

from __future__ import annotations

import hashlib

import msgspec

from tailorbird.domain.visitor import IdKind


class Erasure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person, forgotten at a time."""

    project: str
    #: the number that the person had; numbers are never given twice
    person: int
    #: UTC milliseconds
    at: int
    #: id of the project's signing key with whose secret ``ids`` were hashed
    key: str = ""
    #: the ids that led to the person, hashed
    ids: tuple[str, ...] = ()

    @property
    def name(self) -> tuple[str, int, int]:
        """What makes it this erasure and no other."""
        return self.project, self.person, self.at


def hashed_id(secret: bytes, kind: IdKind, visitor_id: str) -> str:
    """32 hexadecimal digits that stand for an id. Without the secret nobody can tell which id it was, even by trying.

    The secret is that of the project's oldest signing key: every copy of the project's data has it.
    """
    told = f"{kind}:{visitor_id}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(told, key=secret[:64], digest_size=16, person=b"tailorbird-erase").hexdigest()
