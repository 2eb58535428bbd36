"""Two replicas of two workers each, real processes on one PostgreSQL database, behind a load balancer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tailorbird.store import migrate
from tests import postgres
from tests.cli.commands import Server, serving, told
from tests.replicas.proxy import balanced
from tests.store.conftest import postgres_server

__all__ = ["postgres_server"]

WORKERS = 2


class Cluster:
    """The replicas, and calls to whichever comes next."""

    def __init__(
        self, url: str, replicas: list[Server], door: Server, secret: str, threads: ThreadPoolExecutor
    ) -> None:
        self.url = url
        self.replicas = replicas
        self.secret = secret
        self._door = door
        self._threads = threads

    def call(self, method: str, path: str, body: Any = None, secret: str = "") -> tuple[int, Any]:
        return self._door.call(method, path, secret or self.secret, body)

    def good(self, method: str, path: str, body: Any = None) -> Any:
        return self._door.good(method, path, self.secret, body)

    def decide(self, visitor: str, campaign: str, secret: str = "") -> tuple[int, Any]:
        return self.call("POST", "/v1/decide", {"visitor": {"id": visitor}, "campaigns": [campaign]}, secret)

    def together(self, work: Callable[[], Any], times: int) -> list[Any]:
        """What many callers at the same time are told."""
        return [one.result() for one in [self._threads.submit(work) for _ in range(times)]]

    def workers(self, replica: int) -> list[psutil.Process]:
        """The processes of a replica that serve."""
        children = psutil.Process(self.replicas[replica].process.pid).children()
        return [one for one in children if "spawn_main" in " ".join(one.cmdline())]


@pytest.fixture(scope="module")
def cluster(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with ExitStack() as opened:
        url = opened.enter_context(postgres.database(postgres_server))
        migrate(url)
        told("project", "create", "Shop", "--json", "--database", url)
        key = told("key", "create", "shop", "--scope", "decide,record,manage", "--database", url)
        replicas = [
            opened.enter_context(
                serving(
                    *("--database", url, "--data", str(tmp_path_factory.mktemp(f"replica{number}"))),
                    *("--workers", str(WORKERS), "--no-access-log", "--log-level", "error"),
                )
            )
            for number in range(2)
        ]
        door = Server(replicas[0].process)
        door.address = opened.enter_context(balanced([urlsplit(one.address).port or 0 for one in replicas]))
        threads = opened.enter_context(ThreadPoolExecutor(24))
        yield Cluster(url, replicas, door, key["secret"], threads)
        for one in replicas:
            if one.process.poll() is None:
                assert one.stop() == 0
