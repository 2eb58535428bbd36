"""The rooms import downwards only, as pyproject.toml's contracts say."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

CONTRACT = """
[importlinter]
root_package = nest

[importlinter:contract:layers]
name = Downwards only
type = layers
containers = nest
exhaustive = true
layers =
    upper
    lower
"""


def lint_imports(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = str(Path(sys.executable).with_name("lint-imports"))
    return subprocess.run([command, "--no-cache", *options], cwd=folder, capture_output=True, text=True, check=False)


def test_the_contracts_are_kept() -> None:
    answer = lint_imports(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("upper", "lower", "kept"),
    [("import nest.lower", "", True), ("", "import nest.upper", False)],
    ids=["downwards", "upwards"],
)
def test_an_upward_import_is_noticed(tmp_path: Path, upper: str, lower: str, kept: bool) -> None:
    package = tmp_path / "nest"
    package.mkdir()
    for name, text in {"__init__": "", "upper": upper, "lower": lower}.items():
        (package / f"{name}.py").write_text(f"{text}\n", encoding="utf-8")
    config = tmp_path / "contracts.ini"
    config.write_text(CONTRACT, encoding="utf-8")
    answer = lint_imports(tmp_path, "--config", str(config))
    assert (answer.returncode == 0) is kept, answer.stdout + answer.stderr


def test_a_room_without_a_line_is_noticed(tmp_path: Path) -> None:
    package = tmp_path / "nest"
    package.mkdir()
    for name in ("__init__", "upper", "lower", "stray"):
        (package / f"{name}.py").write_text("", encoding="utf-8")
    config = tmp_path / "contracts.ini"
    config.write_text(CONTRACT, encoding="utf-8")
    answer = lint_imports(tmp_path, "--config", str(config))
    assert answer.returncode != 0
    assert "stray" in answer.stdout
