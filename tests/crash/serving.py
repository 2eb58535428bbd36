"""A real server in a process of its own, which can be told to die right after a commit and before its reply.

``python -m tests.crash.serving DIRECTORY PORT KILL_AFTER``: with KILL_AFTER > 0 the process notes the fact in
``killed-after-commit`` and kills itself with SIGKILL once that many event commits are durable.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from tailorbird.domain.facts import Entry, Verdict
from tailorbird.engine import access
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store.contract import Fold
from tailorbird.store.sqlite.store import SqliteStore
from tailorbird.web.options import Options
from tailorbird.web.serve import serve


class Mortal(SqliteStore):
    """The store as it is, in a process that may die between its commit and the reply."""

    def __init__(self, directory: Path, kill_after: int) -> None:
        super().__init__(directory / "crash.db")
        self._directory = directory
        self._left = kill_after

    async def commit(self, entries: Sequence[Entry], fold: Fold) -> list[Verdict]:
        verdicts = await super().commit(entries, fold)
        self._left -= 1
        if self._left == 0:
            with (self._directory / "killed-after-commit").open("a") as file:
                file.write(f"{len(entries)}\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return verdicts


async def main(directory: Path, port: int, kill_after: int) -> None:
    """Serve until killed. The first start makes a project and a key and notes the secret for the client."""
    runtime = Runtime(Mortal(directory, kill_after), data_dir=directory)
    async with running(runtime):
        secret = directory / "secret"
        if not secret.exists():
            project = await access.create_project(runtime, "Crash")
            _, text = await access.create_key(runtime, project.id, client="client", scopes=("record", "decide", "read"))
            secret.write_text(text)
        await serve(runtime, Options(access_log=False), port=port)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
