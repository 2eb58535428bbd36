"""The language-neutral targeting cases of ``spec/targeting``."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema_rs
import msgspec
import pytest

from tailorbird.domain.definitions import Audience
from tailorbird.domain.needs import History, PastEvent
from tailorbird.domain.profile import Aggregate, Counter, Profile, Visit
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.targeting import (
    NOWHERE,
    IdList,
    Library,
    Place,
    Subject,
    compile_audiences,
    compile_condition,
    explain_condition,
)
from tests.architecture.sources import ROOT

FOLDER = ROOT / "spec" / "targeting"
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
        # an attribute may be null: only what the situation itself is made of is removed by null
        if value is None and name in {"profile", "context", "history"}:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def aggregate(told: dict[str, Any]) -> Aggregate:
    first, last = (0, "a", told["first"]), (1, "b", told["last"])
    return Aggregate(told["count"], told["total"], told["low"], told["high"], first, last)


def counter(told: dict[str, Any]) -> Counter:
    numbers = {name: aggregate(each) for name, each in told["numbers"].items()}
    return Counter(told["count"], milliseconds(told["first_at"]), milliseconds(told["last_at"]), numbers)


def profile_of(told: dict[str, Any] | None) -> Profile | None:
    if told is None:
        return None
    return Profile(
        person=1,
        bucket_id="ada",
        ids=tuple(told.get("ids", ())),
        anonymous_ids=tuple(told.get("anonymous_ids", ())),
        attributes=told.get("attributes", {}),
        first_seen=milliseconds(told["first_seen"]) if "first_seen" in told else 0,
        last_seen=milliseconds(told["last_seen"]) if "last_seen" in told else 0,
        visits=tuple(
            Visit(milliseconds(each["start"]), milliseconds(each["end"]), each["session"])
            for each in told.get("visits", ())
        ),
        older_visits=told.get("older_visits", 0),
        counters={name: counter(each) for name, each in told.get("counters", {}).items()},
    )


def history_of(told: dict[str, list[dict[str, Any]]]) -> History:
    return {
        name: tuple(
            PastEvent(name, milliseconds(each["time"]), f"e{index:03}", each.get("properties", {}))
            for index, each in enumerate(events)
        )
        for name, events in told.items()
    }


def subject_of(situation: dict[str, Any]) -> Subject:
    told = dict(situation.get("context", {}))
    if "time" in told:
        told["time"] = milliseconds(told["time"])
    places = {address: msgspec.convert(place, Place) for address, place in situation.get("places", {}).items()}
    visitor = msgspec.convert(situation["visitor"], Visitor)
    return Subject(
        Context(visitor=visitor, now=milliseconds(situation["now"]), **told),
        profile_of(situation.get("profile")),
        zone=ZoneInfo(situation.get("zone", "UTC")),
        locate=lambda address: places.get(address, NOWHERE),
        history=history_of(situation.get("history", {})),
    )


def library_of(situation: dict[str, Any]) -> Library:
    lists = {name: IdList.of(values) for name, values in situation.get("lists", {}).items()}
    audiences = [msgspec.convert({"name": each["key"], **each}, Audience) for each in situation.get("audiences", ())]
    library, broken = compile_audiences(audiences, lists)
    assert not broken
    return library


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads((FOLDER / "schema.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", CASES)
def test_case_has_the_form_of_the_schema(schema: jsonschema_rs.Validator, name: str) -> None:
    schema.validate(CASES[name])


@pytest.mark.parametrize("check", CHECKS)
def test_condition_matches_as_the_case_says(check: dict[str, Any]) -> None:
    situation = merge_patch(check["situation"], check.get("patch", {}))
    zone = ZoneInfo(situation.get("zone", "UTC"))
    condition = compile_condition(check["condition"], library_of(situation), zone=zone)
    assert condition.match(subject_of(situation)) is check["matches"]
    explanation = explain_condition(condition, subject_of(situation))
    assert (explanation.gate == "") is check["matches"]
    assert explanation.message
