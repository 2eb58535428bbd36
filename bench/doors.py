"""The doors against our own API: the same visitors and campaigns in every dialect, in turns; CPU time per request."""

from __future__ import annotations

import base64
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bench import seed
from bench.children import Server, serving
from bench.load import Cost, load, request
from bench.progress import say

#: how many times our own calls a door may cost
GOAL = 1.5

#: the requests of one visitor
Asking = Callable[[Server, str, int], list[bytes]]


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    campaigns: int = 10
    rounds: int = 11
    #: visits in each round, of each door and of our own calls
    visits: int = 500
    #: visitors, all of them known
    people: int = 1_000


QUICK = Sizes(rounds=3, visits=100, people=200)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One door beside our own calls: medians over the rounds."""

    name: str
    beside: str
    cpu_us: float
    own_us: float
    ratio: float
    p99_ms: float


def _post(server: Server, path: str, body: Any, *headers: tuple[str, str]) -> bytes:
    return request(path, json.dumps(body).encode(), headers or server.headers)


def _basic(server: Server) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{server.project}:{server.secret}".encode()).decode()


def _keys(asked: int) -> list[str]:
    return [seed.key(n) for n in range(asked)]


def named(server: Server, visitor: str, asked: int) -> list[bytes]:
    """Our own call for named campaigns."""
    body = {"visitor": {"id": visitor}, "campaigns": _keys(asked), "context": {"attributes": {"page": "home"}}}
    return [_post(server, "/v1/decide", body)]


def everything(server: Server, visitor: str, asked: int) -> list[bytes]:
    """Our own call for everything that is open."""
    return [_post(server, "/v1/decide", {"visitor": {"id": visitor}, "context": {"attributes": {"page": "home"}}})]


def event_then_everything(server: Server, visitor: str, asked: int) -> list[bytes]:
    """Our own two calls: what happened, then everything that is open."""
    event = {"name": "view", "visitor": {"id": visitor}, "properties": {"page": "home"}}
    return [_post(server, "/v1/events", {"events": [event]}), *everything(server, visitor, asked)]


def moengage(server: Server, visitor: str, asked: int) -> list[bytes]:
    """``POST /v1/experiences/fetch`` for named experiences."""
    body = {"customer_id": visitor, "experience_key": _keys(asked), "page": "home"}
    return [_post(server, "/v1/experiences/fetch", body, _basic(server), ("MOE-APPKEY", server.project))]


def intempt(server: Server, visitor: str, asked: int) -> list[bytes]:
    """``POST …/optimization/choose-api`` for named campaigns."""
    body = {"identification": {"userId": visitor}, "names": _keys(asked), "url": "https://shop.example/"}
    return [_post(server, f"/v1/shop/projects/{server.project}/optimization/choose-api", body, _basic(server))]


def ofrep(server: Server, visitor: str, asked: int) -> list[bytes]:
    """``POST /ofrep/v1/evaluate/flags``: all flags."""
    body = {"context": {"targetingKey": visitor, "page": "home"}}
    return [_post(server, "/ofrep/v1/evaluate/flags", body)]


def salesforce(server: Server, visitor: str, asked: int) -> list[bytes]:
    """``POST /api2/authevent/{dataset}``: an event, answered with everything that is open for servers."""
    body = {"action": "view", "user": {"id": visitor}, "source": {"channel": "Server"}, "page": "home"}
    return [_post(server, f"/api2/authevent/{server.project}", body, _basic(server))]


#: door, how it is asked, what it is compared with, how that is asked
DOORS: tuple[tuple[str, Asking, str, Asking], ...] = (
    ("MoEngage, fetch", moengage, "`/v1/decide`, named", named),
    ("Intempt, choose-api", intempt, "`/v1/decide`, named", named),
    ("OpenFeature, OFREP bulk", ofrep, "`/v1/decide`, everything", everything),
    ("Salesforce, event", salesforce, "`/v1/events`, then `/v1/decide`, everything", event_then_everything),
)


async def main(sizes: Sizes | None = None) -> list[Row]:
    """Every door, on one server, in turns with our own calls."""
    chosen = sizes or Sizes()
    with tempfile.TemporaryDirectory() as directory:
        async with serving(Path(directory), chosen.campaigns, chosen.people) as server:
            warm = [named(server, f"u{n}", chosen.campaigns)[0] for n in range(chosen.people)]
            await load(server.port, server.pid, warm)
            return [await _measure(server, chosen, door) for door in DOORS]


async def _measure(server: Server, sizes: Sizes, door: tuple[str, Asking, str, Asking]) -> Row:
    name, asking, beside, own = door
    say(f"doors: {name}")
    await _check(server, sizes, asking, own)
    costs: list[Cost] = []
    owns: list[Cost] = []
    for number in range(sizes.rounds):
        visitors = [f"u{(number * sizes.visits + n) % sizes.people}" for n in range(sizes.visits)]
        for into, way in ((costs, asking), (owns, own)) if number % 2 else ((owns, own), (costs, asking)):
            requests = [one for visitor in visitors for one in way(server, visitor, sizes.campaigns)]
            into.append(await load(server.port, server.pid, requests))
    each, beside_each = (_of_a_visit(costs, sizes.visits), _of_a_visit(owns, sizes.visits))
    return Row(
        name=name,
        beside=beside,
        cpu_us=statistics.median(each),
        own_us=statistics.median(beside_each),
        ratio=statistics.median(a / b for a, b in zip(each, beside_each, strict=True)),
        p99_ms=statistics.median(cost.p99_ms for cost in costs),
    )


def _of_a_visit(costs: Sequence[Cost], visits: int) -> list[float]:
    return [cost.cpu_us * cost.requests / visits for cost in costs]


async def _check(server: Server, sizes: Sizes, asking: Asking, own: Asking) -> None:
    """Both ways show the same visitor the same number of payloads, and all of them to somebody."""
    most = 0
    for visitor in ("u1", "u2", "u3", "u4"):
        shown: list[int] = []
        for way in (asking, own):
            answers: list[bytes] = []
            await load(server.port, server.pid, way(server, visitor, sizes.campaigns), connections=1, answers=answers)
            shown.append(answers[-1].count(b"banner.png"))
        if shown[0] != shown[1]:
            raise RuntimeError(f"{shown[0]} payloads through the door, {shown[1]} through our own API")
        most = max(most, shown[0])
    if most < sizes.campaigns - 3:
        raise RuntimeError(f"only {most} of {sizes.campaigns} campaigns show anything")


if __name__ == "__main__":
    for found in uvloop.run(main()):
        sys.stdout.write(
            f"{found.name}: {found.cpu_us:.0f} us, {found.beside} {found.own_us:.0f} us, {found.ratio:.2f}x\n"
        )
