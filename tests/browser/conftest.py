"""Real Chromium, and pages of another origin than the server's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.chromium import MISSING, path
from tests.web.served import Served

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
#: a headless browser says so in its own, and is taken for a bot
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """A browser of the test's own: while one runs, so does an event loop, which no other test may meet."""
    program = path()
    if program is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that was never anywhere."""
    context = chromium.new_context(user_agent=FIREFOX)
    context.set_default_timeout(30_000)
    yield context
    context.close()


class Pages:
    """A little web server with an origin of its own: path → (content type, body), and one policy for all."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}
        self.policy = ""
        self.origin = ""


@contextmanager
def hosting() -> Iterator[Pages]:
    """Pages for as long as the block lasts."""
    pages = Pages()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = pages.files.get(self.path.partition("?")[0], ("text/plain", b""))
            self.send_response(200 if body else 404)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            if pages.policy:
                self.send_header("content-security-policy", pages.policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    pages.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def allow(served: Served, origin: str) -> str:
    """A publishable key for pages of that origin, in the project ``shop``."""
    head = {"authorization": f"Bearer {served.key}"}
    base = f"{served.url}/v1/projects/shop"
    now = httpx.get(f"{base}/settings", headers=head)
    told = {"allowed_origins": [origin], "publishable_events": ["search"]}
    put = httpx.put(f"{base}/settings", headers={**head, "if-match": now.headers["etag"]}, json=told)
    assert put.status_code < 300, put.text
    key = {"client": "page", "kind": "publishable", "scopes": ["decide", "record"]}
    made = httpx.post(f"{base}/keys", headers=head, json=key)
    assert made.status_code == 201, made.text
    return str(made.json()["secret"])


def problems_of(page: Page) -> list[str]:
    """What the page complains about from here on."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    return found


def folder_of(factory: pytest.TempPathFactory, name: str) -> Path:
    return factory.mktemp(name)
