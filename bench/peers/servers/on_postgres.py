"""Tailorbird on PostgreSQL with the campaigns and people of the other servers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import structlog
import uvloop

from bench import seed
from tailorbird.engine.limits import Limits
from tailorbird.engine.refresh import running
from tailorbird.engine.runtime import Runtime
from tailorbird.store import migrate
from tailorbird.store.postgres import PostgresStore
from tailorbird.web.options import Options
from tailorbird.web.serve import serve


async def main(url: str, directory: Path, port: int, campaigns: int, people: int) -> None:
    """``python -m bench.peers.servers.on_postgres URL DIRECTORY PORT CAMPAIGNS PEOPLE``; prints one line of JSON when
    it is about to serve."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    runtime = Runtime(PostgresStore(url), data_dir=directory, limits=Limits(rate=1e9, burst=10**9))
    async with running(runtime):
        project = await seed.project(runtime, campaigns)
        await seed.people(runtime, project, 0, people)
        secret = await seed.secret(runtime, project)
        sys.stdout.write(json.dumps({"project": project, "secret": secret}) + "\n")
        sys.stdout.flush()
        await serve(runtime, Options(access_log=False), port=port)


if __name__ == "__main__":
    migrate(sys.argv[1])
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])))
