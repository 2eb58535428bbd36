"""docs/compat says of each member whether it works, and names the case that shows it: every case, and no other."""

from __future__ import annotations

import re

import pytest

from tests.architecture import pages
from tests.architecture.sources import ROOT
from tests.web.facades import cases

PROTOCOLS = ("intempt", "moengage", "ofrep", "salesforce")
_CASE = re.compile(r"`([a-z]+(?:_[a-z0-9]+){2,})`")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_case_is_named_and_every_name_is_a_case(protocol: str) -> None:
    page = pages.read(ROOT / "docs" / "compat" / f"{protocol}.md")
    cells = [line.rsplit("|", 2)[-2] for line in page.splitlines() if line.startswith("|")]
    told = {name for cell in cells for name in _CASE.findall(cell)} | set(re.findall(r"Case: `(\w+)`", page))
    assert told == {path.stem for path in cases.files(protocol)}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_member_is_supported_or_says_how_it_differs(protocol: str) -> None:
    page = pages.read(ROOT / "docs" / "compat" / f"{protocol}.md")
    rows = [line.split(" | ") for line in page.splitlines() if re.match(r"\| .*\|", line) and "They" not in line]
    said = [row[1] for row in rows if len(row) == 3 and row[1].strip()]
    assert len(said) > 20
    beginnings = ("supported", "differs: ", "not supported: ", "not read", "not needed", "by choice: ")
    assert not [text for text in said if not text.startswith(beginnings)]
