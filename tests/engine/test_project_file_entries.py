"""Which definition an entry of a project file means, and what a wrong entry is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tailorbird.domain.definitions import Item
from tailorbird.domain.errors import Invalid
from tailorbird.engine import catalogue, lists, publish
from tailorbird.engine.project_file import apply, export_text, read_yaml
from tailorbird.engine.view import view
from tests.engine.conftest import Engine, experience, rule
from tests.engine.project_files import GOALS, actions, another, document, put, refused, step

# -- which definition is meant ----------------------------------------------------------------------------------------


async def test_a_file_written_by_hand_without_ids_may_be_applied_again_and_again(engine: Engine) -> None:
    arms = [{"name": "A", "content": {"messages": [{"target": "top", "rows": [{"name": "x"}]}]}}, experience("B")]
    told: dict[str, Any] = {
        "tailorbird": 1,
        "goals": {"order": {"name": "Order", "event": "order"}},
        "campaigns": {
            "hero": {
                "name": "Hero",
                "status": "running",
                "goals": GOALS,
                "rules": [rule(*arms, name="Gold", audience={"plan": "gold"}), rule(*arms)],
            }
        },
    }
    plan = await put(engine, told, dry_run=True)
    assert (step(plan, "hero").action, step(plan, "hero").id) == ("create", "")
    assert (await put(engine, told)).applied
    first = await document(engine)
    assert not (await put(engine, told)).differs
    told["campaigns"]["hero"]["rules"].reverse()
    told["campaigns"]["hero"]["rules"][0]["experiences"] = [*arms[::-1], experience("C")]
    (move,) = step(await put(engine, told), "hero").moves
    assert move.moved == 3_333
    second = await document(engine)
    others, gold = second["campaigns"]["hero"]["rules"]
    assert gold == first["campaigns"]["hero"]["rules"][0]
    assert [others["experiences"][1]["id"], others["experiences"][0]["id"]] == [
        e["id"] for e in first["campaigns"]["hero"]["rules"][1]["experiences"]
    ]


async def test_a_definition_is_renamed_by_its_id(shop: Engine) -> None:
    told = await document(shop)
    told["campaigns"]["big-hero"] = told["campaigns"].pop("hero")
    told["goals"]["bought"] = told["goals"].pop("order")
    told["campaigns"]["big-hero"]["goals"] = [{"goal": "bought", "role": "primary"}]
    plan = await put(shop, told)
    assert [(c.path, c.before, c.after) for c in step(plan, "bought").changes] == [("key", "order", "bought")]
    hero = (await document(shop))["campaigns"]["big-hero"]
    assert (hero["aliases"], hero["goals"][0]["goal"]) == (["hero"], "bought")
    assert (await shop.one("hero")).reason != "UNKNOWN"


async def test_keys_are_handed_on_and_an_earlier_key_ends_with_it(shop: Engine) -> None:
    await shop.campaign("Next", start=False)
    told = await document(shop)
    told["campaigns"] = {"old": told["campaigns"]["hero"], "hero": told["campaigns"]["next"]}
    plan = await put(shop, told)
    assert actions(plan)["old"] == actions(plan)["hero"] == "change"
    now = (await document(shop))["campaigns"]
    assert ("aliases" in now["old"], now["hero"]["aliases"]) == (False, ["next"])
    assert not (await put(shop, told)).differs


async def test_an_earlier_key_of_a_campaign_that_the_file_does_not_have_is_released(shop: Engine) -> None:
    hero = (await document(shop))["campaigns"]["hero"]
    await put(shop, {"tailorbird": 1, "campaigns": {"renamed": hero}})
    plan = await put(shop, {"tailorbird": 1, "campaigns": {"hero": {"name": "Another"}}})
    assert step(plan, "renamed").notes == ("The earlier key hero is another campaign's now.",)
    assert "aliases" not in (await document(shop))["campaigns"]["renamed"]


async def test_keys_that_change_places_at_once_are_refused(shop: Engine) -> None:
    await shop.make("goal", name="Visit", event="visit")
    told = await document(shop)
    goals = told["goals"]
    goals["order"], goals["visit"] = goals["visit"], goals["order"]
    with pytest.raises(Invalid) as error:
        await put(shop, told, dry_run=True)
    assert "exchange their keys" in error.value.detail


def renamed(told: Any) -> None:
    told["goals"]["visit"] = told["goals"].pop("order")


def twice(told: Any) -> None:
    told["goals"]["again"] = told["goals"]["order"]


def foreign(told: Any) -> None:
    told["goals"]["order"]["id"] = "zzzzz"


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (lambda told: told.update(tailorbird=2), "tailorbird"),
        (lambda told: told.update(campaign={}), "campaign"),
        (lambda told: told.update(goals=[]), "goals"),
        (lambda told: told["goals"].update({"a b": {}}), "goals.a b"),
        (lambda told: told["goals"].update(order=[]), "goals.order"),
        (lambda told: told["goals"]["order"].update(evnt="x"), "goals.order.evnt"),
        (lambda told: told["goals"]["order"].update(key="other"), "goals.order.key"),
        (lambda told: told["goals"]["order"].update(name=" "), "goals.order.name"),
        (lambda told: told["goals"]["order"].update(id="?"), "goals.order.id"),
        (lambda told: told["goals"]["order"].update(event=""), "goals.order.event"),
        (lambda told: told["goals"]["order"].update(where={"a": {"$b": 1}}), "goals.order.where.a.$b"),
        (foreign, "goals.order.id"),
        (twice, "goals.again.id"),
        (renamed, "goals.visit"),
        (lambda told: told["settings"].update(time_zone="Mars"), "settings.time_zone"),
        (lambda told: told["settings"].update(retention_days=1), "settings.retention_days"),
        (lambda told: told["audiences"]["gold"].update(type="list"), "audiences.gold.condition"),
        (lambda told: told["audiences"]["gold"].update(members=["a"]), "audiences.gold.members"),
        (lambda told: told["audiences"]["letter"].update(members="a"), "audiences.letter.members"),
        (lambda told: told["audiences"]["letter"].update(members=["a", [1]]), "audiences.letter.members[1]"),
        (lambda told: told["templates"]["banner"].update(content={"body": "{{ a"}), "templates.banner.content.body"),
        (lambda told: told["campaigns"]["hero"].update(salt="other"), "campaigns.hero.salt"),
        (lambda told: told["campaigns"]["hero"].update(status="running "), "campaigns.hero.status"),
        (lambda told: told["campaigns"]["hero"]["goals"].append({"goal": "x"}), "campaigns.hero.goals[1].goal"),
        (lambda told: told["campaigns"]["hero"]["rules"][0].update(id="nope"), "campaigns.hero.rules[0].id"),
        (
            lambda told: told["campaigns"]["hero"]["rules"][0]["experiences"][0].update(template={"template": "x"}),
            "campaigns.hero.rules[0].experiences[0].template.template",
        ),
    ],
)
async def test_what_is_wrong_is_told_with_its_path_in_the_file(shop: Engine, edit: Any, field: str) -> None:
    told = await document(shop)
    if edit is renamed:
        await shop.make("goal", name="Visit", event="visit")
    edit(told)
    fields = await refused(shop, told)
    assert field in fields
    assert len(fields) == 1 or "hero" in fields[1]


@pytest.mark.parametrize("told", [None, [], "x", 1])
async def test_a_file_that_is_no_project_file_is_refused(engine: Engine, told: Any) -> None:
    assert await refused(engine, told) == [""]


# -- templates --------------------------------------------------------------------------------------------------------


async def test_an_experience_says_from_which_version_its_content_was_copied(shop: Engine, tmp_path: Path) -> None:
    await shop.update("template", "banner", 1, name="Banner", content={"body": {"headline": "Good day"}})
    told = await document(shop)
    refs = [e["template"] for e in told["campaigns"]["hero"]["rules"][0]["experiences"]]
    assert refs == [{"template": "banner", "older": True}] * 2
    assert not (await put(shop, told)).differs
    async with another(tmp_path) as other:
        await put(other, told)
        assert (await document(other))["campaigns"] == told["campaigns"]
        assert not (await put(other, told)).differs
        (warning, _) = view(
            other.runtime, await publish.read(other.runtime, other.project.id, "campaign", "hero")
        ).warnings
        assert warning.startswith("A: made from an earlier version of template banner")


async def test_a_template_that_changes_in_the_file_does_not_pretend_that_its_copies_did(shop: Engine) -> None:
    told = await document(shop)
    told["templates"]["banner"]["content"] = {"body": {"headline": "Good day"}}
    assert actions(await put(shop, told))["hero"] == "unchanged"
    told["campaigns"]["hero"]["rules"][0]["experiences"][1]["content"] = {"body": {"headline": "Good day"}}
    assert actions(await put(shop, told))["hero"] == "change"
    refs = [e["template"] for e in (await document(shop))["campaigns"]["hero"]["rules"][0]["experiences"]]
    assert refs == [{"template": "banner", "older": True}, {"template": "banner"}]


async def test_content_is_copied_from_a_template_of_the_same_file(engine: Engine) -> None:
    told: dict[str, Any] = {
        "tailorbird": 1,
        "templates": {"banner": {"name": "Banner", "content": {"body": "Hello"}}},
        "campaigns": {"hero": {"name": "Hero", "rules": [rule({"name": "A", "template": {"template": "banner"}})]}},
    }
    assert (await put(engine, told)).applied
    assert not (await put(engine, told)).differs
    (each,) = (await document(engine))["campaigns"]["hero"]["rules"][0]["experiences"]
    assert (each["template"], each["content"]) == ({"template": "banner"}, {"body": "Hello"})


async def test_a_copy_of_an_earlier_version_is_read_and_a_missing_version_is_refused(shop: Engine) -> None:
    await shop.update("template", "banner", 1, name="Banner", content={"body": "new"})
    told = await document(shop)
    first, second = told["campaigns"]["hero"]["rules"][0]["experiences"]
    del first["content"]
    first["template"] = {"template": "banner", "version": 1}
    await put(shop, told)
    (one, _) = (await document(shop))["campaigns"]["hero"]["rules"][0]["experiences"]
    assert one["content"] == {"body": {"headline": "Hello"}}
    del second["content"]
    second["template"] = {"template": "banner", "version": 9}
    assert await refused(shop, told) == ["campaigns.hero.rules[0].experiences[1].template.version"]


async def test_where_content_came_from_is_kept_when_its_template_is_gone(shop: Engine, tmp_path: Path) -> None:
    await publish.delete(shop.runtime, shop.project.id, "template", "banner", "ann")
    told = await document(shop)
    assert not (await put(shop, told)).differs
    async with another(tmp_path) as other:
        await put(other, told)
        assert (await document(other))["campaigns"] == told["campaigns"]


# -- members ----------------------------------------------------------------------------------------------------------


async def test_members_of_a_file_replace_those_of_the_list(shop: Engine) -> None:
    await lists.put(shop.runtime, shop.project.id, "letter", ["ada", "ben"], replace=True)
    told = await document(shop)
    told["audiences"]["letter"]["members"] = ["ben", "cid", 7, "cid"]
    plan = await put(shop, told, dry_run=True)
    letter = step(plan, "letter")
    assert letter.action == "change"
    assert letter.members is not None
    assert (letter.members.before, letter.members.after, letter.members.added, letter.members.removed) == (2, 3, 2, 1)
    assert await lists.size(shop.runtime, shop.project.id, "letter") == 2
    assert (await put(shop, told)).applied
    assert await lists.size(shop.runtime, shop.project.id, "letter") == 3
    assert not (await put(shop, told)).differs


async def test_a_list_comes_with_its_members_to_another_server(shop: Engine, tmp_path: Path) -> None:
    await lists.put(shop.runtime, shop.project.id, "letter", ["ada", 7], replace=True)
    text = await export_text(shop.runtime, shop.project.id, members=True)
    async with another(tmp_path) as other:
        await apply(other.runtime, other.project.id, read_yaml(text.encode()), "ci")
        assert await lists.size(other.runtime, other.project.id, "letter") == 2


async def test_items_that_content_names_need_not_be_there(shop: Engine, tmp_path: Path) -> None:
    await catalogue.upsert(shop.runtime, shop.project.id, [Item(id="mug")])
    message = {"target": "top", "items": ["mug"], "rows": [{"name": "x", "value": "$items", "type": "items"}]}
    await shop.campaign("Mugs", goals=GOALS, rules=[rule({"name": "A", "content": {"messages": [message]}})])
    told = await document(shop)
    async with another(tmp_path) as other:
        assert (await put(other, told)).applied
