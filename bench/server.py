"""The measured server: a real one in a process of its own, with campaigns and people as a benchmark asks for them."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uvloop

from tailorbird.domain.visitor import Visitor
from tailorbird.engine import access, publish
from tailorbird.engine.calls import EventInput
from tailorbird.engine.limits import Limits
from tailorbird.engine.record import record
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store.sqlite.store import SqliteStore
from tailorbird.web.options import Options
from tailorbird.web.serve import serve

#: about 100 bytes each, as a banner would be
PAYLOAD = {"title": "A warm welcome back", "image": "https://shop.example/banner.png", "discount": 15}
ATTRIBUTES = {"plan": "gold", "country": "GB", "age": 41, "newsletter": True, "first_name": "Ada", "basket": 12.5}


def campaign(number: int) -> dict[str, Any]:
    """Three conditions, two experiences by halves, 5 % control."""
    audience = {"plan": {"$in": ["gold", "silver"]}, "age": {"$gte": 18}, "country": {"$ne": "XX"}}
    content = {"body": PAYLOAD}
    arms = [{"name": "A", "content": content}, {"name": "B", "content": content}]
    return {
        "name": f"Campaign {number}",
        "key": f"c{number:04d}",
        "control": 5,
        "rules": [{"audience": audience, "experiences": arms}],
    }


async def seed(runtime: Runtime, campaigns: int, people: int) -> str:
    """A project with running campaigns and people who have a profile; the secret of a key that may do all."""
    project = await access.create_project(runtime, "Bench")
    _, secret = await access.create_key(
        runtime, project.id, client="bench", scopes=("decide", "record", "read", "manage"), rate=1e9, burst=10**9
    )
    goal = {"name": "Order", "event": "order", "global": True}
    await publish.create(runtime, project.id, "goal", msgspec.json.encode(goal), "bench")
    for number in range(campaigns):
        made = await publish.create(runtime, project.id, "campaign", msgspec.json.encode(campaign(number)), "bench")
        await publish.lifecycle(runtime, project.id, made.key, "start", "bench")
    for start in range(0, people, 1000):
        batch = [
            EventInput(id=f"seed-{n}", name="visit", visitor=Visitor(id=f"u{n}"), attributes=ATTRIBUTES)
            for n in range(start, min(start + 1000, people))
        ]
        await record(runtime, project.id, batch)
    return secret


async def main() -> None:
    """``python -m bench.server DIRECTORY PORT CAMPAIGNS PEOPLE``; prints one line of JSON when it serves."""
    directory, port, campaigns, people = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    runtime = Runtime(SqliteStore(directory / "bench.db"), data_dir=directory, limits=Limits(rate=1e9, burst=10**9))
    async with running(runtime):
        secret = await seed(runtime, campaigns, people)
        sys.stdout.write(json.dumps({"secret": secret, "nonce": secrets.token_hex(4)}) + "\n")
        sys.stdout.flush()
        await serve(runtime, Options(access_log=False), port=port)


if __name__ == "__main__":
    uvloop.run(main())
