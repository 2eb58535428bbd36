"""On what it was measured: no names and no paths of that machine, only what numbers depend on."""

from __future__ import annotations

import os
import platform
import sqlite3
import tempfile
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("uvicorn", "uvloop", "httptools", "msgspec", "mmh3", "python-liquid", "litestar")


def facts() -> list[tuple[str, str]]:
    """(what, which) of the machine and of the software."""
    return [
        ("CPU", f"{_field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores"),
        ("Memory", f"{_kilobytes() / 1024 / 1024:.1f} GiB"),
        ("Kernel", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("File system", _file_system(Path(tempfile.gettempdir()))),
        ("Load when it began", " ".join(f"{load:.2f}" for load in os.getloadavg())),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("SQLite", sqlite3.sqlite_version),
        ("Libraries", ", ".join(f"{name} {version(name)}" for name in LIBRARIES)),
        ("Tailorbird", version("tailorbird")),
    ]


def _field(file: str, name: str) -> str:
    """The first ``name : value`` of a file in /proc."""
    for line in Path(file).read_text().splitlines():
        found, _, value = line.partition(":")
        if found.strip() == name:
            return value.strip()
    return "unknown"


def _kilobytes() -> int:
    return int(_field("/proc/meminfo", "MemTotal").split()[0])


def _file_system(place: Path) -> str:
    """The type of the file system that holds the measured databases."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    around = [(target, kind) for _, target, kind, *_ in mounts if place.resolve().is_relative_to(target)]
    return max(around, key=lambda mount: len(mount[0]), default=("", "unknown"))[1]
