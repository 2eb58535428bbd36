"""Trying an awaitable once before a timer is set up for it: most of ours answer without waiting for anything."""

from __future__ import annotations

import types
from collections.abc import Generator
from functools import partial
from typing import Any


@types.coroutine
def resumed(steps: Generator[Any, Any, Any], waiting: Any) -> Generator[Any, Any, Any]:
    """Go on with an awaitable (its ``__await__()``) that was tried once and turned out to wait for ``waiting``."""
    while True:
        try:
            told = yield waiting
        except BaseException as error:  # noqa: BLE001 - a cancellation belongs to whoever is waited for
            step = partial(steps.throw, error)
        else:
            step = partial(steps.send, told)
        try:
            waiting = step()
        except StopIteration as arrived:
            return arrived.value
