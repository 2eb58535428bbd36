"""Behind nginx and behind Caddy: TLS, who the caller is, connections that are kept, streams, and limits."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from tailorbird.settings import Settings
from tests.deploy.proxies import PROXIES, Proxied, installed, nginx, proxied
from tests.deploy.shop import Shop, open_shop, port, start_campaign

#: more than a proxy lets through; it lets through whatever the server may want
FAR_TOO_LARGE = 40 * 1024 * 1024
#: how a proxy says that it is too much: older versions of Caddy blame the server
REFUSALS = {"nginx": {413}, "caddy": {413, 502}}


@pytest.fixture(params=PROXIES)
def proxy(request: pytest.FixtureRequest) -> str:
    """Each proxy by its name, where it is installed."""
    name = str(request.param)
    if not installed(name):
        pytest.skip(f"{name} is not installed")
    return name


class Backend(ThreadingHTTPServer):
    """Stands where the server would, and tells what reaches it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.connections = 0
        #: set when the second part of a stream may be sent
        self.go_on = threading.Event()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.connections += 1
        return True


class Answers(BaseHTTPRequestHandler):
    """Answers of a backend: what it was sent, or a stream."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/stream":
            self._stream()
            return
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        backend = cast(Backend, self.server)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        self.wfile.flush()
        if backend.go_on.wait(20):
            self.wfile.write(b"data: second\n\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test tells what is wrong."""


@contextmanager
def backend() -> Iterator[Backend]:
    one = Backend()
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield one
    finally:
        one.go_on.set()
        one.shutdown()
        thread.join()
        one.server_close()


@pytest.fixture
def plain(proxy: str, tmp_path: Path) -> Iterator[tuple[Proxied, Backend]]:
    """A proxy before a backend that tells what reaches it."""
    with backend() as one, proxied(proxy, tmp_path, one.server_address[1]) as before:
        yield before, one


def test_the_caller_and_the_scheme_are_passed_on(plain: tuple[Proxied, Backend]) -> None:
    before, _ = plain
    connection = before.connect(source="127.0.0.2")
    connection.request("GET", "/", headers={"X-Forwarded-For": "203.0.113.9"})
    sent = json.loads(connection.getresponse().read())
    connection.close()
    # whatever a caller claims, the last address is the one that the proxy saw: that is the one the server believes
    assert sent["x-forwarded-for"].split(",")[-1].strip() == "127.0.0.2"
    assert sent["x-forwarded-proto"] == "https"
    assert sent["host"].partition(":")[0] == "127.0.0.1"


def test_connections_to_the_server_are_kept(plain: tuple[Proxied, Backend]) -> None:
    before, behind = plain
    connection = before.connect()
    known = behind.connections
    for _ in range(20):
        connection.request("GET", "/")
        assert connection.getresponse().read()
    connection.close()
    assert behind.connections - known <= 2, "one for the requests, one for a probe of the proxy's own"


def test_a_stream_is_passed_on_as_it_comes(plain: tuple[Proxied, Backend]) -> None:
    before, behind = plain
    connection = before.connect()
    connection.request("GET", "/stream", headers={"Accept": "text/event-stream"})
    answer = connection.getresponse()
    assert answer.readline() == b"data: first\n", "the proxy waits for more"
    behind.go_on.set()
    assert answer.read().endswith(b"data: second\n\n")
    connection.close()


@pytest.fixture
def shop(proxy: str, tmp_path: Path) -> Iterator[tuple[Proxied, Shop]]:
    """A proxy before a real server with a campaign."""
    opened = open_shop(tmp_path / "data")
    with opened.served("--trusted-proxies", "127.0.0.1") as server:
        start_campaign(server, opened)
        with proxied(proxy, tmp_path, port(server)) as before:
            yield before, opened


def test_a_shop_decides_and_records_behind_a_proxy(shop: tuple[Proxied, Shop]) -> None:
    before, opened = shop
    connection = before.connect()
    headers = {"Authorization": f"Bearer {opened.secret}", "Content-Type": "application/json"}
    for path, body, told in (
        ("/v1/decide", {"visitor": {"id": "anna"}, "campaigns": ["hero"]}, "decisions"),
        ("/v1/events", {"events": [{"id": "e1", "name": "order", "visitor": {"id": "anna"}}]}, "accepted"),
    ):
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        assert answer.status == 200
        assert told in json.loads(answer.read())
        assert answer.headers["strict-transport-security"]
        assert answer.headers["cache-control"] == "private, no-store" or path != "/v1/decide"
    connection.request("GET", "/metrics")
    hidden = connection.getresponse()
    assert (hidden.status, b"tailorbird_" in hidden.read()) == (404, False)
    connection.close()


def test_what_is_too_large_is_refused_by_whoever_it_is_too_large_for(proxy: str, shop: tuple[Proxied, Shop]) -> None:
    before, opened = shop
    for size, by_the_server in ((Settings().upload_limit + 1, True), (FAR_TOO_LARGE, False)):
        connection = before.connect()
        connection.putrequest("POST", "/v1/projects/shop/items")
        connection.putheader("Authorization", f"Bearer {opened.secret}")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        with suppress(OSError):  # whoever refuses need not read it
            connection.send(b" " * size)
        answer = connection.getresponse()
        assert answer.status in ({413} if by_the_server else REFUSALS[proxy])
        assert (answer.headers["content-type"] == "application/problem+json") is by_the_server
        connection.close()


def test_plain_http_leads_to_https(tmp_path: Path) -> None:
    if not installed("nginx"):
        pytest.skip("nginx is not installed")
    with backend() as one, proxied("nginx", tmp_path, one.server_address[1]) as before:
        connection = HTTPConnection("127.0.0.1", before.plain_port, timeout=20)
        connection.request("GET", "/docs?x=1", headers={"Host": "tailorbird.example"})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["location"]) == (308, "https://tailorbird.example/docs?x=1")
        connection.close()


def test_nginx_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    if not installed("nginx"):
        pytest.skip("nginx is not installed")
    command = nginx(tmp_path, 8790, 8443, 8080)
    found = shutil.which(command[0]) or f"/usr/sbin/{command[0]}"
    done = subprocess.run([found, *command[1:], "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr
