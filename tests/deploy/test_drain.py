"""A server that is told to stop under load: what it took in is answered and stored, what it did not take in it never
touched."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from pathlib import Path

import asyncpg

from tests import postgres
from tests.cli.commands import Server, serving, tailorbird
from tests.deploy.shop import Shop, open_shop, port, start_campaign, within
from tests.store.conftest import postgres_server

__all__ = ["postgres_server"]

CALLERS = 24
UNDER_LOAD_SECONDS = 0.7


def request(path: str, secret: str, body: object) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


class Caller:
    """Asks one question after the other, on one connection for as long as it is kept, until nobody listens."""

    def __init__(self, number: int, server: Server, shop: Shop) -> None:
        self.name = f"visitor-{number}"
        self._port = port(server)
        self._secret = shop.secret
        self._asked = 0
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        #: events that were acknowledged, visitors that were decided for and how, and requests without an answer
        self.acknowledged: set[str] = set()
        self.decided: dict[str, str] = {}
        self.unanswered: list[str] = []
        #: answers that are none: cut off in the middle, or a failure
        self.broken: list[str] = []

    async def run(self) -> None:
        while await self._connected():
            self._asked += 1
            if self._asked % 2:
                await self._record(f"{self.name}-{self._asked}")
            else:
                await self._decide(f"{self.name}-{self._asked}")

    async def _connected(self) -> bool:
        if self._writer is not None:
            return True
        try:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        except ConnectionRefusedError:
            return False
        return True

    async def _record(self, event: str) -> None:
        body = {"events": [{"id": event, "name": "order", "visitor": {"id": self.name}}]}
        answer = await self._ask("/v1/events", body)
        if answer is not None:
            self.acknowledged.add(event)

    async def _decide(self, visitor: str) -> None:
        answer = await self._ask("/v1/decide", {"visitor": {"id": visitor}, "campaigns": ["hero"]})
        if answer is not None:
            self.decided[visitor] = json.loads(answer)["decisions"][0]["reason"]

    async def _ask(self, path: str, body: object) -> bytes | None:
        """The body of a good answer; none when the connection ended without a byte of one."""
        assert self._reader is not None
        assert self._writer is not None
        received = b""
        try:
            self._writer.write(request(path, self._secret, body))
            received = await self._reader.readuntil(b"\r\n\r\n")
            fields = received.lower().split(b"\r\n")
            (length,) = (int(field.partition(b":")[2]) for field in fields if field.startswith(b"content-length:"))
            content: bytes | None = await self._reader.readexactly(length)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            if received or getattr(error, "partial", b""):
                self.broken.append(f"cut off after {received!r}")
            self.unanswered.append(path)
            await self._hang_up()
            return None
        if not received.startswith(b"HTTP/1.1 200 "):
            self.broken.append(f"{received!r} {content!r}")
            content = None
        if b"connection: close" in fields:
            await self._hang_up()
        return content

    async def _hang_up(self) -> None:
        assert self._writer is not None
        self._writer.close()
        self._reader = self._writer = None


def unlimited(server: Server, shop: Shop) -> Shop:
    """The same shop with a key that is never told to wait, however quick the machine is."""
    asked = {"client": "load", "scopes": ["decide", "record", "manage"], "rate": 1e6, "burst": 1_000_000}
    return shop._replace(secret=server.good("POST", "/v1/projects/shop/keys", shop.secret, asked)["secret"])


async def stopped_under_load(server: Server, shop: Shop, *, seconds: float = UNDER_LOAD_SECONDS) -> list[Caller]:
    callers = [Caller(number, server, shop) for number in range(CALLERS)]
    running = [asyncio.create_task(caller.run()) for caller in callers]
    await asyncio.sleep(seconds)
    for caller in callers:
        caller.broken.clear()  # what a process answered that was just starting is not the stop's doing
    server.process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(asyncio.gather(*running), 60)
    return callers


async def test_a_stop_under_load_answers_what_it_took_in_and_stores_what_it_acknowledged(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    with shop.served("--no-access-log") as server:
        await asyncio.to_thread(start_campaign, server, shop)
        shop = await asyncio.to_thread(unlimited, server, shop)
        callers = await stopped_under_load(server, shop)
        await asyncio.to_thread(server.process.communicate, timeout=60)
        assert server.process.returncode == 0
    assert [line for caller in callers for line in caller.broken] == []
    assert [name for caller in callers for name in caller.unanswered] == []
    acknowledged = {event for caller in callers for event in caller.acknowledged}
    decided = {visitor: reason for caller in callers for visitor, reason in caller.decided.items()}
    assert len(acknowledged) > CALLERS
    assert len(decided) > CALLERS
    # an event that is stored was answered, one that was answered is stored, and each once
    stored = [event for (event,) in shop.rows("SELECT id FROM events WHERE name = 'order'")]
    assert sorted(stored) == sorted(acknowledged)
    # nobody waited for the exposures of the decisions; they are there all the same
    assert set(decided.values()) == {"TARGETING_MATCH", "CONTROL"}
    exposed = {visitor for (visitor,) in shop.rows("SELECT id FROM visitor_ids JOIN exposures USING (project, person)")}
    assert exposed == set(decided)


def test_a_stop_of_several_processes_on_postgresql_loses_no_request_either(
    postgres_server: str, tmp_path: Path
) -> None:
    with postgres.database(postgres_server) as url:
        assert tailorbird("migrate", "--database", url).code == 0
        shop = open_shop(tmp_path, "--database", url)
        words = ("--database", url, "--data", str(tmp_path), "--workers", "2", "--no-access-log")
        with serving(*words) as server:
            within(30, "it does not get ready", lambda: server.call("GET", "/readyz", "")[0] == 200)
            start_campaign(server, shop)
            shop = unlimited(server, shop)
            within(30, "a process knows no campaign", lambda: all_decide(server, shop))
            callers = asyncio.run(stopped_under_load(server, shop, seconds=2.0))
            server.process.communicate(timeout=60)
            assert server.process.returncode == 0
        stored = asyncio.run(orders(url))
    assert [line for caller in callers for line in caller.broken] == []
    assert [name for caller in callers for name in caller.unanswered] == []
    acknowledged = {event for caller in callers for event in caller.acknowledged}
    assert len(acknowledged) > CALLERS
    assert sorted(stored) == sorted(acknowledged)


async def orders(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch("SELECT id FROM events WHERE name = 'order'")]
    finally:
        await connection.close()


def all_decide(server: Server, shop: Shop) -> bool:
    """Whether every process has heard of the campaign: each new connection goes to any of them."""
    asked = {"visitor": {"id": "first"}, "campaigns": ["hero"]}
    answers = [server.call("POST", "/v1/decide", shop.secret, asked) for _ in range(16)]
    return all(status == 200 and one["decisions"][0]["reason"] != "UNKNOWN" for status, one in answers)


def refuses(number: int) -> bool:
    """Whether nobody listens on a port any more."""
    try:
        socket.create_connection(("127.0.0.1", number), timeout=5).close()
    except ConnectionError:
        return True
    return False


def test_a_request_that_is_half_sent_when_the_stop_comes_is_answered(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    with shop.served() as server:
        event = {"id": "e1", "name": "order", "visitor": {"id": "anna"}}
        whole = request("/v1/events", shop.secret, {"events": [event]})
        with socket.create_connection(("127.0.0.1", port(server)), timeout=30) as connection:
            connection.sendall(whole[:-20])
            # its headers were read once a later request of another connection is answered
            assert server.call("GET", "/healthz", "")[0] == 200
            server.process.send_signal(signal.SIGTERM)
            within(20, "the server goes on listening", lambda: refuses(port(server)))
            connection.sendall(whole[-20:])
            answer = b""
            while part := connection.recv(65536):
                answer += part
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nconnection: close\r\n" in answer.lower()
        server.process.communicate(timeout=60)
        assert server.process.returncode == 0
    assert shop.rows("SELECT id FROM events") == [("e1",)]
