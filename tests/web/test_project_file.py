"""Campaigns as code over HTTP: what a pipeline does with an address and a key."""

from __future__ import annotations

from typing import Any

import pytest

from tailorbird.engine.project_file import read_yaml
from tests.web.conftest import Site

EXPORT, APPLY = "/v1/projects/shop/export", "/v1/projects/shop/apply"
YAML = {"content-type": "application/yaml"}


async def exported(site: Site, query: str = "") -> str:
    answer = await site.ask("GET", EXPORT + query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/yaml"
    return answer.text


async def put(site: Site, text: str, query: str = "", **more: Any) -> Any:
    answer = await site.ask("POST", APPLY + query, content=text.encode(), headers=YAML, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_exported_is_applied_without_a_difference(shop: Site) -> None:
    text = await exported(shop)
    assert "  # 1 member\n  newsletter:" in text
    assert "anna@example.org" not in text
    plan = await put(shop, text)
    assert (plan["differs"], plan["applied"]) == (False, False)
    whole = await exported(shop, "?members=true")
    assert read_yaml(whole.encode()).value["audiences"]["newsletter"]["members"] == ["anna@example.org"]


async def test_the_same_file_may_come_as_json(shop: Site) -> None:
    told = read_yaml((await exported(shop)).encode()).value
    answer = await shop.ask("POST", APPLY, json=told)
    assert (answer.status_code, answer.json()["differs"]) == (200, False)


async def test_a_plan_is_looked_at_and_then_that_plan_is_applied(shop: Site) -> None:
    text = (await exported(shop)).replace("weight: 1", "weight: 3", 1)
    seen = await put(shop, text, "?dry_run=true")
    assert (seen["differs"], seen["applied"]) == (True, False)
    (hero,) = [step for step in seen["steps"] if step["action"] != "unchanged"]
    assert (hero["key"], hero["moves"][0]["moved"], hero["moves"][0]["share"]) == ("home-hero", 2_500, 25.0)
    assert hero["moves"][0]["epoch"] == 1
    await shop.ask("POST", "/v1/projects/shop/campaigns/resting/draft")
    late = await shop.ask("POST", f"{APPLY}?base={seen['base']}", content=text.encode(), headers=YAML)
    assert late.status_code == 409
    seen = await put(shop, text.replace("status: archived", "status: draft"), "?dry_run=true")
    done = await put(shop, text.replace("status: archived", "status: draft"), f"?base={seen['base']}")
    assert (done["applied"], done["steps"]) == (True, seen["steps"])
    written = (await shop.ask("GET", "/v1/projects/shop/campaigns/home-hero")).json()
    assert (written["author"], written["action"], written["body"]["rules"][0]["epoch"]) == ("tests", "apply: change", 1)


async def test_pruning_is_asked_for(shop: Site) -> None:
    text = 'tailorbird: 1\ntemplates: {}\ncampaigns: {"home-hero": {"name": "x"}}\n'
    refused = await shop.ask("POST", f"{APPLY}?prune=true&dry_run=true", content=text.encode(), headers=YAML)
    assert refused.status_code == 400, "a running campaign without goals may not run"
    plan = await put(shop, "tailorbird: 1\ntemplates: {}\n", "?prune=true")
    assert [(step["key"], step["action"]) for step in plan["steps"]] == [("banner", "delete"), ("to-delete", "delete")]
    assert (await put(shop, "tailorbird: 1\ntemplates: {}\n"))["steps"] == []


@pytest.mark.parametrize(
    ("text", "field", "detail"),
    [
        ("tailorbird: 1\ngoals:\n  a:\n    name: A\n    evnt: x\n", "goals.a.evnt", "line 5: "),
        ("tailorbird: 1\ngoals:\n  a: {name: A}\n", "goals.a.event", "line 3: "),
        ("tailorbird: 1\ngoals: [\n", "", "line 3: This is not valid YAML"),
        ("tailorbird: 2\n", "tailorbird", "line 1: "),
        ("- 1\n", "", "the input: expected a project file"),
    ],
)
async def test_what_is_wrong_is_told_with_field_and_line(shop: Site, text: str, field: str, detail: str) -> None:
    answer = await shop.ask("POST", APPLY, content=text.encode(), headers=YAML)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error.get("field", "") == field
    assert error["detail"].startswith(detail)


async def test_a_file_of_another_media_type_is_not_read(shop: Site) -> None:
    for kind in ("text/yaml", "text/plain", "application/x-www-form-urlencoded"):
        answer = await shop.ask("POST", APPLY, content=b"tailorbird: 1", headers={"content-type": kind})
        assert answer.status_code == 415


async def test_a_project_moves_to_another_with_its_draws(shop: Site) -> None:
    text = await exported(shop, "?members=true")
    _, key = await shop.another_project("Second")
    answer = await shop.ask("POST", "/v1/projects/second/apply", content=text.encode(), headers=YAML, key=key)
    assert (answer.status_code, answer.json()["applied"]) == (200, True)
    for number in range(50):
        asked = {
            "visitor": {"id": f"v{number}"},
            "campaigns": ["home-hero"],
            "context": {"attributes": {"plan": "gold"}},
        }
        here, there = [(await shop.decide(asked, key=k)).json()["decisions"][0] for k in (shop.key, key)]
        assert (here["group"], here.get("experience")) == (there["group"], there.get("experience"))
