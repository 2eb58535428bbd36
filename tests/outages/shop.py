"""The shop that every outage befalls: its campaigns, its visitors, and what is a right answer for each of them."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.domain.visitor import Visitor
from tailorbird.engine import access, publish
from tailorbird.engine.calls import EventInput
from tailorbird.engine.record import record
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store.contract import Store

PROJECT = "shop"
VISITORS = 200
#: what every decide call asks for, in this order
ASKED = ("hero", "gold", "lapsed", "once")
#: right without the store
FREE = "hero"


class Shop(msgspec.Struct, frozen=True):
    """What a test must know of a seeded database."""

    id: str
    #: a key that may do everything, and one that a test may revoke
    secret: str
    spare: str
    spare_id: str
    #: visitor → experience of ``hero``
    heroes: dict[str, str]


def visitor(number: int) -> str:
    """The id of a visitor; the even ones are gold customers, the first ones have ordered."""
    return f"visitor-{number % VISITORS}"


def is_gold(name: str) -> bool:
    """Whether the stored profile says ``plan: gold``."""
    return int(name.rpartition("-")[2]) % 2 == 0


def has_ordered(name: str) -> bool:
    """Whether an order is stored."""
    return int(name.rpartition("-")[2]) < VISITORS // 2


def _rule(*names: str, **more: Any) -> dict[str, Any]:
    experiences = [{"name": name, "content": {"body": {"shown": name}}} for name in names]
    return {"audience": "everyone", "experiences": experiences, **more}


NO_ORDER = {"$event": {"name": "order", "within": {"days": 90}, "count": 0}}
#: one campaign that needs nothing from the store, and one for each thing that others need
CAMPAIGNS: tuple[dict[str, Any], ...] = (
    {"name": "Hero", "rules": [_rule("A", "B")]},
    {"name": "Gold", "rules": [_rule("A", audience={"plan": "gold"})]},
    {"name": "Lapsed", "rules": [_rule("A", audience=NO_ORDER)]},
    {"name": "Once", "rules": [_rule("A", cap="once")]},
)


async def seed(store: Store) -> Shop:
    """Fill a new database through the engine."""
    runtime = Runtime(store)
    async with running(runtime):
        project = (await access.create_project(runtime, "Shop")).id
        _, secret = await access.create_key(
            runtime, project, client="test", scopes=("decide", "record", "read", "manage"), rate=1e6, burst=1_000_000
        )
        spare, spare_secret = await access.create_key(runtime, project, client="spare", scopes=("decide",))
        body = {"name": "Order", "event": "order", "global": True}
        await publish.create(runtime, project, "goal", msgspec.json.encode(body), "test")
        for campaign in CAMPAIGNS:
            written = msgspec.json.encode({"control": 0, **campaign})
            made = await publish.create(runtime, project, "campaign", written, "test")
            await publish.lifecycle(runtime, project, made.key, "start", "test")
        await record(runtime, project, [_first_event(visitor(number)) for number in range(VISITORS)])
        heroes = await _heroes(runtime, project)
    return Shop(id=project, secret=secret, spare=spare_secret, spare_id=spare.id, heroes=heroes)


def _first_event(name: str) -> EventInput:
    return EventInput(
        id=f"first-{name}",
        name="order" if has_ordered(name) else "visit",
        visitor=Visitor(id=name),
        attributes={"plan": "gold" if is_gold(name) else "basic"},
    )


async def _heroes(runtime: Runtime, project: str) -> dict[str, str]:
    from tailorbird.domain.visitor import Context
    from tailorbird.engine.calls import DecideCall
    from tailorbird.engine.decide import decide

    found = {}
    for number in range(VISITORS):
        context = Context(visitor=Visitor(id=visitor(number)), now=runtime.clock())
        answer = await decide(runtime, project, DecideCall(context=context, campaigns=(FREE,)))
        found[visitor(number)] = answer.decisions[0].experience or ""
    return found


def fault(shop: Shop, name: str, body: Any) -> str:
    """What is wrong with an answer to a visitor; empty when it is right, or degraded where that is allowed."""
    found = {one["campaign"]: one for one in body["decisions"]}
    if tuple(found) != ASKED:
        return f"campaigns {tuple(found)}"
    hero = found[FREE]
    if (hero["experience"], hero["reason"]) != (shop.heroes[name], "SPLIT"):
        return f"hero {hero['experience']} {hero['reason']}"
    degraded = body["degraded"]
    expected = {
        "gold": ("TARGETING_MATCH",) if is_gold(name) else ("DEFAULT",),
        "lapsed": ("DEFAULT",) if has_ordered(name) else ("TARGETING_MATCH",),
        "once": ("TARGETING_MATCH", "CAPPED", "DEGRADED"),
    }
    for campaign, allowed in expected.items():
        reason = found[campaign]["reason"]
        if reason not in (("DEGRADED",) if degraded else allowed):
            return f"{campaign} {reason}, degraded={degraded}"
        if (reason == "TARGETING_MATCH") != (found[campaign]["payload"] == {"shown": "A"}):
            return f"{campaign} {reason} with {found[campaign]['payload']}"
    return ""


def shows_once(body: Any) -> bool:
    """Whether the capped campaign was shown in this answer."""
    return any(one["campaign"] == "once" and one["payload"] is not None for one in body["decisions"])
