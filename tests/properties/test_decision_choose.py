"""Random campaigns, visitors and moments: what must hold for all of them."""

from dataclasses import replace as with_changes
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tailorbird.decision import Choice, Plan, choose, compile_plan, explain, settle_ranges
from tailorbird.decision.bucket import CONTROL, draw
from tailorbird.decision.choose import rule_matches, serves
from tailorbird.domain.campaign import Campaign, Experience, Rule, Schedule
from tailorbird.domain.profile import Display, Profile, Visit
from tailorbird.domain.reasons import Group, Reason
from tailorbird.targeting import EMPTY_LIBRARY, EVERYONE, Subject
from tests.unit.decision.making import NOW, UTC, campaign, compiled, experience, rule, subject

REASONS = {
    "status": {Reason.DISABLED},
    "schedule": {Reason.DISABLED},
    "audience": {Reason.DEFAULT},
    "exclusion_set": {Reason.EXCLUDED},
    "rule": {Reason.DEFAULT},
    "cap": {Reason.CAPPED},
    "control": {Reason.CONTROL},
    "experience": {Reason.TARGETING_MATCH, Reason.SPLIT, Reason.DISABLED},
    "degraded": {Reason.DEGRADED},
    "error": {Reason.ERROR},
}

tiers = st.sampled_from(["gold", "silver", "tin"])
audiences: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["everyone", None, "everyone"]),
    st.just("everyone"),
    st.builds(lambda tier: {"tier": tier}, tiers),
    st.builds(lambda tier: {"$not": {"tier": {"$in": [tier]}}}, tiers),
    st.builds(lambda tier: {"$or": [{"tier": tier}, {"@device": "mobile"}]}, tiers),
    st.just({"@device": {"$in": ["mobile", "tablet"]}}),
    st.just({"$event": {"name": "order", "within": {"days": 30}}}),
)
schedules = st.one_of(
    st.none(),
    st.none(),
    st.none(),
    st.builds(Schedule, weekdays=st.sets(st.integers(0, 6), max_size=5).map(tuple)),
    st.builds(Schedule, hours=st.sampled_from([(("22:00", "13:00"),), (("00:00", "11:00"),), (("11:00", "24:00"),)])),
    st.sampled_from([Schedule(start="2026-03-03"), Schedule(end="2026-03-02"), Schedule(end="2026-03-01")]),
)
weights = st.sampled_from([0.0, 1.0, 1.0, 3.0, 0.5])


@st.composite
def rules(draw_from: st.DrawFn, index: int, prefix: str) -> Rule:
    count = draw_from(st.integers(1, 4))
    experiences: tuple[Experience, ...] = tuple(
        replace(
            experience(i, weight=draw_from(weights), paused=draw_from(st.sampled_from([False, False, True]))),
            id=f"{prefix}{index}E{i}",
        )
        for i in range(count)
    )
    return rule(
        *experiences,
        id=f"{prefix}{index}",
        audience=draw_from(audiences),
        devices=draw_from(st.sampled_from([(), (), ("mobile",), ("desktop", "tablet")])),
        schedule=draw_from(schedules),
        cap=draw_from(st.sampled_from(["always", "always", "once", "visit"])),
    )


@st.composite
def campaigns(draw_from: st.DrawFn, name: str = "Camp1") -> Campaign:
    return campaign(
        rules=tuple(draw_from(rules(i, f"{name}R")) for i in range(draw_from(st.sampled_from([1, 2, 3, 0])))),
        id=name,
        key=name,
        status=draw_from(st.sampled_from(["running"] * 12 + ["draft", "testing", "paused", "archived"])),
        salt=draw_from(st.sampled_from(["k3Fp9wQz", "Zz8Lm4Tq"])),
        audience=draw_from(audiences),
        schedule=draw_from(schedules),
        control=draw_from(st.sampled_from([0.0, 5.0, 50.0, 100.0])),
        exclusion_set=draw_from(st.sampled_from([None, "front", "front"])),
        priority=draw_from(st.integers(0, 3)),
        test_users=draw_from(st.sampled_from([(), ("u-1", "u-2")])),
    )


@st.composite
def profiles(draw_from: st.DrawFn) -> Profile | None:
    if draw_from(st.booleans()):
        return None
    shown = st.builds(lambda at: Display(1, at, "", ((at, ""),)), st.sampled_from([NOW - 1000, NOW - 10**9]))
    names = st.sampled_from([f"Camp1R{i}" for i in range(3)])
    return Profile(
        person=1,
        bucket_id=draw_from(st.text(max_size=5)),
        ids=("u-2",) if draw_from(st.booleans()) else (),
        attributes={"tier": draw_from(tiers)} if draw_from(st.booleans()) else {},
        visits=(Visit(NOW - 2000, NOW - 500),),
        displays=draw_from(st.dictionaries(names, shown, max_size=2)),
        bucket_ids=draw_from(st.dictionaries(st.just("Camp1"), st.text(min_size=1, max_size=5), max_size=1)),
    )


@st.composite
def subjects(draw_from: st.DrawFn) -> Subject:
    told: dict[str, Any] = {"attributes": draw_from(st.dictionaries(st.just("tier"), tiers, max_size=1))}
    told["device"] = draw_from(st.sampled_from([None, "mobile", "tablet", "desktop"]))
    told["session_id"] = draw_from(st.sampled_from([None, "s-1"]))
    visitor_id = draw_from(st.one_of(st.none(), st.text(min_size=1, max_size=8)))
    anonymous_id = draw_from(st.text(min_size=1, max_size=8)) if visitor_id is None else None
    return subject(visitor_id, draw_from(profiles()), anonymous_id=anonymous_id, **told)


peer_lists = st.lists(campaigns("Camp2"), max_size=1).flatmap(
    lambda first: st.lists(campaigns("Camp3"), max_size=1).map(lambda second: [*first, *second])
)


def in_set(plans: list[Plan]) -> list[Plan]:
    return [replace(plan, exclusion_set="front") for plan in plans]


@given(campaigns(), subjects(), peer_lists, st.booleans())
def test_the_explanations_verdict_is_the_choices(
    made: Campaign, who: Subject, others: list[Campaign], degraded: bool
) -> None:
    plan, peers = compiled(made), in_set([compiled(other) for other in others])
    choice = choose(plan, who, peers, degraded=degraded)
    why = explain(plan, who, peers, degraded=degraded)
    assert why.gate == choice.gate
    assert choice.reason in REASONS[why.gate]
    assert choice.reason is not Reason.ERROR
    assert "the words for it broke" not in why.message


@given(campaigns(), subjects())
def test_a_rule_that_is_said_not_to_match_says_why(made: Campaign, who: Subject) -> None:
    plan = compiled(made)
    why = explain(plan, who)
    if why.gate == "rule" and plan.rules:
        assert len(why.rules) == len(plan.rules)
        assert all(part.path.startswith(each.path + ".") for part, each in zip(why.rules, plan.rules, strict=True))
        assert not any(rule_matches(each, who, NOW) for each in plan.rules)


@given(campaigns(), subjects(), peer_lists, st.booleans())
def test_a_choice_is_of_one_form_for_each_reason(
    made: Campaign, who: Subject, others: list[Campaign], degraded: bool
) -> None:
    choice = choose(compiled(made), who, in_set([compiled(other) for other in others]), degraded=degraded)
    shown = choice.reason in (Reason.TARGETING_MATCH, Reason.SPLIT)
    assert (choice.experience is not None) is shown
    expected = Group.TEST if shown else Group.CONTROL if choice.reason is Reason.CONTROL else None
    assert choice.group is expected
    assert (choice.arm is not None) is (expected is not None)


@given(campaigns(), subjects(), peer_lists)
def test_at_most_one_running_campaign_of_a_set_has_the_visitor(
    made: Campaign, who: Subject, others: list[Campaign]
) -> None:
    plans = in_set([compiled(each) for each in (made, *others)])
    choices = [choose(plan, who, plans) for plan in plans if plan.status == "running"]
    entered = [choice for choice in choices if choice.rule is not None]
    assert len(entered) <= 1
    holders = {choice.holder.id for choice in choices if choice.holder is not None}
    assert len(holders | {choice.plan.id for choice in entered}) <= 1


@given(campaigns(), subjects(), peer_lists)
def test_the_gates_are_those_of_the_plain_definition(made: Campaign, who: Subject, others: list[Campaign]) -> None:
    plan, peers = compiled(made), in_set([compiled(other) for other in others])
    assert choose(plan, who, peers).gate == defined_gate(plan, who, peers)


def defined_gate(plan: Plan, who: Subject, peers: list[Plan]) -> str:
    """The order of gates once more, as naively as it can be written."""

    def audience_holds(candidate: Plan) -> bool:
        return (candidate.audience or EVERYONE).match(who)

    def matched(candidate: Plan) -> list[int]:
        return [i for i, each in enumerate(candidate.rules) if rule_matches(each, who, NOW)]

    if not serves(plan, who):
        return "status"
    if not plan.open(NOW):
        return "schedule"
    if not audience_holds(plan):
        return "audience"
    if plan.exclusion_set:
        running = [p for p in peers if p.status == "running" and p.open(NOW) and audience_holds(p)]
        holding = [p for p in (*running, plan) if matched(p)]
        if holding and max(holding, key=lambda p: p.priority) is not plan:
            return "exclusion_set"
    if not matched(plan):
        return "rule"
    return drawn_gate(plan, who, matched(plan)[0])


def drawn_gate(plan: Plan, who: Subject, index: int) -> str:
    first = plan.rules[index]
    shown = who.profile.displays.get(first.id) if who.profile is not None else None
    if shown is not None:
        recent = shown.last_at == NOW - 1000  # within the visit of the profile above
        if first.cap == "once" or (first.cap == "visit" and recent):
            return "cap"
    if first.owners and draw(plan.salt, CONTROL, choose(plan, who).bucket_id) < plan.control_slots:
        return "control"
    return "experience"


visitor_ids = st.lists(st.text(min_size=1, max_size=12), min_size=30, max_size=60, unique=True)


def split(*weights_given: float, **changes: Any) -> Campaign:
    arms = tuple(experience(i, weight=weight) for i, weight in enumerate(weights_given))
    return campaign(rule(*arms), **changes)


def arm_of(choice: Choice) -> str:
    assert choice.experience is not None
    return choice.experience.id


@given(
    visitor_ids,
    st.lists(st.integers(1, 50).map(float), min_size=3, max_size=3),
    st.lists(st.integers(1, 50).map(float), min_size=3, max_size=3),
)
def test_a_change_of_weights_moves_only_towards_those_who_grow(
    visitors: list[str], before: list[float], after: list[float]
) -> None:
    old = settle_ranges(split(*before), None)
    new = settle_ranges(split(*after), old)
    old_plan, new_plan = compiled_as_settled(old), compiled_as_settled(new)
    sizes = [
        {name: sum(high - low for low, high in pairs) for name, pairs in made.rules[0].ranges.items()}
        for made in (old, new)
    ]
    for visitor in visitors:
        first, second = (arm_of(choose(plan, subject(visitor))) for plan in (old_plan, new_plan))
        if first != second:
            assert sizes[1][first] < sizes[0][first]
            assert sizes[1][second] > sizes[0][second]


def compiled_as_settled(made: Campaign) -> Plan:
    return compile_plan(made, library=EMPTY_LIBRARY, zone=UTC)


@given(visitor_ids, st.text(min_size=1, max_size=20).filter(str.strip))
def test_renaming_never_moves_anybody(visitors: list[str], name: str) -> None:
    plain = compiled(split(1, 1, 1, control=20.0))
    arms = tuple(replace(experience(i), name=f"{name}{i}") for i in range(3))
    renamed = compiled(campaign(rule(*arms, name=name), name=name, key="other", groups=("g",), control=20.0))
    for visitor in visitors:
        first, second = choose(plain, subject(visitor)), choose(renamed, subject(visitor))
        assert (first.group, first.arm) == (second.group, second.arm)


@given(visitor_ids)
def test_a_change_of_control_moves_nobody_between_experiences(visitors: list[str]) -> None:
    little, much = compiled(split(1, 1, 1, control=5.0)), compiled(split(1, 1, 1, control=60.0))
    for visitor in visitors:
        first, second = choose(little, subject(visitor)), choose(much, subject(visitor))
        if first.group is Group.CONTROL:
            assert second.group is Group.CONTROL
        elif second.group is Group.TEST:
            assert arm_of(first) == arm_of(second)


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_what_a_merge_left_to_a_campaign_decides_its_draws(kept: str, first: str, now_used: str) -> None:
    plan = compiled(split(1, 1, 1, 1, control=30.0))
    merged = Profile(person=1, bucket_id=first, bucket_ids={"Camp1": kept})
    choice, plain = choose(plan, subject(now_used, merged)), choose(plan, subject(kept))
    assert (choice.bucket_id, choice.group, choice.arm) == (kept, plain.group, plain.arm)
    elsewhere = choose(plan, subject(now_used, replace(merged, bucket_ids={"Other": kept})))
    assert elsewhere.arm == choose(plan, subject(first)).arm


def test_control_and_split_are_independent_in_choices() -> None:
    plan = compiled(split(1, 1, control=50.0))
    open_plan = compiled(split(1, 1, control=0.0))
    counts: dict[tuple[bool, str], int] = {}
    for i in range(4000):
        who = subject(f"visitor-{i}")
        key = (choose(plan, who).group is Group.CONTROL, arm_of(choose(open_plan, who)))
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 4
    assert all(850 < count < 1150 for count in counts.values())  # 1,000 each; σ is 27


@given(subjects())
def test_a_condition_is_asked_in_a_broken_campaign_without_harm_to_others(who: Subject) -> None:
    def fail(asked: Subject) -> bool:
        raise RuntimeError(asked.context.visitor.id)

    whole = compiled(campaign())
    torn = replace(whole, audience=with_changes(EVERYONE, match=fail))
    assert choose(torn, who).reason is Reason.ERROR
    assert explain(torn, who).gate == "error"
    assert choose(whole, who).reason is Reason.TARGETING_MATCH
