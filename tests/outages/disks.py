"""Disks that can be filled and broken: small ones of their own, mounted where the tests may mount."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest


@cache
def _superuser() -> tuple[str, ...] | None:
    """What stands before a command that only root may run; None where nobody here may be root."""
    if os.getuid() == 0:
        return ()
    asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ("sudo", "-n") if asked.returncode == 0 else None


def as_root(*command: str) -> None:
    """Run a command as root; the test is skipped where that is not possible."""
    before = _superuser()
    if before is None:
        pytest.skip("Mounting a disk needs root.")
    done = subprocess.run([*before, *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"{command[0]} does not work here: {done.stderr.strip()}")


def _unmount(at: Path) -> None:
    """At once where nobody uses it; else, after something went wrong, as soon as nobody does."""
    for way in ((), (), (), ("--lazy",)):
        if (
            subprocess.run(
                [*(_superuser() or ()), "umount", *way, str(at)], capture_output=True, check=False
            ).returncode
            == 0
        ):
            return
        time.sleep(0.1)


@contextmanager
def small_disk(at: Path, megabytes: int) -> Iterator[None]:
    """A disk in memory with so much room."""
    at.mkdir(exist_ok=True)
    owner = f"uid={os.getuid()},gid={os.getgid()},mode=0700"
    as_root("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,{owner}", "tmpfs", str(at))
    try:
        yield
    finally:
        _unmount(at)


@contextmanager
def breakable_disk(at: Path, image: Path, *, fresh: bool = True) -> Iterator[None]:
    """A disk on which ``break_disk`` can be called. Everything on it is closed when the block ends."""
    if fresh:
        with image.open("wb") as file:
            file.truncate(24 * 1024 * 1024)
        as_root("mkfs.ext4", "-q", "-F", str(image))
    as_root("mount", "-o", "loop", str(image), str(at))
    try:
        as_root("chown", str(os.getuid()), str(at))
        yield
    finally:
        _unmount(at)


def repair(image: Path) -> None:
    """What an operator does to a disk that was given up."""
    as_root("sh", "-c", f"e2fsck -fy {shlex.quote(str(image))} || test $? -le 2")


def break_disk(at: Path) -> None:
    """What a kernel does to a disk that reports errors: from now on it can only be read."""
    as_root("mount", "-o", "remount,abort", str(at))


def fill(folder: Path) -> Path:
    """Leave not one byte of room; the file that took it."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        for size in (65_536, 4_096, 512, 1):
            try:
                while True:
                    os.write(file.fileno(), b"x" * size)
            except OSError:
                continue
    return ballast
