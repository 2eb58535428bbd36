"""OFREP's own description against a started server: whatever it allows is answered as it says, and often with 200."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tailorbird.web.options import Options
from tests.web.facades.campaigns import start_on
from tests.web.facades.test_ofrep_described import DESCRIPTION, RECORDED, meant
from tests.web.served import Served, serving

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(meant(DESCRIPTION))
SINGLE, BULK = "/ofrep/v1/evaluate/flags/{key}", "/ofrep/v1/evaluate/flags"
MOSTLY = st.sampled_from([True, True, True, False])
VALUES = {"bool": True, "str": "blue", "num": 1.0, "obj": {"title": "Hello"}}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("ofrep"), Options(access_log=False)) as here:
        for key, value in VALUES.items():
            start_on(here.url, here.key, key, value)
        start_on(here.url, here.key, "held", "never", control=100)
        start_on(here.url, here.key, "once", "seen", cap="once")
        yield here


@pytest.mark.parametrize("path", [SINGLE, BULK])
def test_whatever_the_description_allows_is_answered_as_described(served: Served, path: str) -> None:
    described: Any = SCHEMA[path]["POST"]
    bodies = [one["body"] for one in RECORDED if (one["path"] == BULK) is (path == BULK)]
    statuses: Counter[int] = Counter()

    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def anything(data: st.DataObject) -> None:
        case = data.draw(described.as_strategy())
        if path == SINGLE and data.draw(MOSTLY):
            case.path_parameters["key"] = data.draw(st.sampled_from([*VALUES, "held", "once"]))
        if data.draw(MOSTLY):  # a recorded request, with what was made up beside what a provider sent
            case.body = mixed(data.draw(st.sampled_from(bodies)), case.body)
        key = {"Authorization": f"Bearer {served.key}"}
        answer = case.call_and_validate(base_url=served.url, headers=key, checks=CHECKS, timeout=10)
        assert answer.status_code not in (401, 403), "the key was not taken: nothing was tried"
        statuses[answer.status_code] += 1

    anything()
    assert statuses[200] >= 10, statuses


def mixed(recorded: Any, made: Any) -> Any:
    """What a provider sent goes first: its ids make the request one that succeeds."""
    told = made.get("context") if isinstance(made, dict) else None
    extra = told if isinstance(told, dict) else {}
    return {**recorded, "context": {**extra, **recorded.get("context", {})}}


def test_a_recorded_request_stays_what_it_is_beside_what_is_made_up() -> None:
    recorded = {"context": {"targetingKey": "u1"}}
    assert mixed(recorded, {"context": {"targetingKey": "", "plan": 1}}) == {
        "context": {"targetingKey": "u1", "plan": 1}
    }
    assert mixed(recorded, None) == recorded
    assert json.dumps(mixed(recorded, [])) == json.dumps(recorded)
