"""What the web room is told by whoever starts it. ``settings`` fills it; nothing here is read from the environment."""

from __future__ import annotations

import msgspec

MIB = 1024 * 1024


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Limits and switches of the HTTP side."""

    #: largest body of a decide call and of every call that is not named below, in bytes
    body_limit: int = MIB
    #: largest body of a batch of events
    events_limit: int = 5 * MIB
    #: largest body of an upload: list members, catalogue items
    upload_limit: int = 32 * MIB
    #: seconds within which a request's headers must have arrived, and then its body
    body_seconds: float = 10.0
    #: addresses or networks of proxies whose ``X-Forwarded-For`` is believed
    trusted_proxies: tuple[str, ...] = ()
    #: where this server is reached from outside, for the links in its documents; empty = where it was asked
    public_url: str = ""
    #: serve ``/metrics``
    metrics: bool = True
    #: when set, ``/metrics`` asks for ``Authorization: Bearer <this>``
    metrics_token: str = ""
    #: one line of JSON per request
    access_log: bool = True
    #: seconds that an idle connection is kept
    keep_alive_seconds: int = 300
    #: seconds that running requests get to finish when the server is told to stop
    shutdown_seconds: int = 20
