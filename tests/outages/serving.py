"""Servers that are up at once: a process that has imported everything forks for each of them.

What runs in the fork is the command line, ``tailorbird serve …``, in a process of its own that can be killed like any
other. Its clock can be put forward and back from outside: it is ahead by what the first eight bytes of a file say.

``python -m tests.outages.serving`` reads one JSON object a line (``args``, ``log``, ``ahead``) and answers with the
process id. With ``die_after`` it kills itself once so many commits are durable, before their callers hear of it.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tailorbird.domain.facts import Entry, Verdict
from tailorbird.engine import clock
from tailorbird.store import SqliteStore
from tailorbird.store.contract import Fold
from tailorbird.store.postgres import PostgresStore

_MILLISECONDS = struct.Struct("<q")


class Shifted:
    """The machine's clock, ahead by as much as a file says."""

    def __init__(self) -> None:
        self._ahead: mmap.mmap | bytes = _MILLISECONDS.pack(0)

    def follow(self, path: Path) -> None:
        """Read the file from now on; a change of it holds at once."""
        with path.open("r+b") as file:
            self._ahead = mmap.mmap(file.fileno(), _MILLISECONDS.size, prot=mmap.PROT_READ)

    def __call__(self) -> int:
        """UTC milliseconds."""
        return time.time_ns() // 1_000_000 + int(_MILLISECONDS.unpack_from(self._ahead)[0])


def put_ahead(path: Path, milliseconds: int) -> None:
    """Put the clock of the servers that follow this file forward (or back)."""
    path.touch()
    with path.open("r+b") as file:
        file.write(_MILLISECONDS.pack(milliseconds))


def _import_everything() -> None:
    """What a start would import, so that a fork need not."""
    import tailorbird.cli.app
    import tailorbird.cli.server
    import tailorbird.engine.refresh
    import tailorbird.store
    import tailorbird.web.serve  # noqa: F401


def _make_mortal(left: int) -> None:
    """Let the stores of this process die between a commit and its reply."""
    for kind in (SqliteStore, PostgresStore):
        _make_store_mortal(kind, left)


def _make_store_mortal(kind: type[SqliteStore] | type[PostgresStore], left: int) -> None:
    commit = kind.commit

    async def and_die(self: Any, entries: Sequence[Entry], fold: Fold) -> list[Verdict]:
        nonlocal left
        verdicts: list[Verdict] = await commit(self, entries, fold)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return verdicts

    kind.commit = and_die  # type: ignore[method-assign]


def _serve(told: dict[str, Any], shifted: Shifted) -> None:
    from tailorbird.cli.app import run

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(told["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream, target in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
        os.dup2(stream, target)
    if told["die_after"]:
        _make_mortal(told["die_after"])
    if told["ahead"]:
        shifted.follow(Path(told["ahead"]))
    os._exit(run(["serve", *told["args"]]))


def main() -> None:
    """Fork for every line of standard input; whoever dies is not waited for."""
    shifted = Shifted()
    clock.system_clock = shifted  # before the runtime takes it for its default
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                _serve(json.loads(line), shifted)
            finally:
                os._exit(70)
        print(child, flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
