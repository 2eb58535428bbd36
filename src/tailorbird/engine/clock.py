"""Where time comes from. Everything below the engine takes ``now`` as an argument."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Returns UTC milliseconds.
Clock = Callable[[], int]


def system_clock() -> int:
    """UTC milliseconds by this machine's clock."""
    return time.time_ns() // 1_000_000
