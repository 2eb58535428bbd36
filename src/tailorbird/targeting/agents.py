"""User agents: which device, operating system and browser, and whether a program is asking."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from tailorbird.targeting.bots import is_bot
from tailorbird.targeting.devices import device_of

#: What comes after so many characters is not read.
LONGEST = 1024
#: Names of ua-parser that hold the device or the engine too → the name without them. The device is a fact of its own.
_BROWSERS = {
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Edge Mobile": "Edge",
    "IE Mobile": "IE",
    "Opera Mobile": "Opera",
    "Opera Mini": "Opera",
    "Opera Tablet": "Opera",
}
_SYSTEMS = {"Mac OS X": "macOS", "Mac OS": "macOS"}


class Agent(msgspec.Struct, frozen=True):
    """What a user agent tells."""

    #: ``desktop``, ``mobile``, ``tablet``, ``tv``, ``console`` or ``other``; None without a user agent
    device: str | None = None
    #: as ua-parser names it; None when it is not recognised
    os: str | None = None
    browser: str | None = None
    bot: bool = False


#: No user agent came with the request.
NO_AGENT = Agent()


@lru_cache(maxsize=10_000)
def parse_user_agent(text: str) -> Agent:
    """What the user agent tells. Never raises; cached, so that the same browser costs a look-up."""
    import ua_parser  # here, because most processes that import this room never read a user agent

    if not text.strip():
        return NO_AGENT
    readable = text[:LONGEST].encode(errors="replace").decode()
    system = ua_parser.parse_os(readable)
    browser = ua_parser.parse_user_agent(readable)
    return Agent(
        device=device_of(readable),
        os=_SYSTEMS.get(system.family, system.family) if system else None,
        browser=_BROWSERS.get(browser.family, browser.family) if browser else None,
        bot=is_bot(readable),
    )


__all__ = ["LONGEST", "NO_AGENT", "Agent", "device_of", "parse_user_agent"]
