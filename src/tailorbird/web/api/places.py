"""Where the console's pages are, for links that people pass on. What is secret stands behind ``#``: nobody logs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tailorbird.web.api.call import Caller

SETUP, INVITE = "/setup#code=", "/invite#token="


def base_of(caller: Caller) -> str:
    """The address under which this server was reached, or under which its operator says that it is."""
    url = caller.request.base_url
    return (caller.options.public_url or f"{url.scheme}://{url.netloc}").rstrip("/")


def link_to(caller: Caller, token: str) -> str:
    """The page on which an invitation is used."""
    return f"{base_of(caller)}{INVITE}{token}"
