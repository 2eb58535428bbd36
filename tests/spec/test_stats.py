"""The language-neutral cases of ``spec/stats``: what is compared with what, and what another way of counting would
say."""

import json
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from tailorbird.domain.moments import Stratum
from tailorbird.stats import Lift, compare, pooled, sample_ratio, verdict
from tests.architecture.sources import ROOT

FOLDER = ROOT / "spec" / "stats"
SCHEMA = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
CASES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob("*.json"))
    if path.name != "schema.json"
}
NAIVE = {name: case for name, case in CASES.items() if "naive" in case}


def strata_of(told: list[dict[str, Any]]) -> list[Stratum]:
    return msgspec.convert(told, list[Stratum])


def outcome(case: dict[str, Any], told: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """What comes out, in the words of ``expected``."""
    strata = strata_of(told["strata"])
    better = told.get("better", case.get("better", "higher"))
    compared = pooled(strata) if case.get("pooled") else strata
    lifts = compare(compared, case.get("baseline", "control"), case["kind"], arms=case.get("arms"), better=better)
    by_arm = {lift.arm: lift for lift in lifts}
    found = {name: _figures(name, by_arm, expected[name]) for name in FIGURES if name in expected}
    comparisons = told.get("comparisons", case.get("comparisons", 1))
    verdicts = {arm: verdict(lift, case["kind"], comparisons=comparisons) for arm, lift in by_arm.items()}
    ratio = sample_ratio(strata)
    found |= {
        "decided": {arm: v.outcome for arm, v in verdicts.items() if arm in expected.get("decided", {})},
        "undecided": [arm for arm in expected.get("undecided", []) if not verdicts[arm].decided],
        "verdict_lacks": {arm: list(verdicts[arm].lacks) for arm in expected.get("verdict_lacks", {})},
        "mismatch": ratio.mismatch,
        "leaked": ratio.leaked,
        "leak": ratio.leak,
    }
    return {name: found[name] for name in expected if name in found}


FIGURES = {
    "lifts": lambda lift: lift.lift,
    "differences": lambda lift: lift.difference,
    "chances": lambda lift: lift.chance_to_beat,
    "lacks": lambda lift: list(lift.lacks),
    "left_out": lambda lift: lift.left_out,
}


def _figures(name: str, by_arm: dict[str, Lift], expected: dict[str, Any]) -> Any:
    found = {arm: FIGURES[name](by_arm[arm]) for arm in expected}
    return found if name == "lacks" else pytest.approx(found, rel=1e-5, abs=1e-9)


def wanted(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in ("what", "strata", "better", "comparisons")}


@pytest.mark.parametrize("name", CASES)
def test_a_case_has_the_published_form(name: str) -> None:
    assert jsonschema_rs.validator_for(SCHEMA).is_valid(CASES[name])


def test_another_form_is_noticed() -> None:
    case = CASES["two_rules_without_effect_have_no_lift"]
    validator = jsonschema_rs.validator_for(SCHEMA)
    assert not validator.is_valid({**case, "lift": 0})
    assert not validator.is_valid({**case, "naive": {**case["naive"], "guess": 1}})


@pytest.mark.parametrize("name", CASES)
def test_the_claim_holds(name: str) -> None:
    case = CASES[name]
    assert case["expected"]
    assert case["expected"] == outcome(case, case, case["expected"])


@pytest.mark.parametrize("name", NAIVE)
def test_the_other_way_of_counting_says_something_else(name: str) -> None:
    case = CASES[name]
    told = wanted(case["naive"])
    assert told == outcome(case, case["naive"], told)
    assert any(told.get(figure) != case["expected"].get(figure) for figure in told)
