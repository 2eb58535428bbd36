"""A process that keeps a lake until it kills itself: python -m tests.lake.leader DATABASE LAKE CALL.

``CALL`` counts what it asks of the disk: files opened, made durable, linked, removed. Before that one it is gone.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from tailorbird.engine.lakeprocess import facts
from tailorbird.lake.keeper import Keeper
from tailorbird.lake.place import Place
from tailorbird.lake.wire import Rules


class Fuse:
    """Wraps functions; burns down with each call."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def on(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **options)

        return called


def main() -> None:
    database, folder, calls = sys.argv[1:]
    place = Place(folder)
    fuse = Fuse(int(calls))
    for name in ("fsync", "link", "open", "unlink"):
        setattr(os, name, fuse.on(getattr(os, name)))
    turn = 0
    while True:
        turn += 1
        opened = facts(database)()
        Keeper(place, opened, batch=40).turn(Rules(grace=0, compact=turn % 2 == 0))
        opened.close()


if __name__ == "__main__":
    main()
