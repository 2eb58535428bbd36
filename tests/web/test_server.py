"""The server about itself, and what only a real connection shows."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import structlog

from tailorbird.domain.errors import Unavailable
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.web import observe
from tailorbird.web.app import build_app
from tailorbird.web.options import Options
from tests.web.conftest import Site
from tests.web.served import Served, serving

ASK = {"visitor": {"id": "anna@example.org"}, "context": {"attributes": {"plan": "gold"}}}


async def test_probes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await site.ask("GET", "/healthz", key="")).json() == {"status": "alive"}
    assert (await site.ask("HEAD", "/healthz", key="")).content == b""
    ready = await site.ask("GET", "/readyz", key="")
    assert (ready.status_code, ready.json()["ready"], ready.json()["store"]) == (200, True, True)


class _Away:
    """A store that nobody reaches."""

    def __getattr__(self, name: str) -> Any:
        async def refuse(*_: Any, **__: Any) -> Any:
            if name != "close":
                raise Unavailable("The store is away.")

        return refuse


async def test_before_anything_was_loaded_it_is_not_ready_and_says_try_again(tmp_path: Path) -> None:
    away: Any = _Away()
    runtime = Runtime(away, data_dir=tmp_path, poll_seconds=0.05)
    async with running(runtime):
        site = Site(runtime, build_app(runtime, Options(access_log=False)))
        ready = await site.ask("GET", "/readyz", key="")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        for path in ("/v1/decide", "/v1/events"):
            answer = await site.ask("POST", path, key="tb_anything", json=ASK)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) >= 1
        assert (await site.ask("GET", "/healthz", key="")).status_code == 200


async def test_metrics_count_requests_by_route(shop: Site) -> None:
    await shop.decide(ASK)
    await shop.ask("GET", "/v1/profiles/anna@example.org")
    await shop.ask("GET", "/v1/no/such/path")
    text = (await shop.ask("GET", "/metrics", key="")).text
    assert 'tailorbird_http_requests_total{method="POST",route="/v1/decide",status="200"} 1.0' in text
    assert 'route="/v1/profiles/{visitor_id}"' in text
    assert 'route="none",status="404"' in text
    assert "tailorbird_decisions_total" in text
    assert "anna" not in text


class TestGuardedMetrics:
    @pytest.fixture
    def options(self) -> Options:
        return Options(access_log=False, metrics_token="m3trics")

    @pytest.mark.parametrize(("key", "status"), [("", 401), ("other", 401), ("m3trics", 200)])
    async def test_a_token_is_asked_for(self, site: Site, key: str, status: int) -> None:
        assert (await site.ask("GET", "/metrics", key=key)).status_code == status


class TestWithoutMetrics:
    @pytest.fixture
    def options(self) -> Options:
        return Options(access_log=False, metrics=False)

    async def test_there_are_none(self, site: Site) -> None:
        assert (await site.ask("GET", "/metrics", key="")).status_code == 404


class TestAccessLog:
    @pytest.fixture
    def options(self) -> Iterator[Options]:
        self.stream = io.StringIO()
        observe.configure("info", self.stream)
        yield Options()
        structlog.reset_defaults()

    async def test_a_line_names_the_route_and_nobody(self, shop: Site) -> None:
        await shop.decide(ASK)
        await shop.ask("GET", "/v1/profiles/anna@example.org?kind=known")
        lines = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        told = [(line["method"], line["route"], line["status"]) for line in lines if line["event"] == "request"]
        assert told == [("POST", "/v1/decide", 200), ("GET", "/v1/profiles/{visitor_id}", 200)]
        assert all(line["key"] and line["project"] for line in lines)
        for secret in ("anna", "gold", "known", shop.key):
            assert secret not in self.stream.getvalue()

    async def test_a_fault_is_logged_and_told_to_nobody(self, shop: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        async def broken(*_: Any) -> None:
            raise ZeroDivisionError("anna")

        monkeypatch.setattr("tailorbird.web.hot.decide_json", broken)
        monkeypatch.setattr("tailorbird.web.api.insight.insight.counts", broken)
        for answer in (await shop.decide(ASK), await shop.ask("GET", "/v1/projects/shop/counts")):
            assert (answer.status_code, answer.json()["type"]) == (500, "/docs/errors#internal")
            assert "anna" not in answer.text
        faults = [json.loads(line) for line in self.stream.getvalue().splitlines() if '"fault"' in line]
        assert [(f["route"], f["error"]) for f in faults] == [
            ("/v1/decide", "ZeroDivisionError"),
            ("/v1/projects/{project}/counts", "ZeroDivisionError"),
        ]
        assert all("broken" in f["exception"] for f in faults)


async def test_every_answer_is_guarded(site: Site) -> None:
    for path in ("/healthz", "/docs", "/docs/errors", "/openapi.json", "/v1/projects", "/nothing"):
        headers = (await site.ask("GET", path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


async def test_the_documentation_needs_nothing_from_elsewhere(site: Site) -> None:
    page = await site.ask("GET", "/docs", key="")
    assert page.headers["content-type"].startswith("text/html")
    assert "script" not in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert not [word for word in ("src=", "@import", "url(", "<link") if word in page.text]
    assert 'id="decide"' in page.text
    errors = await site.ask("GET", "/docs/errors", key="")
    answer = await site.ask("GET", "/nothing", key="")
    _, _, anchor = answer.json()["type"].partition("#")
    assert f'id="{anchor}"' in errors.text


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    options = Options(access_log=False, body_seconds=0.5, body_limit=100_000)
    with serving(tmp_path_factory.mktemp("served"), options) as here:
        yield here


def post(served: Served, path: str, body: bytes, **headers: str) -> tuple[int, dict[str, str], Any]:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("POST", path, body, {"authorization": f"Bearer {served.key}", **headers})
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, told


def head_of(served: Served, path: str, length: int) -> bytes:
    """The head of a request whose body comes later."""
    lines = (f"POST {path} HTTP/1.1", "host: x", f"authorization: Bearer {served.key}", f"content-length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_a_real_connection_decides(served: Served) -> None:
    status, headers, told = post(served, "/v1/decide", json.dumps(ASK).encode())
    assert (status, told["degraded"]) == (200, False)
    assert "server" not in headers


def test_a_connection_serves_many_requests(served: Served) -> None:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=10)
    for _ in range(3):
        connection.request("POST", "/v1/decide", json.dumps(ASK), {"authorization": f"Bearer {served.key}"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        assert connection.sock is not None
    connection.close()


def test_a_large_body_is_read_away_and_answered(served: Served) -> None:
    status, headers, told = post(served, "/v1/decide", b"x" * 5_000_000)
    assert (status, told["type"], headers["connection"]) == (413, "/docs/errors#too-large", "close")


@pytest.mark.parametrize("sent", ["", '{"visitor":'])
def test_a_slow_body_is_not_waited_for(served: Served, sent: str) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as line:
        line.sendall(head_of(served, "/v1/decide", 50) + sent.encode())
        began = time.monotonic()
        answer = line.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < 5


def test_who_hangs_up_disturbs_nobody(served: Served) -> None:
    for path in ("/v1/decide", "/v1/projects/shop/templates"):
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as line:
            line.sendall(head_of(served, path, 50) + b"{")
    time.sleep(0.1)
    connection = HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("GET", "/metrics")
    told = connection.getresponse().read().decode().splitlines()
    counted = [line for line in told if line.startswith("tailorbird_http_requests_total")]
    assert counted
    assert not [line for line in counted if 'status="500"' in line and not line.endswith(" 0.0")]
    connection.close()


def test_a_stop_lets_running_requests_finish(tmp_path: Path) -> None:
    body = json.dumps(ASK).encode()
    with serving(tmp_path, Options(access_log=False)) as served:
        line = socket.create_connection(("127.0.0.1", served.port), timeout=10)
        line.sendall(head_of(served, "/v1/decide", len(body)) + body[:5])
        served.wait_until_busy()
        served.ask_to_stop()
        with pytest.raises(ConnectionError):  # noqa: PT012 - it takes a moment until nobody new is let in
            while True:
                time.sleep(0.05)
                socket.create_connection(("127.0.0.1", served.port), timeout=10).close()
        line.sendall(body[5:])
        answer = line.recv(65536)
        line.close()
    assert answer.startswith(b"HTTP/1.1 200 ")
