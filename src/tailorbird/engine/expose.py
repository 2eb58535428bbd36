"""Which decisions are counted as exposures, when, and what is kept with them."""

from __future__ import annotations

from typing import Any, Literal

from tailorbird.decision import Choice, Plan
from tailorbird.domain.campaign import Expose
from tailorbird.domain.errors import Unavailable
from tailorbird.domain.facts import Arm, Entry, Exposure, Link
from tailorbird.domain.reasons import Reason
from tailorbird.engine.calls import DecideCall
from tailorbird.engine.content import Shown, memberships
from tailorbird.engine.gather import Gathered
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot
from tailorbird.engine.write import commit

Cap = Literal["always", "once", "visit"]

DAY_MS = 86_400_000
#: facts kept with an exposure for breakdowns, beside audiences and attributes
KEPT = ("@device", "@country", "@returning", "@browser", "@os", "@language")
#: attributes of the request or the profile kept with an exposure: plain values only, at most this many
KEPT_ATTRIBUTES = 30


class Recorder:
    """Collects what one decide call must remember: exposures, and the link of its two ids."""

    def __init__(self, runtime: Runtime, snapshot: Snapshot, call: DecideCall, gathered: Gathered) -> None:
        self._runtime = runtime
        self._snapshot = snapshot
        self._call = call
        self._gathered = gathered
        self._named = bool(call.campaigns or call.groups)
        self._queued: list[Entry] = []
        self._noted: list[tuple[object, ...]] = []
        self._facts: dict[str, Any] | None = None
        #: whether a display cap was consumed and committed
        self.consumed = False
        self._bot = snapshot.settings.exclude_bots and gathered.subject.fact("@bot") is True

    def mode(self, plan: Plan) -> Expose:
        """Whether this call counts an exposure now or when the token comes back."""
        return self._call.expose or plan.campaign.expose or ("decision" if self._named else "report")

    def counts(self, plan: Plan) -> bool:
        """Whether this decision may ever count."""
        return (
            plan.status == "running"
            and not self._bot
            and not self._gathered.degraded
            and self._gathered.recording_allowed
        )

    async def expose(self, plan: Plan, choice: Choice, shown: Shown) -> Reason | None:
        """Note that the visitor entered an arm; a reason comes back where that was refused.

        Waits for the commit where a display cap is consumed, and only there: ``CAPPED`` when another call was faster,
        ``DEGRADED`` when the store did not confirm in time.

        Content that was withheld shows nothing, so it consumes no cap; the exposure counts all the same, because
        control visitors whose content would have been withheld count too.
        """
        rule, arm = choice.rule, choice.arm
        if rule is None or arm is None or self.mode(plan) == "report" or not self.counts(plan):
            return None
        cap: Cap = "always" if shown.reason is not None else rule.cap
        profile, now = self._gathered.profile, self._call.context.now
        if cap == "always":
            person = profile.person if profile is not None else choice.bucket_id
            seen = (self._snapshot.project.id, person, plan.id, arm.arm, now // DAY_MS)
            if not self._runtime.recently.first(seen):
                return None
            self._noted.append(seen)
            self._queued.append(self._exposure(arm, choice, cap, shown.reason is None))
            return None
        try:
            verdicts = await self._runtime.breaker.call(
                commit(self._runtime, [self._exposure(arm, choice, cap, shown.reason is None)])
            )
        except Unavailable:
            self._runtime.metrics.lost_exposures.inc()
            return Reason.DEGRADED
        self.consumed = True
        return Reason.CAPPED if verdicts[0].outcome == "capped" else None

    def flush(self) -> None:
        """Queue what nobody waits for: one submission a call."""
        context = self._call.context
        if self._gathered.unlinked and self._gathered.recording_allowed and not self._bot:
            self._queued.append(
                Link(
                    project=self._snapshot.project.id,
                    visitor=context.visitor,
                    time=context.now,
                    received_at=context.now,
                )
            )
        if self._queued:
            self._runtime.queue(self._snapshot.project.id, context.visitor, self._commit_queued())

    async def _commit_queued(self) -> None:
        try:
            await commit(self._runtime, self._queued)
            self._runtime.metrics.exposures.inc(len(self._noted))
        except Unavailable:
            self._runtime.metrics.lost_exposures.inc(len(self._noted))
            for seen in self._noted:
                self._runtime.recently.forget(seen)

    def _exposure(self, arm: Arm, choice: Choice, cap: Cap, shown: bool) -> Exposure:
        context = self._call.context
        if self._facts is None:
            self._facts = kept_facts(self._snapshot, self._gathered)
        return Exposure(
            project=self._snapshot.project.id,
            visitor=context.visitor,
            answers=arm,
            time=context.now,
            received_at=context.now,
            door=self._call.door,
            session_id=context.session_id,
            cap=cap,
            shown=shown,
            facts=self._facts,
            bucket_id=choice.bucket_id,
            stranger=self._gathered.stranger,
        )


def kept_facts(snapshot: Snapshot, gathered: Gathered) -> dict[str, Any]:
    """The context of an exposure, for breakdowns later: audiences, device, country, new or returning, plain
    attributes."""
    subject = gathered.subject
    facts: dict[str, Any] = {name[1:]: subject.fact(name) for name in KEPT}
    facts = {name: value for name, value in facts.items() if value is not None}
    inside, unknown = memberships(snapshot, gathered)
    if inside:
        facts["audiences"] = inside
    if unknown:
        facts["audiences_unknown"] = unknown
    stored = subject.profile.attributes if subject.profile is not None else {}
    merged = {**stored, **subject.context.attributes}
    plain = {
        k: v for k, v in merged.items() if isinstance(v, (bool, int, float)) or (isinstance(v, str) and len(v) <= 64)
    }
    if plain:
        facts["attributes"] = dict(list(plain.items())[:KEPT_ATTRIBUTES])
    return facts
