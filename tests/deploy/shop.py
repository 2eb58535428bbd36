"""One shop with a running campaign, as a company would set it up: the folder, the keys, and the server over them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tailorbird.cli.place import FILE
from tests.cli.commands import Server, serving, told

CAMPAIGN = {
    "name": "Hero",
    "control": 50,
    "rules": [{"audience": {}, "experiences": [{"name": "Hello", "content": {"body": {"headline": "Hello"}}}]}],
    "goals": [{"goal": "orders", "role": "primary"}],
}
GOAL = {"name": "Orders", "event": "order"}


class Shop(NamedTuple):
    """Where its data is, and the secret of a key that may do everything."""

    folder: Path
    secret: str

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """What the database says once the server is gone."""
        connection = sqlite3.connect(self.folder / FILE)
        try:
            return connection.execute(question).fetchall()
        finally:
            connection.close()

    @contextmanager
    def served(self, *words: str, **more: str) -> Iterator[Server]:
        """`tailorbird serve` over it."""
        with serving("--data", str(self.folder), *words, **more) as server:
            yield server


def open_shop(folder: Path, *words: str) -> Shop:
    """A project and a key; the data folder is made. Other words say which database, where it is not the folder's."""
    place = ("--data", str(folder), *words)
    told("project", "create", "Shop", "--json", *place)
    key = told("key", "create", "shop", "--scope", "decide,record,manage", *place)
    return Shop(folder, key["secret"])


def start_campaign(server: Server, shop: Shop) -> None:
    """The campaign ``hero`` for everybody, half of them control."""
    server.good("POST", "/v1/projects/shop/goals", shop.secret, GOAL)
    server.good("POST", "/v1/projects/shop/campaigns", shop.secret, CAMPAIGN)
    server.good("POST", "/v1/projects/shop/campaigns/hero/start", shop.secret)


def port(server: Server) -> int:
    """The port that a server listens on."""
    found = urlsplit(server.address).port
    assert found is not None
    return found


def within(seconds: float, what: str, true: Any) -> None:
    """Wait until ``true()`` is."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
