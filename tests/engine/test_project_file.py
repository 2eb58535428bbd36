"""A project as a file: written readably, applied as told, all of it or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.domain.errors import Conflict
from tailorbird.engine import lists, publish
from tailorbird.engine.project_file import apply, export_text, read_json, read_yaml
from tests.engine.conftest import Engine, experience, rule
from tests.engine.project_files import GOALS, actions, another, document, put, refused, step

# -- writing ----------------------------------------------------------------------------------------------------------


async def test_a_file_shows_what_people_look_for_and_names_things_by_key(shop: Engine) -> None:
    campaign = (await shop.runtime.store.definition(shop.project.id, "campaign", "hero")).body
    body = msgspec.json.decode(campaign)
    all_, (a, b) = body["rules"][0], body["rules"][0]["experiences"]
    text = await export_text(shop.runtime, shop.project.id)
    assert text.partition("campaigns:\n")[2] == (
        f"""  hero:
    name: Hero
    id: {body["id"]}
    salt: {quoted(body["salt"])}
    status: running
    control: 10
    groups: [home]
    goals:
      - {{goal: order, role: primary}}
    rules:
      - name: All
        id: {quoted(all_["id"])}
        audience: everyone
        experiences:
          - name: A
            id: {quoted(a["id"])}
            weight: 1
            template: {{template: banner}}
            content: {{body: {{shown: A}}}}
          - name: B
            id: {quoted(b["id"])}
            weight: 1
            template: {{template: banner}}
            content: {{body: {{headline: Hello}}}}
        ranges: {{{quoted(a["id"])}: [[0, 5000]], {quoted(b["id"])}: [[5000, 10000]]}}
"""
    )


def quoted(text: str) -> str:
    """As YAML has it: an id that looks like a number stands in quotes."""
    value = read_yaml(text.encode()).value
    return text if value == text and not text.isdigit() else f"'{text}'"


async def test_lists_tell_their_size_and_their_members_where_they_are_asked_for(shop: Engine) -> None:
    await lists.put(shop.runtime, shop.project.id, "letter", ["ada", "no", 7, True], replace=True)
    text = await export_text(shop.runtime, shop.project.id)
    assert "  # 4 members\n  letter:\n" in text
    assert "members" not in read_yaml(text.encode()).value["audiences"]["letter"]
    whole = await document(shop, members=True)
    assert sorted(whole["audiences"]["letter"]["members"], key=str) == [7, True, "ada", "no"]


async def test_what_was_written_over_and_over_keeps_its_order(shop: Engine) -> None:
    before = await export_text(shop.runtime, shop.project.id)
    await shop.update("goal", "order", 1, name="Order", event="order", window_days=14, description="x")
    after = await export_text(shop.runtime, shop.project.id)
    assert list(read_yaml(after.encode()).value) == list(read_yaml(before.encode()).value)
    assert after == before.replace("    event: order\n", "    event: order\n    description: x\n").replace(
        "    description: x\n    window_days: 14\n", "    window_days: 14\n    description: x\n"
    )


# -- applying ---------------------------------------------------------------------------------------------------------


async def test_a_file_applied_where_it_comes_from_changes_nothing(shop: Engine) -> None:
    version = shop.runtime.project(shop.project.id).project.version
    plan = await put(shop, await document(shop))
    assert (plan.differs, plan.applied, set(actions(plan).values())) == (False, False, {"unchanged"})
    assert shop.runtime.project(shop.project.id).project.version == version


async def test_defaults_that_a_file_spells_out_are_no_difference(shop: Engine) -> None:
    told = await document(shop)
    told["campaigns"]["hero"] |= {"kind": "personalization", "priority": 0, "test_users": [], "control": 10.0}
    told["settings"] |= {"exclude_bots": True, "dedupe_horizon_days": 400}
    told["audiences"]["gold"] |= {"type": "condition", "description": ""}
    assert not (await put(shop, told)).differs


async def test_json_and_yaml_say_the_same(shop: Engine) -> None:
    told = await document(shop)
    text = read_json(msgspec.json.encode(told))
    assert not (await apply(shop.runtime, shop.project.id, text, "ci")).differs


async def test_weights_tell_exactly_who_moves_and_begin_an_epoch(shop: Engine) -> None:
    told = await document(shop)
    told["campaigns"]["hero"]["rules"][0]["experiences"][0]["weight"] = 3
    told["campaigns"]["hero"]["control"] = 12.5
    plan = await put(shop, told, dry_run=True)
    assert (plan.differs, plan.applied) == (True, False)
    hero = step(plan, "hero")
    (move,) = hero.moves
    assert (move.name, move.moved, move.share, move.epoch) == ("All", 2_500, 25.0, 1)
    assert hero.control_moved == 250
    rules = told["campaigns"]["hero"]["rules"]
    path = f"rules[{rules[0]['id']}].experiences[{rules[0]['experiences'][0]['id']}].weight"
    assert [(c.path, c.before, c.after) for c in hero.changes] == [("control", 10, 12.5), (path, 1, 3)]
    assert hero.names[rules[0]["experiences"][0]["id"]] == "A"
    assert not (await put(shop, await document(shop))).differs, "a dry run writes nothing"
    assert (await put(shop, told)).applied
    (after,) = (await document(shop))["campaigns"]["hero"]["rules"]
    assert after["epoch"] == 1
    assert not (await put(shop, told)).differs, "the ranges and the epoch of the file are not asked for again"


async def test_old_ranges_never_come_back(shop: Engine) -> None:
    old = await document(shop)
    new = await document(shop)
    new["campaigns"]["hero"]["rules"][0]["experiences"][0]["weight"] = 3
    await put(shop, new)
    plan = await put(shop, old)
    assert step(plan, "hero").moves[0].moved == 2_500
    (now,) = (await document(shop))["campaigns"]["hero"]["rules"]
    assert now["epoch"] == 2
    (plan_again,) = [s for s in (await put(shop, new, dry_run=True)).steps if s.key == "hero"]
    assert plan_again.moves[0].moved == 2_500


async def test_ranges_that_differ_are_told_and_stay(shop: Engine) -> None:
    told = await document(shop)
    (before,) = told["campaigns"]["hero"]["rules"]
    a, b = before["ranges"]
    before["ranges"] = {a: before["ranges"][b], b: before["ranges"][a]}
    plan = await put(shop, told)
    assert not plan.differs
    assert step(plan, "hero").notes == ("The ranges of the file are others than the project's, which stay.",)


async def test_the_status_of_a_file_counts_and_only_where_it_is_named(shop: Engine) -> None:
    told = await document(shop)
    del told["campaigns"]["hero"]["status"]
    assert not (await put(shop, told)).differs
    told["campaigns"]["hero"]["status"] = "archived"
    assert [c.path for c in step(await put(shop, told), "hero").changes] == ["status"]
    told["campaigns"]["hero"]["status"] = "running"
    await put(shop, told)
    assert (await shop.one()).campaign == "hero"


async def test_a_campaign_that_may_not_start_is_not_started_by_a_file(shop: Engine) -> None:
    told = await document(shop)
    hero = told["campaigns"]["hero"]
    hero["goals"] = []
    assert await refused(shop, told) == ["campaigns.hero.goals"]
    hero["status"] = "paused"
    assert (await put(shop, told)).applied


async def test_every_kind_is_created_changed_and_deleted(shop: Engine) -> None:
    told = await document(shop)
    told["settings"]["exclude_bots"] = False
    told["audiences"]["gold"]["condition"] = {"plan": {"$in": ["gold", "black"]}}
    told["goals"]["visit"] = {"name": "Visit", "event": "visit"}
    del told["audiences"]["letter"], told["templates"]["banner"]
    for each in told["campaigns"]["hero"]["rules"][0]["experiences"]:
        del each["template"]
    assert "letter" not in actions(await put(shop, told, dry_run=True)), "what the file does not have stays"
    plan = await put(shop, told, prune=True)
    assert actions(plan) == {
        "settings": "change",
        "gold": "change",
        "order": "unchanged",
        "visit": "create",
        "hero": "change",
        "banner": "delete",
        "letter": "delete",
    }
    assert [plan.count(a) for a in ("create", "change", "delete", "unchanged")] == [1, 3, 2, 1]
    again = await document(shop)
    assert list(again["audiences"]) == ["gold"]
    assert again["templates"] == {}
    made = await shop.runtime.store.definition(shop.project.id, "goal", "visit")
    assert (made.author, made.action, made.version) == ("ci", "apply: create", 1)
    actions_ = {d.key: d.action for _, d in (await shop.runtime.store.audit(shop.project.id, 6))}
    assert actions_["letter"] == "apply: delete"
    assert actions_["gold"] == "apply: change"


async def test_only_sections_that_a_file_has_are_pruned(shop: Engine) -> None:
    plan = await put(shop, {"tailorbird": 1, "audiences": {}}, prune=True)
    assert actions(plan) == {"gold": "delete", "letter": "delete"}


async def test_what_serves_or_is_used_is_not_pruned(shop: Engine) -> None:
    assert await refused(shop, {"tailorbird": 1, "campaigns": {}}, prune=True) == ["campaigns.hero"]
    assert await refused(shop, {"tailorbird": 1, "goals": {}}, prune=True) == ["goals.order"]
    await shop.campaign("Golden", start=False, rules=[rule(audience={"$audience": "gold"})])
    assert await refused(shop, {"tailorbird": 1, "audiences": {}}, prune=True) == ["campaigns.golden"]


async def test_what_is_deleted_comes_back_where_its_visitors_were(shop: Engine) -> None:
    told = await document(shop)
    told["campaigns"]["hero"]["rules"][0]["experiences"][0]["weight"] = 3
    await put(shop, told)
    await shop.verb("hero", "pause")
    before = (await document(shop))["campaigns"]["hero"]
    await publish.delete(shop.runtime, shop.project.id, "campaign", "hero", "ann")
    plan = await put(shop, told)
    assert (step(plan, "hero").action, step(plan, "hero").version) == ("create", 0)
    assert step(plan, "hero").notes
    assert (await document(shop))["campaigns"]["hero"] == {**before, "status": "running"}


async def test_everything_is_checked_before_anything_is_written(shop: Engine) -> None:
    told = await document(shop)
    told["goals"]["visit"] = {"name": "Visit", "event": "visit"}
    told["campaigns"]["hero"]["control"] = 500
    told["audiences"]["gold"]["condition"] = {"plan": {"$nope": 1}}
    assert await refused(shop, told) == ["audiences.gold.condition.plan.$nope", "campaigns.hero.control"]


async def test_who_else_would_break_is_told(shop: Engine) -> None:
    await shop.campaign("Golden", start=False, rules=[rule(audience={"$audience": "gold"})])
    told = {"tailorbird": 1, "audiences": (await document(shop))["audiences"]}
    gold = told["audiences"].pop("gold")
    told["audiences"]["platinum"] = gold
    assert await refused(shop, told) == ["campaigns.golden"]


async def test_a_file_is_one_transaction_that_somebody_else_s_write_refuses(
    shop: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await document(shop)
    told["audiences"]["gold"]["description"] = told["goals"]["order"]["description"] = "new"
    write = shop.runtime.store.write_definitions

    async def beaten(writes: Any) -> None:
        monkeypatch.undo()
        await shop.update("goal", "order", 1, name="Order", event="order", window_days=14, description="other")
        await write(writes)

    monkeypatch.setattr(shop.line, "write_definitions", beaten, raising=False)
    with pytest.raises(Conflict):
        await put(shop, told)
    now = await document(shop)
    assert (now["goals"]["order"]["description"], "description" in now["audiences"]["gold"]) == ("other", False)


async def test_a_plan_is_applied_only_to_the_project_that_it_was_made_from(shop: Engine) -> None:
    told = await document(shop)
    told["goals"]["order"]["description"] = "new"
    plan = await put(shop, told, dry_run=True)
    await shop.make("goal", name="Visit", event="visit")
    with pytest.raises(Conflict):
        await put(shop, told, base=plan.base)
    plan = await put(shop, told, dry_run=True)
    assert (await put(shop, told, base=plan.base)).applied


# -- another server ---------------------------------------------------------------------------------------------------


async def test_visitors_keep_their_arms_on_another_server(shop: Engine, tmp_path: Path) -> None:
    arms = [experience(name, weight=weight) for name, weight in (("A", 1), ("B", 2), ("C", 4))]
    made = await shop.campaign("Split", control=20, goals=GOALS, rules=[rule(*arms)])
    for weights in ((3, 1, 1), (1, 1, 7)):
        for each, weight in zip(made["rules"][0]["experiences"], weights, strict=True):
            each["weight"] = weight
        definition = await shop.update("campaign", "split", 0, **made)
        made = msgspec.json.decode(definition.body)
    text = read_yaml((await export_text(shop.runtime, shop.project.id)).encode())
    async with another(tmp_path) as other:
        assert (await apply(other.runtime, other.project.id, text, "ci")).applied
        for number in range(1_000):
            here, there = [
                [(d.campaign, d.group, d.experience, d.reason) for d in (await e.ask(id=f"v{number}")).decisions]
                for e in (shop, other)
            ]
            assert here == there
            assert len(here) == 2


async def test_weights_edited_on_the_way_move_only_those_who_must(shop: Engine, tmp_path: Path) -> None:
    told = await document(shop)
    (before,) = told["campaigns"]["hero"]["rules"]
    before["experiences"][0]["weight"] = 3
    async with another(tmp_path) as other:
        await put(other, told)
        (after,) = (await document(other))["campaigns"]["hero"]["rules"]
    a, b = before["ranges"]
    assert after["ranges"] == {a: [[0, 7500]], b: [[7500, 10000]]}
    assert after["epoch"] == 1


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (lambda hero: hero["rules"][0].update(ranges={"zzzzz": [[0, 10000]]}), "rules[0].ranges"),
        (lambda hero: next(iter(hero["rules"][0]["ranges"].values()))[0].__setitem__(1, 4), "rules[0].ranges"),
        (lambda hero: hero["rules"][0].pop("id"), "rules[0].ranges"),
        (lambda hero: hero["rules"][0].update(epoch=-1), "rules[0].epoch"),
        (lambda hero: hero.update(salt="a\nb"), "salt"),
        (lambda hero: hero.update(aliases=["a b"]), "aliases[0]"),
    ],
)
async def test_what_is_taken_over_must_make_sense(shop: Engine, tmp_path: Path, edit: Any, field: str) -> None:
    told = await document(shop)
    edit(told["campaigns"]["hero"])
    async with another(tmp_path) as other:
        assert await refused(other, told) == [f"campaigns.hero.{field}"]


async def test_rules_of_two_campaigns_never_share_an_id(shop: Engine) -> None:
    told = await document(shop)
    copy = {**told["campaigns"]["hero"], "name": "Copy"}
    del copy["id"]
    told["campaigns"]["copy"] = copy
    assert set(await refused(shop, told)) == {"campaigns.copy"}
