"""Definitions: checked when written, versioned, audited, locked against lost updates."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tailorbird.domain.campaign import Campaign
from tailorbird.domain.definitions import Definition
from tailorbird.domain.errors import Conflict, Invalid, NotFound
from tailorbird.domain.reasons import Reason
from tailorbird.engine import lists, preview, publish, view
from tailorbird.engine.calls import PreviewCall
from tests.engine.conftest import NOON, Engine, experience, rule


def body_of(definition: Definition) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(definition.body)
    return body


def fields(error: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [problem.field for problem in error.value.problems]


async def test_the_server_fills_in_ids_key_and_salt_and_nothing_is_asked_twice(engine: Engine) -> None:
    made = await engine.make("campaign", name="Home page: hero!", rules=[rule()])
    body = msgspec.json.decode(made.body, type=Campaign)
    assert made.key == body.key == "home-page-hero"
    assert (len(body.id), len(body.rules[0].id), len(body.rules[0].experiences[0].id)) == (5, 5, 5)
    assert len(body.salt) == 16
    assert body.rules[0].ranges == {body.rules[0].experiences[0].id: ((0, 10_000),)}
    assert (await engine.make("campaign", name="Home page: hero!", rules=[rule()])).key == "home-page-hero-2"


async def test_what_was_read_can_be_written_back_unchanged(engine: Engine) -> None:
    made = await engine.make("campaign", name="Hero", rules=[rule(experience("A"), experience("B"))])
    again = await engine.update("campaign", "hero", 1, **body_of(made))
    assert body_of(again) == body_of(made)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x", "key": "has space"}, "key"),
        ({"name": "x", "kontrol": 5}, "kontrol"),
        ({"name": "x", "control": 101}, "control"),
        ({"name": "x", "status": "running"}, "status"),
        ({"name": "x", "goals": [{"goal": "nope"}]}, "goals[0].goal"),
        ({"name": "x", "analysis": {"attribution": "click"}}, "analysis.baseline"),
        ({"name": "x", "analysis": {"lift": 0}}, "analysis.lift"),
        ({"name": "x", "analysis": {"sample": 0}}, "analysis.sample"),
        ({"name": "x", "audience": {"plan": {"$nope": 1}}}, "audience.plan.$nope"),
        ({"name": "x", "audience": {"$audience": "nope"}}, "audience.$audience"),
        ({"name": "x", "rules": [rule(weight=1)]}, "rules[0].weight"),
        ({"name": "x", "rules": [rule(id="zzzzz")]}, "rules[0].id"),
        ({"name": "x", "rules": [rule(experience(template={"template": "nope"}))]}, "rules[0].experiences[0].template"),
        ({"name": "x", "rules": [rule(experience(body="{{ a"))]}, "rules[0].experiences[0].content.body"),
        ({"name": "x", "rules": [rule(schedule={"time_zone": "Mars"})]}, "rules[0].schedule.time_zone"),
    ],
)
async def test_what_cannot_compile_is_refused_with_its_path(engine: Engine, body: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as error:
        await engine.make("campaign", **body)
    assert fields(error) == [field]
    assert await publish.listing(engine.runtime, engine.project.id, "campaign") == []


async def test_a_campaign_that_needs_setup_cannot_start_and_says_what_is_missing(engine: Engine) -> None:
    made = await engine.make("campaign", name="Hero", rules=[{"experiences": [{"name": "A"}]}])
    seen = view.view(engine.runtime, made)
    assert not seen.ready
    assert not seen.setup[0].ready
    with pytest.raises(Invalid) as error:
        await engine.verb("hero", "start")
    assert {f.split("[")[0] for f in fields(error)} == {"rules", "goals"}
    ready = await engine.campaign("Ready")
    assert ready["status"] == "running"


async def test_a_running_campaign_cannot_be_made_unready(engine: Engine) -> None:
    made = await engine.campaign()
    with pytest.raises(Invalid):
        await engine.update("campaign", "hero", 2, **{**made, "rules": []})
    assert (await engine.one()).reason is Reason.TARGETING_MATCH


async def test_a_lost_update_is_refused_with_both_versions(engine: Engine) -> None:
    made = body_of(await engine.make("campaign", name="Hero"))
    await engine.update("campaign", "hero", 1, **{**made, "control": 10})
    with pytest.raises(Conflict) as error:
        await engine.update("campaign", "hero", 1, **{**made, "control": 20})
    assert (error.value.extra["expected"], error.value.extra["current"].version) == (1, 2)


async def test_a_taken_key_is_refused(engine: Engine) -> None:
    await engine.make("campaign", name="Hero")
    with pytest.raises(Conflict):
        await engine.make("campaign", name="Other", key="hero")


async def test_lifecycle_follows_its_verbs(engine: Engine) -> None:
    await engine.campaign()
    for verb, status in (("pause", "paused"), ("start", "running"), ("test", "testing"), ("archive", "archived")):
        assert body_of(await engine.verb("hero", verb))["status"] == status
    with pytest.raises(Conflict):
        await engine.verb("hero", "start")


@pytest.mark.parametrize("verbs", [(), ("test",), ("start",), ("start", "pause")])
async def test_what_is_restored_is_what_it_was_in_one_version(engine: Engine, verbs: tuple[str, ...]) -> None:
    await engine.campaign(start=False)
    for verb in verbs:
        await engine.verb("hero", verb)
    before = await publish.read(engine.runtime, engine.project.id, "campaign", "hero")
    await engine.verb("hero", "archive")
    restored = await engine.verb("hero", "restore")
    assert body_of(restored) == body_of(before)
    assert (restored.version, restored.action) == (before.version + 2, "restore")
    with pytest.raises(Conflict):
        await engine.verb("hero", "restore")


async def test_what_was_archived_while_it_ran_serves_again_only_when_it_may_start(engine: Engine) -> None:
    await engine.campaign()
    archived = await engine.verb("hero", "archive")
    empty = await engine.update("campaign", "hero", archived.version, **{**body_of(archived), "rules": []})
    with pytest.raises(Invalid):
        await engine.verb("hero", "restore")
    await publish.rollback(
        engine.runtime, engine.project.id, "campaign", "hero", archived.version, "ann", empty.version
    )
    assert body_of(await engine.verb("hero", "restore"))["status"] == "running"


async def test_pausing_stops_everything_at_once(engine: Engine) -> None:
    await engine.campaign()
    await engine.verb("hero", "pause")
    assert (await engine.one()).reason is Reason.DISABLED


async def test_reweighting_moves_only_the_share_that_must_move_and_starts_an_epoch(engine: Engine) -> None:
    made = await engine.campaign(rules=[rule(experience("A"), experience("B"))])
    before = {i: (await engine.one(id=f"u{i}")).experience for i in range(200)}
    made["rules"][0]["experiences"][0]["weight"] = 3
    changed = body_of(await engine.update("campaign", "hero", 2, **made))
    assert changed["rules"][0]["epoch"] == 1
    after = {i: (await engine.one(id=f"u{i}")).experience for i in range(200)}
    moved = [(before[i], after[i]) for i in before if before[i] != after[i]]
    assert set(moved) == {("B", "A")}
    assert 20 < len(moved) < 80


async def test_rollback_brings_back_weights_but_never_old_ranges(engine: Engine) -> None:
    made = await engine.campaign(rules=[rule(experience("A"), experience("B"))])
    ids = [e["id"] for e in made["rules"][0]["experiences"]]
    made["rules"][0]["experiences"][0]["weight"] = 3
    changed = await engine.update("campaign", "hero", 2, **made)
    back = await publish.rollback(engine.runtime, engine.project.id, "campaign", "hero", 2, "ann")
    first, third, fourth = (body_of(d)["rules"][0] for d in (await engine_version(engine, 2), changed, back))
    assert [e.get("weight", 1) for e in fourth["experiences"]] == [e.get("weight", 1) for e in first["experiences"]]
    shares = {i: sum(high - low for low, high in fourth["ranges"][i]) for i in ids}
    assert shares == {ids[0]: 5000, ids[1]: 5000}
    assert (third["epoch"], fourth["epoch"]) == (1, 2)
    assert body_of(back)["status"] == "running"


async def engine_version(engine: Engine, version: int) -> Definition:
    return await publish.read(engine.runtime, engine.project.id, "campaign", "hero", version)


async def test_a_clone_has_its_own_id_and_its_own_salt(engine: Engine) -> None:
    made = await engine.campaign(rules=[rule(experience("A"), experience("B"))])
    copy = body_of(await publish.clone(engine.runtime, engine.project.id, "hero", "ann"))
    assert copy["name"] == "Hero (copy)"
    assert copy.get("status", "draft") == "draft"
    for name in ("id", "salt", "key"):
        assert copy[name] != made[name]
    old_ids = {made["rules"][0]["id"], *(e["id"] for e in made["rules"][0]["experiences"])}
    assert old_ids.isdisjoint({copy["rules"][0]["id"], *(e["id"] for e in copy["rules"][0]["experiences"])})


async def test_deleting_is_soft_and_refused_while_it_serves(engine: Engine) -> None:
    await engine.campaign()
    with pytest.raises(Conflict):
        await publish.delete(engine.runtime, engine.project.id, "campaign", "hero", "ann")
    await engine.verb("hero", "pause")
    await publish.delete(engine.runtime, engine.project.id, "campaign", "hero", "ann")
    assert (await engine.one()).reason is Reason.UNKNOWN
    with pytest.raises(NotFound):
        await publish.read(engine.runtime, engine.project.id, "campaign", "hero")
    assert (await engine.make("campaign", name="Hero")).key == "hero"


async def test_what_others_use_cannot_be_broken_behind_their_back(engine: Engine) -> None:
    await engine.make("audience", name="Gold", condition={"plan": "gold"})
    await engine.campaign(audience={"$audience": "gold"})
    with pytest.raises(Conflict, match="hero"):
        await publish.delete(engine.runtime, engine.project.id, "audience", "gold", "ann")
    with pytest.raises(Conflict, match="hero"):
        await engine.update("audience", "gold", 1, name="Gold", key="golden", condition={"plan": "gold"})
    goal = (await engine.make("goal", name="Sale", event="sale")).key
    made = body_of(await publish.read(engine.runtime, engine.project.id, "campaign", "hero"))
    await engine.update("campaign", "hero", 2, **{**made, "goals": [{"goal": goal, "role": "primary"}]})
    with pytest.raises(Conflict, match="hero"):
        await publish.delete(engine.runtime, engine.project.id, "goal", goal, "ann")
    changed = await engine.update("audience", "gold", 1, name="Gold", condition={"plan": {"$in": ["gold", "plus"]}})
    assert changed.version == 2
    assert (await engine.one(attributes={"plan": "plus"})).experience == "A"


async def test_a_circle_of_audiences_is_refused(engine: Engine) -> None:
    await engine.make("audience", name="A", condition={"plan": "gold"})
    await engine.make("audience", name="B", condition={"$audience": "a"})
    with pytest.raises(Invalid, match="circle"):
        await engine.update("audience", "a", 1, name="A", condition={"$audience": "b"})


async def test_members_of_a_list_audience_match_by_any_of_their_ids(engine: Engine) -> None:
    await engine.make("audience", name="VIP", type="list")
    assert await lists.put(engine.runtime, engine.project.id, "vip", ["u1", "d2"], replace=True) == 2
    await engine.campaign(audience={"$audience": "vip"})
    assert (await engine.one(id="u1")).experience == "A"
    assert (await engine.one(id="u2")).experience is None
    await engine.did("login", "u2", anonymous_id="d2")
    assert (await engine.one(id="u2")).experience == "A"
    await lists.remove(engine.runtime, engine.project.id, "vip", ["u1"])
    assert (await engine.one(id="u1")).experience is None


async def test_an_experience_made_from_a_template_keeps_working_when_the_template_changes_and_says_so(
    engine: Engine,
) -> None:
    await engine.make("template", name="Banner", content={"body": {"t": "v1"}})
    made = await engine.make("goal", name="Order", event="order", **{"global": True})
    campaign = await engine.campaign(rules=[rule({"name": "A", "template": {"template": "banner"}})])
    await engine.update("template", "banner", 1, name="Banner", content={"body": {"t": "v2"}})
    assert bytes((await engine.one()).payload) == b'{"t":"v1"}'
    (warning,) = view.view(
        engine.runtime, await publish.read(engine.runtime, made.project, "campaign", campaign["id"])
    ).warnings
    assert "version 1 of template banner" in warning


async def test_every_write_is_in_the_audit_with_author_and_diff(engine: Engine) -> None:
    made = await engine.campaign()
    await engine.update("campaign", "hero", 2, **{**made, "control": 7.5})
    newest, started, created = (await view.audit(engine.runtime, engine.project.id))[:3]
    assert (newest.author, newest.action, newest.at) == ("bob", "update", NOON)
    assert [(c.path, c.before, c.after) for c in newest.changes] == [("control", 0.0, 7.5)]
    assert (started.action, created.action) == ("start", "create")


async def test_the_start_of_one_campaign_recompiles_no_other(engine: Engine) -> None:
    await engine.campaign("One")
    before = engine.runtime.project(engine.project.id).plan("one")
    await engine.campaign("Two")
    assert engine.runtime.project(engine.project.id).plan("one") is before


async def test_goals_are_checked_for_what_their_aggregate_needs(engine: Engine) -> None:
    for body, field in (
        ({"name": "Revenue", "event": "order", "aggregate": "sum"}, "property"),
        ({"name": "Bad", "event": ""}, "event"),
        ({"name": "Bad", "event": "order", "where": {"x": {"$nope": 1}}}, "where.x.$nope"),
        ({"name": "Ratio", "event": "order", "aggregate": "ratio", "property": "amount"}, "per"),
        ({"name": "Window", "event": "order", "window_days": 0}, "window_days"),
        ({"name": "Slow", "event": "order", "where": {"x": {"$size": 2}}}, "where.x.$size"),
        ({"name": "Name", "event": "order", "aggregate": "sum", "property": "a'b"}, "property"),
        ({"name": "Money", "event": "order", "currency": "pounds"}, "currency"),
        ({"name": "Cap", "event": "order", "capping": {"value": 1}}, "capping"),
        ({"name": "Cap", "event": "order", "aggregate": "count", "capping": {}}, "capping"),
        ({"name": "Cap", "event": "order", "aggregate": "count", "capping": {"percentile": 10}}, "capping.percentile"),
        ({"name": "Cap", "event": "order", "aggregate": "count", "capping": {"value": -1}}, "capping.value"),
    ):
        with pytest.raises(Invalid) as error:
            await engine.make("goal", **body)
        assert fields(error) == [field]
    revenue = {"event": "order", "aggregate": "sum", "property": "amount", "currency": "GBP"}
    await engine.make("goal", name="Revenue", where={"category": {"$in": ["a"]}}, capping={"percentile": 99}, **revenue)


async def test_a_campaign_has_at_most_one_primary_goal(engine: Engine) -> None:
    for name in ("One", "Two", "Three"):
        await engine.make("goal", name=name, event="order")
    uses = [{"goal": "one", "role": "primary"}, {"goal": "two", "role": "guardrail"}, {"goal": "three"}]
    await engine.make("campaign", name="Fine", goals=uses)
    uses[1]["role"] = "primary"
    with pytest.raises(Invalid) as error:
        await engine.make("campaign", name="Torn", goals=uses)
    assert fields(error) == ["goals[1].role"]


async def test_retention_may_not_forget_what_a_campaign_looks_back_to(engine: Engine) -> None:
    await engine.campaign(
        audience={"$event": {"name": "order", "within": {"days": 30}, "where": {"amount": {"$gt": 1}}}}
    )
    settings = (engine.runtime, engine.project.id)
    with pytest.raises(Invalid, match="37 days"):
        await publish.put_settings(*settings, b'{"retention_days": 36}', "ann", 0)
    assert (await publish.put_settings(*settings, b'{"retention_days": 37}', "ann", 0)).version == 1


async def test_preview_shows_any_version_experience_and_person_and_records_nothing(engine: Engine) -> None:
    hello = experience("Hello", body={"t": "Hi {{ attribute.first_name }}"})
    made = await engine.campaign(audience={"plan": "gold"}, rules=[rule(hello, cap="once")], start=False)

    async def see(**call: Any) -> preview.Preview:
        context = call.pop("context", engine.context("u1"))
        asked = PreviewCall(campaign="hero", context=context, **call)
        return await preview.preview(engine.runtime, engine.project.id, asked)

    seen = await see(attributes={"plan": "gold", "first_name": "Ada"})
    assert (seen.payload, seen.reason) == ({"t": "Hi Ada"}, Reason.TARGETING_MATCH)
    refused = await see(attributes={"plan": "free", "first_name": "Bo"})
    assert (refused.reason, refused.explanation.found) == (Reason.DEFAULT, "free")
    forced = await see(attributes={"first_name": "Bo"}, experience="Hello")
    assert forced.payload == {"t": "Hi Bo"}
    withheld = await see(attributes={"plan": "gold"})
    assert (withheld.reason, withheld.missing != ()) == (Reason.WITHHELD, True)
    made["rules"][0]["experiences"][0]["content"]["body"] = {"t": "Changed"}
    await engine.update("campaign", "hero", 1, **made)
    assert (await see(attributes={"plan": "gold", "first_name": "Ada"}, version=1)).payload == {"t": "Hi Ada"}
    assert await engine.exposures() == []
