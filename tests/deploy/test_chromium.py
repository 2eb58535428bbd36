"""The browser of the tests: found, installed where that can be, or told to be missing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import chromium
from tests.architecture.sources import ROOT

SCRIPT = ROOT / ".ci" / "chromium"


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def told(folder: Path) -> str:
    """What the script says where only these programs are."""
    program(folder, "id", "echo 0")
    done = subprocess.run(["/bin/sh", SCRIPT], env={"PATH": str(folder)}, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_a_browser_that_starts_is_left_alone(tmp_path: Path) -> None:
    program(tmp_path, "google-chrome", "exit 0")
    program(tmp_path, "apt-get", "echo installed")
    assert told(tmp_path) == ""


@pytest.mark.parametrize("there", [True, False], ids=["does not start", "missing"])
def test_a_missing_browser_is_installed(tmp_path: Path, there: bool) -> None:
    if there:
        program(tmp_path, "chromium", "echo error while loading shared libraries >&2; exit 127")
    browser = tmp_path / "chromium"
    installs = f"printf '#!/bin/sh\\nexit 0\\n' > {browser}; /bin/chmod +x {browser}"
    program(tmp_path, "apt-get", f'if [ "$1" = install ]; then {installs}; fi')
    assert told(tmp_path) == "No Chromium starts here: installing it for the tests in a browser (once).\n"
    assert told(tmp_path) == ""


@pytest.mark.parametrize(
    ("installs", "says"),
    [
        (None, "No Chromium starts here: tests in a browser are skipped."),
        ("exit 100", "Chromium could not be installed: tests in a browser are skipped."),
        ("exit 0", "Chromium is installed and does not start: tests in a browser are skipped."),
    ],
    ids=["no packages", "no network", "a broken package"],
)
def test_where_there_is_none_the_reason_is_told(tmp_path: Path, installs: str | None, says: str) -> None:
    if installs:
        program(tmp_path, "apt-get", installs)
    assert says in told(tmp_path)


def test_the_tests_look_for_the_browser_that_the_script_looks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"for name in {' '.join(chromium.NAMES)};" in SCRIPT.read_text()
    monkeypatch.setenv("PATH", f"{tmp_path}")
    chromium.path.cache_clear()
    program(tmp_path, "chromium", "exit 127")
    assert chromium.path() is None
    program(tmp_path, "chromium-browser", "exit 0")
    chromium.path.cache_clear()
    assert chromium.path() == os.fspath(tmp_path / "chromium-browser")
    chromium.path.cache_clear()


def test_one_script_prepares_the_tests() -> None:
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile.partition("\ntest: ")[2].partition("\n\n")[0]
    assert "sh .ci/chromium" in recipe
    assert "chromium" not in (ROOT / ".ci" / "run").read_text()
