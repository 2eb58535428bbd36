"""Published clients for Node, installed once into a folder that git ignores, at versions named here."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.sources import ROOT

CACHE = ROOT / ".cache" / "npm"


def installed(name: str, packages: dict[str, str]) -> Path:
    """A folder in which these packages can be imported; the test is skipped where that cannot be had."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    folder = CACHE / name
    wanted = json.dumps({"private": True, "type": "module", "dependencies": packages}, indent=2)
    manifest = folder / "package.json"
    if manifest.exists() and manifest.read_text(encoding="utf-8") == wanted and (folder / "done").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "done").unlink(missing_ok=True)
    manifest.write_text(wanted, encoding="utf-8")
    command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--silent"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    if made.returncode:
        pytest.skip(f"npm could not install {name}: {made.stderr.strip()[-200:]}")
    (folder / "done").touch()
    return folder


def bundled(folder: Path, script: str) -> bytes:
    """A page's script with everything that it imports from the folder, which must have esbuild; one classic script."""
    ask = {
        "stdin": {"contents": script, "resolveDir": str(folder)},
        "bundle": True,
        "format": "iife",
        "platform": "browser",
        "outfile": str(folder / "bundle.js"),
    }
    run(folder, f"import {{ buildSync }} from 'esbuild'; buildSync({json.dumps(ask)}); console.log(1)")
    return (folder / "bundle.js").read_bytes()


def run(folder: Path, script: str, *arguments: str) -> Any:
    """What a module of the folder prints last, as JSON."""
    command = ["node", "--input-type=module", "-e", script, *arguments]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout.splitlines()[-1])
