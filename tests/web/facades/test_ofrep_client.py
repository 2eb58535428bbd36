"""OpenFeature's own published provider for Python, unchanged, against a started server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode, FlagNotFoundError, GeneralError, OpenFeatureError, TypeMismatchError
from openfeature.flag_evaluation import Reason

from tailorbird.web.options import Options
from tests.web.facades.campaigns import start_on
from tests.web.served import Served, serving

ADA = EvaluationContext("ada", {"country": "GB", "age": 30})
HERO = {"title": "Hello", "price": 12.0, "count": 3, "flags": [True, None]}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("ofrep")
    with serving(folder, Options(access_log=False)) as here:
        for key, content in (("bool", True), ("str", "blue"), ("int", 7), ("float", 1.0), ("obj", HERO)):
            start_on(here.url, here.key, key, content)
        start_on(here.url, here.key, "held", "never", control=100)
        start_on(here.url, here.key, "british", "tea", audience={"country": "GB"})
        yield here


@pytest.fixture
def provider(served: Served) -> OFREPProvider:
    return by_key(served, served.key)


def by_key(served: Served, key: str) -> OFREPProvider:
    return OFREPProvider(served.url, headers_factory=lambda: {"Authorization": f"Bearer {key}"})


def test_values_have_the_type_that_they_were_given(provider: OFREPProvider) -> None:
    assert provider.resolve_boolean_details("bool", False, ADA).value is True
    assert provider.resolve_string_details("str", "red", ADA).value == "blue"
    assert provider.resolve_integer_details("int", 0, ADA).value == 7
    found = provider.resolve_float_details("float", 0.0, ADA).value
    assert (type(found), found) == (float, 1.0)
    assert provider.resolve_object_details("obj", {}, ADA).value == HERO
    with pytest.raises(TypeMismatchError):
        provider.resolve_float_details("int", 0.0, ADA)


def test_reason_variant_and_metadata_are_told(provider: OFREPProvider) -> None:
    found = provider.resolve_string_details("str", "red", ADA)
    assert (found.reason, found.variant) == (Reason.TARGETING_MATCH, "One")
    assert found.flag_metadata.keys() == {"reason", "version", "token"}


def test_control_and_strangers_keep_their_own_default(provider: OFREPProvider) -> None:
    held = provider.resolve_string_details("held", "mine", ADA)
    assert (held.value, held.reason, held.variant) == ("mine", Reason.SPLIT, "control")
    assert provider.resolve_string_details("british", "mine", ADA).value == "tea"
    other = provider.resolve_string_details("british", "mine", EvaluationContext("bob", {"country": "FR"}))
    assert (other.value, other.reason, other.variant) == ("mine", Reason.UNKNOWN, "default")


def test_evaluating_one_flag_counts_as_seeing_it(served: Served, provider: OFREPProvider) -> None:
    provider.resolve_string_details("held", "mine", EvaluationContext("seen-1"))
    head = {"authorization": f"Bearer {served.key}"}
    until = time.monotonic() + 5
    profile: Any = {}
    while "held" not in profile.get("exposures", {}) and time.monotonic() < until:  # nobody waited for its commit
        profile = httpx.get(f"{served.url}/v1/profiles/seen-1", headers=head).json()
    assert profile["exposures"]["held"]["arm"] == "control"


def test_errors_are_the_providers_own(served: Served, provider: OFREPProvider) -> None:
    with pytest.raises(FlagNotFoundError, match="missing"):
        provider.resolve_string_details("missing", "red", ADA)
    for context in (EvaluationContext(), None):
        with pytest.raises(OpenFeatureError) as missing:
            provider.resolve_string_details("str", "red", context)
        assert missing.value.error_code is ErrorCode.TARGETING_KEY_MISSING
    with pytest.raises(OpenFeatureError, match="unauthorized"):
        by_key(served, "tb_wrong").resolve_string_details("str", "red", ADA)


def test_a_busy_key_pauses_the_provider_for_the_time_told(served: Served) -> None:
    head = {"authorization": f"Bearer {served.key}"}
    told = {"client": "busy", "scopes": ["decide"], "rate": 1, "burst": 1}
    secret = httpx.post(f"{served.url}/v1/projects/shop/keys", headers=head, json=told).json()["secret"]
    provider = by_key(served, secret)
    assert provider.resolve_string_details("str", "red", ADA).value == "blue"
    with pytest.raises(GeneralError, match="retry after: 1"):
        provider.resolve_string_details("str", "red", ADA)
    with pytest.raises(GeneralError, match="paused"):
        provider.resolve_string_details("str", "red", ADA)


def test_bulk_by_hand_carries_an_etag(served: Served) -> None:
    head = {"x-api-key": served.key}
    told = {"context": {"targetingKey": "ada", "country": "GB"}}
    url = f"{served.url}/ofrep/v1/evaluate/flags"
    found = httpx.post(url, headers=head, json=told)
    assert found.status_code == 200
    flags = {flag["key"]: flag for flag in found.json()["flags"]}
    assert flags["british"]["value"] == "tea"
    again = httpx.post(url, headers={**head, "if-none-match": found.headers["etag"]}, json=told)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", found.headers["etag"])
