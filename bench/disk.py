"""How long the disk takes to promise something."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path


def fdatasync_us(directory: Path, times: int = 200) -> float:
    """Median time of ``fdatasync`` after appending 512 bytes to a file in ``directory``, in microseconds."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        for _ in range(times):
            file.write(b"x" * 512)
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1e6
