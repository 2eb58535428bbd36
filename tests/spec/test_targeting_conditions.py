"""The published condition cases of ``spec/conditions``."""

import json
from typing import Any

import pytest

from tailorbird.domain.errors import Invalid
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.targeting import IdList, Library, Subject, compile_condition
from tests.architecture.sources import ROOT

FOLDER = ROOT / "spec" / "conditions"
CASES: list[list[Any]] = json.loads((FOLDER / "evaluation.json").read_text(encoding="utf-8"))
DIFFERENCES = json.loads((FOLDER / "differences.json").read_text(encoding="utf-8"))
DIFFERENT, REFUSED = DIFFERENCES["different"], DIFFERENCES["refused"]
NAMES = {case[0] for case in CASES}


def evaluate(condition: Any, attributes: dict[str, Any], lists: dict[str, list[Any]]) -> bool:
    library = Library({}, {name: IdList.of(values) for name, values in lists.items()})
    context = Context(visitor=Visitor(id="ada"), now=0, attributes=attributes)
    return compile_condition(condition, library).match(Subject(context))


def cases(*, differing: bool) -> list[Any]:
    return [pytest.param(case, id=case[0]) for case in CASES if (case[0] in DIFFERENT) is differing]


@pytest.mark.parametrize("case", cases(differing=False))
def test_case_holds(case: list[Any]) -> None:
    name, condition, attributes, expected, *lists = case
    if name in REFUSED:
        with pytest.raises(Invalid) as refused:
            evaluate(condition, attributes, lists[0] if lists else {})
        assert refused.value.problems[0].field == REFUSED[name]
    else:
        assert evaluate(condition, attributes, lists[0] if lists else {}) is expected


@pytest.mark.parametrize("case", cases(differing=True))
def test_case_differs_as_documented(case: list[Any]) -> None:
    name, condition, attributes, expected = case
    assert evaluate(condition, attributes, {}) is not expected
    assert name in (ROOT / "docs" / "conditions.md").read_text(encoding="utf-8")


def test_no_more_than_three_cases_differ() -> None:
    assert len(CASES) == 248
    assert len(DIFFERENT) == 3
    assert set(DIFFERENT) | set(REFUSED) <= NAMES
