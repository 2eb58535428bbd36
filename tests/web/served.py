"""A server on a real port, on an event loop and in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store import SqliteStore
from tailorbird.web.options import Options
from tailorbird.web.serve import server
from tests.web.conftest import QUIET, Site, lake_of


class Served:
    """Where the server is, and the key of its seeded project ``shop``."""

    def __init__(self, folder: Path, options: Options) -> None:
        self._folder = folder
        self._options = options
        self._up = threading.Event()
        self._failure: BaseException | None = None
        self.port = 0
        self.key = ""
        self._thread = threading.Thread(target=self._main, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def keep_alive_seconds(self) -> float:
        return self._server.config.timeout_keep_alive

    def start(self) -> None:
        self._thread.start()
        self._up.wait(20)
        if self._failure is not None or not self.port:
            raise RuntimeError("the server did not start") from self._failure

    def wait_until_busy(self) -> None:
        """Returns when a request has begun."""
        while not self._server.server_state.tasks:
            time.sleep(0.01)

    def ask_to_stop(self) -> None:
        self._server.should_exit = True

    def stop(self) -> None:
        self.ask_to_stop()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._up.set()

    async def _run(self) -> None:
        database = self._folder / "served.db"
        runtime = Runtime(SqliteStore(database), data_dir=self._folder, lake=lake_of(database), lake_seconds=QUIET)
        async with running(runtime):
            self._server = server(runtime, self._options, port=0)
            site = Site(runtime, self._server.config.app)  # type: ignore[arg-type]
            project, self.key = await site.another_project("Shop")
            await site.seed(project)
            serving = asyncio.create_task(self._server.serve())
            while not self._server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
                await asyncio.sleep(0.01)
            self.port = self._server.servers[0].sockets[0].getsockname()[1]
            self._up.set()
            await serving


@contextmanager
def serving(folder: Path, options: Options) -> Iterator[Served]:
    """A server for as long as the block lasts."""
    served = Served(folder, options)
    served.start()
    try:
        yield served
    finally:
        served.stop()
