"""The command as a user types it, in a process of its own with nothing of the reader's settings."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

COMMAND = str(Path(sys.executable).parent / "tailorbird")
SECONDS = 120


class Done(NamedTuple):
    """A command that ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAILORBIRD_")}
    return {**kept, "COLUMNS": "100", "NO_COLOR": "1", **more}


def tailorbird(*words: str, cwd: Path | None = None, **more: str) -> Done:
    done = subprocess.run(
        [COMMAND, *words], cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=SECONDS
    )
    return Done(done.returncode, done.stdout, done.stderr)


def told(*words: str, cwd: Path | None = None, **more: str) -> Any:
    """The JSON that a command prints, which must have worked."""
    done = tailorbird(*words, cwd=cwd, **more)
    assert done.code == 0, done.err
    return json.loads(done.out)


class Server:
    """A running `serve` or `demo`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.address = ""
        self.greeting: list[str] = []

    def call(self, method: str, path: str, secret: str, body: Any = None) -> tuple[int, Any]:
        where = urlsplit(self.address)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        connection.request(method, path, b"" if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def good(self, method: str, path: str, secret: str, body: Any = None) -> Any:
        status, answer = self.call(method, path, secret, body)
        assert status < 300, answer
        return answer

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@contextmanager
def serving(*words: str, command: str = COMMAND, **more: str) -> Iterator[Server]:
    """`tailorbird serve` on a free port, from the moment that it answers; killed at the end when nobody stopped it."""
    process = subprocess.Popen(
        [command, "serve", "--port", "0", *words],
        env=environment(**more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert " answers on " in line, line + process.stderr.read()
        server.greeting.append(line.rstrip("\n"))
        server.address = line.partition(" answers on ")[2].split()[0]
        yield server
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
