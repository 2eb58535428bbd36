"""What a measured database holds: running campaigns and people with a profile, written through the store's own paths.

Campaigns are prepared as publishing prepares them and written as one transaction of definitions: publishing a thousand
one by one compiles and copies the project a thousand times (``growth`` measures that by itself). People come from one
event each through the store's commit path with the real fold, so ledger, ids, profiles and events are all there. Only
the checks of the HTTP door are left out, and, while a large database is made, the wait for the disk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from tailorbird.domain import ids
from tailorbird.domain.access import SCOPES
from tailorbird.domain.campaign import Campaign, TemplateRef
from tailorbird.domain.definitions import Definition, Template
from tailorbird.domain.errors import NotFound
from tailorbird.domain.facts import Event, Verdict
from tailorbird.domain.visitor import Visitor
from tailorbird.engine import access, publish
from tailorbird.engine.lakes import open_lake
from tailorbird.engine.limits import Limits
from tailorbird.engine.prepare import CampaignPreparer
from tailorbird.engine.refresh import refresh
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.write import commit
from tailorbird.store.sqlite.store import SqliteStore

FILE = "bench.db"
LAKE = "lake"
#: about 100 bytes each, as a banner would be
PAYLOAD = {"title": "A warm welcome back", "image": "https://shop.example/banner.png", "discount": 15}
ATTRIBUTES = {"plan": "gold", "country": "GB", "age": 41, "newsletter": True, "first_name": "Ada", "basket": 12.5}
#: the name of the one event that makes a person
VISIT = "visit"

_BATCH = 2_000
_UNDER_WAY = 3


def runtime_on(directory: Path, *, synchronous: str = "FULL") -> Runtime:
    """An engine over the database of ``directory`` that refuses nobody for asking often; with the lake that is there,
    if one is."""
    store = SqliteStore(directory / FILE, synchronous=synchronous)
    lake = None
    if (directory / LAKE).is_dir():
        lake = open_lake(
            str(directory / FILE), str(directory / LAKE), memory_mb=2048, scratch=str(directory / "scratch")
        )
    return Runtime(store, data_dir=directory, limits=Limits(rate=1e9, burst=10**9), lake=lake)


def campaign(number: int) -> dict[str, Any]:
    """Three conditions, two experiences by halves, 5 % control."""
    audience = {"plan": {"$in": ["gold", "silver"]}, "age": {"$gte": 18}, "country": {"$ne": "XX"}}
    content = {"body": PAYLOAD}
    arms = [{"name": "A", "content": content}, {"name": "B", "content": content}]
    return {
        "name": f"Campaign {number}",
        "key": key(number),
        "control": 5,
        "rules": [{"audience": audience, "experiences": arms}],
    }


def key(number: int) -> str:
    """The key of a seeded campaign."""
    return f"c{number:04d}"


async def project(runtime: Runtime, campaigns: int) -> str:
    """A project with a goal and running campaigns; its id."""
    made = await access.create_project(runtime, "Bench")
    goal = {"name": "Order", "event": "order", "global": True}
    await publish.create(runtime, made.id, "goal", msgspec.json.encode(goal), "bench")
    if campaigns:
        now = runtime.clock()
        await runtime.store.write_definitions([(_definition(made.id, n, now), 0) for n in range(campaigns)])
        await refresh(runtime)
    return made.id


async def secret(runtime: Runtime, project_id: str) -> str:
    """A new key that may do everything, as often as it likes."""
    client = f"bench-{runtime.randbits(32):08x}"
    _, made = await access.create_key(runtime, project_id, client=client, scopes=SCOPES, rate=1e9, burst=10**9)
    return made


async def people(runtime: Runtime, project_id: str, start: int, stop: int) -> None:
    """People with the ids u<start> to u<stop - 1>, each from one event with attributes."""
    under_way: deque[asyncio.Task[list[Verdict]]] = deque()
    for first in range(start, stop, _BATCH):
        now = runtime.clock()
        batch = [_visit(project_id, n, now) for n in range(first, min(first + _BATCH, stop))]
        under_way.append(asyncio.create_task(commit(runtime, batch)))
        if len(under_way) >= _UNDER_WAY:
            await under_way.popleft()
    await asyncio.gather(*under_way)


def stored_campaign(number: int) -> Campaign:
    """A campaign as it is stored: with its ids, salt and ranges, and running."""
    written = msgspec.convert(campaign(number), Campaign)
    inner = iter(range(100))
    preparer = CampaignPreparer(
        None,
        new_id=lambda: f"{number:03x}{next(inner):02d}",
        salt=f"{number:016x}",
        find_template=_no_template,
        goals={},
    )
    return replace(preparer.prepare(written, written.key), status="running")


def _definition(project_id: str, number: int, at: int) -> Definition:
    stored = stored_campaign(number)
    return Definition(
        project=project_id,
        kind="campaign",
        id=stored.id,
        key=stored.key,
        version=1,
        body=msgspec.Raw(msgspec.json.encode(stored)),
        author="bench",
        at=at,
        action="create",
    )


def _no_template(ref: TemplateRef) -> tuple[str, int, Template]:
    raise NotFound(f"There is no template {ref.template!r}.")


def _visit(project_id: str, number: int, now: int) -> Event:
    event_id = f"seed-{number}"
    return Event(
        project=project_id,
        visitor=Visitor(id=f"u{number}"),
        id=event_id,
        name=VISIT,
        time=now,
        received_at=now,
        attributes=ATTRIBUTES,
        identity=ids.event_identity("api", event_id),
        content=ids.content_hash(event_id.encode()),
    )
