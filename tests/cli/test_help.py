"""Help teaches: every command, every option with its variable, an example each; and asking for it costs little."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tailorbird.cli.app import build
from tailorbird.cli.reference import document, help_of, main, paths
from tailorbird.settings import Settings, variable
from tests.cli.commands import tailorbird

APP = build()
PATHS = list(paths(APP))
LEAVES = [path for path in PATHS if path and path not in {("project",), ("key",), ("account",), ("lake",), ("import",)}]
PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_these_are_the_commands() -> None:
    assert [" ".join(path) for path in LEAVES] == [
        "serve",
        "demo",
        "project create",
        "project list",
        "key create",
        "key list",
        "key rotate",
        "key revoke",
        "account create",
        "account list",
        "account password",
        "account role",
        "account reset-setup",
        "lake status",
        "lake compact",
        "lake rebuild",
        "import people",
        "import events",
        "import items",
        "results",
        "backup",
        "restore",
        "erasures",
        "export",
        "apply",
        "migrate",
        "openapi",
        "version",
    ]


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_help_of_a_command_shows_how_it_is_typed(path: tuple[str, ...]) -> None:
    text = help_of(APP, path)
    assert text.startswith("Usage: ")
    examples = text.partition("Examples:")[2].split("\n")
    assert any(f"tailorbird {' '.join(path)}" in line for line in examples)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_is_asked_for_like_everywhere(path: tuple[str, ...]) -> None:
    done = tailorbird(*path, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: ")


def test_every_setting_is_an_option_of_serve_with_its_variable() -> None:
    text = help_of(APP, ("serve",))
    for field in msgspec.structs.fields(Settings):
        assert f"--{field.name.replace('_', '-')} " in text
        assert variable(field.name) in " ".join(text.replace("│", " ").split())


def test_the_reference_is_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run python -m tailorbird.cli.reference"
    monkeypatch.setattr(sys, "argv", ["reference", str(tmp_path / "page.md")])
    main()
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == document()


def test_asking_for_help_imports_nothing_heavy() -> None:
    code = "import sys; from tailorbird.cli.app import run; run(['--help']); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"alembic", "asyncio", "liquid", "litestar", "numpy", "re2", "sqlalchemy", "sqlite3", "uvicorn", "uvloop"}
    assert "cyclopts" in modules
    assert not heavy.intersection(modules)
