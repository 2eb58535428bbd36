"""Whose event it is: which of the ids that came are believed, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.domain.errors import Invalid
from tailorbird.domain.ids import Randbits
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import identities
from tailorbird.engine.snapshot import Snapshot
from tailorbird.web.facades.salesforce_request import Event, User
from tailorbird.web.facades.told import identity

#: the protocol's error codes
MISSING, UNREADABLE, BUSY, CORRECTED, NO_EVENT = 1, 2, 3, 4, 5


class Who(msgspec.Struct, frozen=True):
    """The visitor of an event."""

    visitor: Visitor
    #: a server said so, or the id came encrypted: what is said of the visitor may be kept
    believed: bool
    #: the anonymous id in place of a malformed one
    corrected: str | None = None


def who(snapshot: Snapshot, told: Event, randbits: Randbits, *, authenticated: bool) -> Who:
    """The visitor; ``Invalid`` with the protocol's code in ``extra["code"]`` where there is none.

    Servers are believed. Of everybody else a plain user id is not: the event is the anonymous visitor's, and without
    one, or where the project wants user ids encrypted, it is refused.
    """
    user = told.user or User()
    anonymous, corrected = _anonymous(user, randbits)
    plain = identity(user.id, "user.id")
    if user.encrypted_id:
        known = _unsealed(snapshot, user.encrypted_id)
        if plain not in (None, known):
            raise _refused(UNREADABLE, "user.encryptedId is another user's than user.id.")
        return Who(Visitor(id=known, anonymous_id=anonymous), believed=True, corrected=corrected)
    if authenticated:
        plain = plain or _identified(user.identities or {})
    elif plain is not None:
        if anonymous is None or snapshot.settings.encrypted_ids_required:
            text = "Without authentication a user id is believed only as user.encryptedId: entityId of an answer."
            raise _refused(MISSING, text)
        plain = None
    if plain is None and anonymous is None:
        raise _refused(NO_EVENT, "The event names nobody: user.id, user.anonId or user.encryptedId is missing.")
    return Who(Visitor(id=plain, anonymous_id=anonymous), believed=authenticated, corrected=corrected)


def _anonymous(user: User, randbits: Randbits) -> tuple[str | None, str | None]:
    """The anonymous id, and the same again where a malformed one was corrected."""
    told: Any = user.anon_id if user.anon_id is not None else user.anonymous_id
    if told is None or told == "":
        return None, None
    try:
        found = identity(told, "user.anonId") if isinstance(told, str | int) and not isinstance(told, bool) else None
    except Invalid:
        found = None
    if found is not None:
        return found, None
    fresh = f"{randbits(64):016x}"
    return fresh, fresh


def _unsealed(snapshot: Snapshot, text: str) -> str:
    try:
        return identities.unseal(snapshot, text)
    except Invalid:
        raise _refused(UNREADABLE, "user.encryptedId cannot be decrypted.") from None


def _identified(told: dict[str, Any]) -> str | None:
    """The first identity attribute that can be an id."""
    for name, value in told.items():
        if isinstance(value, str | int) and not isinstance(value, bool):
            found = identity(value, f"user.identities.{name}")
            if found is not None:
                return found
    return None


def _refused(code: int, text: str) -> Invalid:
    return Invalid(text, code=code)
