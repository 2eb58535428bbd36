"""Definitions that cannot be read, compiled or rendered, written into the database behind the server's back."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from tailorbird.domain.definitions import Definition
from tests.outages.conftest import ServerOf
from tests.outages.course import Figures, judge, true_within
from tests.outages.ground import Ground, Server
from tests.outages.load import Traffic

RULE: dict[str, Any] = {
    "id": "rule1",
    "audience": "everyone",
    "ranges": {"expe1": [[0, 10_000]]},
    "experiences": [{"id": "expe1", "name": "A", "content": {"body": {"shown": "A"}}}],
}
DEEP = b"[" * 5_000 + b"]" * 5_000


def shows(body: Any) -> dict[str, Any]:
    """Rules that show this content."""
    experience = {**RULE["experiences"][0], "content": {"body": body}}
    return {"rules": [{**RULE, "experiences": [experience]}]}


#: key → (what it says, how the campaign answers)
BROKEN: dict[str, tuple[bytes | dict[str, Any], str]] = {
    "cut-off": (b'{"name":"Cut o', "ERROR"),
    "no-text": (b'"\xff\xfe"', "ERROR"),
    "of-another-form": (b'{"name":1}', "ERROR"),
    "without-end": (b'{"name":"Deep","rules":' + DEEP + b"}", "ERROR"),
    "unknown-operator": ({"audience": {"plan": {"$nearly": 1}}}, "ERROR"),
    "unknown-filter": (shows("{{ 1 | embroider }}"), "ERROR"),
    "unclosed": (shows("{{ 1 "), "ERROR"),
    "nobody-s-ranges": ({"rules": [{**RULE, "ranges": {"nobody": [[0, 10_000]]}}]}, "ERROR"),
    "never-ending": (shows("{% for i in (1..100000000) %}x{% endfor %}"), "WITHHELD"),
    "by-nothing": (shows("{{ 1 | divided_by: 0 }}"), "WITHHELD"),
    "missing": (shows("{{ attribute.nobody_has_this }}"), "WITHHELD"),
}
OTHERS: dict[str, tuple[str, bytes]] = {
    "broken-audience": ("audience", b'{"id":"brk11","key":"broken-audience","name":"B","condition":{"$nearly":1}}'),
    "broken-template": ("template", b'{"id":"tem01","key":'),
    "broken-goal": ("goal", b'{"id":"goa01","key":"broken-goal","name":"B","event":5}'),
    "settings": ("settings", b'{"time_zone":"Nowhere/Land"}'),
    "of-tomorrow": ("journey", b"{}"),
}


async def test_what_is_broken_is_off_alone(ground: Ground, server_of: ServerOf, figures: Figures) -> None:
    server = server_of(ground)
    server.start()
    await server.up()
    traffic = Traffic(ground.shop, server.port)
    async with traffic.flowing():
        await asyncio.sleep(0.3)
        await write_behind_its_back(ground)
        began = time.monotonic()
        while not (ready := await server.ask("GET", "/readyz")).body["warnings"]:
            assert time.monotonic() - began < 5, server.tail()
            await asyncio.sleep(0.05)
        figures.recovery_s = time.monotonic() - began
        off = sum(reason == "ERROR" for _, reason in BROKEN.values())
        assert (ready.status, ready.body["ready"], ready.body["warnings"]) == (200, True, off + len(OTHERS))
        await each_answers_for_itself(server, ground)
        await all_can_be_listed(server, ground)
        await asyncio.sleep(0.5)
        whole = len(traffic.acknowledged)
        await true_within(5.0, lambda: len(traffic.acknowledged) > whole, server.tail())
    await server.kill()
    await starts_again_with_them(server, ground)
    await server.kill()
    await judge(figures, traffic, ground)


async def write_behind_its_back(ground: Ground) -> None:
    """As no publish would."""
    bodies: dict[str, tuple[Any, bytes]] = {
        key: ("campaign", body if isinstance(body, bytes) else msgspec.json.encode(whole(key, body)))
        for key, (body, _) in BROKEN.items()
    }
    writes = [
        Definition(
            project=ground.shop.id,
            kind=kind,
            id=f"brk{n:02}",
            key=key,
            version=1,
            body=msgspec.Raw(body),
            author="x",
            at=1,
        )
        for n, (key, (kind, body)) in enumerate({**bodies, **OTHERS}.items())
    ]
    store = ground.store()
    await store.open()
    try:
        await store.write_definitions([(one, 0) for one in writes])
    finally:
        await store.close()


def whole(key: str, part: dict[str, Any]) -> dict[str, Any]:
    number = f"brk{list(BROKEN).index(key):02}"
    return {"id": number, "key": key, "name": key, "salt": key, "status": "running", "rules": [RULE], **part}


async def each_answers_for_itself(server: Server, ground: Ground) -> None:
    ask = {"visitor": {"id": "visitor-2"}, "campaigns": [*BROKEN, "hero"], "explain": True}
    for _ in range(5):  # a database that is slow for a moment is none of their doing
        answer = await server.ask("POST", "/v1/decide", ground.shop.secret, ask)
        assert answer.status == 200, answer
        if not answer.body["degraded"]:
            break
        await asyncio.sleep(1.1)
    found = {one["campaign"]: one["reason"] for one in answer.body["decisions"]}
    assert found == {**{key: reason for key, (_, reason) in BROKEN.items()}, "hero": "SPLIT"}
    everything = await server.ask("POST", "/v1/decide", ground.shop.secret, {"visitor": {"id": "visitor-2"}})
    assert everything.status == 200


async def all_can_be_listed(server: Server, ground: Ground) -> None:
    """Whoever is to mend them has to find them."""
    for kind in ("campaigns", "audiences", "templates", "goals"):
        listed = await server.ask("GET", f"/v1/projects/shop/{kind}", ground.shop.secret)
        assert listed.status == 200, (kind, listed)
    one = await server.ask("GET", "/v1/projects/shop/campaigns/unknown-filter", ground.shop.secret)
    assert "embroider" in str(one.body["warnings"])


async def starts_again_with_them(server: Server, ground: Ground) -> None:
    """From the database, and from the copy on disk."""
    server.start()
    await server.up()
    await each_answers_for_itself(server, ground)
    await server.kill()
    async with ground.away():
        server.start()
        await server.up()
        ask = {"visitor": {"id": "visitor-2"}, "campaigns": ["cut-off", "hero"]}
        answer = await server.ask("POST", "/v1/decide", ground.shop.secret, ask)
        assert [one["reason"] for one in answer.body["decisions"]] == ["ERROR", "SPLIT"]
        await server.kill()
