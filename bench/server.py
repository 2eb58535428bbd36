"""The measured server: a real one in a process of its own, with campaigns and people as a benchmark asks for them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import structlog
import uvloop

from bench import seed
from tailorbird.engine.refresh import running
from tailorbird.web.options import Options
from tailorbird.web.serve import serve


async def main() -> None:
    """``python -m bench.server DIRECTORY PORT CAMPAIGNS PEOPLE``; prints one line of JSON when it is about to serve.

    Where the directory holds a seeded database already, that one is served and the last two numbers are not looked at.
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
        await serve(runtime, Options(access_log=False), port=port)


if __name__ == "__main__":
    uvloop.run(main())
