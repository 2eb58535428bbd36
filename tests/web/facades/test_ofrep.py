"""OpenFeature's door, by its cases, by its own description, and by whatever anybody sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.conftest import Site
from tests.web.facades import cases

CASES = cases.files("ofrep")
CREDENTIALS: dict[str, cases.Credentials] = {
    "the shop": lambda _, key: {"authorization": f"Bearer {key}"},
    "a browser": lambda _, key: {"authorization": f"Bearer {key}"},
    "X-API-Key": lambda _, key: {"x-api-key": key},
    "nobody": lambda _, key: {},
    "a wrong key": lambda _, key: {"authorization": "Bearer tb_wrong"},
}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_the_door_answers_as_the_case_says(site: Site, path: Path) -> None:
    await cases.run(site, cases.read(path), CREDENTIALS)
