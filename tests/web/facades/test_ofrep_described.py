"""The OpenFeature door answers as its own description says."""

from __future__ import annotations

import json
import random
from typing import Any

import jsonschema_rs
import yaml

from tests.architecture.sources import ROOT
from tests.web.conftest import Site
from tests.web.facades import campaigns, mutations
from tests.web.facades.flags import BULK, TRACK, orders

DESCRIPTION = yaml.safe_load((ROOT / "spec" / "facades" / "ofrep" / "openapi.yaml").read_text(encoding="utf-8"))
RECORDED = [
    json.loads(line)
    for line in (ROOT / "spec" / "facades" / "ofrep" / "client_requests.jsonl").read_text(encoding="utf-8").splitlines()
]


def meant(value: Any) -> Any:
    """The description with kinds of values as alternatives that may overlap; see its README."""
    if isinstance(value, dict):
        return {"anyOf" if name == "oneOf" else name: meant(member) for name, member in value.items()}
    return [meant(member) for member in value] if isinstance(value, list) else value


COMPONENTS = meant(DESCRIPTION["components"])


def validator(path: str, status: int) -> Any:
    described = DESCRIPTION["paths"][path]["post"]["responses"].get(str(status), {})
    schema = described.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None
    return jsonschema_rs.validator_for({"$schema": DRAFT, **schema, "components": COMPONENTS})


DRAFT = "https://json-schema.org/draft/2020-12/schema"
VALIDATORS = {
    (path, status): validator(path, status) for path in DESCRIPTION["paths"] for status in (200, 400, 401, 403, 404)
}


def test_the_description_tells_right_from_wrong() -> None:
    path = "/ofrep/v1/evaluate/flags/{key}"
    VALIDATORS[path, 200].validate({"key": "a", "reason": "SPLIT", "value": 1.0})
    for status, wrong in ((200, {"key": "a", "reason": "MADE_UP"}), (200, {"reason": "SPLIT"}), (400, {"key": "a"})):
        assert not VALIDATORS[path, status].is_valid(wrong)


async def test_recorded_requests_and_what_becomes_of_them_are_answered_as_described(site: Site) -> None:
    """The requests that providers sent succeed; with anything in them changed the answer is of the described form."""
    await orders(site)
    for key, value in (("bool", True), ("str", "blue"), ("num", 1.0), ("obj", {"a": [1]})):
        await campaigns.start(site, key, value)
    statuses: dict[int, int] = {}

    async def ask(method: str, path: str, content: bytes) -> int:
        kept = {"content-type": "application/json"}
        answer = await site.ask(method, path, headers=kept, content=content)
        template = path if path == BULK else f"{BULK}/{{key}}"
        assert answer.status_code in (200, 400), (answer.status_code, content)
        VALIDATORS[template, answer.status_code].validate(answer.json())
        told = answer.json()
        for one in told.get("flags", [told]):
            assert "errorDetails" in one or {"key", "reason", "variant"} <= one.keys()
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        return answer.status_code

    valid = {json.dumps((one["path"], one["body"])): one for one in RECORDED if not one["path"].endswith("/missing")}
    recorded = [(one["method"], one["path"], one["body"]) for one in valid.values()]
    await mutations.throw(ask, recorded, rounds=25)
    assert min(statuses.get(status, 0) for status in (200, 400)) > 50, statuses


async def test_recorded_headers_of_providers_are_accepted(site: Site) -> None:
    await orders(site)
    for one in RECORDED:
        told = {name: value for name, value in one["headers"].items() if name.lower() != "authorization"}
        answer = await site.ask(one["method"], one["path"], headers=told, json=one["body"])
        assert answer.status_code == (200 if one["path"] == BULK else 404)


async def test_whatever_is_tracked_or_asked_for_the_answer_has_the_protocols_form(site: Site) -> None:
    await orders(site)
    event = {
        "context": {"targetingKey": "ada", "anonymousId": "device-1", "plan": "gold"},
        "trackingEventName": "order",
        "trackingEventDetails": {"value": 9.5, "items": [{"id": "a"}]},
        "id": "t-1",
        "time": "2026-03-02T12:00:00Z",
    }

    async def ask(method: str, path: str, content: bytes) -> int:
        answer = await site.ask(method, path, content=content)
        assert answer.status_code in (200, 400), (answer.status_code, content)
        expected = {"accepted", "duplicates"} if answer.status_code == 200 else {"errorCode", "errorDetails"}
        assert answer.json().keys() == expected
        return answer.status_code

    await mutations.throw(ask, [("POST", TRACK, event)], rounds=60)
    chance = random.Random(5)
    for _ in range(60):
        key = "".join(chr(chance.choice((*range(33, 127), 0xE9, 0x20, 0x1F600))) for _ in range(chance.randint(1, 20)))
        path = f"{BULK}/" + "".join(f"%{byte:02X}" for byte in key.encode())
        answer = await site.ask("POST", path, json={"context": {"targetingKey": "ada"}})
        assert (answer.status_code, answer.json()["key"]) == (404, key)
