"""Compiling a campaign: everything wrong is named at once; what it needs is known before anybody asks."""

from typing import Any

import pytest

from tailorbird.decision import compile_plan, readiness, settle_ranges
from tailorbird.domain.campaign import Campaign, Content, GoalUse, Message, Row, Rule, Schedule
from tailorbird.domain.errors import Invalid
from tailorbird.targeting import EMPTY_LIBRARY
from tests.unit.decision.making import UTC, campaign, compiled, experience, fields, plan, rule


def refused(made: Campaign) -> list[str]:
    with pytest.raises(Invalid) as error:
        compile_plan(made, library=EMPTY_LIBRARY, zone=UTC)
    return fields(error.value.problems)


def test_a_good_campaign_compiles() -> None:
    made = plan()
    assert (made.id, made.key, made.version, made.control_slots) == ("Camp1", "hero", 1, 0)
    assert made.rules[0].experiences[0].arm.arm == "Exp11"
    assert made.rules[0].control.arm == "control"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"key": "a b"}, "key"),
        ({"groups": ("ok", "not ok")}, "groups[1]"),
        ({"exclusion_set": ""}, "exclusion_set"),
        ({"control": -1.0}, "control"),
        ({"control": 100.01}, "control"),
        ({"control": 1.005}, "control"),
        ({"control": float("nan")}, "control"),
        ({"audience": {"plan": {"$inn": ["gold"]}}}, "audience.plan.$inn"),
        ({"schedule": Schedule(start="soon")}, "schedule.start"),
        ({"test_users": ("ok", "")}, "test_users[1]"),
        ({"goals": (GoalUse(goal="buy"), GoalUse(goal="buy"))}, "goals[1].goal"),
        ({"rules": (rule(experience(name="")),)}, "rules[0].experiences[0].name"),
        ({"rules": (rule(experience(weight=-1.0)),)}, "rules[0].experiences[0].weight"),
        ({"rules": (rule(experience(weight=float("inf"))),)}, "rules[0].experiences[0].weight"),
        ({"rules": (rule(experience(1), experience(1)),)}, "rules[0].experiences[1].id"),
        ({"rules": (rule(), rule(experience(2)))}, "rules[1].id"),
        ({"rules": (rule(audience={"$regex": "("}),)}, "rules[0].audience"),
        ({"rules": (rule(schedule=Schedule(weekdays=(7,))),)}, "rules[0].schedule.weekdays[0]"),
        ({"rules": (rule(ranges={"Exp11": ((0, 9999),)}),)}, "rules[0].ranges"),
        ({"rules": (rule(ranges={"Other": ((0, 10000),)}),)}, "rules[0].ranges"),
        ({"rules": (rule(name="x" * 201),)}, "rules[0].name"),
        ({"rules": tuple(rule(experience(i), id=f"R{i}") for i in range(101))}, "rules"),
        (
            {"rules": (rule(experience(locales={"de_AT": Content(body=1), "de-at": Content(body=2)})),)},
            "rules[0].experiences[0].locales.de-at",
        ),
        ({"rules": (rule(experience(locales={"!": Content(body=1)})),)}, "rules[0].experiences[0].locales.!"),
    ],
)
def test_what_cannot_work_is_refused_with_its_path(changes: dict[str, Any], field: str) -> None:
    found = refused(campaign(**changes))
    assert len(found) == 1
    assert found[0].startswith(field)


def test_the_sentence_of_a_problem_names_the_whole_path() -> None:
    with pytest.raises(Invalid) as error:
        compiled(campaign(rule(schedule=Schedule(start="soon"))))
    assert error.value.detail.startswith("rules[0].schedule.start: expected")
    assert error.value.problems[0].detail == error.value.detail


def test_everything_wrong_is_named_at_once() -> None:
    bad_content = Content(body={"title": "{{ name | no_such_filter }}"})
    bad_row = Content(messages=(Message(target="t", rows=(Row(name="a", value="{% if %}"),)),))
    found = refused(
        campaign(
            rule(experience(1)),
            rule(
                experience(2, content=bad_content, locales={"de": bad_row}),
                id="Ru1e2",
                audience={"plan": {"$nope": 1}},
                schedule=Schedule(hours=(("1", "2"),)),
            ),
            name="",
            control=500.0,
        )
    )
    assert found[:2] == ["name", "control"]
    assert any(path.startswith("rules[1].audience.plan") for path in found)
    assert any(path.startswith("rules[1].experiences[0].content.body.title") for path in found)
    assert any(path.startswith("rules[1].experiences[0].locales.de.messages[0].rows[0]") for path in found)
    assert "rules[1].schedule.hours[0]" in found


@pytest.mark.parametrize(
    ("control", "slots"), [(0.0, 0), (5.0, 500), (0.01, 1), (0.57, 57), (33.33, 3333), (100.0, 10_000)]
)
def test_control_is_exact_to_the_slot(control: float, slots: int) -> None:
    assert plan(control=control).control_slots == slots


def test_needs_and_what_can_be_decided_without_the_store() -> None:
    reading = Content(body={"hello": "{{ attribute.user.first_name }}"})
    assert plan().degradable
    assert not plan().needs.store
    by_attribute = plan(rule(audience={"tier": "gold"}))
    assert by_attribute.needs.profile
    assert by_attribute.match_needs.profile
    assert not by_attribute.degradable
    capped = plan(rule(cap="once"))
    assert capped.needs.profile
    assert not capped.match_needs.profile
    assert not capped.degradable
    shown = plan(rule(experience(content=reading)))
    assert shown.needs.profile
    assert not shown.match_needs.profile
    assert not shown.degradable
    assert plan(rule(experience(locales={"de": reading}))).needs.profile


def test_events_that_conditions_ask_for_are_needed() -> None:
    made = plan(rule(audience={"$event": {"name": "order", "within": {"days": 30}}}))
    assert {need.name for need in made.needs.events} == {"order"}
    assert not made.degradable


def test_warnings_say_what_works_but_hardly_as_meant() -> None:
    tiny = plan(rule(experience(1, weight=1e-6), experience(2, weight=100.0)))
    assert fields(tiny.warnings) == ["rules[0].experiences[0].weight"]
    unsettled = compile_plan(campaign(), library=EMPTY_LIBRARY, zone=UTC)
    assert fields(unsettled.warnings) == ["rules[0].ranges"]
    assert plan().warnings == ()


def test_an_item_that_the_catalogue_lacks_is_a_warning() -> None:
    shown = Content(messages=(Message(target="t", rows=(Row(name="a", type="items", value=["i-1", "i-2"]),)),))
    made = settle_ranges(campaign(rule(experience(content=shown))), None)
    found = compile_plan(made, library=EMPTY_LIBRARY, zone=UTC, item_exists=lambda item: item == "i-1").warnings
    assert len(found) == 1
    assert "'i-2'" in found[0].detail
    assert compile_plan(made, library=EMPTY_LIBRARY, zone=UTC, item_exists=lambda item: True).warnings == ()


def test_the_nearest_locale_is_shown() -> None:
    made = (
        plan(rule(experience(locales={"de": Content(body="de"), "de_AT": Content(body="at")}))).rules[0].experiences[0]
    )
    assert made.content_for("de-at") is made.locales["de_AT"]
    assert made.content_for("de-CH") is made.locales["de"]
    assert made.content_for("fr") is made.content
    assert made.content_for(None) is made.content


GOOD = GoalUse(goal="buy", role="primary")


@pytest.mark.parametrize(
    ("made", "missing"),
    [
        (campaign(goals=(GOOD,)), []),
        (campaign(goals=(GOOD, GoalUse(goal="click"))), []),
        (campaign(), ["goals"]),
        (campaign(goals=(GoalUse(goal="click"),)), ["goals"]),
        (campaign(goals=(GOOD, GoalUse(goal="click", role="primary"))), ["goals"]),
        (campaign(goals=(GOOD,), rules=()), ["rules"]),
        (campaign(goals=(GOOD,), audience=None), ["rules[0].audience"]),
        (campaign(rule(audience="everyone"), goals=(GOOD,), audience=None), []),
        (campaign(Rule(id="Ru1e1"), goals=(GOOD,)), ["rules[0].experiences"]),
        (campaign(rule(experience(paused=True)), goals=(GOOD,)), ["rules[0].experiences"]),
        (campaign(rule(experience(weight=0.0)), goals=(GOOD,)), ["rules[0].experiences"]),
        (campaign(rule(experience(content=None)), goals=(GOOD,)), ["rules[0].experiences[0].content"]),
        (campaign(rule(experience(content=None, paused=True), experience(2)), goals=(GOOD,)), []),
    ],
)
def test_readiness_names_what_is_missing(made: Campaign, missing: list[str]) -> None:
    assert fields(readiness(made, False)) == missing


def test_goals_of_the_project_are_enough() -> None:
    assert readiness(campaign(), True) == []
    assert fields(readiness(campaign(goals=(GoalUse(goal="click"),)), True)) == ["goals"]


def test_a_draft_without_anything_compiles() -> None:
    assert compiled(Campaign(name="Idea")).rules == ()
