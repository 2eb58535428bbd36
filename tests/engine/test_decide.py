"""What a decide call answers, and what it leaves behind."""

from __future__ import annotations

import asyncio

import pytest

from tailorbird.domain.errors import NotFound
from tailorbird.domain.reasons import Group, Reason
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import decide, people, publish
from tailorbird.engine.calls import DecideCall
from tailorbird.engine.limits import AnswerMemory
from tests.engine.conftest import DAY, HOUR, Engine, experience, rule


async def test_a_running_campaign_shows_its_experience(engine: Engine) -> None:
    await engine.campaign()
    decision = await engine.one()
    assert (decision.experience, decision.group, decision.reason) == ("A", Group.TEST, Reason.TARGETING_MATCH)
    assert bytes(decision.payload) == b'{"shown":"A"}'
    assert decision.token


async def test_a_project_that_nobody_made_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound):
        await decide.decide(engine.runtime, "nowhere", DecideCall(context=engine.context()))


async def test_an_unknown_name_answers_unknown_and_the_others_answer(engine: Engine) -> None:
    await engine.campaign()
    answer = await engine.ask("nope", "hero")
    assert [(d.campaign, d.reason) for d in answer.decisions] == [
        ("nope", Reason.UNKNOWN),
        ("hero", Reason.TARGETING_MATCH),
    ]


async def test_named_campaigns_come_in_the_order_asked_and_groups_after_them_by_key(engine: Engine) -> None:
    for name in ("Delta", "Alpha", "Charlie", "Bravo"):
        await engine.campaign(name, groups=["home"])
    answer = await engine.ask("charlie", "alpha", call={"groups": ("home", "missing")})
    assert [d.campaign for d in answer.decisions] == ["charlie", "alpha", "bravo", "delta", "missing"]
    assert answer.decisions[-1].reason is Reason.UNKNOWN


async def test_without_names_everything_open_is_answered(engine: Engine) -> None:
    await engine.campaign("Open")
    await engine.campaign("Draft", start=False)
    await engine.campaign("Over", schedule={"end": "2020-01-01"})
    assert [d.campaign for d in (await engine.ask()).decisions] == ["open"]


async def test_an_old_key_leads_on_until_another_definition_takes_it(engine: Engine) -> None:
    made = await engine.campaign("Hero")
    held = await publish.read(engine.runtime, engine.project.id, "campaign", "hero")
    await engine.update("campaign", "hero", held.version, **{**made, "key": "renamed"})
    assert (await engine.one("hero")).experience == (await engine.one("renamed")).experience == "A"
    await engine.campaign("Hero", rules=[rule(experience("Other"))])
    assert (await engine.one("hero")).experience == "Other"
    assert (await engine.one("renamed")).experience == "A"


async def test_a_rename_never_rebuckets(engine: Engine) -> None:
    made = await engine.campaign(rules=[rule(experience("A"), experience("B"))])
    before = {i: (await engine.one(id=f"u{i}")).experience for i in range(40)}
    await engine.update("campaign", "hero", 2, **{**made, "key": "new-name", "name": "New name"})
    assert before == {i: (await engine.one("new-name", id=f"u{i}")).experience for i in range(40)}
    assert set(before.values()) == {"A", "B"}


async def test_exposure_is_counted_once_at_the_first_decision(engine: Engine) -> None:
    made = await engine.campaign()
    await engine.one()
    engine.now += HOUR
    await engine.one()
    engine.now += DAY
    await engine.one()
    (exposure,) = await engine.exposures()
    assert exposure["time"] == engine.now - DAY - HOUR
    assert exposure["rule"] == made["rules"][0]["id"]
    assert exposure["arm"] == made["rules"][0]["experiences"][0]["id"]
    assert [len(days) for days in exposure["days"].values()] == [2]


async def test_a_control_visitor_sees_nothing_and_is_exposed_all_the_same(engine: Engine) -> None:
    await engine.campaign(control=100)
    decision = await engine.one()
    assert (decision.experience, decision.group, decision.reason) == (None, Group.CONTROL, Reason.CONTROL)
    assert decision.payload is None
    assert decision.token
    assert [e["arm"] for e in await engine.exposures()] == ["control"]


async def test_fetching_everything_open_exposes_only_when_the_token_comes_back(engine: Engine) -> None:
    await engine.campaign(control=100)
    token = (await engine.ask()).decisions[0].token
    assert await engine.exposures() == []
    await engine.did("impression", token=token)
    assert [e["arm"] for e in await engine.exposures()] == ["control"]


async def test_expose_in_the_call_wins_over_the_campaign_and_the_campaign_over_the_default(engine: Engine) -> None:
    await engine.campaign(expose="report")
    await engine.one(id="by-campaign")
    assert await engine.exposures("by-campaign") == []
    await engine.one(id="by-call", call={"expose": "decision"})
    assert len(await engine.exposures("by-call")) == 1


async def test_a_reported_display_consumes_the_cap_and_an_unreported_one_does_not(engine: Engine) -> None:
    await engine.campaign(expose="report", rules=[rule(cap="once")])
    first = await engine.one()
    assert (await engine.one()).reason is Reason.TARGETING_MATCH
    await engine.did("impression", token=first.token)
    assert (await engine.one()).reason is Reason.CAPPED


async def test_an_impression_of_a_decision_that_consumed_its_cap_counts_no_second_display(engine: Engine) -> None:
    await engine.campaign(rules=[rule(cap="once")])
    token = (await engine.one()).token
    await engine.did("impression", token=token)
    displays = (await people.person(engine.runtime, engine.project.id, "u1"))["displays"]
    assert [d["count"] for d in displays.values()] == [1]


async def test_once_in_a_lifetime_holds_under_concurrent_calls(engine: Engine) -> None:
    await engine.campaign(rules=[rule(cap="once")])
    answers = await asyncio.gather(*(engine.ask("hero") for _ in range(20)))
    reasons = [a.decisions[0].reason for a in answers]
    assert reasons.count(Reason.TARGETING_MATCH) == 1
    assert reasons.count(Reason.CAPPED) == 19


async def test_control_consumes_its_cap_like_test(engine: Engine) -> None:
    await engine.campaign(control=100, rules=[rule(cap="once")])
    assert [(await engine.one()).reason for _ in range(2)] == [Reason.CONTROL, Reason.CAPPED]


async def test_once_a_visit_opens_again_in_the_next_session(engine: Engine) -> None:
    await engine.campaign(rules=[rule(cap="visit")])
    shown = [(await engine.one(session_id=s)).reason for s in ("s1", "s1", "s2", "s1", "s2")]
    assert [r is Reason.TARGETING_MATCH for r in shown] == [True, False, True, False, False]


async def test_once_a_visit_without_sessions_opens_after_half_an_hour(engine: Engine) -> None:
    await engine.campaign(rules=[rule(cap="visit")])
    assert (await engine.one()).reason is Reason.TARGETING_MATCH
    engine.now += 29 * 60_000
    assert (await engine.one()).reason is Reason.CAPPED
    engine.now += 31 * 60_000
    assert (await engine.one()).reason is Reason.TARGETING_MATCH


async def test_the_same_request_id_gets_the_same_answer_and_consumes_once(engine: Engine) -> None:
    await engine.campaign(rules=[rule(cap="once")])
    first = await engine.one(call={"request_id": "r1"})
    again = await engine.one(call={"request_id": "r1"})
    other = await engine.one(call={"request_id": "r2"})
    assert (first.reason, again.reason, other.reason) == (
        Reason.TARGETING_MATCH,
        Reason.TARGETING_MATCH,
        Reason.CAPPED,
    )
    assert first.token == again.token


async def test_a_request_id_is_remembered_by_another_process(engine: Engine) -> None:
    await engine.campaign(rules=[rule(cap="once")])
    first = await engine.one(call={"request_id": "r1"})
    engine.runtime.answers = AnswerMemory()
    assert (await engine.one(call={"request_id": "r1"})).token == first.token
    engine.now += 11 * 60_000
    assert (await engine.one(call={"request_id": "r1"})).reason is Reason.CAPPED


async def test_concurrent_calls_with_one_request_id_consume_once(engine: Engine) -> None:
    await engine.campaign(rules=[rule(cap="once")])
    answers = await asyncio.gather(*(engine.ask("hero", call={"request_id": "r"}) for _ in range(10)))
    assert {a.decisions[0].reason for a in answers} == {Reason.TARGETING_MATCH}


async def test_a_request_id_of_another_visitor_is_another_request(engine: Engine) -> None:
    await engine.campaign(rules=[rule(experience(body="{{ attribute.name }}"))])
    await engine.did("seen", "u1", attributes={"name": "Ada"})
    await engine.did("seen", "u2", attributes={"name": "Bo"})
    assert [(await engine.one(id=u, call={"request_id": "r"})).payload for u in ("u1", "u2")] == ["Ada", "Bo"]


async def test_the_campaign_of_highest_priority_holds_the_visitor_whether_it_was_asked_for_or_not(
    engine: Engine,
) -> None:
    await engine.campaign("Low", exclusion_set="home", priority=1)
    await engine.campaign("High", exclusion_set="home", priority=2, control=100, audience={"vip": True})
    assert (await engine.one("low", id="plain")).reason is Reason.TARGETING_MATCH
    assert (await engine.one("low", id="vip", attributes={"vip": True})).reason is Reason.EXCLUDED
    assert (await engine.one("high", id="vip", attributes={"vip": True})).reason is Reason.CONTROL


async def test_a_campaign_in_testing_serves_its_test_users_and_exposes_nobody(engine: Engine) -> None:
    await engine.campaign(start=False, test_users=["tester"], rules=[rule(cap="once")])
    await engine.verb("hero", "test")
    assert (await engine.one(id="tester")).experience == "A"
    assert (await engine.one(id="tester")).experience == "A", "no cap was consumed"
    assert (await engine.one(id="somebody")).reason is Reason.DISABLED
    token = (await engine.one(id="tester")).token
    await engine.did("impression", "tester", token=token)
    assert await engine.exposures("tester") == []


async def test_bots_are_decided_for_and_never_exposed_unless_the_project_says_so(engine: Engine) -> None:
    bot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    await engine.campaign()
    assert (await engine.one(id="bot", user_agent=bot)).experience == "A"
    assert await engine.exposures("bot") == []
    await publish.put_settings(engine.runtime, engine.project.id, b'{"exclude_bots": false}', "ann", 0)
    await engine.one(id="bot", user_agent=bot)
    assert len(await engine.exposures("bot")) == 1


async def test_required_consent_closes_campaigns_until_it_is_given(engine: Engine) -> None:
    await engine.campaign()
    await publish.put_settings(
        engine.runtime, engine.project.id, b'{"consent_for_personalizing": "personal"}', "ann", 0
    )
    assert (await engine.one()).reason is Reason.DISABLED
    assert (await engine.one(attributes={"consent": {"personal": True}})).reason is Reason.TARGETING_MATCH
    await engine.did("consented", attributes={"consent": {"personal": True}})
    assert (await engine.one()).reason is Reason.TARGETING_MATCH


async def test_one_withheld_campaign_leaves_the_others_alone(engine: Engine) -> None:
    await engine.campaign("Personal", rules=[rule(experience(body={"t": "Hi {{ attribute.first_name }}"}))])
    await engine.campaign("Plain")
    answer = await engine.ask("personal", "plain", call={"explain": True})
    assert [d.reason for d in answer.decisions] == [Reason.WITHHELD, Reason.TARGETING_MATCH]
    assert answer.decisions[0].payload is None
    assert "first_name" in str(answer.decisions[0].explanation)
    await engine.did("seen", attributes={"first_name": "Ada"})
    assert (await engine.one("personal")).payload == {"t": "Hi Ada"}


async def test_withheld_content_is_exposed_but_consumes_no_cap(engine: Engine) -> None:
    await engine.campaign(rules=[rule(experience(body={"t": "{{ attribute.first_name }}"}), cap="once")])
    assert (await engine.one()).reason is Reason.WITHHELD
    assert len(await engine.exposures()) == 1
    await engine.did("seen", attributes={"first_name": "Ada"})
    assert (await engine.one()).payload == {"t": "Ada"}
    assert (await engine.one()).reason is Reason.CAPPED


async def test_content_comes_in_the_visitors_locale_with_fallback(engine: Engine) -> None:
    localized = experience(body="Hello", locales={"de": {"body": "Hallo"}, "de-AT": {"body": "Servus"}})
    await engine.campaign(rules=[rule(localized)])
    shown = [bytes((await engine.one(locale=tag)).payload) for tag in ("de-AT", "de_CH", "fr", "de")]
    assert shown == [b'"Servus"', b'"Hallo"', b'"Hello"', b'"Hallo"']


async def test_both_ids_of_a_decide_call_are_one_person_from_then_on(engine: Engine) -> None:
    await engine.campaign(rules=[rule(experience("A"), experience("B"))])
    for index in range(10):
        anonymous = (await engine.one(id=None, anonymous_id=f"d{index}")).experience
        login = (await engine.one(id=f"u{index}", anonymous_id=f"d{index}")).experience
        later = (await engine.one(id=f"u{index}")).experience
        assert anonymous == login == later
    found = await engine.runtime.store.find(engine.project.id, Visitor(id="u3", anonymous_id="d3"))
    assert found.known is not None
    assert found.known is found.anonymous


async def test_history_is_asked_only_by_the_campaigns_in_question(engine: Engine) -> None:
    bought = {"$event": {"name": "order", "within": {"days": 30}, "sum": {"of": "amount", "is": {"$gte": 100}}}}
    await engine.campaign("Buyers", audience=bought)
    await engine.did("order", properties={"amount": 60}, time=engine.now - 29 * DAY)
    await engine.did("order", properties={"amount": 60}, time=engine.now - 31 * DAY)
    assert (await engine.one("buyers")).reason is Reason.DEFAULT
    await engine.did("order", properties={"amount": 40})
    assert (await engine.one("buyers")).reason is Reason.TARGETING_MATCH


async def test_the_explanation_names_what_failed_and_what_was_found(engine: Engine) -> None:
    await engine.campaign(audience={"plan": {"$in": ["gold", "silver"]}})
    explained = (await engine.one(attributes={"plan": "free"}, call={"explain": True})).explanation
    assert (explained.gate, explained.path, explained.found) == ("audience", "audience.plan.$in", "free")


async def test_facts_are_kept_with_the_exposure_for_breakdowns(engine: Engine) -> None:
    await engine.make("audience", name="Gold", condition={"plan": "gold"})
    await engine.campaign()
    await engine.one(attributes={"plan": "gold", "note": "x" * 100}, device="mobile")
    facts = (await engine.exposures())[0]["facts"]
    assert facts["audiences"] == ["gold"]
    assert facts["device"] == "mobile"
    assert facts["attributes"] == {"plan": "gold"}


async def test_doors_that_name_more_get_what_a_decision_was_made_from(engine: Engine) -> None:
    rows = [{"name": "title", "value": "Hi"}, {"name": "n", "value": 3, "type": "number"}]
    shown = {"name": "A", "content": {"messages": [{"target": "hero", "rows": rows}]}}
    made = await engine.campaign(rules=[rule(shown)])
    asked = DecideCall(context=engine.context(), campaigns=("hero", "nope"))
    (detail, unknown), degraded = await decide.details(engine.runtime, engine.project.id, asked)
    assert not degraded
    assert detail.campaign is not None
    assert (detail.campaign.id, detail.decision.reason) == (made["id"], Reason.TARGETING_MATCH)
    assert detail.experience is not None
    assert detail.experience.id == made["rules"][0]["experiences"][0]["id"]
    assert [(m.target, m.values) for m in detail.messages] == [("hero", {"title": "Hi", "n": 3})]
    assert (unknown.campaign, unknown.decision.reason) == (None, Reason.UNKNOWN)


async def test_a_campaign_in_testing_is_open_to_its_test_users_alone(engine: Engine) -> None:
    await engine.campaign(start=False, test_users=["tester"])
    await engine.verb("hero", "test")
    assert [d.campaign for d in (await engine.ask(id="tester")).decisions] == ["hero"]
    assert (await engine.ask(id="somebody")).decisions == ()


async def test_address_and_user_agent_are_kept_only_where_the_project_says_so(engine: Engine) -> None:
    await engine.campaign()
    told = {"ip": "81.2.69.142", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}
    await engine.one(id="u1", **told)
    assert not {"ip", "user_agent"} & set((await engine.exposures("u1"))[0]["facts"])
    await publish.put_settings(
        engine.runtime, engine.project.id, b'{"store_ip": true, "store_user_agent": true}', "ann", 0
    )
    await engine.one(id="u2", **told)
    facts = (await engine.exposures("u2"))[0]["facts"]
    assert (facts["ip"], facts["user_agent"]) == (told["ip"], told["user_agent"])
