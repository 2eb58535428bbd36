"""Every setting of a server, with what it means and its default. The documentation is written from the ``#:`` lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tailorbird.web.options import MIB, Options


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How one server runs. Each is also a variable: ``data`` is ``TAILORBIRD_DATA``."""

    #: folder of the SQLite file and of the copy of all definitions that a start without the database needs
    data: Path = Path("tailorbird-data")
    #: address of the database: ``postgresql://user:password@host/name`` or ``sqlite:///path/to/file.db``; empty = a
    #: SQLite file in ``data``
    database: str = ""
    #: address to listen on; ``0.0.0.0`` for all
    host: str = "127.0.0.1"
    #: port to listen on
    port: Annotated[int, Meta(ge=0, le=65535)] = 8790
    #: processes that serve on this machine: with PostgreSQL as many as it has cores; SQLite serves exactly one
    workers: Annotated[int, Meta(ge=1, le=256)] = 1
    #: file in MaxMind's mmdb format that tells country, region and city of an address; without one they are unknown
    geo: Path | None = None
    #: addresses or networks of your proxies, separated by commas: their ``X-Forwarded-For`` is believed, nobody else's
    trusted_proxies: tuple[str, ...] = ()
    #: where this server is reached from outside, e.g. ``https://tailorbird.example``
    public_url: str = ""
    #: requests per second of a key that names no rate of its own, in each process
    key_rate: Annotated[float, Meta(gt=0)] = 2000.0
    #: requests at once of a key that names no burst of its own
    key_burst: Annotated[int, Meta(ge=1)] = 4000
    #: largest body in bytes, but for events and uploads
    body_limit: Annotated[int, Meta(ge=1024)] = MIB
    #: largest body of a batch of events, in bytes
    events_limit: Annotated[int, Meta(ge=1024)] = 5 * MIB
    #: largest body of an upload of list members or items, in bytes
    upload_limit: Annotated[int, Meta(ge=1024)] = 32 * MIB
    #: seconds within which a body must have arrived
    body_seconds: Annotated[float, Meta(gt=0, le=600)] = 10.0
    #: seconds that an idle connection is kept: minutes, so that callers need not connect for each request
    keep_alive_seconds: Annotated[int, Meta(ge=300)] = 300
    #: keep facts in a lake, which results are computed from
    lake: bool = True
    #: folder of the lake, or an address that fsspec knows, such as ``s3://bucket/lake``; empty = ``lake`` in ``data``.
    #: Servers on one database need one that all of them reach
    lake_url: str = ""
    #: seconds between two looks for facts that are not in the lake yet
    lake_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = 5.0
    #: memory in MB that a question may use; what does not fit goes to the disk
    lake_memory_mb: Annotated[int, Meta(ge=128)] = 2048
    #: seconds that running requests get to finish when the server is told to stop
    shutdown_seconds: Annotated[int, Meta(ge=1, le=600)] = 20
    #: least severe log line that is written
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    #: one log line per request, without ids of visitors, queries and bodies
    access_log: bool = True
    #: serve Prometheus metrics at ``/metrics``
    metrics: bool = True
    #: bearer token that ``/metrics`` asks for; empty = none
    metrics_token: str = ""

    def web(self) -> Options:
        """What the web room is told."""
        return Options(
            body_limit=self.body_limit,
            events_limit=self.events_limit,
            upload_limit=self.upload_limit,
            body_seconds=self.body_seconds,
            trusted_proxies=self.trusted_proxies,
            public_url=self.public_url,
            metrics=self.metrics,
            metrics_token=self.metrics_token,
            access_log=self.access_log,
            keep_alive_seconds=self.keep_alive_seconds,
            shutdown_seconds=self.shutdown_seconds,
        )
