"""The language-neutral decision cases of ``spec/decision``."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema_rs
import msgspec
import pytest

from tailorbird.decision import Choice, Plan, choose, compile_plan, explain, settle_ranges
from tailorbird.domain.campaign import Campaign
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.targeting import EMPTY_LIBRARY, Subject
from tests.architecture.sources import ROOT

FOLDER = ROOT / "spec" / "decision"
CASES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob("*.json"))
    if path.name != "schema.json"
}
CHECKS = [
    pytest.param({**case, **check}, id=f"{name}: {check['that']}")
    for name, case in CASES.items()
    for check in case["checks"]
]


def merge_patch(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def plan_of(campaign: dict[str, Any], zone: ZoneInfo) -> Plan:
    given = msgspec.convert(campaign, Campaign)
    fresh = settle_ranges(given, None).rules
    rules = tuple(rule if rule.ranges else made for rule, made in zip(given.rules, fresh, strict=True))
    return compile_plan(msgspec.structs.replace(given, rules=rules), library=EMPTY_LIBRARY, zone=zone)


def subject_of(situation: dict[str, Any]) -> Subject:
    told = dict(situation.get("context", {}))
    if "time" in told:
        told["time"] = milliseconds(told["time"])
    visitor = msgspec.convert(situation["visitor"], Visitor)
    context = Context(visitor=visitor, now=milliseconds(situation["now"]), **told)
    profile = msgspec.convert(situation["profile"], Profile) if "profile" in situation else None
    known = not situation.get("degraded", False)
    return Subject(context, profile, zone=ZoneInfo(situation.get("zone", "UTC")), known=known)


def outcome(choice: Choice, wanted: dict[str, Any], gate: str) -> dict[str, Any]:
    """The choice in the form of an expectation, with the optional parts that ``wanted`` names."""
    found = {
        "reason": choice.reason.value,
        "experience": choice.experience.name if choice.experience is not None else None,
        "group": choice.group.value if choice.group is not None else None,
        "rule": choice.rule.id if choice.rule is not None else None,
        "gate": gate,
    }
    return {name: found[name] for name in wanted}


@pytest.mark.parametrize("situation", CHECKS)
def test_the_choice_is_as_promised(situation: dict[str, Any]) -> None:
    zone = ZoneInfo(situation.get("zone", "UTC"))
    plan = plan_of(merge_patch(situation["campaign"], situation.get("patch", {})), zone)
    peers = [plan_of(peer, zone) for peer in situation.get("peers", ())]
    degraded = situation.get("degraded", False)
    choice = choose(plan, subject_of(situation), peers, degraded=degraded)
    why = explain(plan, subject_of(situation), peers, degraded=degraded)
    assert outcome(choice, situation["expect"], why.gate) == situation["expect"], why


@pytest.mark.parametrize("name", CASES)
def test_the_case_is_of_the_published_form(name: str) -> None:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema)
    assert [error.message for error in validator.iter_errors(CASES[name])] == []
    assert not validator.is_valid({**CASES[name], "claim": ""})


@pytest.mark.parametrize("name", CASES)
def test_every_claim_is_shown_with_its_twin(name: str) -> None:
    outcomes = {json.dumps(check["expect"], sort_keys=True) for check in CASES[name]["checks"]}
    assert len(outcomes) > 1, "a case whose checks all come out alike proves nothing"
