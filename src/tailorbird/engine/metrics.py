"""Prometheus metrics of the engine. Labels are closed lists: never an id of a visitor, campaign or key."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from tailorbird.domain.decision import Decision
from tailorbird.domain.reasons import Reason
from tailorbird.engine.breaker import Breaker
from tailorbird.engine.ready import Ready

#: what becomes of an event
OUTCOMES = ("accepted", "duplicate", "conflict", "rejected")


class Reasons:
    """Decisions by reason, in a plain dictionary that is read when somebody asks: it is the hottest count of all."""

    def __init__(self) -> None:
        # all of them from the start: Prometheus sees no rise from nothing to one
        self.counts: collections.Counter[str] = collections.Counter({reason.value: 0 for reason in Reason})

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What Prometheus reads."""
        family = CounterMetricFamily("tailorbird_decisions", "Decisions by reason", labels=["reason"])
        for reason, count in sorted(self.counts.items()):
            family.add_metric([reason], count)
        yield family


class Store:
    """Whether the store answers, and how often it was left alone: read when somebody asks."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        #: whether it did when definitions were last looked for
        self.answered = False

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """What Prometheus reads."""
        up = self.answered and not self._breaker.is_open
        yield GaugeMetricFamily("tailorbird_store_up", "Whether the store answers: 1 or 0", value=int(up))
        told = "How often the store failed or took too long and was left alone for a second"
        yield CounterMetricFamily("tailorbird_breaker_trips", told, value=self._breaker.trips)


class Metrics:
    """One registry per runtime, so that several can live in one process (tests do)."""

    def __init__(self, breaker: Breaker) -> None:
        self.registry = CollectorRegistry()
        self.reasons = Reasons()
        self.registry.register(self.reasons)
        self.store = Store(breaker)
        self.registry.register(self.store)
        self.events = Counter("tailorbird_events", "Recorded events by outcome", ["outcome"], registry=self.registry)
        self.exposures = Counter("tailorbird_exposures", "Exposures queued", registry=self.registry)
        self.lost_exposures = Counter(
            "tailorbird_lost_exposures", "Exposures that the store refused", registry=self.registry
        )
        self.degraded = Counter(
            "tailorbird_degraded_answers", "Answers given without the store", registry=self.registry
        )
        self.snapshot_age = Gauge(
            "tailorbird_snapshot_age_seconds", "Since definitions were last confirmed", registry=self.registry
        )
        self.broken = Gauge(
            "tailorbird_broken_definitions", "Definitions that are switched off", registry=self.registry
        )
        self.lake_lag = Gauge(
            "tailorbird_lake_lag_seconds",
            "How long facts have been waiting to be exported to the lake",
            registry=self.registry,
        )
        self._by_outcome = {outcome: self.events.labels(outcome) for outcome in OUTCOMES}

    def decided(self, made: Iterable[Decision | Ready], *, degraded: bool) -> None:
        """Count the decisions of one call."""
        self.reasons.counts.update([one.reason for one in made])
        if degraded:
            self.degraded.inc()

    def recorded(self, outcome: str, count: int = 1) -> None:
        """Count events by what became of them."""
        child = self._by_outcome.get(outcome)
        if child is None:
            child = self._by_outcome[outcome] = self.events.labels(outcome)
        child.inc(count)
