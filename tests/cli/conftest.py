"""A data folder with a project and a key, made once for each module of tests."""

import shutil
from pathlib import Path

import pytest

from tests.cli.commands import told
from tests.cli.import_shop import Shop


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with a project, and the secret of its key."""
    folder = tmp_path_factory.mktemp("made") / "data"
    told("project", "create", "My shop", "--data", str(folder), "--json")
    return folder, told("key", "create", "my-shop", "--scope", "decide,record,read,manage", "--data", str(folder))[
        "secret"
    ]


@pytest.fixture
def shop(tmp_path: Path, made: tuple[Path, str]) -> Shop:
    shutil.copytree(made[0], tmp_path / "data")
    return Shop(tmp_path, made[1])
