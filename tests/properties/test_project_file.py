"""Whatever a project holds: its file says all of it, applying the file again changes nothing, and those who move are
those that the plan told."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailorbird.decision.ranges import boundaries, lookup
from tailorbird.domain.campaign import Campaign, Rule
from tailorbird.domain.definitions import Kind
from tailorbird.engine import access, lists, publish
from tailorbird.engine.project_file import FileText, apply, export_text, read_yaml
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store import SqliteStore

Told = dict[str, Any]
FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))

# -- projects ---------------------------------------------------------------------------------------------------------

#: what readers of YAML have taken for something else than text
ODD = ("no", "on", "22:00", "1e5", "007", "0x1F", "2026-03-01", "~", "null", "true", "", " x", "- a", "# c", "a: b")
#: what Liquid does not read
quiet = st.text(max_size=20).filter(lambda text: not set("{}%") & set(text) and text.isprintable())
texts = st.one_of(quiet, st.lists(quiet, min_size=2, max_size=4).map("\n".join), st.sampled_from(ODD))
numbers = st.one_of(st.integers(-(2**40), 2**40), st.floats(allow_nan=False, allow_infinity=False))
payloads = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(quiet, inner, max_size=3)),
    max_leaves=8,
)
names = st.text("abc XYZ'\"#:-äß", min_size=1, max_size=12).filter(lambda name: bool(name.strip()))
keys = st.text("abcxyz019_-", min_size=1, max_size=8)
weights = st.one_of(st.integers(1, 9), st.floats(0.01, 100), st.just(0))
rows = st.fixed_dictionaries({"name": names, "value": texts})
messages = st.fixed_dictionaries({"target": texts, "rows": st.lists(rows, max_size=2)})
contents = st.one_of(
    st.fixed_dictionaries({"body": payloads}),
    st.fixed_dictionaries({"messages": st.lists(messages, min_size=1, max_size=2)}),
)
conditions = st.sampled_from(
    [
        {"plan": "gold"},
        {"age": {"$gt": 1.5}},
        {"$or": [{"a": True}, {"b": {"$in": ["no", 7]}}]},
        {"id": {"$inGroup": "letter"}},
        {"$audience": "gold"},
    ]
)
schedules = st.sampled_from(
    [
        None,
        {"hours": [["22:00", "06:00"]], "weekdays": [0, 6]},
        {"start": "2026-03-01", "time_zone": "Europe/Vienna"},
    ]
)
experiences = st.fixed_dictionaries(
    {"name": names, "weight": weights, "paused": st.booleans()},
    optional={
        "content": contents,
        "locales": st.dictionaries(st.sampled_from(["de", "de-AT", "no"]), contents, max_size=2),
        "template": st.just({"template": "banner"}),
    },
)
rules = st.fixed_dictionaries(
    {
        "name": names,
        "audience": st.one_of(st.just("everyone"), conditions),
        "experiences": st.lists(experiences, max_size=3),
        "cap": st.sampled_from(["always", "once"]),
        "schedule": schedules,
    }
)
campaigns = st.fixed_dictionaries(
    {
        "name": names,
        "control": st.integers(0, 10_000).map(lambda slots: slots / 100),
        "rules": st.lists(rules, max_size=3),
        "groups": st.lists(keys, max_size=2),
        "audience": st.one_of(st.none(), conditions),
        "goals": st.sampled_from([[], [{"goal": "order", "role": "primary"}]]),
    }
)
GIVEN: tuple[tuple[Kind, Told], ...] = (
    ("settings", {"time_zone": "Europe/Vienna", "allowed_origins": ["https://shop.example"]}),
    ("audience", {"name": "Gold", "condition": {"plan": "gold"}}),
    ("audience", {"name": "Letter", "type": "list"}),
    ("goal", {"name": "Order", "event": "order", "where": {"total": {"$gt": 0}}, "global": True}),
    ("template", {"name": "Banner", "content": {"body": {"headline": "Hello"}}}),
)


@asynccontextmanager
async def server() -> AsyncIterator[Runtime]:
    with tempfile.TemporaryDirectory() as folder:
        async with running(Runtime(SqliteStore(Path(folder) / "test.db"))) as runtime:
            yield runtime


async def project(runtime: Runtime, bodies: list[Told]) -> str:
    """A project with one definition of every other kind and these campaigns; its template changes once among them."""
    made = await access.create_project(runtime, "Shop")
    for kind, body in GIVEN:
        await publish.create(runtime, made.id, kind, msgspec.json.encode(body), "ann")
    await lists.put(runtime, made.id, "letter", ["ada", "no", 7, 1.5, True], replace=True)
    for number, body in enumerate(bodies):
        await publish.create(runtime, made.id, "campaign", msgspec.json.encode(body), "ann")
        if number == 0:
            newer = msgspec.json.encode({"name": "Banner", "content": {"body": "Good day"}})
            await publish.update(runtime, made.id, "template", "banner", newer, "ann", 1)
    return made.id


def campaigns_of(runtime: Runtime, project_id: str) -> dict[str, Campaign]:
    return dict(runtime.project(project_id).bodies["campaign"])


def owners(rule: Rule) -> list[str | None]:
    """Who owns each of the 10,000 slots."""
    if not rule.ranges:
        return [None] * 10_000
    bounds, held = boundaries(rule.ranges)
    return [lookup(bounds, held, slot) for slot in range(10_000)]


# -- claims -----------------------------------------------------------------------------------------------------------


@FEW
@given(st.lists(campaigns, max_size=3))
def test_a_project_goes_to_another_server_and_comes_back_the_same(bodies: list[Told]) -> None:
    async def journey() -> None:
        async with server() as here, server() as there:
            source = await project(here, bodies)
            text = await export_text(here, source, members=True)
            file = read_yaml(text.encode())
            target = (await access.create_project(there, "Shop")).id
            plan = await apply(there, target, file, "ci")
            assert plan.count("create") == len(plan.steps) == len(GIVEN) + len(bodies)
            assert await export_text(there, target, members=True) == text
            for runtime, project_id in ((here, source), (there, target)):
                version = runtime.project(project_id).project.version
                assert not (await apply(runtime, project_id, file, "ci", prune=True)).differs
                assert runtime.project(project_id).project.version == version

    asyncio.run(journey())


edits = st.lists(st.tuples(st.integers(0, 99), weights, st.integers(0, 10_000)), min_size=1, max_size=4)


@FEW
@given(st.lists(campaigns.filter(lambda told: bool(told["rules"])), min_size=1, max_size=2), edits)
def test_those_who_move_are_those_that_the_plan_told(bodies: list[Told], edits: list[tuple[int, float, int]]) -> None:
    async def journey() -> None:
        async with server() as here:
            source = await project(here, bodies)
            told = read_yaml((await export_text(here, source)).encode()).value
            for number, weight, control in edits:
                campaign = list(told["campaigns"].values())[number % len(bodies)]
                campaign["control"] = control / 100
                for experience in campaign["rules"][number % len(campaign["rules"])]["experiences"][:1]:
                    experience["weight"] = weight
                before = campaigns_of(here, source)
                shown = await apply(here, source, FileText(told), "ci", dry_run=True)
                assert campaigns_of(here, source) == before
                done = await apply(here, source, FileText(told), "ci", base=shown.base)
                assert (done.steps, done.applied) == (shown.steps, shown.differs)
                _check_moves(before, campaigns_of(here, source), {step.id: step for step in done.steps})
                assert not (await apply(here, source, FileText(told), "ci")).differs

    asyncio.run(journey())


def _check_moves(before: dict[str, Campaign], after: dict[str, Campaign], steps: dict[str, Any]) -> None:
    for campaign_id, old in before.items():
        new, step = after[campaign_id], steps[campaign_id]
        assert step.control_moved == abs(round(old.control * 100) - round(new.control * 100))
        moves = {move.rule: move for move in step.moves}
        for was, now in zip(old.rules, new.rules, strict=True):
            pairs = zip(owners(was), owners(now), strict=True)
            moved = sum(a != b for a, b in pairs if a is not None and b is not None)
            move = moves.get(now.id)
            assert moved == (move.moved if move is not None else 0)
            assert (now.epoch != was.epoch) == (move is not None and move.epoch is not None)
            if move is not None:
                assert move.share == moved / 100
                assert move.emptied == (bool(was.ranges) and not now.ranges)
