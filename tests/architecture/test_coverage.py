"""docs/coverage.md keeps its word: each feature is shown by a test that exists, or belongs to a named later piece."""

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture import pages
from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "coverage.md"
_ROW = re.compile(
    r"^\| (?P<number>[A-Z]\d+) \|(?P<feature>[^|]*)\|(?P<document>[^|]*)\|(?P<where>.*)\|(?P<shown>[^|]*)\|$"
)
_NODE = re.compile(r"`(?P<node>tests/[^`]+)`")
_LATER = re.compile(r"later, with delivery|later, with recommendations")
#: how many features each document names, and how many of ours there are beside them
DOCUMENTS = {"IS campaigns": 38, "IS responses": 23, "Intempt": 50, "MoEngage": 37, "Netcore": 12, "ours": 22}


class Row(NamedTuple):
    """One feature."""

    number: str
    feature: str
    document: str
    where: str
    nodes: tuple[str, ...]
    later: bool
    #: what the last cell holds beside those
    rest: str


def rows(text: str) -> list[Row]:
    """The table's rows; a line that begins like one and is none raises."""
    found = []
    for line in text.splitlines():
        if not re.match(r"^\| [A-Z]\d+ \|", line):
            continue
        match = _ROW.match(line)
        assert match is not None, line
        feature, document, where = (match[part].strip() for part in ("feature", "document", "where"))
        shown = match["shown"]
        rest = _LATER.sub("", _NODE.sub("", shown)).strip(" ,")
        later = bool(_LATER.search(shown))
        found.append(Row(match["number"], feature, document, where, tuple(_NODE.findall(shown)), later, rest))
    return found


ROWS = rows(pages.read(PAGE))


def exists(node: str) -> bool:
    """Whether a pytest node stands in the sources: file, class, function, and where given the parameter's id."""
    match = re.match(r"^(?P<file>[\w/]+\.py)(?P<names>(?:::\w+)+)(?:\[(?P<id>.+)\])?$", node)
    if match is None or not (ROOT / match["file"]).is_file():
        return False
    found: ast.AST | None = _parsed(ROOT / match["file"])
    for name in match["names"].removeprefix("::").split("::"):
        found = _member(found, name)
    if not isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) or not found.name.startswith("test_"):
        return False
    return match["id"] is None or _has_case(found, ROOT / match["file"], match["id"])


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _member(tree: ast.AST | None, name: str) -> ast.AST | None:
    body = getattr(tree, "body", ())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return next((node for node in body if isinstance(node, kinds) and node.name == name), None)


def _has_case(function: ast.FunctionDef | ast.AsyncFunctionDef, file: Path, case: str) -> bool:
    """A case is written in the decorator or the module, or is a file in a folder of ``spec`` that the module reads."""
    decorators = [d for d in function.decorator_list if "parametrize" in ast.unparse(d)]
    if not decorators:
        return False
    texts = {node.value for node in ast.walk(_parsed(file)) if isinstance(node, ast.Constant)}
    if case in texts:
        return True
    name, _, claim = case.partition(": ")
    files = [file for file in (ROOT / "spec").rglob("*.json") if file.parent.name in texts]
    if any(case.endswith(f"-{file.parent.name}-{file.stem}") for file in files):
        return True
    return any(file.stem == name and _claims(file, claim) for file in files)


def _claims(file: Path, claim: str) -> bool:
    checks = json.loads(file.read_text(encoding="utf-8")).get("checks", [])
    return not claim or claim in [check.get("that") for check in checks]


def test_every_document_has_its_features() -> None:
    counted = {document: sum(row.document == document for row in ROWS) for document in DOCUMENTS}
    assert counted == DOCUMENTS
    assert len(ROWS) == len({row.number for row in ROWS}) == sum(DOCUMENTS.values())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_every_feature_is_shown_or_belongs_to_a_later_piece(row: Row) -> None:
    assert row.feature
    assert row.nodes or row.later, "neither a test nor a later piece of work"
    assert not row.rest, "neither the name of a test nor a later piece of work"
    assert row.where or not row.nodes, "a feature that a test shows works somewhere"
    assert not [node for node in row.nodes if not exists(node)], "no such test"


@pytest.mark.parametrize(
    ("node", "found"),
    [
        ("tests/architecture/test_coverage.py::test_every_document_has_its_features", True),
        ("tests/architecture/test_coverage.py::test_nothing_of_the_kind", False),
        ("tests/architecture/test_nothing.py::test_every_document_has_its_features", False),
        ("tests/architecture/test_coverage.py::exists", False),
        ("tests/architecture/test_imports.py::test_an_upward_import_is_noticed[upwards]", True),
        ("tests/architecture/test_imports.py::test_an_upward_import_is_noticed[sideways]", False),
        ("tests/architecture/test_imports.py::test_the_contracts_are_kept[upwards]", False),
        ("tests/spec/test_decision.py::test_the_choice_is_as_promised[cap_ends_the_campaign: no such claim]", False),
    ],
)
def test_a_missing_test_is_noticed(node: str, found: bool) -> None:
    assert exists(node) is found


def test_a_row_with_neither_is_noticed() -> None:
    (bare,) = rows("| S1 | A feature | IS campaigns | `POST /v1/decide` | |")
    assert (bare.nodes, bare.later) == ((), False)
    (both,) = rows("| S1 | A feature | IS campaigns | here | `tests/a.py::test_b` later, with delivery |")
    assert (both.nodes, both.later) == (("tests/a.py::test_b",), True)
