"""Prometheus metrics of the engine. Labels are closed lists: never an id of a visitor, campaign or key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily

from tailorbird.domain.decision import Decision
from tailorbird.engine.ready import Ready


class Reasons:
    """Decisions by reason, in a plain dictionary that is read when somebody asks: it is the hottest count of all."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = defaultdict(int)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What Prometheus reads."""
        family = CounterMetricFamily("tailorbird_decisions", "Decisions by reason", labels=["reason"])
        for reason, count in sorted(self.counts.items()):
            family.add_metric([reason], count)
        yield family


class Metrics:
    """One registry per runtime, so that several can live in one process (tests do)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reasons = Reasons()
        self.registry.register(self.reasons)
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
        self._by_outcome: dict[str, Counter] = {}

    def decided(self, made: Iterable[Decision | Ready], *, degraded: bool) -> None:
        """Count the decisions of one call."""
        counts = self.reasons.counts
        for one in made:
            counts[one.decision.reason if type(one) is Ready else one.reason] += 1  # type: ignore[union-attr]
        if degraded:
            self.degraded.inc()

    def recorded(self, outcome: str, count: int = 1) -> None:
        """Count events by what became of them."""
        child = self._by_outcome.get(outcome)
        if child is None:
            child = self._by_outcome[outcome] = self.events.labels(outcome)
        child.inc(count)
