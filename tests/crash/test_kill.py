"""A client sends events, with retries and duplicates, while the server is killed -9 again and again.

Every event that was acknowledged must be stored exactly once, and the people must add up to what is stored.
"""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tailorbird.engine.refresh import refresh
from tailorbird.engine.runtime import Runtime
from tailorbird.store.sqlite.store import SqliteStore

ROOT = Path(__file__).parents[2]
KILLS = 8
SENDERS = 4


class Server:
    """The server process of the moment; there is always one, or there will be soon."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = 0

    def start(self, kill_after: int = 0) -> None:
        """A new process on the same files and port."""
        command = [sys.executable, "-m", "tests.crash.serving", str(self.directory), str(self.port), str(kill_after)]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)

    async def up(self, client: httpx.AsyncClient) -> None:
        """Wait until it answers."""
        for _ in range(400):
            try:
                if (await client.get("/healthz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.025)
        raise AssertionError("the server did not come up")

    async def dead(self) -> None:
        """Wait until it is dead, and make sure that it was killed."""
        assert self.process is not None
        code = await asyncio.to_thread(self.process.wait, 30)
        assert code == -signal.SIGKILL
        self.deaths += 1


class Client:
    """Sends numbered events until told to stop; what is not acknowledged is sent again with the same ids."""

    def __init__(self, http: httpx.AsyncClient, name: str, seed: int) -> None:
        self._http = http
        self._name = name
        self._random = random.Random(seed)
        self.acknowledged: set[str] = set()
        self.lost_replies = 0
        self.stop = False
        self._next = 0

    async def run(self) -> None:
        """Batches of new events and some old ones."""
        while not self.stop:
            fresh = [f"{self._name}-{self._next + n}" for n in range(self._random.randint(1, 20))]
            self._next += len(fresh)
            known = sorted(self.acknowledged)
            again = self._random.sample(known, min(len(known), 3)) if self._random.random() < 0.3 else []
            await self._deliver([*fresh, *again])

    async def _deliver(self, ids: list[str]) -> None:
        batch = {"events": [self._event(event_id) for event_id in ids]}
        while True:
            try:
                answer = await self._http.post("/v1/events", json=batch)
            except httpx.TransportError:
                self.lost_replies += 1
                await asyncio.sleep(0.02)
                continue
            if answer.status_code == 503:
                await asyncio.sleep(0.02)
                continue
            assert answer.status_code == 200, answer.text
            told = answer.json()
            assert told["accepted"] + told["duplicates"] == len(ids), told
            self.acknowledged.update(ids)
            return

    def _event(self, event_id: str) -> dict[str, Any]:
        person = int(event_id.rpartition("-")[2]) % 7
        return {
            "id": event_id,
            "name": "order",
            "time": "2026-03-02T12:00:00Z",
            "visitor": {"id": f"{self._name}-person-{person}"},
            "properties": {"amount": 1},
        }


async def test_every_acknowledged_event_is_stored_once_through_kill_9(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=10) as http:
        await server.up(http)
        http.headers["authorization"] = f"Bearer {(tmp_path / 'secret').read_text()}"
        clients = [Client(http, f"c{n}", n) for n in range(SENDERS)]
        sending = [asyncio.create_task(client.run()) for client in clients]
        for kill in range(KILLS):
            await asyncio.sleep(0.15 + 0.05 * kill % 0.3)
            if server.process is not None and server.process.poll() is None:
                server.process.kill()
            await server.dead()
            if kill % 2 == 0:
                server.start(kill_after=5 + kill)
                await server.dead()
            server.start()
            await server.up(http)
        for client in clients:
            client.stop = True
        await asyncio.wait_for(asyncio.gather(*sending), 60)
        acknowledged = set().union(*(client.acknowledged for client in clients))
        people = {
            name: (await http.get(f"/v1/profiles/{name}")).json()["events"]["order"]["count"]
            for name in sorted({f"{i.rpartition('-')[0]}-person-{int(i.rpartition('-')[2]) % 7}" for i in acknowledged})
        }
        assert server.process is not None
        server.process.kill()
        await server.dead()
    after_commit = (tmp_path / "killed-after-commit").read_text().split()
    assert len(after_commit) == KILLS // 2, "kills between commit and reply"
    assert server.deaths == KILLS + KILLS // 2 + 1
    assert sum(client.lost_replies for client in clients) >= KILLS
    stored = await _stored(tmp_path)
    assert len(acknowledged) > 300
    assert acknowledged - set(stored) == set(), "acknowledged and lost"
    assert [i for i, count in stored.items() if count != 1] == [], "stored more than once"
    assert sum(people.values()) == len(stored), "people add up to what is stored"


async def _stored(directory: Path) -> Counter[str]:
    store = SqliteStore(directory / "crash.db")
    await store.open()
    runtime = Runtime(store)
    await refresh(runtime)
    (project,) = runtime.snapshots
    found = Counter([event["id"] async for event in store.stream_events(project)])
    await store.close()
    return found
