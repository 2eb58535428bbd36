"""The main use case: what should this visitor see?

Gather (snapshot, profile, history), then compute (choose, render), then note what must be remembered. A decision
waits for at most one profile read, one history query if a plan asks for it, and one commit if a display cap is
consumed; without the store it answers all the same, degraded.
"""

from __future__ import annotations

import msgspec

from tailorbird.decision import Choice, Plan, choose, explain_choice
from tailorbird.domain.decision import Decision, Explanation
from tailorbird.domain.reasons import Group, Reason
from tailorbird.engine import answers
from tailorbird.engine.calls import Answer, DecideCall
from tailorbird.engine.content import Shown, show
from tailorbird.engine.expose import Recorder
from tailorbird.engine.gather import Gathered, gather
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot

#: (name to answer under, compiled campaign or None)
Asked = tuple[str, Plan | None]


async def decide(runtime: Runtime, project: str, call: DecideCall) -> Answer:
    """One decision per campaign asked for, each with its reason. Fails as a whole only where no definitions were
    ever loaded."""
    snapshot = runtime.project(project)
    if call.request_id is None:
        return (await _decide(runtime, snapshot, call))[0]
    return await answers.once(runtime, snapshot, call, lambda: _decide(runtime, snapshot, call))


async def _decide(runtime: Runtime, snapshot: Snapshot, call: DecideCall) -> tuple[Answer, bool]:
    """The answer, and whether a display cap was consumed for it."""
    asked = selected(snapshot, call)
    gathered = await gather(runtime, snapshot, call.context, [plan for _, plan in asked if plan is not None])
    recorder = Recorder(runtime, snapshot, call, gathered)
    decisions = []
    for name, plan in asked:
        decision = await _decide_one(snapshot, call, gathered, recorder, name, plan)
        runtime.metrics.decided(decision.reason)
        decisions.append(decision)
    recorder.flush()
    if gathered.degraded:
        runtime.metrics.degraded.inc()
    return Answer(decisions=tuple(decisions), degraded=gathered.degraded), recorder.consumed


def selected(snapshot: Snapshot, call: DecideCall) -> list[Asked]:
    """The campaigns of a call: the named ones first, in the order asked, then those of its groups by key; or all
    open ones."""
    if not call.campaigns and not call.groups:
        now = call.context.now
        live = ((key, snapshot.plan(key)) for key in snapshot.live_keys)
        return [(key, plan) for key, plan in live if plan is None or plan.open(now)]
    asked: dict[str, Asked] = {}
    for name in call.campaigns:
        asked.setdefault(snapshot.campaign_ids.get(name, name), (name, snapshot.plan(name)))
    rest: dict[str, Asked] = {}
    for group in call.groups:
        members = snapshot.groups.get(group)
        if members is None:
            rest.setdefault(group, (group, None))
        for key in members or ():
            if (campaign_id := snapshot.campaign_ids[key]) not in asked:
                rest[campaign_id] = (key, snapshot.plan(key))
    return [*asked.values(), *sorted(rest.values(), key=lambda a: a[0])]


async def _decide_one(
    snapshot: Snapshot, call: DecideCall, gathered: Gathered, recorder: Recorder, name: str, plan: Plan | None
) -> Decision:
    if plan is None:
        return _without_plan(snapshot, call, name)
    if gathered.consent_missing:
        return _closed(call, name, "consent", "The visitor has not given the consent that this project requires.")
    peers = snapshot.peers.get(plan.exclusion_set, ()) if plan.exclusion_set else ()
    choice = choose(plan, gathered.subject, peers, degraded=gathered.degraded)
    shown = show(snapshot, choice, gathered)
    if choice.arm is not None:
        refused = await recorder.expose(plan, choice, shown)
        if refused is not None:
            choice = msgspec.structs.replace(choice, reason=refused, group=None, experience=None)
            shown = Shown(reason=refused)
    return Decision(
        campaign=name,
        experience=choice.experience.name if choice.experience is not None and choice.group is Group.TEST else None,
        group=choice.group,
        reason=shown.reason or choice.reason,
        payload=shown.payload,
        token=_token(snapshot, call, plan, choice, recorder),
        explanation=_explained(gathered, choice, shown) if call.explain else msgspec.UNSET,
    )


def _token(snapshot: Snapshot, call: DecideCall, plan: Plan, choice: Choice, recorder: Recorder) -> str | None:
    arm = choice.arm
    if arm is None:
        return None
    report = recorder.mode(plan) == "report"
    return snapshot.signer.token(arm, call.context.now, report=report, counted=recorder.counts(plan))


def _explained(gathered: Gathered, choice: Choice, shown: Shown) -> Explanation:
    if shown.reason is Reason.CAPPED:
        return Explanation(gate="cap", message="The display cap was used up by another call at the same moment.")
    if shown.reason is Reason.DEGRADED:
        return Explanation(gate="degraded", message="The store did not confirm in time that the display cap is free.")
    if shown.reason is Reason.WITHHELD:
        names = ", ".join(shown.missing)
        return Explanation(
            gate="content", message=f"Content was withheld: nothing was found for {names}.", found=list(shown.missing)
        )
    found = explain_choice(choice, gathered.subject)
    if shown.missing:
        return msgspec.structs.replace(
            found, warnings=(*found.warnings, f"Withheld in part: {', '.join(shown.missing)}.")
        )
    return found


def _without_plan(snapshot: Snapshot, call: DecideCall, name: str) -> Decision:
    campaign_id = snapshot.campaign_ids.get(name, "")
    why = snapshot.broken.get(campaign_id)
    if why is None and campaign_id == "":
        text = f"No campaign or group is named {name!r}."
        explanation = Explanation(gate="name", message=text)
        reason = Reason.UNKNOWN
    else:
        explanation = Explanation(gate="error", message=f"The campaign is switched off: {why}")
        reason = Reason.ERROR
    return Decision(
        campaign=name,
        experience=None,
        group=None,
        reason=reason,
        explanation=explanation if call.explain else msgspec.UNSET,
    )


def _closed(call: DecideCall, name: str, gate: str, message: str) -> Decision:
    explanation = Explanation(gate=gate, message=message) if call.explain else msgspec.UNSET
    return Decision(campaign=name, experience=None, group=None, reason=Reason.DISABLED, explanation=explanation)
