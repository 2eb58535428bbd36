"""What is seen of requests from outside: metrics, and one line of JSON each in the access log.

Neither holds a visitor's id, a query, a body or a path parameter: routes are named by their template.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram

from tailorbird.domain.access import ApiKey

#: seconds; a decision takes about one millisecond
BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.5, 1.0, 5.0)
#: what alerts ask for is counted from the start: Prometheus sees no rise from nothing to one
EXPECTED = [(route, "POST", status) for route in ("/v1/decide", "/v1/events") for status in (200, 429, 500, 503)]
#: the route of requests that no route matched
NO_ROUTE = "none"

_encode = msgspec.json.Encoder(enc_hook=repr).encode
log = structlog.get_logger("tailorbird.web")


#: no room, nobody who reads, or a stream that was closed
_UNWRITTEN = (OSError, ValueError)


class Forgiving:
    """Where log lines go. A full disk, or a reader that has gone, loses lines and never a request."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Take a line, or a part of one; ``flush`` follows."""
        try:
            return self._stream.write(text)
        except _UNWRITTEN:
            return 0

    def flush(self) -> None:
        """Pass on what was taken."""
        with suppress(*_UNWRITTEN):
            self._stream.flush()


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Log lines of JSON from ``level`` up, to standard output unless told otherwise. Called once, at the start."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.ExceptionRenderer(),
            _line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(Forgiving(stream or sys.stdout)),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )


def _line(_: Any, level: str, event: MutableMapping[str, Any]) -> str:
    """One line: when, how severe, what; then the rest."""
    return _encode({"time": _now(), "level": level, **event}).decode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Signed(msgspec.Struct, frozen=True):
    """Somebody signed in, as the access log names them: by the id of the account."""

    project: str
    id: str


class Line(msgspec.Struct, omit_defaults=True):
    """One request in the access log."""

    time: str
    level: str
    event: str
    route: str
    method: str
    status: int
    ms: float
    project: str = ""
    key: str = ""


def _informs() -> bool:
    """Whether lines of level info are written at all."""
    return bool(log.is_enabled_for(logging.INFO))


class Observer:
    """Counts and logs requests, labels looked up once each."""

    def __init__(self, registry: CollectorRegistry, *, access_log: bool) -> None:
        self._requests = Counter(
            "tailorbird_http_requests",
            "HTTP requests by route, method and status",
            ["route", "method", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "tailorbird_http_request_seconds",
            "Time from request to answer",
            ["route"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._counters: dict[tuple[str, str, int], Counter] = {
            (route, method, status): self._requests.labels(route, method, str(status))
            for route, method, status in EXPECTED
        }
        self._histograms: dict[str, Histogram] = {}
        #: takes finished lines: structlog's processors would cost more than all else that a request costs here
        self._write = structlog.get_config()["logger_factory"]().info if access_log and _informs() else None

    def answered(self, route: str, method: str, status: int, seconds: float, key: ApiKey | Signed | None) -> None:
        """Note one request that got its answer."""
        if method not in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
            method = "other"
        name = (route, method, status)
        counter = self._counters.get(name)
        if counter is None:
            counter = self._counters[name] = self._requests.labels(route, method, str(status))
        counter.inc()
        histogram = self._histograms.get(route)
        if histogram is None:
            histogram = self._histograms[route] = self._seconds.labels(route)
        histogram.observe(seconds)
        if self._write is not None:
            project, key_id = (key.project, key.id) if key is not None else ("", "")
            ms = round(seconds * 1000, 3)
            line = Line(_now(), "info", "request", route, method, status, ms, project, key_id)
            self._write(_encode(line).decode())

    def failed(self, route: str, method: str, error: Exception) -> None:
        """Log a fault of this server, with where it happened and without what the request held."""
        log.error("fault", route=route, method=method, error=type(error).__name__, exc_info=error)
