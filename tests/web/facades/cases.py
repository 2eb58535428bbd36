"""The cases of spec/facades: what is asked of a door, what it answers, and what is known of a person afterwards."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs

from tailorbird.domain.definitions import Item
from tailorbird.domain.facts import ATTRIBUTES
from tailorbird.engine import access
from tailorbird.engine.catalogue import upsert
from tests.architecture.sources import ROOT
from tests.web.conftest import Site
from tests.web.facades import campaigns

#: how a step's ``as`` becomes headers: (site, project key, secret) → headers
Credentials = Callable[[str, str], dict[str, str]]


#: what an exported event leaves out where it is empty
LEFT_OUT: dict[str, Any] = {"channel": "", "properties": {}}


def files(protocol: str) -> list[Path]:
    return sorted(path for path in (ROOT / "spec" / "facades" / protocol).glob("*.json") if path.name != "schema.json")


def read(path: Path) -> dict[str, Any]:
    """A case of the form that its schema asks for."""
    schema = json.loads((path.parent / "schema.json").read_text(encoding="utf-8"))
    case: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    jsonschema_rs.validate(schema, case)
    return case


def basic(name: str, secret: str) -> str:
    return "Basic " + b64encode(f"{name}:{secret}".encode()).decode()


async def world(site: Site, case: dict[str, Any]) -> None:
    """What a case takes for granted."""
    assert site.project is not None
    if settings := case.get("settings"):
        await site.settings(**settings)
    if items := case.get("items"):
        await upsert(site.runtime, site.project.id, [Item(**item) for item in items])
    goal = await site.ask(
        "POST", f"{campaigns.home(site)}/goals", json={"name": "Orders", "key": "orders", "event": "order"}
    )
    assert goal.status_code == 201, goal.text
    for template in case.get("templates", ()):
        made = await site.ask("POST", f"{campaigns.home(site)}/templates", json=template)
        assert made.status_code == 201, made.text
    for told in case.get("campaigns", ()):
        more = dict(told)
        key, status = more.pop("key"), more.pop("then", None)
        await campaigns.start(site, key, more.pop("body", "shown"), **more)
        if status:
            paused = await site.ask("POST", f"{campaigns.home(site)}/campaigns/{key}/{status}")
            assert paused.status_code == 200, paused.text


async def run(site: Site, case: dict[str, Any], credentials: dict[str, Credentials]) -> None:
    """All steps of a case, in order."""
    await world(site, case)
    assert site.project is not None
    answers: list[Any] = []
    for step in case["steps"]:
        if "person" in step:
            await site.settled()
            await _person(site, step)
            continue
        ask = step["ask"]
        secret = site.key
        if step.get("as") == "a browser":
            _, secret = await access.create_key(
                site.runtime, site.project.id, client="page", scopes=("decide", "record"), kind="publishable"
            )
        headers = {**credentials[step.get("as", "the shop")](site.project.key, secret), **ask.get("headers", {})}
        content = _content(ask, answers)
        if content is not None:
            headers.setdefault("content-type", "application/json")
        path = ask["path"].replace("{key}", site.key)
        answer = await site.ask(ask.get("method", "POST"), path, key="", headers=headers, content=content)
        said = step["that"]
        assert answer.status_code == step["expect"]["status"], (said, answer.text)
        if "json" in step["expect"]:
            found = answer.json()
            assert_like(step["expect"]["json"], found, said)
            answers.insert(0, found)
        else:
            assert answer.content == b"", said


def _content(ask: dict[str, Any], answers: list[Any]) -> bytes | None:
    if "text" in ask:
        return str(ask["text"]).encode()
    return json.dumps(_filled(ask["json"], answers)).encode() if "json" in ask else None


def _filled(value: Any, answers: list[Any]) -> Any:
    """The body to send; ``{"$last": path}`` stands for that part of the last answer that has it."""
    if isinstance(value, dict) and "$last" in value:
        found = next(part for part in (_part(answer, value["$last"].split(".")) for answer in answers) if part)
        return {**found, **value.get("$merge", {})} if isinstance(found, dict) else found
    if isinstance(value, dict):
        return {name: _filled(member, answers) for name, member in value.items()}
    return [_filled(member, answers) for member in value] if isinstance(value, list) else value


def _part(value: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


async def _person(site: Site, step: dict[str, Any]) -> None:
    answer = await site.ask("GET", f"/v1/profiles/{step['person']}")
    if step["expect"] is None:
        assert answer.status_code == 404, (step["that"], answer.text)
        return
    found = answer.json()
    found["events"] = {name: counter["count"] for name, counter in found["events"].items()}
    export = (await site.ask("GET", f"/v1/profiles/{step['person']}/export")).json()
    found["log"] = [
        {**LEFT_OUT, **{name: event[name] for name in ("name", "time", "channel", "properties") if name in event}}
        for event in export["events"][::-1]
        if event["name"] != ATTRIBUTES
    ]
    seen = found["exposures"]
    found["exposures"] = {key: "control" if seen[key]["arm"] == "control" else "shown" for key in seen}
    for name, expected in step["expect"].items():
        assert_like(expected, found[name], f"{step['that']}: {name}")


def assert_like(expected: Any, found: Any, said: str) -> None:
    """Equal, in type too; ``{"$matches": …}`` stands for any text of that form, ``{"$has": …}`` for some members."""
    if isinstance(expected, dict) and expected.keys() == {"$matches"}:
        assert isinstance(found, str), (said, found)
        assert re.fullmatch(expected["$matches"], found), (said, found)
    elif isinstance(expected, dict) and expected.keys() == {"$has"}:
        assert_like(expected["$has"], {name: found[name] for name in expected["$has"]}, said)
    elif isinstance(expected, dict):
        assert isinstance(found, dict), (said, found)
        assert expected.keys() == found.keys(), (said, found)
        for name, member in expected.items():
            assert_like(member, found[name], f"{said}: {name}")
    elif isinstance(expected, list):
        assert isinstance(found, list), (said, found)
        assert len(expected) == len(found), (said, found)
        for one, other in zip(expected, found, strict=True):
            assert_like(one, other, said)
    else:
        assert (type(expected), expected) == (type(found), found), said
