"""The CPU time of a process with all its children: what a server costs that is made of several processes."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import psutil

from bench.load import cpu_seconds

_TICK = 1 / os.sysconf("SC_CLK_TCK")


def family_seconds(pid: int) -> float:
    """What a process, its living children and those that it has buried have used."""
    total = 0.0
    for member in (pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))):
        try:
            total += cpu_seconds(member) + _buried(member)
        except (FileNotFoundError, ProcessLookupError):  # ended meanwhile: its parent has it
            continue
    return total


async def at_rest(pid: int, within: float = 30.0) -> float:
    """Wait until a family does next to nothing any more; what it has used by then."""
    until = time.monotonic() + within
    used, quiet = family_seconds(pid), 0
    while quiet < 3:
        if time.monotonic() > until:
            raise TimeoutError("the server does not come to rest")
        await asyncio.sleep(0.03)
        before, used = used, family_seconds(pid)
        quiet = quiet + 1 if used - before < 0.002 else 0
    return used


def _buried(pid: int) -> float:
    """Children that have ended and were waited for, in clock ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) * _TICK
