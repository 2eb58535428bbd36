"""The other main use case: this is what the visitor did. Judged item by item, acknowledged after the commit, counted
once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from tailorbird.domain import ids
from tailorbird.domain.errors import Invalid, TooLarge
from tailorbird.domain.facts import (
    CLICK,
    DISMISSAL,
    EARLIEST_MS,
    FUTURE_TOLERANCE_MS,
    IMPRESSION,
    LATE_WINDOW_MS,
    Event,
    Verdict,
)
from tailorbird.domain.visitor import Context
from tailorbird.engine import refused, values
from tailorbird.engine.calls import EventInput, Recorded, RejectedItem
from tailorbird.engine.gather import require_consent
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot
from tailorbird.engine.tokens import Claims
from tailorbird.engine.write import commit
from tailorbird.store.contract import Rejected

ANSWERING = frozenset((IMPRESSION, CLICK, DISMISSAL))
_CANONICAL = msgspec.json.Encoder(order="sorted")


async def record(
    runtime: Runtime,
    project: str,
    items: Sequence[EventInput | Invalid],
    *,
    source: str = "api",
    publishable: bool = False,
) -> Recorded:
    """Record a batch. Items that a door could not decode come as ``Invalid``, so that indexes stay true.

    Raises ``TooLarge`` for too many items and ``Unavailable`` when the store could not make the batch durable; then
    nothing was acknowledged and the caller may send all of it again: ids make sure that it is counted once.
    """
    if len(items) > runtime.limits.batch:
        raise TooLarge(f"A batch holds at most {runtime.limits.batch:,} events, this one has {len(items):,}.")
    snapshot = runtime.project(project)
    now = runtime.clock()
    judge = Judge(runtime, snapshot, now, source, publishable)
    good: list[Event] = []
    rejected: list[RejectedItem] = []
    notes: list[Rejected] = []
    for index, item in enumerate(items):
        try:
            if isinstance(item, Invalid):
                raise item
            event = judge.event(item)
            if snapshot.settings.consent_for_recording is not None:
                context = Context(visitor=event.visitor, now=now, attributes=event.attributes)
                await require_consent(runtime, snapshot, context)
            good.append(event)
        except Invalid as error:
            field = error.problems[0].field if error.problems else ""
            rejected.append(RejectedItem(index=index, field=field, error=error.detail))
            notes.append(_note(item, now, source, field, error))
    verdicts = await commit(runtime, good) if good else []
    _count(runtime, snapshot, good, verdicts, notes)
    accepted = sum(v.outcome == "accepted" for v in verdicts)
    return Recorded(accepted=accepted, duplicates=len(verdicts) - accepted, rejected=tuple(rejected))


class Judge:
    """Turns one well-formed input into the event to store, or says what is wrong with it."""

    def __init__(self, runtime: Runtime, snapshot: Snapshot, now: int, source: str, publishable: bool) -> None:
        self._runtime = runtime
        self._snapshot = snapshot
        self._now = now
        self._source = source
        self._publishable = publishable
        self._stranger = snapshot.settings.anonymous_after_logout == "stranger"

    def event(self, item: EventInput) -> Event:
        """The event, with its time judged, its token read and its identity in the ledger made."""
        limits = self._runtime.limits
        values.check_name(item.name, "name")
        values.check_members(item.properties, "properties", limits)
        values.check_attributes(item.attributes, "attributes", limits)
        claims = self._claims(item)
        if self._publishable:
            self._check_publishable(item, claims)
        time, marks = self._time(item.time)
        canonical = _CANONICAL.encode(
            (item.name, item.time, item.visitor, item.session_id, item.properties, item.attributes, item.token)
        )
        if len(canonical) > limits.event_bytes:
            raise Invalid.field("", f"an event of at most {limits.event_bytes:,} bytes", f"{len(canonical):,} bytes")
        event_id = item.id or self._made_id(item, canonical)
        salt = canonical.hex() if item.shared_id else ""
        return Event(
            project=self._snapshot.project.id,
            visitor=item.visitor,
            id=event_id,
            name=item.name,
            time=time,
            received_at=self._now,
            source=self._source,
            session_id=item.session_id,
            properties=item.properties,
            attributes=item.attributes,
            channel=item.channel,
            answers=claims.answers if claims is not None and claims.counted else None,
            answers_at=claims.issued_at if claims is not None else 0,
            identity=ids.event_identity(self._source, event_id, salt),
            content=ids.content_hash(canonical),
            marks=marks,
            stranger=self._stranger and item.visitor.id is None,
        )

    def _claims(self, item: EventInput) -> Claims | None:
        return self._snapshot.signer.read(item.token, self._now) if item.token is not None else None

    def _time(self, time: int | None) -> tuple[int, tuple[str, ...]]:
        """The time to store and what was odd about it. The past is kept; a clock ahead of ours is not believed."""
        if time is None:
            return self._now, ()
        if time < EARLIEST_MS:
            raise Invalid.field("time", "a time since 2000-01-01", time)
        if time > self._now + FUTURE_TOLERANCE_MS:
            return self._now, ("future",)
        return time, (("late",) if time < self._now - LATE_WINDOW_MS else ())

    def _made_id(self, item: EventInput, canonical: bytes) -> str:
        """Without an id, the same content at the same given time is the same event; without a time, each call is its
        own."""
        if item.time is None:
            return f"made-{self._runtime.ordered_id(self._now)}"
        return f"made-{ids.event_identity('', '', canonical.hex()).hex()}"

    def _check_publishable(self, item: EventInput, claims: Claims | None) -> None:
        if item.visitor.id is not None:
            raise Invalid.field("visitor.id", "an anonymous_id only: this is a publishable key", item.visitor.id)
        if item.attributes:
            raise Invalid.field("attributes", "no attributes: this is a publishable key", item.attributes)
        if item.name in ANSWERING:
            if claims is None:
                raise Invalid.field("token", "the token of the decision that was shown", None)
        elif item.name not in self._snapshot.settings.publishable_events:
            raise Invalid.field("name", "an event name that this project allows for publishable keys", item.name)


def _note(item: EventInput | Invalid, now: int, source: str, field: str, error: Invalid) -> Rejected:
    """For the log of refused events: what was expected, and the shape of what came, never its values."""
    expected = f"expected {error.problems[0].expected}" if error.problems else "not of the expected form"
    note = Rejected(at=now, name="", field=field, error=expected, source=source)
    if not isinstance(item, Invalid):
        return replace(note, name=item.name[:100], masked=values.masked(msgspec.to_builtins(item)))
    shape = refused.shape(item.came)
    return replace(
        note, name=item.called[:100] or shape.name, masked=shape.masked, size=len(item.came), beginning=shape.beginning
    )


def _count(
    runtime: Runtime, snapshot: Snapshot, good: Sequence[Event], verdicts: Sequence[Verdict], notes: list[Rejected]
) -> None:
    """Metrics, the schema of what arrives, and the log of what was refused: none of it delays the acknowledgement."""
    project = snapshot.project.id
    for outcome, count in Counter([verdict.outcome for verdict in verdicts]).items():
        runtime.metrics.recorded(outcome, count)
    for event, verdict in zip(good, verdicts, strict=True):
        if verdict.outcome == "accepted":
            seen = runtime.schema_seen
            seen.note(project, "event", ((event.name, "event"),), event.time)
            seen.note(project, "attribute", values.types(event.attributes), event.time)
            seen.note(project, "property", values.types(event.properties, f"{event.name}."), event.time)
    if notes:
        runtime.metrics.recorded("rejected", len(notes))
        runtime.background(runtime.store.note_rejected(project, notes))
