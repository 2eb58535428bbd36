"""Which decisions are counted as exposures, when, and what is kept with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from tailorbird.decision import Choice, Plan
from tailorbird.domain.campaign import Expose
from tailorbird.domain.errors import Unavailable
from tailorbird.domain.facts import DAY_MS, Arm, Entry, Exposure, Link
from tailorbird.domain.reasons import Reason
from tailorbird.engine.calls import DecideCall
from tailorbird.engine.content import memberships
from tailorbird.engine.gather import Gathered
from tailorbird.engine.ready import Ready
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot
from tailorbird.engine.tokens import MINUTE_MS
from tailorbird.engine.write import commit

Cap = Literal["always", "once", "visit"]

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
        self._expose = call.expose
        self._default: Expose = "decision" if call.campaigns or call.groups else "report"
        self._queued: list[Entry] = []
        self._facts: dict[str, Any] | None = None
        self._exposures = gathered.profile.exposures if gathered.profile is not None else {}
        self._today = call.context.now // DAY_MS
        #: whether a display cap was consumed and committed
        self.consumed = False
        bot = snapshot.settings.exclude_bots and gathered.subject.fact("@bot") is True
        self._countable = not bot and not gathered.degraded and gathered.recording_allowed

    def reports(self, plan: Plan) -> bool:
        """Whether the exposure is left to the token that comes back, and not counted now."""
        return (self._expose or plan.campaign.expose or self._default) == "report"

    def counts(self, plan: Plan) -> bool:
        """Whether this decision may ever count."""
        return self._countable and plan.status == "running"

    def short_way(self, asked: Sequence[tuple[str, Plan | None]]) -> list[Ready | None] | None:
        """The ready decisions of the plans of the simple kind, their exposures noted on the way; None for each of the
        others, and as a whole where this call has to go the long way with every campaign."""
        gathered, snapshot, now = self._gathered, self._snapshot, self._call.context.now
        profile = gathered.profile
        if gathered.degraded or gathered.consent_missing or (profile is not None and profile.bucket_ids):
            return None
        report = (self._expose or self._default) == "report"
        noted = report or not self._countable
        seen_in, today, minute = self._exposures.get, self._today, now // MINUTE_MS
        shelf = snapshot.shelf
        held_of, blank_of = shelf.arms(report=report, counted=self._countable).get, shelf.blanks(Reason.DEFAULT).get
        subject = gathered.subject
        drawn_on = (profile.bucket_id if profile is not None else "") or self._call.context.visitor.bucket_id
        visitor = drawn_on.encode("utf-8", "surrogatepass")
        found: list[Ready | None] = []
        for name, plan in asked:
            if plan is None or plan.quick is None:
                found.append(None)
                continue
            try:
                arm = plan.quick(subject, visitor)
            except Exception:  # noqa: BLE001 - the long way meets it again, and gives it its reason
                found.append(None)
                continue
            if arm is None:
                found.append(blank_of(name) or shelf.blank(name, Reason.DEFAULT))
                continue
            held = held_of(id(arm))
            if held is None or held.minute != minute or held.campaign != name:
                found.append(None)
                continue
            if not noted:
                seen = seen_in(arm.campaign)
                if seen is None or seen.day != today or seen.day_arm != arm.arm:
                    self._queued.append(self._exposure(arm, drawn_on, "always", True))
            found.append(held)
        return found

    async def expose(self, choice: Choice, *, displayed: bool) -> Reason | None:
        """Note that the visitor entered an arm; a reason comes back where that was refused.

        Waits for the commit where a display cap is consumed, and only there: ``CAPPED`` when another call was faster,
        ``DEGRADED`` when the store did not confirm in time. Content that was withheld shows nothing, so it consumes no
        cap; the exposure counts all the same, because control visitors whose content would have been withheld do too.
        """
        rule, arm = choice.rule, choice.arm
        if rule is None or arm is None:
            return None
        if rule.cap == "always" or not displayed:
            seen = self._exposures.get(arm.campaign)
            if seen is None or seen.day != self._today or seen.day_arm != arm.arm:
                self._queued.append(self._exposure(arm, choice.bucket_id, "always", displayed))
            return None
        return await self._consume(self._exposure(arm, choice.bucket_id, rule.cap, displayed))

    async def _consume(self, exposure: Exposure) -> Reason | None:
        try:
            verdicts = await self._runtime.breaker.call(commit(self._runtime, [exposure]), self._gathered.patience)
        except Unavailable:
            self._runtime.metrics.lost_exposures.inc()
            return Reason.DEGRADED
        self.consumed = True
        return Reason.CAPPED if verdicts[0].outcome == "capped" else None

    def flush(self) -> None:
        """Leave to the backlog what nobody waits for."""
        context = self._call.context
        if self._gathered.unlinked and self._countable:
            now, project = context.now, self._snapshot.project.id
            self._queued.append(Link(project=project, visitor=context.visitor, time=now, received_at=now))
        if self._queued:
            self._runtime.backlog.add(self._snapshot.project.id, context.visitor, self._queued)

    def _exposure(self, arm: Arm, bucket_id: str, cap: Cap, shown: bool) -> Exposure:
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
            bucket_id=bucket_id,
            stranger=self._gathered.stranger,
        )


def kept_facts(snapshot: Snapshot, gathered: Gathered) -> dict[str, Any]:
    """The context of an exposure, for breakdowns later: audiences, device, country, new or returning, plain
    attributes."""
    subject = gathered.subject
    facts: dict[str, Any] = {name[1:]: subject.fact(name) for name in KEPT}
    facts = {name: value for name, value in facts.items() if value is not None}
    if snapshot.settings.store_ip and subject.context.ip:
        facts["ip"] = subject.context.ip
    if snapshot.settings.store_user_agent and subject.context.user_agent:
        facts["user_agent"] = subject.context.user_agent
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
