"""Ids of persons that leave the server and come back: encrypted user ids, and the one id that stands for a person.

An encrypted user id is made by AES-SIV, so that the same id is always the same text, with a key of its own derived from
the project's signing key. The signing key's id stands in front, and keys that are not retired decrypt.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tailorbird.domain.access import SigningKey
from tailorbird.domain.errors import Invalid
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.snapshot import Snapshot
from tailorbird.store.contract import Found

#: what the derived keys are for: one of them never opens what another one closed
USER_ID, PERSON_ID = b"tailorbird user id", b"tailorbird person id"
EXPECTED = "an encrypted user id of this project"


def seal(snapshot: Snapshot, visitor_id: str) -> str | None:
    """A known id encrypted for its owner's browser; None without a signing key."""
    live = [key for key in snapshot.source.signing_keys if not key.retired_at]
    if not live:
        return None
    key = max(live, key=lambda one: one.created_at)
    sealed = _cipher(key.secret).encrypt(visitor_id.encode("utf-8", "surrogatepass"), [_place(snapshot, key)])
    return f"{key.id}.{urlsafe_b64encode(sealed).rstrip(b'=').decode()}"


def unseal(snapshot: Snapshot, text: str) -> str:
    """The known id inside; ``Invalid`` when it is malformed, changed, of another project or of a retired key."""
    key_id, _, told = text.partition(".")
    try:
        sealed = urlsafe_b64decode(told + "=" * (-len(told) % 4))
        for key in snapshot.source.signing_keys:
            if key.id == key_id and not key.retired_at:
                return _cipher(key.secret).decrypt(sealed, [_place(snapshot, key)]).decode("utf-8", "surrogatepass")
    except (Base64Error, InvalidTag, ValueError):
        pass
    raise Invalid.field("encryptedId", EXPECTED, text[:40])


def primary_id(snapshot: Snapshot, profile: Profile) -> str:
    """24 hexadecimal digits that stand for a person, whichever of its ids came; a merge keeps the older side's.

    Made with the project's first signing key, so that nobody can try which known id it was made from.
    """
    first = min(snapshot.source.signing_keys, key=lambda key: key.created_at, default=None)
    secret = _derived(first.secret, PERSON_ID, 32) if first is not None else snapshot.project.id.encode()
    return hmac.digest(secret, profile.bucket_id.encode("utf-8", "surrogatepass"), sha256).hex()[:24]


def is_relinked(visitor: Visitor, found: Found) -> bool:
    """Whether the anonymous id belonged to somebody known, and comes with another known id now."""
    other = found.anonymous
    return visitor.id is not None and other is not None and bool(other.ids) and visitor.id not in other.ids


def _place(snapshot: Snapshot, key: SigningKey) -> bytes:
    return f"{snapshot.project.id}|{key.id}".encode()


@lru_cache(maxsize=1024)
def _cipher(secret: bytes) -> AESSIV:
    return AESSIV(_derived(secret, USER_ID, 64))


@lru_cache(maxsize=1024)
def _derived(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=purpose).derive(secret)
