"""The measured server: a real one in a process of its own, with campaigns and people as a benchmark asks for them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import structlog
import uvloop

from bench import seed
from tailorbird.engine.refresh import running
from tailorbird.web.options import Options
from tailorbird.web.serve import serve

#: where a server that is asked for it writes down how late its event loop was
LAGS = "lags.json"
LOOK_S = 0.005


async def main() -> None:
    """``python -m bench.server DIRECTORY PORT CAMPAIGNS PEOPLE [lags]``; prints one line of JSON when it is about to
    serve.

    Where the directory holds a seeded database already, that one is served and the two numbers are not looked at. With
    ``lags`` it watches how late its event loop is, and writes that down when it gets a signal.
    """
    directory, port, campaigns, people = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    runtime = seed.runtime_on(directory)
    async with running(runtime):
        project = next(iter(runtime.snapshots), "")
        if not project:
            project = await seed.project(runtime, campaigns)
            await seed.people(runtime, project, 0, people)
        secret = await seed.secret(runtime, project)
        sys.stdout.write(json.dumps({"project": project, "secret": secret}) + "\n")
        sys.stdout.flush()
        lags = Lags(directory) if sys.argv[5:] == ["lags"] else None
        watching = asyncio.create_task(lags.watch()) if lags is not None else None
        await serve(runtime, Options(access_log=False), port=port)
        if watching is not None:
            watching.cancel()


class Lags:
    """How late the event loop is: a timer for every 5 ms, how long after its time it was served, and for how long its
    thread had work and no core meanwhile."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / LAGS
        self._late: list[tuple[float, float]] = []
        self._books = os.open("/proc/self/schedstat", os.O_RDONLY)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._tell)

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            began, waited = time.perf_counter(), self._waited_ms()
            await asyncio.sleep(LOOK_S)
            self._late.append(((time.perf_counter() - began - LOOK_S) * 1e3, self._waited_ms() - waited))

    def _waited_ms(self) -> float:
        return int(os.pread(self._books, 100, 0).split()[1]) / 1e6

    def _tell(self) -> None:
        """Write down what was seen since the last time, in milliseconds."""
        late, self._late = self._late, []
        prepared = self._file.with_suffix(".new")
        prepared.write_text(json.dumps(late))
        prepared.rename(self._file)


if __name__ == "__main__":
    uvloop.run(main())
