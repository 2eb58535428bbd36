"""The main use case: what should this visitor see?

Gather (snapshot, profile, history), then compute (choose, render), then note what must be remembered. A decision
waits for at most one profile read, one history query if a plan asks for it, and one commit if a display cap is
consumed; without the store it answers all the same, degraded.
"""

from __future__ import annotations

from itertools import repeat
from typing import cast

import msgspec

from tailorbird.decision import Choice, Plan, choose, explain_choice
from tailorbird.domain.decision import Decision, Explanation
from tailorbird.domain.reasons import Group, Reason
from tailorbird.engine import answers, firsts
from tailorbird.engine.breaker import Patience
from tailorbird.engine.calls import Answer, DecideCall, Detail
from tailorbird.engine.content import Shown, show
from tailorbird.engine.expose import Recorder
from tailorbird.engine.gather import Gathered, gather
from tailorbird.engine.ready import Ready
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot

#: (name to answer under, compiled campaign or None)
Asked = tuple[str, Plan | None]

_ENCODER = msgspec.json.Encoder()
_HEAD, _TAIL = b'{"decisions":[', (b'],"degraded":false}', b'],"degraded":true}')


async def decide(runtime: Runtime, project: str, call: DecideCall) -> Answer:
    """One decision per campaign asked for, each with its reason. Fails as a whole only where no definitions were
    ever loaded."""
    snapshot = runtime.project(project)
    if call.request_id is None:
        return (await _answer(runtime, snapshot, call, runtime.breaker.patient()))[0]
    return await answers.once(runtime, snapshot, call, lambda patience: _answer(runtime, snapshot, call, patience))


async def decide_json(runtime: Runtime, project: str, call: DecideCall) -> bytes:
    """The same as ``decide``, encoded; what is the same for everybody is not encoded again."""
    if call.request_id is not None:
        return _ENCODER.encode(await decide(runtime, project, call))
    made, degraded, _ = await _decide(runtime, runtime.project(project), call)
    parts = [one.encoded if type(one) is Ready else _ENCODER.encode(one) for one in made]
    return b"".join((_HEAD, b",".join(parts), _TAIL[degraded]))


async def details(runtime: Runtime, project: str, call: DecideCall) -> tuple[list[Detail], bool]:
    """The same decisions, each with what it was made from; and whether they are degraded."""
    snapshot = runtime.project(project)
    found: dict[str, Detail] = {}
    made, degraded, _ = await _decide(runtime, snapshot, call, found)
    decisions = [one.decision if isinstance(one, Ready) else one for one in made]
    return [found.get(d.campaign) or Detail(decision=d) for d in decisions], degraded


async def _answer(runtime: Runtime, snapshot: Snapshot, call: DecideCall, patience: Patience) -> tuple[Answer, bool]:
    """The answer, and whether a display cap was consumed for it."""
    made, degraded, consumed = await _decide(runtime, snapshot, call, patience=patience)
    decisions = tuple(one.decision if isinstance(one, Ready) else one for one in made)
    return Answer(decisions=decisions, degraded=degraded), consumed


async def _decide(
    runtime: Runtime,
    snapshot: Snapshot,
    call: DecideCall,
    found: dict[str, Detail] | None = None,
    patience: Patience | None = None,
) -> tuple[list[Decision | Ready], bool, bool]:
    """The decisions, whether they are degraded, and whether a display cap was consumed. ``found`` is filled, by name,
    with what each was made from."""
    firsts.asked(runtime, snapshot.project.id)
    asked = selected(snapshot, call)
    gathered = await gather(runtime, snapshot, call.context, asked, patience)
    recorder = Recorder(runtime, snapshot, call, gathered)
    subject, degraded, sets = gathered.subject, gathered.degraded, snapshot.peers
    everything = not call.campaigns and not call.groups
    ready = None if call.explain else recorder.short_way(asked)
    if ready is not None and found is not None:
        for (name, plan), held in zip(asked, ready, strict=True):
            if held is not None:
                found[name] = held.detail or held.detailed(plan)
    if ready is not None and None not in ready:
        return _finish(runtime, recorder, cast("list[Decision | Ready]", ready), degraded=False)
    made: list[Decision | Ready] = []
    for (name, plan), quickly in zip(asked, ready or repeat(None), strict=False):
        if quickly is not None:
            made.append(quickly)
            continue
        if plan is None or gathered.consent_missing:
            made.append(_unplanned(snapshot, call, name, known=plan is not None))
            continue
        choice = choose(plan, subject, sets[plan.exclusion_set] if plan.exclusion_set else (), degraded=degraded)
        if everything and choice.gate == "status":
            continue  # in testing, and this is no test user: not open to them
        one = await _one(snapshot, call, gathered, recorder, name, choice)
        made.append(one)
        if found is not None:
            found[name] = one.detailed(plan) if isinstance(one, Ready) else _detail(snapshot, gathered, choice, one)
    return _finish(runtime, recorder, made, degraded=degraded)


def _finish(
    runtime: Runtime, recorder: Recorder, made: list[Decision | Ready], *, degraded: bool
) -> tuple[list[Decision | Ready], bool, bool]:
    recorder.flush()
    runtime.metrics.decided(made, degraded=degraded)
    return made, degraded, recorder.consumed


async def _one(
    snapshot: Snapshot, call: DecideCall, gathered: Gathered, recorder: Recorder, name: str, choice: Choice
) -> Decision | Ready:
    if choice.group is None:
        if not call.explain:
            return snapshot.shelf.blank(name, choice.reason)
        explanation = explain_choice(choice, gathered.subject)
        return Decision(campaign=name, experience=None, group=None, reason=choice.reason, explanation=explanation)
    report, counted = recorder.reports(choice.plan), recorder.counts(choice.plan)
    ready = None if call.explain else snapshot.shelf.arm(name, choice, call.context.now, report=report, counted=counted)
    shown = show(snapshot, choice, gathered) if ready is None else None
    if counted and not report:
        refused = await recorder.expose(choice, displayed=shown is None or shown.reason is None)
        if refused is not None:
            return _refused(call, name, refused)
    return (
        ready
        if ready is not None
        else _shown(snapshot, call, gathered, name, choice, shown or Shown(), report, counted)
    )


def _detail(snapshot: Snapshot, gathered: Gathered, choice: Choice, decision: Decision) -> Detail:
    shows = decision.group is Group.TEST and decision.payload is not None
    return Detail(
        decision=decision,
        campaign=choice.plan.campaign,
        version=choice.plan.version,
        rule=choice.rule.source if choice.rule is not None else None,
        experience=choice.experience.source if choice.experience is not None else None,
        messages=show(snapshot, choice, gathered).messages if shows else (),
    )


def _shown(
    snapshot: Snapshot,
    call: DecideCall,
    gathered: Gathered,
    name: str,
    choice: Choice,
    shown: Shown,
    report: bool,
    counted: bool,
) -> Decision:
    arm = choice.arm
    token = snapshot.signer.token(arm, call.context.now, report=report, counted=counted) if arm is not None else None
    return Decision(
        campaign=name,
        experience=choice.experience.name if choice.experience is not None and choice.group is Group.TEST else None,
        group=choice.group,
        reason=shown.reason or choice.reason,
        payload=shown.payload,
        token=token,
        explanation=_explained(gathered, choice, shown) if call.explain else msgspec.UNSET,
    )


def selected(snapshot: Snapshot, call: DecideCall) -> list[Asked]:
    """The campaigns of a call: the named ones first, in the order asked, then those of its groups by key; or all
    open ones."""
    if not call.campaigns and not call.groups:
        now = call.context.now
        live = snapshot.live if call.channel is None else snapshot.live_on[call.channel]
        return [(key, plan) for key, plan in live if plan is None or plan.open.always or plan.open(now)]
    by_name = snapshot.by_name
    asked = [by_name.get(name) or (name, None) for name in dict.fromkeys(call.campaigns)]
    if len(snapshot.renamed) and not snapshot.renamed.isdisjoint(call.campaigns):
        asked = _once_each(asked)
    if call.groups:
        asked += _of_groups(snapshot, call, {name if plan is None else plan.id for name, plan in asked})
    return asked


def _once_each(asked: list[Asked]) -> list[Asked]:
    """A campaign that is asked for by its key and by an earlier one is answered once, under the first."""
    kept: dict[str, Asked] = {}
    for name, plan in asked:
        kept.setdefault(name if plan is None else plan.id, (name, plan))
    return list(kept.values())


def _of_groups(snapshot: Snapshot, call: DecideCall, named: set[str]) -> list[Asked]:
    """The members of the groups asked for, and the groups that nobody made, by key."""
    rest: dict[str, Asked] = {}
    for group in call.groups:
        members = snapshot.groups.get(group)
        if members is None:
            rest[group] = (group, None)
        for key in members or ():
            if snapshot.campaign_ids[key] not in named:
                rest[key] = snapshot.by_name[key]
    return [rest[key] for key in sorted(rest)]


def _explained(gathered: Gathered, choice: Choice, shown: Shown) -> Explanation:
    if shown.reason is Reason.WITHHELD:
        names = ", ".join(shown.missing)
        message = f"Content was withheld: nothing was found for {names}."
        return Explanation(gate="content", message=message, found=list(shown.missing))
    found = explain_choice(choice, gathered.subject)
    if shown.missing:
        warning = f"Withheld in part: {', '.join(shown.missing)}."
        return msgspec.structs.replace(found, warnings=(*found.warnings, warning))
    return found


def _refused(call: DecideCall, name: str, reason: Reason) -> Decision:
    """The commit that would have consumed the display cap did not."""
    message = (
        "The display cap was used up by another call at the same moment."
        if reason is Reason.CAPPED
        else "The store did not confirm in time that the display cap is free."
    )
    gate = "cap" if reason is Reason.CAPPED else "degraded"
    return _blank(call, name, reason, gate, message)


def _unplanned(snapshot: Snapshot, call: DecideCall, name: str, *, known: bool) -> Decision:
    """No campaign of that name, one that is switched off, or a visitor without the consent that is required."""
    if known:
        text = "The visitor has not given the consent that this project requires."
        return _blank(call, name, Reason.DISABLED, "consent", text)
    why = snapshot.broken.get(snapshot.campaign_ids.get(name, ""))
    if why is not None:
        return _blank(call, name, Reason.ERROR, "error", f"The campaign is switched off: {why}")
    return _blank(call, name, Reason.UNKNOWN, "name", f"No campaign or group is named {name!r}.")


def _blank(call: DecideCall, name: str, reason: Reason, gate: str, message: str) -> Decision:
    explanation = Explanation(gate=gate, message=message) if call.explain else msgspec.UNSET
    return Decision(campaign=name, experience=None, group=None, reason=reason, explanation=explanation)
