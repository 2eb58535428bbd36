"""Explanations: the path, what was found, and a sentence that a marketer understands."""

import pytest
from msgspec.structs import replace

from tailorbird.decision import choose, explain, explain_choice, forced
from tailorbird.domain.campaign import Schedule, Status
from tailorbird.domain.profile import Display, Profile, Visit
from tests.unit.decision.making import NOW, broken, campaign, compiled, experience, plan, rule, subject

GOLD = subject(attributes={"tier": "gold"}, device="tablet")
SILVER = subject(attributes={"tier": "silver"}, device="tablet")
FOR_GOLD = rule(experience(1), audience={"tier": {"$in": ["gold"]}})


@pytest.mark.parametrize(
    ("status", "words"), [("draft", "draft"), ("testing", "test users"), ("paused", "paused"), ("archived", "archived")]
)
def test_status(status: Status, words: str) -> None:
    why = explain(plan(status=status), GOLD)
    assert (why.gate, why.path, why.found, why.expected) == ("status", "status", status, "running")
    assert words in why.message


def test_schedule() -> None:
    why = explain(plan(schedule=Schedule(start="2027-01-01")), GOLD)
    assert (why.gate, why.path, why.expected) == ("schedule", "schedule.start", "2027-01-01")


def test_the_campaigns_audience() -> None:
    why = explain(plan(audience={"tier": {"$in": ["gold"]}}), SILVER)
    assert (why.gate, why.path, why.found, why.expected) == ("audience", "audience.tier.$in", "silver", ["gold"])


def test_the_only_rule_speaks_for_the_campaign() -> None:
    why = explain(plan(FOR_GOLD), SILVER)
    assert (why.gate, why.path, why.found) == ("rule", "rules[0].audience.tier.$in", "silver")
    assert [part.gate for part in why.rules] == ["audience"]


def test_each_of_several_rules_says_why_not() -> None:
    made = plan(
        FOR_GOLD,
        rule(experience(2), id="Ru1e2", devices=("mobile", "desktop")),
        rule(experience(3), id="Ru1e3", schedule=Schedule(weekdays=(6,))),
    )
    why = explain(made, SILVER)
    assert (why.gate, why.path, why.message) == ("rule", "rules", "None of its 3 rules matches.")
    assert [part.path for part in why.rules] == [
        "rules[0].audience.tier.$in",
        "rules[1].devices",
        "rules[2].schedule.weekdays",
    ]
    assert why.rules[1].found == "tablet"
    assert "desktop and mobile" in why.rules[1].message


def test_a_rule_without_audience_says_so() -> None:
    why = explain(plan(audience=None), GOLD)
    assert (why.gate, why.path) == ("rule", "rules[0].audience")
    assert "matches nobody" in why.message


def test_no_rules_at_all() -> None:
    why = explain(plan(rules=()), GOLD)
    assert (why.gate, why.path) == ("rule", "rules")


def test_the_exclusion_set_names_the_holder() -> None:
    banner = compiled(campaign(rule(id="Ru1e9"), id="Camp2", key="banner", exclusion_set="front", priority=2))
    why = explain(plan(exclusion_set="front"), GOLD, [banner])
    assert (why.gate, why.path, why.found) == ("exclusion_set", "exclusion_set", "banner")


def test_cap() -> None:
    shown = Display(3, NOW - 1, "", ((NOW - 1, ""),))
    seen = subject(
        profile=Profile(person=1, bucket_id="u-1", visits=(Visit(NOW - 9, NOW - 1),), displays={"Ru1e1": shown})
    )
    for cap in ("once", "visit"):
        why = explain(plan(rule(cap=cap)), seen)
        assert (why.gate, why.path, why.found, why.expected) == ("cap", "rules[0].cap", 3, cap)


def test_control_and_experience_tell_the_slot() -> None:
    held_back = explain(plan(control=100.0), GOLD)
    assert (held_back.gate, held_back.path, held_back.expected) == ("control", "control", 10_000)
    assert 0 <= held_back.found < 10_000
    split = explain(plan(rule(experience(1), experience(2))), GOLD)
    assert split.gate == "experience"
    low, high = split.expected[0]
    assert low <= split.found < high


def test_rules_that_were_passed_over_say_why() -> None:
    why = explain(plan(FOR_GOLD, rule(experience(2), id="Ru1e2", name="The rest")), SILVER)
    assert why.gate == "experience"
    assert "Rule “The rest” matches" in why.message
    assert [part.path for part in why.rules] == ["rules[0].audience.tier.$in"]
    assert explain(plan(FOR_GOLD, rule(experience(2), id="Ru1e2")), GOLD).rules == ()


def test_a_rule_without_a_name_is_called_by_its_number() -> None:
    assert explain(plan(FOR_GOLD, rule(experience(2), id="Ru1e2")), SILVER).message.startswith("Rule 2 matches")
    assert explain(plan(FOR_GOLD), GOLD).message.startswith("Rule 1 matches")


def test_a_rule_without_shares() -> None:
    why = explain(plan(rule(experience(paused=True))), GOLD)
    assert (why.gate, why.path) == ("experience", "rules[0].experiences")


def test_forced() -> None:
    why = explain_choice(forced(plan(status="draft"), "E1"), GOLD)
    assert (why.gate, why.path) == ("experience", "rules[0].experiences[0]")
    assert "asked for" in why.message


def test_degraded_tells_what_was_needed() -> None:
    assert "the profile" in explain(plan(FOR_GOLD), GOLD, degraded=True).message
    bought = plan(rule(audience={"$event": {"name": "order", "within": {"days": 30}}}))
    assert "past events" in explain(bought, GOLD, degraded=True).message
    unknown = compiled(campaign(FOR_GOLD, id="Camp2", exclusion_set="front", priority=2))
    assert "front" in explain(plan(exclusion_set="front"), GOLD, [unknown], degraded=True).message


def test_an_error_names_what_broke() -> None:
    why = explain(replace(plan(), audience=broken(ValueError("odd"))), GOLD)
    assert why.gate == "error"
    assert "ValueError: odd" in why.message


def test_warnings_come_along() -> None:
    made = plan(rule(experience(1, weight=1e-6), experience(2, weight=100.0)))
    assert len(explain(made, GOLD).warnings) == 1
    assert explain(plan(), GOLD).warnings == ()


def test_words_that_break_do_not_change_the_verdict() -> None:
    made = plan(FOR_GOLD)
    choice = choose(made, SILVER)
    mute = replace(made, rules=(replace(made.rules[0], audience=broken(KeyError())),))
    why = explain_choice(replace(choice, plan=mute), SILVER)
    assert why.gate == choice.gate == "rule"
    assert "broke" in why.message
