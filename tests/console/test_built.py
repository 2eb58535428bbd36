"""What browsers load before they show anything stays small."""

from __future__ import annotations

import gzip
import re
from importlib.resources import files

import pytest

from tailorbird.web.console import Console

MOST = 200_000


def test_what_the_page_loads_at_first_is_200_kb_at_most() -> None:
    if not Console().built:
        pytest.skip("The console is not built: make console")
    built = files("tailorbird.web").joinpath("console")
    page = built.joinpath("index.html").read_text(encoding="utf-8")
    names = re.findall(r'(?:src|href)="/(assets/[^"]+)"', page)
    assert any(name.endswith(".js") for name in names)
    sizes = {name: len(gzip.compress(built.joinpath(name).read_bytes(), 9)) for name in names}
    assert sum(sizes.values()) <= MOST, sizes


def test_the_editor_and_the_charts_come_only_when_they_are_needed() -> None:
    if not Console().built:
        pytest.skip("The console is not built: make console")
    built = files("tailorbird.web").joinpath("console")
    page = built.joinpath("index.html").read_text(encoding="utf-8")
    assets = [entry.name for entry in built.joinpath("assets").iterdir() if entry.name.endswith(".js")]
    for chunk in ("Editor-", "OverTime-"):
        assert any(name.startswith(chunk) for name in assets)
        assert chunk not in page
