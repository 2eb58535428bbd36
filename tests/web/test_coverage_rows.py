"""Features that docs/coverage.md promises and that no other test shows by themselves, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Site

BASE = "/v1/projects/shop"
EVERYONE: dict[str, Any] = {"audience": "everyone"}


def body(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A campaign without control that may start."""
    return {
        "name": "Offer",
        "key": "offer",
        "control": 0,
        "goals": [{"goal": "order", "role": "primary"}],
        "rules": list(rules),
        **more,
    }


def arm(name: str, payload: Any, **more: Any) -> dict[str, Any]:
    """One experience."""
    return {"name": name, "content": {"body": payload}, **more}


async def make(site: Site, kind: str, told: dict[str, Any]) -> dict[str, Any]:
    """A definition, as it was answered."""
    answer = await site.ask("POST", f"{BASE}/{kind}", json=told)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def write(site: Site, told: dict[str, Any], version: int) -> dict[str, Any]:
    """A new version of the campaign."""
    answer = await site.ask("PUT", f"{BASE}/campaigns/offer", json=told, headers={"if-match": f'"{version}"'})
    assert answer.status_code == 200, answer.text
    written: dict[str, Any] = answer.json()
    return written


async def shown(site: Site, **attributes: Any) -> Any:
    """What a visitor gets from the campaign."""
    told = {"visitor": {"id": "ada"}, "campaigns": ["offer"], "context": {"attributes": attributes}}
    (decision,) = (await site.decide(told)).json()["decisions"]
    return decision["payload"]


@pytest.fixture
async def goal(site: Site) -> Site:
    """The site with a goal."""
    await make(site, "goals", {"name": "Order", "event": "order"})
    return site


async def test_experiences_are_added_as_draft_while_it_runs_and_while_it_is_paused(goal: Site) -> None:
    current = await make(goal, "campaigns", body({**EVERYONE, "experiences": [arm("A", 1)]}))
    names = ["A"]
    for verb in (None, "start", "pause"):
        if verb is not None:
            current = (await goal.ask("POST", f"{BASE}/campaigns/offer/{verb}")).json()
        campaign = current["body"]
        names.append(f"added to {campaign.get('status', 'draft')}")
        campaign["rules"][0]["experiences"].append(arm(names[-1], 2))
        current = await write(goal, campaign, current["version"])
        (rule,) = current["body"]["rules"]
        assert [e["name"] for e in rule["experiences"]] == names
        assert rule["ranges"].keys() == {e["id"] for e in rule["experiences"]}
    assert names[1:] == ["added to draft", "added to running", "added to paused"]


async def test_an_experience_made_from_a_template_by_id_may_be_edited(goal: Site) -> None:
    template = await make(goal, "templates", {"name": "Banner", "content": {"body": {"title": "Hello"}}})
    of = {"template": {"template": template["id"]}}
    gold = {"audience": {"plan": "gold"}, "experiences": [{**arm("Edited", {"title": "Hello, gold"}), **of}]}
    others = {**EVERYONE, "experiences": [{"name": "As it is", **of}]}
    campaign = await make(goal, "campaigns", body(gold, others))
    refs = [rule["experiences"][0]["template"] for rule in campaign["body"]["rules"]]
    assert refs == [{"template": template["id"], "version": 1}] * 2
    await goal.ask("POST", f"{BASE}/campaigns/offer/start")
    assert await shown(goal, plan="gold") == {"title": "Hello, gold"}
    assert await shown(goal, plan="free") == {"title": "Hello"}
    assert (await goal.ask("GET", f"{BASE}/templates/banner")).json()["version"] == 1


async def test_a_payload_with_any_members_comes_out_whole_and_filled_in(goal: Site) -> None:
    popup = {
        "title": "🌟 Back again! 🌟",
        "body": 'Dear {{ attribute.user.first_name }},\n30 % off: "today" only',
        "image": {"src": "https://shop.example/a.png", "width": 241, "alt": None},
        "buttons": [{"text": "Yes", "primary": True}, {"text": "No", "primary": False}],
    }
    await make(goal, "campaigns", body({**EVERYONE, "experiences": [arm("Popup", popup)]}))
    await goal.ask("POST", f"{BASE}/campaigns/offer/start")
    assert await shown(goal, first_name='Ada "A"\n') == {
        **popup,
        "body": 'Dear Ada "A"\n,\n30 % off: "today" only',
    }
    assert await shown(goal) is None, "a value without default that finds nothing withholds the payload"


async def test_groups_are_listed_with_each_campaign_and_take_no_special_characters(goal: Site) -> None:
    rule = {**EVERYONE, "experiences": [arm("A", 1)]}
    await make(goal, "campaigns", body(rule, groups=["home", "top-of_page"]))
    listed = (await goal.ask("GET", f"{BASE}/campaigns")).json()["items"]
    assert {c["key"]: c["body"]["groups"] for c in listed} == {"offer": ["home", "top-of_page"]}
    for bad in ("top of page", "a*b", "a,b", "a/b", "a+b", "a=b"):
        refused = await goal.ask("POST", f"{BASE}/campaigns", json=body(rule, key="other", groups=[bad]))
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "groups[0]")


async def test_a_rule_that_moves_up_comes_first(goal: Site) -> None:
    gold = {"audience": {"plan": "gold"}, "experiences": [arm("Gold", "gold")]}
    mail = {"audience": {"newsletter": True}, "experiences": [arm("Mail", "mail")]}
    campaign = (await make(goal, "campaigns", body(gold, mail)))["body"]
    await goal.ask("POST", f"{BASE}/campaigns/offer/start")
    assert await shown(goal, plan="gold", newsletter=True) == "gold"
    await write(goal, {**campaign, "rules": campaign["rules"][::-1]}, 2)
    assert await shown(goal, plan="gold", newsletter=True) == "mail"
    assert await shown(goal, plan="gold", newsletter=False) == "gold"


async def test_rows_of_a_message_are_added_and_deleted(goal: Site) -> None:
    def told(*rows: dict[str, Any]) -> dict[str, Any]:
        content = {"messages": [{"target": "hero", "rows": list(rows)}]}
        return body({**EVERYONE, "experiences": [{"name": "A", "content": content}]})

    title, price = (
        {"name": "title", "value": "Hi"},
        {"name": "price", "value": "{{ attribute.price }}", "type": "number"},
    )
    await make(goal, "campaigns", told(title))
    await goal.ask("POST", f"{BASE}/campaigns/offer/start")
    assert await shown(goal, price="7.50") == {"messages": [{"target": "hero", "values": {"title": "Hi"}}]}
    await write(goal, told(title, price), 2)
    assert (await shown(goal, price="7.50"))["messages"][0]["values"] == {"title": "Hi", "price": 7.5}
    await write(goal, told(price), 3)
    assert (await shown(goal, price="7.50"))["messages"][0]["values"] == {"price": 7.5}


async def test_an_event_of_any_name_is_kept_with_channel_and_properties(goal: Site) -> None:
    who = {"anonymous_id": "device-1"}
    told = await goal.send(
        {"name": "Rechnung bezahlt (System)", "visitor": who, "properties": {"no": 17}},
        {"name": "click", "visitor": who, "channel": "tv", "properties": {"b_id": "add-to-cart"}},
    )
    assert told.json()["accepted"] == 2
    kept = (await goal.ask("GET", "/v1/profiles/device-1/export")).json()["events"]
    assert {(e["name"], e.get("channel", ""), *e["properties"].values()) for e in kept} == {
        ("Rechnung bezahlt (System)", "", 17),
        ("click", "tv", "add-to-cart"),
    }
