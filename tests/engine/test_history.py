"""Exposures from another tool: judged one by one, counted once, and nobody's earlier knowledge is overwritten."""

from __future__ import annotations

from typing import Any

import pytest

from tailorbird.domain.errors import Invalid, TooLarge
from tailorbird.domain.reasons import Reason
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import preview
from tailorbird.engine.calls import PreviewCall, Recorded
from tailorbird.engine.history import PastExposure, import_exposures
from tests.engine.conftest import DAY, HOUR, NOON, Engine, experience, rule

LONG_AGO = NOON - 200 * DAY


def past(who: str | None = "u1", arm: str = "A", at: int = LONG_AGO, **more: Any) -> PastExposure:
    visitor = more.pop("visitor", None) or Visitor(id=who)
    return PastExposure(visitor=visitor, campaign=more.pop("campaign", "hero"), experience=arm, time=at, **more)


async def bring(engine: Engine, *items: PastExposure | Invalid) -> Recorded:
    return await import_exposures(engine.runtime, engine.project.id, items)


async def arms(engine: Engine, who: str = "u1") -> list[tuple[str, int, str]]:
    return [(row["arm"], row["time"], row["door"]) for row in await engine.exposures(who) if "door" in row]


@pytest.fixture
async def two(engine: Engine) -> dict[str, Any]:
    """A campaign with two rules that both have an experience called A; only the second has a B."""
    gold = rule(experience("A"), name="Gold", audience={"plan": "gold"})
    return await engine.campaign(rules=[gold, rule(experience("A"), experience("B"), name="Others")])


def ids_of(campaign: dict[str, Any]) -> dict[str, str]:
    return {f"{r['name']} {e['name']}": e["id"] for r in campaign["rules"] for e in r["experiences"]}


async def test_an_exposure_is_taken_over_with_its_time_arm_and_facts(engine: Engine, two: dict[str, Any]) -> None:
    done = await bring(engine, past(arm="B", facts={"country": "AT"}))
    assert (done.accepted, done.duplicates, done.rejected) == (1, 0, ())
    (row,) = [row for row in await engine.exposures() if "door" in row]
    others = two["rules"][1]
    assert (row["campaign"], row["rule"], row["arm"]) == (two["id"], others["id"], ids_of(two)["Others B"])
    assert (row["time"], row["door"], row["facts"], row["version"]) == (LONG_AGO, "import", {"country": "AT"}, 2)


async def test_importing_again_changes_nothing(engine: Engine, two: dict[str, Any]) -> None:
    items = [past(arm="B"), past("u2", "control", rule="Gold")]
    assert (await bring(engine, *items)).accepted == 2
    before = await engine.runtime.store.people(engine.project.id)
    again = await bring(engine, *items)
    assert (again.accepted, again.duplicates) == (0, 2)
    assert await engine.runtime.store.people(engine.project.id) == before
    assert [person.older_visits for person in before] == [0, 0]


async def test_recent_history_changes_nothing_the_second_time_either(engine: Engine, two: dict[str, Any]) -> None:
    await bring(engine, past(arm="B", at=NOON - HOUR))
    before = await engine.runtime.store.people(engine.project.id)
    await bring(engine, past(arm="B", at=NOON - HOUR))
    assert await engine.runtime.store.people(engine.project.id) == before


async def test_of_a_batch_the_earliest_counts(engine: Engine, two: dict[str, Any]) -> None:
    done = await bring(engine, past(arm="B", at=LONG_AGO + DAY), past(arm="control", rule="Others"), past("u2", "B"))
    assert (done.accepted, done.duplicates) == (2, 1)
    assert await arms(engine) == [("control", LONG_AGO, "import")]


async def test_an_exposure_that_is_there_stays_though_it_is_later(engine: Engine, two: dict[str, Any]) -> None:
    await engine.one(attributes={"plan": "gold"})
    (before,) = await arms(engine)
    assert before[1:] == (NOON, "api")
    done = await bring(engine, past(arm="B"))
    assert (done.accepted, done.duplicates) == (0, 1)
    assert await arms(engine) == [before]


async def test_a_later_decision_does_not_replace_what_was_imported(engine: Engine, two: dict[str, Any]) -> None:
    await bring(engine, past(arm="B"))
    await engine.one(attributes={"plan": "gold"})
    assert await arms(engine) == [(ids_of(two)["Others B"], LONG_AGO, "import")]


async def test_what_somebody_sees_is_not_changed_by_history(engine: Engine) -> None:
    await engine.campaign(rules=[rule(experience("A"), experience("B"), cap="once")])
    call = PreviewCall(campaign="hero", context=engine.context("u1"))
    drawn = (await preview.preview(engine.runtime, engine.project.id, call)).experience
    other = {"A": "B", "B": "A"}[str(drawn)]
    assert (await bring(engine, past("u1", other))).accepted == 1
    shown = await engine.one()
    assert (shown.reason, shown.experience) == (Reason.SPLIT, drawn), "no cap is used up by what another tool showed"


async def test_a_campaign_is_named_by_key_earlier_key_or_id(engine: Engine, two: dict[str, Any]) -> None:
    renamed = {**two, "key": "hero-2"}
    await engine.update("campaign", "hero", 2, **renamed)
    names = ("hero-2", "hero", two["id"])
    done = await bring(engine, *(past(f"u{n}", "B", campaign=name) for n, name in enumerate(names)))
    assert done.accepted == 3


async def test_a_rule_is_named_where_the_experience_does_not_say_it(engine: Engine, two: dict[str, Any]) -> None:
    found = ids_of(two)
    items = [
        past("u1", "A", rule="Gold"),
        past("u2", "A", rule=two["rules"][1]["id"]),
        past("u3", found["Gold A"]),
        past("u4", "control", rule="Gold"),
    ]
    assert (await bring(engine, *items)).accepted == 4
    seen = [(await arms(engine, f"u{n}"))[0][0] for n in range(1, 5)]
    assert seen == [found["Gold A"], found["Others A"], found["Gold A"], "control"]


async def test_an_earlier_version_knows_its_own_experiences(engine: Engine) -> None:
    made = await engine.campaign(rules=[rule(experience("Old"), experience("A"))])
    old_id = made["rules"][0]["experiences"][0]["id"]
    del made["rules"][0]["experiences"][0]
    await engine.update("campaign", "hero", 2, **made)
    done = await bring(engine, past("u1", "Old", version=2), past("u2", "Old"))
    assert done.accepted == 1
    assert [(r.index, r.field) for r in done.rejected] == [(1, "experience")]
    (row,) = [row for row in await engine.exposures() if "door" in row]
    assert (row["arm"], row["version"], row["epoch"]) == (old_id, 2, 0)


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (past(campaign="nope"), "campaign"),
        (past(arm="nope"), "experience"),
        (past(arm="A"), "rule"),
        (past(arm="control"), "rule"),
        (past(arm="B", rule="nope"), "rule"),
        (past(arm="B", rule="Gold"), "experience"),
        (past(arm="B", version=3), "version"),
        (past(arm="B", at=NOON + HOUR), "time"),
        (past(arm="B", at=-1), "time"),
        (past(arm="B", facts={"a": "x" * 20_000}), "facts.a"),
        (Invalid.field("visitor.id", "text", 1), "visitor.id"),
    ],
)
async def test_what_is_wrong_is_refused_alone_with_its_field(
    engine: Engine, two: dict[str, Any], item: PastExposure | Invalid, field: str
) -> None:
    done = await bring(engine, past("u8", "B"), item, past("u9", "B"))
    assert (done.accepted, [(r.index, r.field) for r in done.rejected]) == (2, [(1, field)])


async def test_a_project_that_records_with_consent_only_takes_no_history_without(
    engine: Engine, two: dict[str, Any]
) -> None:
    await engine.did("visit", "u1", attributes={"consent": {"stats": True}})
    await engine.make("settings", consent_for_recording="stats")
    done = await bring(engine, past("u1", "B"), past("u2", "B"))
    assert done.accepted == 1
    assert [(r.index, r.field) for r in done.rejected] == [(1, "attributes.consent.stats")]


async def test_an_anonymous_visitor_s_history_is_the_person_s_after_login(engine: Engine, two: dict[str, Any]) -> None:
    await bring(engine, past(arm="B", visitor=Visitor(anonymous_id="d1")))
    await engine.did("login", "u1", anonymous_id="d1")
    assert [arm for arm, _, _ in await arms(engine)] == [ids_of(two)["Others B"]]


async def test_a_batch_has_a_limit(engine: Engine, two: dict[str, Any]) -> None:
    with pytest.raises(TooLarge):
        await bring(engine, *(past(f"u{n}", "B") for n in range(1_001)))
