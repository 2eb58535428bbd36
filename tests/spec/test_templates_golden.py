"""Golden Liquid, each template standing in a value of a payload and compared as text.

``spec/templates/withhold_differences.json`` is written anew by ``python -m tests.spec.test_templates_golden``.
"""

import json
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from tailorbird.domain.campaign import Content, OnMissing
from tailorbird.domain.decision import Rendered
from tailorbird.domain.errors import Invalid
from tailorbird.templates import Values, compile_content, render
from tests.architecture.sources import ROOT

FOLDER = ROOT / "spec" / "templates"
GOLDEN = json.loads((FOLDER / "golden" / "golden_liquid.json").read_text(encoding="utf-8"))
CASES: dict[str, dict[str, Any]] = {case["name"]: case for case in GOLDEN["tests"]}
DIFFERENCES = FOLDER / "withhold_differences.json"
#: python-liquid reads these, where the suite wants them refused
KNOWN = {"tags, case, unexpected when token, strict2", "tags, comment, incomplete tags are not parsed"}
#: 2026-03-02 12:00 UTC
NOW = 1_772_452_800_000


def rendered(case: dict[str, Any], on_missing: OnMissing) -> Rendered | None:
    """What the case renders to; None where publish refuses it."""
    content = Content(body={"value": case["template"]}, on_missing=on_missing)
    try:
        compiled = compile_content(content, roots=(), partials=case.get("templates", {}))
    except Invalid:
        return None
    return render(compiled, Values(roots=case.get("data", {}), now=NOW))


def text_of(outcome: Rendered | None) -> str | None:
    """The value's text as Liquid prints it; None where the case was refused or withheld."""
    if outcome is None or outcome.payload is None:
        return None
    return printed(json.loads(msgspec.json.encode(outcome.payload))["value"])


def printed(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "".join(map(printed, value))
    return "" if value is None else str(value)


def wanted(case: dict[str, Any]) -> list[str | None]:
    if case.get("invalid"):
        return [None]
    return case["results"] if "results" in case else [case["result"]]


def differences() -> dict[str, list[str]]:
    """The golden cases that missing values withhold, with what is missing."""
    found = {}
    for name, case in CASES.items():
        outcome = rendered(case, "withhold")
        if name not in KNOWN and text_of(outcome) not in wanted(case):
            found[name] = list(outcome.missing) if outcome is not None else []
    return found


def test_the_suite_is_whole() -> None:
    schema = json.loads((FOLDER / "golden" / "golden_liquid.schema.json").read_text(encoding="utf-8"))
    jsonschema_rs.validate(schema, GOLDEN)
    assert len(CASES) == len(GOLDEN["tests"]) == 1_054


@pytest.mark.parametrize("name", [name for name in CASES if name not in KNOWN])
def test_golden_case(name: str) -> None:
    assert text_of(rendered(CASES[name], "empty")) in wanted(CASES[name])


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_known_difference(name: str) -> None:
    assert CASES[name].get("invalid")
    assert text_of(rendered(CASES[name], "empty")) == "", "it is refused now: take it off the list"


def test_at_least_1048_pass() -> None:
    passed = [name for name, case in CASES.items() if text_of(rendered(case, "empty")) in wanted(case)]
    assert len(passed) >= 1_048
    assert len(passed) == len(CASES) - len(KNOWN)


def test_withholding_differs_where_a_missing_value_is_printed_or_filtered() -> None:
    listed = json.loads(DIFFERENCES.read_text(encoding="utf-8"))
    assert differences() == listed["differences"]
    # A loop over what a filter made of a missing argument turns no time: delivered, with nothing in it.
    unsaid = {name for name, missing in listed["differences"].items() if not missing}
    assert unsaid == {name for name in listed["differences"] if text_of(rendered(CASES[name], "withhold")) is not None}
    assert all("nosuchthing %}{% for" in CASES[name]["template"] for name in unsaid)


if __name__ == "__main__":
    about = "Golden Liquid cases that print or filter a missing value, with what on_missing: withhold says of them."
    DIFFERENCES.write_text(
        json.dumps({"about": about, "differences": differences()}, indent=2) + "\n", encoding="utf-8"
    )
