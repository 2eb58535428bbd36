"""User agents: which device, operating system and browser, and whether a program is asking."""

from __future__ import annotations

from functools import lru_cache

import msgspec


class Agent(msgspec.Struct, frozen=True):
    """What a user agent tells."""

    #: ``desktop``, ``mobile``, ``tablet``, ``tv``, ``console`` or ``other``
    device: str | None = None
    os: str | None = None
    browser: str | None = None
    bot: bool = False


#: No user agent came with the request.
NO_AGENT = Agent()


@lru_cache(maxsize=10_000)
def parse_user_agent(text: str) -> Agent:
    """What the user agent tells; cached, so that the same browser costs a look-up."""
    return Agent(device_of(text))


def device_of(user_agent: str) -> str:
    """``desktop``, ``mobile``, ``tablet``, ``tv``, ``console`` or ``other``."""
    return "mobile" if "Mobi" in user_agent else "desktop"
