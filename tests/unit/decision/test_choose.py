"""Choosing: what the language-neutral cases cannot say."""

import pytest
from msgspec.structs import replace

from tailorbird.decision import Plan, bucket_id_of, choose, explain, forced, is_test_user
from tailorbird.domain.campaign import Schedule
from tailorbird.domain.errors import NotFound
from tailorbird.domain.facts import Arm
from tailorbird.domain.profile import Display, Profile
from tailorbird.domain.reasons import Group, Reason
from tests.unit.decision.making import NOW, broken, campaign, compiled, experience, plan, rule, subject

BOOM = ZeroDivisionError("boom")
EARLIER = 1_000_000_000_000


def breaking(made: Plan) -> Plan:
    return replace(made, rules=tuple(replace(rule, audience=broken(BOOM)) for rule in made.rules))


@pytest.mark.parametrize("error", [BOOM, KeyError("x"), RecursionError(), TypeError()])
def test_a_broken_condition_breaks_its_campaign_alone(error: Exception) -> None:
    whole = plan()
    made = replace(whole, audience=broken(error))
    choice = choose(made, subject())
    assert (choice.reason, choice.group, choice.experience, choice.error) == (Reason.ERROR, None, None, error)
    assert choice.arm is None
    assert choose(whole, subject()).reason is Reason.TARGETING_MATCH


def test_a_broken_rule_is_an_error_and_not_a_mismatch() -> None:
    assert choose(breaking(plan()), subject()).reason is Reason.ERROR


def test_a_broken_campaign_holds_nobody_of_its_exclusion_set() -> None:
    hero = plan(exclusion_set="front")
    banner = compiled(campaign(rule(experience(9), id="Ru1e9"), id="Camp2", exclusion_set="front", priority=5))
    assert choose(hero, subject(), [banner]).reason is Reason.EXCLUDED
    assert choose(hero, subject(), [breaking(banner)]).reason is Reason.TARGETING_MATCH
    assert choose(breaking(banner), subject(), [hero]).reason is Reason.ERROR


def test_the_holder_is_named() -> None:
    hero = plan(exclusion_set="front")
    banner = compiled(campaign(rule(experience(9), id="Ru1e9"), id="Camp2", exclusion_set="front", priority=5))
    assert choose(hero, subject(), [hero, banner]).holder is banner


def test_an_older_version_among_the_peers_is_not_another_campaign() -> None:
    hero = plan(exclusion_set="front", priority=1)
    preview = compiled(campaign(exclusion_set="front", priority=1), version=7)
    assert choose(preview, subject(), [hero]).reason is Reason.TARGETING_MATCH


def test_the_plan_stands_in_for_its_older_version_at_that_ones_place() -> None:
    hero = plan(exclusion_set="front", priority=1)
    other = compiled(campaign(rule(experience(9), id="Ru1e9"), id="Camp2", exclusion_set="front", priority=1))
    lower, same = (compiled(campaign(exclusion_set="front", priority=priority)) for priority in (0, 1))
    assert choose(same, subject(), [hero, other]).reason is Reason.TARGETING_MATCH
    assert choose(same, subject(), [other, hero]).reason is Reason.EXCLUDED
    assert choose(same, subject(), [other]).reason is Reason.EXCLUDED
    assert choose(lower, subject(), [hero, other]).reason is Reason.EXCLUDED


def test_a_given_moment_wins_over_the_contexts() -> None:
    made = plan(schedule=Schedule(end="2001-12-31"))
    assert choose(made, subject()).reason is Reason.DISABLED
    assert choose(made, subject(), now=EARLIER).reason is Reason.TARGETING_MATCH
    assert choose(made, subject(now=EARLIER)).reason is Reason.TARGETING_MATCH
    assert explain(made, subject()).gate == "schedule"
    assert explain(made, subject(), now=EARLIER).gate == "experience"


def test_a_choice_carries_what_its_token_says() -> None:
    shown = choose(plan(), subject())
    assert shown.arm == Arm(campaign="Camp1", version=1, rule="Ru1e1", arm="Exp11", epoch=0)
    held_back = choose(plan(control=100.0), subject())
    assert held_back.arm == Arm(campaign="Camp1", version=1, rule="Ru1e1", arm="control", epoch=0)
    assert choose(plan(status="paused"), subject()).arm is None


def test_a_capped_choice_knows_its_rule_and_has_no_arm() -> None:
    seen = Profile(person=1, bucket_id="u-1", displays={"Ru1e1": Display(1, NOW)})
    choice = choose(plan(rule(cap="once")), subject(profile=seen))
    assert choice.reason is Reason.CAPPED
    assert choice.rule is not None
    assert choice.arm is None


def test_an_experience_can_be_forced_by_id_or_name() -> None:
    made = plan(rule(experience(1), experience(2, paused=True)), status="draft", control=100.0)
    for named in ("Exp12", "E2"):
        choice = forced(made, named)
        assert (choice.reason, choice.group) == (Reason.TARGETING_MATCH, Group.TEST)
        assert choice.experience is made.rules[0].experiences[1]
    with pytest.raises(NotFound):
        forced(made, "E3")


def test_an_id_wins_over_another_experiences_name() -> None:
    made = plan(rule(experience(1, name="Exp12"), experience(2)))
    assert forced(made, "Exp12").experience is made.rules[0].experiences[1]


def test_the_bucket_id_is_told_with_every_choice() -> None:
    made = plan()
    assert bucket_id_of(made, subject("u-1", anonymous_id="a-1")) == "a-1"
    merged = Profile(person=1, bucket_id="old", bucket_ids={"Camp1": "kept"})
    assert choose(made, subject(profile=merged)).bucket_id == "kept"
    assert choose(made, subject(profile=merged), degraded=True).bucket_id == "u-1"
    assert choose(plan(status="draft"), subject(profile=merged)).bucket_id == "kept"


def test_test_users_are_recognised_whatever_the_status() -> None:
    made = plan(test_users=("u-1",))
    assert is_test_user(made, subject("u-1"))
    assert not is_test_user(made, subject("u-2"))
    assert not is_test_user(plan(), subject("u-1"))
