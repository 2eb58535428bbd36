"""What somebody would see, and why: any version, any experience, any visitor, any time of day. Nothing is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from tailorbird.decision import Choice, Plan, choose, compile_plan, explain_choice, forced, is_test_user
from tailorbird.domain.campaign import Campaign
from tailorbird.domain.decision import Decision, Explanation
from tailorbird.domain.errors import Invalid
from tailorbird.domain.profile import Profile
from tailorbird.domain.reasons import Group, Reason
from tailorbird.domain.visitor import Context
from tailorbird.engine import values
from tailorbird.engine.calls import Detail, PreviewCall
from tailorbird.engine.content import Shown, show
from tailorbird.engine.gather import Gathered, gather
from tailorbird.engine.publish import read
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import DECODERS, Snapshot
from tailorbird.targeting import Subject


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The rendered payload and the explanation."""

    campaign: str
    version: int
    rule: str | None
    experience: str | None
    group: Group | None
    reason: Reason
    payload: Any
    #: values that were not found while rendering
    missing: tuple[str, ...]
    explanation: Explanation


async def preview(runtime: Runtime, project: str, call: PreviewCall) -> Preview:
    """Decide as if the campaign ran now, with the version asked for. The clock is the call's ``context.time``, where
    given."""
    return (await previewed(runtime, project, call))[0]


async def previewed(runtime: Runtime, project: str, call: PreviewCall) -> tuple[Preview, Detail]:
    """Likewise, with the decision as doors get it; its token never counts."""
    snapshot = runtime.project(project)
    definition = await read(runtime, project, "campaign", call.campaign, call.version)
    plan = await asyncio.to_thread(
        _running_plan, snapshot, DECODERS["campaign"].decode(definition.body), definition.version
    )
    gathered = await _gathered(runtime, snapshot, call, plan)
    peers = snapshot.peers.get(plan.exclusion_set, ()) if plan.exclusion_set else ()
    others = tuple(p for p in peers if p.id != plan.id)
    choice = choose(plan, gathered.subject, others)
    explanation = explain_choice(choice, gathered.subject)
    if call.experience is not None:
        choice = forced(plan, call.experience)
    shown = show(snapshot, choice, gathered)
    return _preview(plan, choice, shown, explanation), _detail(snapshot, plan, choice, shown, call.context.now)


def _detail(snapshot: Snapshot, plan: Plan, choice: Choice, shown: Shown, now: int) -> Detail:
    decision = Decision(
        campaign=plan.key,
        experience=choice.experience.name if choice.experience is not None and choice.group is Group.TEST else None,
        group=choice.group,
        reason=shown.reason or choice.reason,
        payload=shown.payload,
        token=snapshot.signer.token(choice.arm, now, counted=False) if choice.arm is not None else None,
    )
    return Detail(
        decision=decision,
        campaign=plan.campaign,
        version=plan.version,
        rule=choice.rule.source if choice.rule is not None else None,
        experience=choice.experience.source if choice.experience is not None else None,
        messages=shown.messages if shown.payload is not None else (),
    )


async def rehearsals(runtime: Runtime, project: str, context: Context, experience_ids: Iterable[str]) -> list[Detail]:
    """Experiences by id, whatever status, gates and draws say, as the test users of their campaigns see them; for
    everybody else none. They never count."""
    snapshot = runtime.project(project)
    places = [place for one in dict.fromkeys(experience_ids) if (place := snapshot.by_experience.get(one)) is not None]
    plans = {plan.key: plan for plan, _, _ in places}
    gathered = await gather(runtime, snapshot, context, list(plans.items()))
    made: list[Detail] = []
    for plan, rule, experience in places:
        choice = forced(plan, experience.id)
        shown = show(snapshot, choice, gathered) if is_test_user(plan, gathered.subject) else Shown()
        if shown.payload is None:
            continue
        decision = Decision(
            campaign=plan.key,
            experience=experience.name,
            group=choice.group,
            reason=choice.reason,
            payload=shown.payload,
            token=snapshot.signer.token(experience.arm, context.now, counted=False),
        )
        made.append(
            Detail(
                decision=decision,
                campaign=plan.campaign,
                version=plan.version,
                rule=rule.source,
                experience=experience.source,
                messages=shown.messages,
            )
        )
    return made


def _preview(plan: Plan, choice: Choice, shown: Shown, explanation: Explanation) -> Preview:
    return Preview(
        campaign=plan.key,
        version=plan.version,
        rule=choice.rule.id if choice.rule is not None else None,
        experience=choice.experience.name if choice.experience is not None else None,
        group=choice.group,
        reason=shown.reason or choice.reason,
        payload=shown.payload,
        missing=shown.missing,
        explanation=explanation,
    )


def _running_plan(snapshot: Snapshot, campaign: Campaign, version: int) -> Plan:
    running = replace(campaign, status="running")
    return compile_plan(
        running, library=snapshot.library, zone=snapshot.zone, version=version, item_exists=snapshot.item_exists
    )


async def _gathered(runtime: Runtime, snapshot: Snapshot, call: PreviewCall, plan: Plan) -> Gathered:
    """What is known of the visitor; a made-up profile replaces it."""
    context = call.context
    if context.time is not None:
        context = replace(context, now=context.time)
    if call.attributes is None:
        if not (context.visitor.id or context.visitor.anonymous_id):
            raise Invalid.field("visitor", "an id, an anonymous_id, or attributes of a made-up profile", None)
        return await gather(runtime, snapshot, context, [(plan.key, plan)])
    values.check_attributes(call.attributes, "attributes", runtime.limits)
    made_up = Profile(
        person=0,
        bucket_id=context.visitor.bucket_id or "preview",
        attributes=call.attributes,
        first_seen=context.now,
        last_seen=context.now,
    )
    subject = Subject(context, made_up, zone=snapshot.zone, locate=runtime.locate, history={})
    return Gathered(subject=subject, profile=made_up)
