"""What becomes of events: judged one by one, counted once, linked to the decisions they answer."""

from __future__ import annotations

import asyncio

import pytest

from tailorbird.domain.errors import Invalid, NotFound, TooLarge, Unavailable
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import access, insight, people, publish, record
from tailorbird.engine.calls import EventInput
from tests.engine.conftest import DAY, HOUR, NOON, Engine


def event(name: str = "order", id: str | None = None, **more: object) -> EventInput:
    return EventInput(name=name, id=id, visitor=more.pop("visitor", Visitor(id="u1")), **more)  # type: ignore[arg-type]


async def send(engine: Engine, *items: EventInput | Invalid, **more: bool) -> tuple[int, int, list[tuple[int, str]]]:
    recorded = await record.record(engine.runtime, engine.project.id, items, **more)  # type: ignore[arg-type]
    return recorded.accepted, recorded.duplicates, [(r.index, r.field) for r in recorded.rejected]


async def person(engine: Engine, id: str = "u1") -> dict[str, object]:
    return await people.person(engine.runtime, engine.project.id, id)


async def test_one_bad_item_does_not_lose_the_others(engine: Engine) -> None:
    bad_time = event("old", time=1)
    malformed = Invalid.field("visitor", "an object", 3)
    assert await send(engine, event("a"), bad_time, malformed, event("b")) == (2, 0, [(1, "time"), (2, "visitor")])
    assert sorted((await person(engine))["events"]) == ["a", "b"]  # type: ignore[call-overload]


async def test_the_same_id_counts_once_within_and_across_batches(engine: Engine) -> None:
    assert await send(engine, event(id="o1"), event(id="o1"), event(id="o2")) == (2, 1, [])
    assert await send(engine, event(id="o1")) == (0, 1, [])
    assert (await person(engine))["events"]["order"]["count"] == 2  # type: ignore[index]


async def test_another_content_under_a_known_id_is_a_duplicate_and_counted_as_a_conflict(engine: Engine) -> None:
    await send(engine, event(id="o1", properties={"amount": 1}))
    assert await send(engine, event(id="o1", properties={"amount": 2})) == (0, 1, [])
    assert (await insight.counts(engine.runtime, engine.project.id))["duplicate_conflicts"] == 1


async def test_the_lines_of_one_order_may_share_their_id(engine: Engine) -> None:
    lines = [event(id="o1", properties={"line": n}, shared_id=True) for n in (1, 2, 1)]
    assert await send(engine, *lines) == (2, 1, [])


async def test_without_an_id_the_same_moment_and_content_is_the_same_event(engine: Engine) -> None:
    assert await send(engine, event(time=NOON), event(time=NOON), event(time=NOON - 1)) == (2, 1, [])
    assert await send(engine, event(), event()) == (2, 0, [])


async def test_concurrent_batches_of_the_same_events_count_once(engine: Engine) -> None:
    batch = [event(id=f"e{n}") for n in range(50)]
    results = await asyncio.gather(*(send(engine, *batch) for _ in range(8)))
    assert sum(accepted for accepted, _, _ in results) == 50


async def test_a_clock_ahead_of_ours_is_not_believed(engine: Engine) -> None:
    await send(engine, event("soon", time=NOON + 4 * 60_000), event("later", time=NOON + DAY))
    events = (await people.export(engine.runtime, engine.project.id, "u1"))["events"]
    assert {e["name"]: e["time"] for e in events} == {"soon": NOON + 4 * 60_000, "later": NOON}
    assert {e["name"]: list(e["marks"]) for e in events} == {"soon": [], "later": ["future"]}


async def test_late_events_are_kept_and_marked(engine: Engine) -> None:
    await send(engine, event("old", time=NOON - 30 * DAY))
    (kept,) = (await people.export(engine.runtime, engine.project.id, "u1"))["events"]
    assert (kept["time"], list(kept["marks"])) == (NOON - 30 * DAY, ["late"])
    assert (await person(engine))["first_seen"] == NOON - 30 * DAY


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (event(""), "name"),
        (event("x" * 201), "name"),
        (event("a\nb"), "name"),
        (event(attributes={"@device": 1}), "attributes.@device"),
        (event(attributes={"$or": 1}), "attributes.$or"),
        (event(attributes={"a.b": 1}), "attributes.a.b"),
        (event(attributes={"note": "x" * 10_001}), "attributes.note"),
        (event(properties={"n": float("nan")}), "properties.n"),
        (event(properties={"n": 2**63}), "properties.n"),
        (event(properties={"deep": [[[[[[[[1]]]]]]]]}), "properties.deep[0][0][0][0][0][0][0]"),
        (event(properties={"many": list(range(501))}), "properties.many"),
        (event(token="forged.token"), "token"),
    ],
)
async def test_bad_items_are_refused_with_their_field(engine: Engine, item: EventInput, field: str) -> None:
    assert await send(engine, item) == (0, 0, [(0, field)])


async def test_a_batch_over_the_limit_is_refused_whole(engine: Engine) -> None:
    with pytest.raises(TooLarge):
        await send(engine, *[event()] * 1001)
    with pytest.raises(NotFound):
        await person(engine)


async def test_a_token_links_the_event_to_its_decision_and_recreates_a_lost_exposure(engine: Engine) -> None:
    made = await engine.campaign(expose="report")
    token = (await engine.one()).token
    engine.now += HOUR
    await send(engine, event("click", token=token))
    (exposure,) = await engine.exposures()
    assert exposure["time"] == NOON, "the token is older than the click"
    kept = (await people.export(engine.runtime, engine.project.id, "u1"))["events"]
    assert [e["campaign"] for e in kept if e["name"] == "click"] == [made["id"]]


async def test_a_token_of_another_project_or_a_changed_one_is_refused(engine: Engine) -> None:
    await engine.campaign()
    token = (await engine.one()).token
    other = await access.create_project(engine.runtime, "Other")
    recorded = await record.record(engine.runtime, other.id, [event("click", token=token)])
    assert [r.field for r in recorded.rejected] == ["token"]
    body, _, mac = token.partition(".")
    assert await send(engine, event("click", token=f"{body}.{mac[:-2]}AA")) == (0, 0, [(0, "token")])
    assert await send(engine, event("click", token=token)) == (1, 0, [])


async def test_tokens_outlive_a_rotation_of_the_signing_key_but_not_400_days(engine: Engine) -> None:
    await engine.campaign()
    token = (await engine.one()).token
    engine.now += 1
    await access.rotate_signing_key(engine.runtime, engine.project.id)
    assert (await engine.one()).token != token
    assert await send(engine, event("click", token=token)) == (1, 0, [])
    engine.now += 401 * DAY
    assert await send(engine, event("click", token=token)) == (0, 0, [(0, "token")])


async def test_a_publishable_key_may_report_on_decisions_and_nothing_else(engine: Engine) -> None:
    await engine.campaign()
    await publish.put_settings(engine.runtime, engine.project.id, b'{"publishable_events": ["page viewed"]}', "ann", 0)
    token = (await engine.one(id=None, anonymous_id="d1")).token
    device = Visitor(anonymous_id="d1")
    assert await send(
        engine,
        event("impression", visitor=device, token=token),
        event("page viewed", visitor=device),
        event("impression", visitor=device),
        event("order", visitor=device),
        event("impression", token=token),
        event("page viewed", visitor=device, attributes={"plan": "gold"}),
        publishable=True,
    ) == (2, 0, [(2, "token"), (3, "name"), (4, "visitor.id"), (5, "attributes")])


async def test_required_consent_for_recording_is_asked_of_the_event_then_of_the_person(engine: Engine) -> None:
    await publish.put_settings(engine.runtime, engine.project.id, b'{"consent_for_recording": "stats"}', "ann", 0)
    assert await send(engine, event("a")) == (0, 0, [(0, "attributes.consent.stats")])
    assert await send(engine, event("consented", attributes={"consent": {"stats": True}})) == (1, 0, [])
    assert await send(engine, event("a")) == (1, 0, [])
    assert await send(engine, event("withdrawn", attributes={"consent": {"stats": False}})) == (
        0,
        0,
        [(0, "attributes.consent.stats")],
    )


async def test_what_was_refused_can_be_looked_at_with_its_values_masked(engine: Engine) -> None:
    await send(engine, event("old", time=1, properties={"card": "4111 1111"}))
    await engine.settle()
    (row,) = await insight.rejected(engine.runtime, engine.project.id)
    assert (row.name, row.field) == ("old", "time")
    assert row.error == "expected a time since 2000-01-01"
    assert row.masked["properties"] == {"card": "text(9)"}


async def test_the_schema_lists_what_arrives_with_its_types(engine: Engine) -> None:
    attributes = {
        "plan": "gold",
        "age": 41,
        "vip": True,
        "since": "2024-01-31",
        "tags": ["a"],
        "home": {"city": "Rome"},
    }
    await send(engine, event(attributes=attributes, properties={"amount": 1.5}))
    rows = {(r.kind, r.name): r.type for r in await insight.schema(engine.runtime, engine.project.id)}
    assert rows == {
        ("attribute", "plan"): "text",
        ("attribute", "age"): "number",
        ("attribute", "vip"): "boolean",
        ("attribute", "since"): "date",
        ("attribute", "tags"): "list",
        ("attribute", "home"): "object",
        ("attribute", "home.city"): "text",
        ("event", "order"): "event",
        ("property", "order.amount"): "number",
    }


async def test_nothing_is_acknowledged_while_the_store_is_away_and_a_retry_counts_once(engine: Engine) -> None:
    engine.line.mode = "refused"
    with pytest.raises(Unavailable):
        await send(engine, event(id="o1"))
    engine.line.mode = "connected"
    assert await send(engine, event(id="o1")) == (1, 0, [])


async def test_a_person_can_be_changed_exported_and_erased(engine: Engine) -> None:
    await engine.campaign()
    await engine.one(id="u1", anonymous_id="d1")
    await send(engine, event(id="o1", properties={"amount": 5}))
    await people.set_attributes(engine.runtime, engine.project.id, "u1", {"name": "Ada", "plan": "gold"})
    await people.set_attributes(engine.runtime, engine.project.id, "u1", {"plan": None})
    exported = await people.export(engine.runtime, engine.project.id, "d1")
    assert exported["profile"]["attributes"] == {"name": "Ada"}
    assert {(i["kind"], i["id"]) for i in exported["ids"]} == {("id", "u1"), ("anonymous_id", "d1")}
    assert [e["name"] for e in exported["events"] if e["name"] == "order"] == ["order"]
    assert len(exported["exposures"]) == 1
    assert await people.erase(engine.runtime, engine.project.id, "u1") > 0
    for id in ("u1", "d1"):
        with pytest.raises(NotFound):
            await person(engine, id)
    assert await send(engine, event(id="o1", properties={"amount": 5})) == (0, 1, []), "the ledger remembers"


async def test_an_alias_makes_one_person_of_two(engine: Engine) -> None:
    await send(engine, event(visitor=Visitor(id="a")), event(visitor=Visitor(id="b")))
    joined = await people.alias(engine.runtime, engine.project.id, "a", "b")
    assert set(joined["ids"]) == {"a", "b"}
    assert joined["events"]["order"]["count"] == 2
    assert (await person(engine, "b"))["ids"] == joined["ids"]


async def test_a_device_after_logout_is_the_person_or_a_stranger_as_the_project_says(engine: Engine) -> None:
    await engine.campaign(
        rules=[{"audience": {"plan": "gold"}, "experiences": [{"name": "A", "content": {"body": 1}}]}]
    )
    await engine.did("login", "u1", anonymous_id="d1", attributes={"plan": "gold"})
    assert (await engine.one(id=None, anonymous_id="d1")).experience == "A"
    await publish.put_settings(engine.runtime, engine.project.id, b'{"anonymous_after_logout": "stranger"}', "ann", 0)
    assert (await engine.one(id=None, anonymous_id="d1")).experience is None
    assert (await engine.one(id="u1", anonymous_id="d1")).experience == "A"
