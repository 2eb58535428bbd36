"""The language-neutral cases of ``spec/templates``: content, what the request knows, and what is delivered."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema_rs
import msgspec
import pytest

from tailorbird.domain.campaign import Content
from tailorbird.domain.errors import Invalid
from tailorbird.domain.needs import PastEvent
from tailorbird.domain.profile import Counter, Profile
from tailorbird.templates import CompiledContent, Values, compile_content, render
from tests.architecture.sources import ROOT

FOLDER = ROOT / "spec" / "templates"
NOT_CASES = {"schema.json", "withhold_differences.json"}
CASES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob("*.json"))
    if path.name not in NOT_CASES
}
CHECKS = [
    pytest.param(
        {"values": {**case.get("values", {}), **check.pop("values", {})}, **check}, id=f"{name}: {check['that']}"
    )
    for name, case in json.loads(json.dumps(CASES)).items()
    for check in case["checks"]
]


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def values_of(told: dict[str, Any]) -> Values:
    counters = {
        name: Counter(counter["count"], milliseconds(counter["first_at"]), milliseconds(counter["last_at"]))
        for name, counter in told.get("counters", {}).items()
    }
    history = {
        name: tuple(PastEvent(name, milliseconds(e["time"]), e["id"], e["properties"]) for e in events)
        for name, events in told.get("history", {}).items()
    }
    return Values(
        attributes=told.get("attributes", {}),
        request=told.get("request", {}),
        facts=told.get("facts", {}).get,
        history=history,
        item=told.get("items", {}).get,
        audiences=lambda: told.get("audiences", []),
        now=milliseconds(told.get("now", "2026-03-02T12:00:00Z")),
        zone=ZoneInfo(told.get("zone", "UTC")),
        profile=Profile(person=1, bucket_id="u-1", counters=counters),
    )


def refused(content: Content) -> Invalid:
    with pytest.raises(Invalid) as caught:
        compile_content(content)
    return caught.value


def check_reading(compiled: CompiledContent, expect: dict[str, Any]) -> None:
    if "static" in expect:
        assert (compiled.static is not None) is expect["static"]
    if "items" in expect:
        assert sorted(compiled.item_ids) == expect["items"]
    if "audiences" in expect:
        assert compiled.audiences is expect["audiences"]
    if "needs" in expect:
        assert compiled.needs.profile is expect["needs"].get("profile", False)
        assert sorted(need.name for need in compiled.needs.events) == expect["needs"].get("events", [])


@pytest.mark.parametrize("check", CHECKS)
def test_content_case(check: dict[str, Any]) -> None:
    content, expect = msgspec.convert(check["content"], Content), check["expect"]
    if "invalid" in expect:
        error = refused(content)
        paths = [expect["invalid"]] if isinstance(expect["invalid"], str) else expect["invalid"]
        assert [problem.field for problem in error.problems] == paths
        assert expect.get("says", "") in error.detail
        return
    compiled = compile_content(content)
    rendered = render(compiled, values_of(check["values"]))
    check_reading(compiled, expect)
    if "withheld" in expect:
        assert rendered.payload is None
        assert list(rendered.missing) == expect["withheld"]
        return
    assert list(rendered.missing) == expect.get("missing", [])
    assert rendered.payload is not None
    delivered = json.loads(msgspec.json.encode(rendered.payload))
    # Compared as text, so that 1 and true, and 1 and 1.0, are not taken for each other.
    assert json.dumps(delivered) == json.dumps(expect["payload"])


def test_every_case_follows_the_schema() -> None:
    validator = jsonschema_rs.validator_for(json.loads((FOLDER / "schema.json").read_text(encoding="utf-8")))
    wrong = {name: [str(e) for e in validator.iter_errors(_valid_text(case))] for name, case in CASES.items()}
    assert CASES
    assert not {name: errors for name, errors in wrong.items() if errors}


def _valid_text(value: Any) -> Any:
    """The validator reads no broken surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_valid_text(name): _valid_text(inner) for name, inner in value.items()}
    return [_valid_text(inner) for inner in value] if isinstance(value, list) else value


def test_every_case_that_withholds_or_refuses_also_delivers() -> None:
    lonely = [name for name, case in CASES.items() if not any("payload" in check["expect"] for check in case["checks"])]
    assert not lonely
