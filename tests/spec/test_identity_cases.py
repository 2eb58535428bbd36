"""The cases of spec/identity and spec/profiles, told all at once and entry by entry."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tailorbird.domain.facts import Alias, Arm, Entry, Event, Exposure, Link
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Visitor
from tailorbird.domain.visits import visit_count
from tests.architecture.sources import ROOT
from tests.properties.identity_world import PROJECT, START, World

FOLDERS = (ROOT / "spec" / "identity", ROOT / "spec" / "profiles")
SCHEMA = json.loads((ROOT / "spec" / "profiles" / "schema.json").read_text(encoding="utf-8"))
CASES = [path for folder in FOLDERS for path in sorted(folder.glob("*.json")) if path.name != "schema.json"]
MINUTE = 60_000

#: what a case may say of a person, and where it stands in a profile
FIELDS: dict[str, Callable[[Profile], Any]] = {
    "ids": lambda found: sorted(found.ids),
    "anonymous_ids": lambda found: sorted(found.anonymous_ids),
    "bucket_id": lambda found: found.bucket_id,
    "drawn_on": lambda found: found.bucket_ids,
    "attributes": lambda found: found.attributes,
    "counters": lambda found: {name: counter.count for name, counter in found.counters.items()},
    "sums": lambda found: {
        name: {path: numbers.total for path, numbers in counter.numbers.items()}
        for name, counter in found.counters.items()
    },
    "visits": visit_count,
    "first_seen": lambda found: (found.first_seen - START) // MINUTE,
    "last_seen": lambda found: (found.last_seen - START) // MINUTE,
    "displays": lambda found: {rule: display.count for rule, display in found.displays.items()},
    "exposures": lambda found: {campaign: seen.arm for campaign, seen in found.exposures.items()},
    "exposed_at": lambda found: {campaign: (seen.at - START) // MINUTE for campaign, seen in found.exposures.items()},
    "conflicts": lambda found: found.conflicts,
}


def ms(minute: int) -> int:
    return START + minute * MINUTE


def entry_of(told: dict[str, Any]) -> Entry:
    visitor = Visitor(id=told["visitor"].get("id"), anonymous_id=told["visitor"].get("anonymous_id"))
    time, received_at = ms(told["at"]), ms(told.get("received", told["at"]))
    if told["type"] == "alias":
        return Alias(
            project=PROJECT, visitor_id=visitor.id or "", alias=told["alias"], time=time, received_at=received_at
        )
    if told["type"] == "link":
        return Link(project=PROJECT, visitor=visitor, time=time, received_at=received_at)
    if told["type"] == "exposure":
        return Exposure(
            project=PROJECT,
            visitor=visitor,
            answers=arm_of(told),
            time=time,
            received_at=received_at,
            session_id=told.get("session"),
            cap=told.get("cap", "always"),
            shown=told.get("shown", True),
            bucket_id=told["drawn_on"],
            stranger=told.get("stranger", False),
        )
    token = told.get("token")
    return Event(
        project=PROJECT,
        visitor=visitor,
        id=told["id"],
        name=told["name"],
        time=time,
        received_at=received_at,
        session_id=told.get("session"),
        properties=told.get("properties", {}),
        attributes=told.get("attributes", {}),
        answers=arm_of(token) if token else None,
        answers_at=ms(token["at"]) if token else 0,
        stranger=told.get("stranger", False),
    )


def arm_of(told: dict[str, Any]) -> Arm:
    return Arm(
        campaign=told["campaign"], version=1, rule=told["rule"], arm=told["arm"], report=told.get("report", False)
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
@pytest.mark.parametrize("at_once", [True, False], ids=["one-batch", "one-by-one"])
def test_the_people_are_those_of_the_case(path: Path, at_once: bool) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    entries = [entry_of(told) for told in case["entries"]]
    world = World()
    batches = [entries] if at_once else [[entry] for entry in entries]
    verdicts = [verdict for batch in batches for verdict in world.commit(batch)]
    left = [
        {field: FIELDS[field](profile) for field in expected}
        for profile, expected in zip(in_order(world), case["people"], strict=True)
    ]
    assert left == case["people"]
    assert [profile.conflicts for profile in in_order(world)] == [one.get("conflicts", 0) for one in case["people"]]
    assert world.counts.get((PROJECT, "identity_conflicts"), 0) == case["conflicts"]
    if "verdicts" in case:
        told = ["first" if verdict.first else verdict.outcome for verdict in verdicts]
        assert told == case["verdicts"]


def in_order(world: World) -> list[Profile]:
    """People in the order of the cases: by known ids, those without any last."""
    return sorted(world.people.values(), key=lambda found: (not found.ids, sorted(found.ids), found.anonymous_ids))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_case_is_of_the_published_form(path: Path) -> None:
    validator = jsonschema_rs.validator_for(SCHEMA)
    case = json.loads(path.read_text(encoding="utf-8"))
    assert [str(error) for error in validator.iter_errors(case)] == []
    assert not validator.is_valid({**case, "people": [{"name": "somebody"}]})


def test_there_are_cases_of_both() -> None:
    assert {path.parent for path in CASES} == set(FOLDERS)
    claims = [json.loads(path.read_text(encoding="utf-8"))["claim"] for path in CASES]
    assert len(set(claims)) == len(claims)
