"""The example shop beside the demo: a process of its own, as a real shop is, that ends when the demo does."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import IO
from urllib.parse import urlencode, urlsplit

from tailorbird.cli.errors import Failed

_HOST = "127.0.0.1"
_LAST_PORT = 65_535
_START_SECONDS = 20
_STOP_SECONDS = 6
#: runs a script until it ends or standard input does, which it does with the demo, however that ends
_UNTIL_INPUT_ENDS = """
import os, runpy, signal, sys, threading
def wait():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=wait, daemon=True).start()
sys.path.insert(0, os.path.dirname(sys.argv[1]))
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def script() -> Path:
    """Where the shop is in a checkout of the repository; a wheel does not hold it."""
    return Path(__file__).parents[4] / "examples" / "shop" / "shop.py"


def free_port(wanted: int | None, server: int) -> int:
    """The port that was asked for, which must be free; else the one after the server's, or any that is free."""
    for port in (server + 1, 0) if wanted is None else (wanted,):
        if 0 <= port <= _LAST_PORT:
            with contextlib.suppress(OSError), socket.create_server((_HOST, port)) as listener:
                return int(listener.getsockname()[1])
    raise Failed(f"Port {wanted} of {_HOST} is taken, or is none. Choose another for the shop: --shop-port.")


def origins(port: int) -> list[str]:
    """What a browser calls a shop on that port of this machine."""
    return [f"http://{_HOST}:{port}", f"http://localhost:{port}"]


class Shop:
    """A running shop."""

    def __init__(self, port: int, environ: Mapping[str, str]) -> None:
        """Start it; ``Failed`` when it does not answer soon."""
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-c", _UNTIL_INPUT_ENDS, str(script())],
            env={**os.environ, **environ, "SHOP_PORT": str(port)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C stops the demo, and the demo stops the shop
        )
        self.address = _address(self._process.stdout)
        if not self.address:
            self.stop()
            raise Failed(f"The shop ({script()}) did not start.")

    def stop(self) -> None:
        """Ask it to end, and wait until it did."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def home_page_of(self, customer: str) -> list[str]:
        """The words on the home page that this customer sees after the login, line by line."""
        cookies: dict[str, str] = {}
        self._ask("POST", "/login", cookies, urlencode({"customer": customer}))
        reader = _Words()
        reader.feed(self._ask("GET", "/", cookies))
        return reader.lines

    def _ask(self, method: str, path: str, cookies: dict[str, str], form: str = "") -> str:
        where = urlsplit(self.address)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
        try:
            told = "; ".join(f"{name}={value}" for name, value in cookies.items())
            connection.request(method, path, form or None, {"Cookie": told} if told else {})
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"The shop does not answer: {error!r}.") from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise Failed(f"The shop answers {method} {path} with {answer.status}.")
        for cookie in answer.headers.get_all("Set-Cookie", ()):
            name, _, value = cookie.partition(";")[0].partition("=")
            cookies[name] = value
        return text


def environ(base: str, secret: str, page_key: str, customers: Mapping[str, str]) -> dict[str, str]:
    """What the shop is told. ``customers``: who may be tried at its login → who that is."""
    shown = [{"id": customer, "story": story} for customer, story in customers.items()]
    return {
        "TAILORBIRD_URL": base,
        "TAILORBIRD_KEY": secret,
        "TAILORBIRD_PUBLISHABLE_KEY": page_key,
        "SHOP_CUSTOMERS": json.dumps(shown),
    }


def _address(stdout: IO[str] | None) -> str:
    """What it prints once it answers; nothing when it ends or takes too long."""
    assert stdout is not None  # noqa: S101 - a pipe was asked for
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
    try:
        return lines.get(timeout=_START_SECONDS).partition(" answers on ")[2].strip()
    except queue.Empty:
        return ""


class _Words(HTMLParser):
    """The headings and paragraphs in the middle of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._main = self._inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._main |= tag == "main"
        if self._main and tag in ("h1", "h2", "h3", "p"):
            self._inside = True
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        self._main &= tag != "main"
        if tag in ("h1", "h2", "h3", "p"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.lines[-1] = " ".join(f"{self.lines[-1]} {data}".split())
