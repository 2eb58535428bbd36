"""The rooms import downwards only, as pyproject.toml's contracts say."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import PACKAGE, ROOT


def lint_imports(*options: str) -> "subprocess.CompletedProcess[str]":
    command = str(Path(sys.executable).with_name("lint-imports"))
    return subprocess.run([command, *options], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_contracts_are_kept() -> None:
    answer = lint_imports("--no-cache")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_broken_contract_is_noticed(tmp_path: Path) -> None:
    config = tmp_path / "contracts.ini"
    config.write_text(
        "[importlinter]\nroot_package = tailorbird\n\n[importlinter:contract:upside-down]\nname = Upside down\n"
        "type = layers\nlayers =\n    domain\n    targeting\ncontainers = tailorbird\n",
        encoding="utf-8",
    )
    assert (PACKAGE / "targeting").is_dir()
    answer = lint_imports("--no-cache", "--config", str(config))
    assert answer.returncode != 0, answer.stdout + answer.stderr
    assert "BROKEN" in answer.stdout
