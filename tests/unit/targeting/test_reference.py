"""docs/conditions.md names every operator and every fact, and nothing that is none."""

import re

import pytest

from tailorbird.targeting.facts import FACT_NAMES
from tailorbird.targeting.parse import LOGICAL_OPERATORS, PAST, VALUE_OPERATORS
from tailorbird.targeting.past import AGGREGATES
from tests.architecture.sources import ROOT

TEXT = (ROOT / "docs" / "conditions.md").read_text(encoding="utf-8")
WORDS = set(re.findall(r"[$@][A-Za-z_]+(?:\.<name>)?", TEXT))
OPERATORS = {*LOGICAL_OPERATORS, *PAST, *VALUE_OPERATORS}


@pytest.mark.parametrize("name", sorted({*OPERATORS, *FACT_NAMES}))
def test_name_is_documented(name: str) -> None:
    assert name in WORDS


@pytest.mark.parametrize("name", AGGREGATES)
def test_aggregate_is_documented(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_nothing_else_is_documented() -> None:
    known = {*OPERATORS, *FACT_NAMES, "$groups", "@query"}
    assert WORDS - known == set()
