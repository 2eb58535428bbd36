"""Whatever is sent to whichever operation: no fault of the server, and no answer that the document does not tell of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tailorbird.web.options import Options
from tests.web.described import DOCUMENT, OPERATIONS
from tests.web.served import Served, serving

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
#: names that exist, so that not everything asked for is missing
EXISTING: dict[str, list[Any]] = {
    "project": ["shop"],
    "ref": ["home-hero", "gold", "newsletter", "banner", "orders", "checkout-upsell"],
    "version": [1, 2],
    "visitor_id": ["anna@example.org", "device-1"],
    "item_id": ["mug-blue"],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), Options(access_log=False)) as here:
        yield here


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_no_input_breaks_it(served: Served, operation: Any) -> None:
    described: Any = SCHEMA[operation.path][operation.method]

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def anything(data: st.DataObject) -> None:
        case = data.draw(described.as_strategy())
        for name, values in EXISTING.items():
            if name in (case.path_parameters or {}) and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(values))
        waits = (case.query or {}).get("wait")
        if isinstance(waits, int | float) and 1 < waits <= 25:
            case.query["wait"] = waits / 25  # as good a question, and nobody has to wait as long
        key = {"Authorization": f"Bearer {served.key}"}
        answer = case.call_and_validate(base_url=served.url, headers=key, checks=CHECKS, timeout=10)
        if operation.takes_keys:
            assert answer.status_code != 401, "the key was not taken: nothing was tried"

    anything()
