"""Passwords: kept as argon2id hashes, made and checked in threads, a few at a time."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tailorbird.domain.errors import Unavailable

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")

#: one takes 19 MiB and some 45 ms of a core: decisions go on beside them
AT_ONCE = 2
#: of those who wait beyond so many, each is told to come back
IN_LINE = 40
#: the hash of a password that nobody knows: checked where there is no account, so that both take as long
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$zBUvgWMQUUVMz9ZQzHwOoA$dzw+Gmuwlj9aAQkpH75IG0M8Sx3z4mw8GlB/gf9Mfvk"


class Passwords:
    """Hashes and checks passwords for one process."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._in_line = 0

    async def hashed(self, password: str) -> str:
        """The form in which a password is kept."""
        return await self._in_turn(lambda: _hasher().hash(_plain(password)))

    async def fits(self, kept: str | None, password: str) -> bool:
        """Whether it is the password. Where none is kept it is not, and that takes as long."""
        fitting = await self._in_turn(lambda: _verified(kept or NOBODY, _plain(password)))
        return fitting and bool(kept)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._in_line >= IN_LINE:
            raise Unavailable("Too many people sign in at once.", retry_after=2.0)
        self._in_line += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._in_line -= 1


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def _plain(password: str) -> str:
    """The same bytes for what looks the same on every keyboard."""
    return unicodedata.normalize("NFKC", password)


def _verified(kept: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
