"""What is seen of requests from outside: metrics, and one line of JSON each in the access log.

Neither holds a visitor's id, a query, a body or a path parameter: routes are named by their template.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram

from tailorbird.domain.access import ApiKey

#: seconds; a decision takes about one millisecond
BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.5, 1.0, 5.0)
#: the route of requests that no route matched
NO_ROUTE = "none"

_encode = msgspec.json.Encoder(enc_hook=repr).encode
log = structlog.get_logger("tailorbird.web")


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Log lines of JSON from ``level`` up, to standard output unless told otherwise. Called once, at the start."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(),
            structlog.processors.JSONRenderer(serializer=_serialize),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stdout),
        cache_logger_on_first_use=False,
    )


def _serialize(event: dict[str, Any], **_: Any) -> str:
    return _encode(event).decode()


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
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        self._log = log.bind() if access_log else None

    def answered(self, route: str, method: str, status: int, seconds: float, key: ApiKey | None) -> None:
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
        if self._log is not None:
            told = {"project": key.project, "key": key.id} if key is not None else {}
            self._log.info("request", route=route, method=method, status=status, ms=round(seconds * 1000, 3), **told)

    def failed(self, route: str, method: str, error: Exception) -> None:
        """Log a fault of this server, with where it happened and without what the request held."""
        log.error("fault", route=route, method=method, error=type(error).__name__, exc_info=error)
