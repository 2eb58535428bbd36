"""Prometheus metrics of the engine. Labels are closed lists: never an id of a visitor, campaign or key."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

from tailorbird.domain.decision import Decision
from tailorbird.engine.ready import Ready


class Metrics:
    """One registry per runtime, so that several can live in one process (tests do)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.decisions = Counter("tailorbird_decisions", "Decisions by reason", ["reason"], registry=self.registry)
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
        self._by_reason: dict[str, Counter] = {}
        self._by_outcome: dict[str, Counter] = {}

    def decided(self, made: Iterable[Decision | Ready], *, degraded: bool) -> None:
        """Count the decisions of one call: one increment per reason, its label looked up once."""
        reasons = Counts([one.decision.reason if type(one) is Ready else one.reason for one in made])  # type: ignore[union-attr]
        for reason, count in reasons.items():
            child = self._by_reason.get(reason)
            if child is None:
                child = self._by_reason[reason] = self.decisions.labels(reason)
            child.inc(count)
        if degraded:
            self.degraded.inc()

    def recorded(self, outcome: str, count: int = 1) -> None:
        """Count events by what became of them."""
        child = self._by_outcome.get(outcome)
        if child is None:
            child = self._by_outcome[outcome] = self.events.labels(outcome)
        child.inc(count)
