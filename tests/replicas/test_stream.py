"""OFREP's change stream across processes: what one publishes, pages that listen to another hear within two seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.cli.commands import Server
from tests.replicas.conftest import WORKERS, Cluster

CONTEXT = {"context": {"targetingKey": "ada"}}
BULK = "/ofrep/v1/evaluate/flags"
#: so many streams on one replica that each of its workers has one, almost surely
LISTENERS = 4 * WORKERS


@pytest.fixture
def flag(cluster: Cluster) -> Iterator[str]:
    """A running campaign as a flag, gone at the end."""
    goal = {"name": "Streamed", "key": "streamed", "event": "order"}
    cluster.good("POST", "/v1/projects/shop/goals", goal)
    experience = {"name": "On", "content": {"body": 0}}
    campaign = {
        "name": "Streamed",
        "control": 0,
        "rules": [{"audience": "everyone", "experiences": [experience]}],
        "goals": [{"goal": "streamed", "role": "primary"}],
    }
    cluster.good("POST", "/v1/projects/shop/campaigns", campaign)
    cluster.good("POST", "/v1/projects/shop/campaigns/streamed/start")
    yield "streamed"
    cluster.good("POST", "/v1/projects/shop/campaigns/streamed/archive")


class Listener:
    """A stream on one replica."""

    def __init__(self, stack: ExitStack, replica: Server, address: str) -> None:
        client = stack.enter_context(httpx.Client(base_url=replica.address, timeout=20))
        answer = stack.enter_context(client.stream("GET", address))
        assert answer.status_code == 200
        self._lines = answer.iter_lines()
        self._frame()  # the greeting

    def after(self, version: int) -> str:
        """The etag of the first news of a newer version. Who connects soon after a publish is told of that one too."""
        while True:
            told = json.loads(self._frame().get("data", "{}"))
            assert told.get("type", "refetchEvaluation") == "refetchEvaluation"
            if int(told.get("etag", 0)) > version:
                return str(told["etag"])

    def _frame(self) -> dict[str, str]:
        """The next frame."""
        told = {}
        for line in self._lines:
            if not line:
                break
            name, _, value = line.partition(":")
            told[name] = value.strip()
        return told


def evaluate(replica: Server, secret: str, query: str = "") -> httpx.Response:
    return httpx.post(f"{replica.address}{BULK}{query}", headers={"authorization": f"Bearer {secret}"}, json=CONTEXT)


def settle(cluster: Cluster) -> int:
    """Wait until every process knows the same version, and say which."""
    until = time.monotonic() + 10
    while True:
        asked = [evaluate(replica, cluster.secret).json() for replica in cluster.replicas for _ in range(4 * WORKERS)]
        if len(versions := {answer["metadata"]["version"] for answer in asked}) == 1:
            return int(versions.pop())
        assert time.monotonic() < until
        time.sleep(0.1)


def value(answer: httpx.Response) -> object:
    return next(flag.get("value") for flag in answer.json()["flags"] if flag["key"] == "streamed")


def test_a_publish_through_one_replica_reaches_streams_on_the_other_within_two_seconds(
    cluster: Cluster, flag: str
) -> None:
    publishes, listens = cluster.replicas
    version = settle(cluster)
    # the channel that one replica tells of is good at the other
    address = evaluate(publishes, cluster.secret).json()["eventStreams"][0]["endpoint"]["requestUri"]
    path = f"/v1/projects/shop/campaigns/{flag}"
    waits = []
    with ExitStack() as stack:
        listeners = [Listener(stack, listens, address) for _ in range(LISTENERS)]
        for number in range(1, 4):
            body = publishes.good("GET", path, cluster.secret)["body"]
            body["rules"][0]["experiences"][0]["content"]["body"] = number
            write(publishes, cluster.secret, path, body)
            began = time.monotonic()
            told = [one.after(version) for one in listeners]
            waits.append(time.monotonic() - began)
            # whichever worker is asked now has what the event told of, at once
            asked = [evaluate(listens, cluster.secret, f"?flagConfigEtag={told[0]}") for _ in range(6)]
            assert {value(answer) for answer in asked} == {number}
            version = settle(cluster)
    assert sorted(waits)[1] < 2, waits


def write(replica: Server, secret: str, path: str, body: object) -> None:
    held = httpx.get(f"{replica.address}{path}", headers={"authorization": f"Bearer {secret}"})
    headers = {"authorization": f"Bearer {secret}", "if-match": held.headers["etag"]}
    put = httpx.put(f"{replica.address}{path}", headers=headers, json=body)
    assert put.status_code == 200, put.text
