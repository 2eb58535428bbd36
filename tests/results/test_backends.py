"""Results do not depend on the database: one world on SQLite and on PostgreSQL, asked everything there is to ask."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tailorbird.engine.lakes import exported
from tailorbird.store import SqliteStore
from tailorbird.store.postgres import PostgresStore
from tests.lake import reading
from tests.results.conftest import BASE, DAY, Shop, arms_of, crowd, opened, orders, rule
from tests.store.conftest import postgres_migrated, postgres_server, postgres_url  # noqa: F401 - fixtures
from tests.web.conftest import NOON

HERO = f"{BASE}/campaigns/hero/results"
#: path → queries
ASKED: dict[str, tuple[dict[str, Any], ...]] = {
    HERO: (
        {},
        {"by": "device"},
        {"by": "audience", "filter": "device=mobile"},
        {"attribution": "click"},
        {"cuped": True, "capped": False},
        {"baseline": "B", "exclude_crossed": True, "mature": True},
        {"since": NOON - DAY, "until": NOON, "window_days": 0.5},
        {"engine": "delta"},
    ),
    f"{HERO}/series": ({}, {"step": "hour", "goal": "revenue"}),
    f"{BASE}/results": ({}, {"campaign": "other"}),
    f"{BASE}/results/overlap": ({},),
    f"{BASE}/results/items": ({}, {"campaign": "hero"}),
}
TABLES = (f"{HERO}/csv", f"{HERO}/series/csv", f"{BASE}/results/csv", f"{BASE}/results/items/csv")


async def fill(shop: Shop) -> dict[str, str]:
    """Two campaigns, people of two devices, tokens, items, merges, crossed people; a part of it is in the lake when the
    rest comes. What each id is called."""
    amount = {"event": "order", "aggregate": "sum", "property": "amount"}
    await shop.make("goals", name="Revenue", **amount)
    await shop.make("goals", name="Basket", **amount | {"aggregate": "ratio", "per": {"event": "order"}})
    goals = [{"goal": "order", "role": "primary"}, {"goal": "revenue", "role": "guardrail"}, {"goal": "basket"}]
    made = await shop.campaign(rules=[rule("All", "A", "B")], goals=goals)
    other = await shop.campaign("other", rules=[rule("Everybody", "X")])
    early, late = NOON - 2 * DAY, NOON - DAY
    mobile: dict[str, Any] = {"facts": {"device": "mobile", "audiences": ["vip"]}}
    await shop.bring(
        crowd("a", 120, "A", at=early, **mobile) + crowd("b", 130, "B", at=early) + crowd("c", 240, "control", at=early)
        + crowd("a", 60, "X", at=early, campaign="other") + crowd("c", 50, "control", at=early, campaign="other"),
        orders("a", range(60), at=early - DAY, amount=20) + orders("a", range(50), at=early + 1, amount=30.5)
        + orders("b", range(40), at=late, amount=18) + orders("c", range(60), at=early + 2, amount=22),
    )  # fmt: skip
    await settled(shop)
    phone, token = await drawn(shop)
    mug = {"items": [{"item": "mug", "price": 3, "quantity": 2}]}
    seen = {"visitor": {"anonymous_id": phone}, "token": token, "properties": mug}
    clicks = [
        {
            "id": f"k{n}",
            "name": "click",
            "visitor": {"id": f"b-{n}"},
            "time": early + 5,
            "properties": {"campaign": "hero"},
        }
        for n in range(30)
    ]
    await shop.bring(
        crowd("a", 5, "control", at=late) + crowd("new", 20, "B", at=late, **mobile),
        [
            {**seen, "id": "i1", "name": "impression", "time": NOON},
            {**seen, "id": "k1", "name": "click", "time": NOON + 1},
            {"id": "login", "name": "login", "visitor": {"id": "ann", "anonymous_id": phone}, "time": NOON + 2},
            {"id": "bought", "name": "order", "visitor": {"id": "ann"}, "time": NOON + 3, "properties": mug},
            *clicks,
        ],
    )  # fmt: skip
    shop.now += DAY
    names: dict[str, str] = {}
    for body in (made["body"], other["body"]):
        names[body["id"]] = f"id of {body['key']}"
        for one in body["rules"]:
            names[one["id"]] = f"id of {one['name']}"
            names |= {experience["id"]: f"id of {experience['name']}" for experience in one["experiences"]}
    goals_there = (await shop.ask("GET", f"{BASE}/goals")).json()
    listed = goals_there if isinstance(goals_there, list) else next(iter(goals_there.values()))
    return names | {one["id"]: f"id of {one['key']}" for one in listed}


async def drawn(shop: Shop) -> tuple[str, str]:
    """Somebody who is to see A, whatever the campaign's salt, and the token; nobody is exposed by asking."""
    for number in range(1000):
        asked = {"visitor": {"anonymous_id": f"phone-{number}"}, "campaigns": ["hero"], "expose": "report"}
        (decision,) = (await shop.decide(asked)).json()["decisions"]
        if decision["payload"] == {"t": "A"}:
            return f"phone-{number}", decision["token"]
    raise AssertionError("nobody is to see A")


async def settled(shop: Shop) -> None:
    """Until all that was brought is in the lake."""
    async with asyncio.timeout(30):
        while True:
            known, given = await exported(shop.runtime), await shop.runtime.store.fact_numbers()
            if (
                known is not None
                and known.numbers.exposures == given.exposures
                and known.numbers.events == given.events
            ):
                return
            await asyncio.sleep(0.05)


def called(told: Any, names: Mapping[str, str]) -> Any:
    """The same with names in the place of ids, which are drawn by chance."""
    if isinstance(told, dict):
        return {called(key, names): called(value, names) for key, value in told.items()}
    if isinstance(told, list):
        return [called(one, names) for one in told]
    return names.get(told, told) if isinstance(told, str) else told


def apart(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two answers differ by more than the order in which sums were made."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [where for key in one for where in apart(one[key], other[key], f"{path}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [where for n, pair in enumerate(zip(one, other, strict=True)) for where in apart(*pair, f"{path}[{n}]")]
    if isinstance(one, float) and isinstance(other, float) and math.isclose(one, other, rel_tol=1e-7, abs_tol=1e-12):
        return []
    return [] if type(one) is type(other) and one == other else [f"{path}: {one!r} and {other!r}"]


async def answers(shop: Shop) -> dict[str, Any]:
    """Every answer."""
    names = await fill(shop)
    found: dict[str, Any] = {}
    for path, views in ASKED.items():
        for view in views:
            answer = await shop.ask("GET", path, params=view)
            assert answer.status_code == 200, answer.text
            found[f"{path} {json.dumps(view)}"] = called(answer.json(), names)
    for path in TABLES:
        answer = await shop.ask("GET", path)
        assert answer.status_code == 200, answer.text
        rows = list(csv.reader(io.StringIO(answer.text)))
        found[path] = [[called(_number(cell), names) for cell in row] for row in rows]
    return found


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


async def test_the_same_world_gets_the_same_answers(tmp_path: Path, postgres_url: str) -> None:  # noqa: F811
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    file = tmp_path / "one" / "test.db"
    async with opened(SqliteStore(file), str(file), tmp_path / "one") as shop:
        here = await answers(shop)
    async with opened(PostgresStore(postgres_url), postgres_url, tmp_path / "two") as shop:
        there = await answers(shop)
        assert len(reading.rows(tmp_path / "two" / "lake", "exposures")) >= 600
    assert here.keys() == there.keys()
    for asked, answer in here.items():
        assert apart(answer, there[asked]) == [], asked
    report = here[f"{HERO} {{}}"]
    arms = {name: arm for (_, name), arm in arms_of(report).items()}
    people = {name: arm["people"] for name, arm in arms.items()}
    assert sum(people.values()) == report["people"] == 120 + 130 + 240 + 20 + 1
    assert report["crossed"]["people"] == 5
    assert [group["value"] for group in here[f'{HERO} {{"by": "device"}}']["groups"]]
