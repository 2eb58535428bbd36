"""MoEngage Personalize's door, by its cases, by the documented ways to call it, and by whatever anybody sends."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tailorbird.domain.errors import Unavailable
from tailorbird.targeting import Place
from tailorbird.web.facades import moengage as door
from tailorbird.web.options import Options
from tests.web.conftest import Site
from tests.web.facades import campaigns, cases, mutations
from tests.web.facades.cases import basic
from tests.web.served import Served, serving

CASES = cases.files("moengage")
CREDENTIALS: dict[str, cases.Credentials] = {
    "the shop": lambda shop, key: {"authorization": basic(shop, key), "moe-appkey": shop},
    "a browser": lambda shop, key: {"authorization": basic(shop, key), "moe-appkey": shop},
    "nobody": lambda shop, key: {"moe-appkey": shop},
    "a wrong key": lambda shop, key: {"authorization": basic(shop, "tb_wrong"), "moe-appkey": shop},
    "another workspace": lambda shop, key: {"authorization": basic("other", key), "moe-appkey": shop},
    "no app key": lambda shop, key: {"authorization": basic(shop, key)},
    "another app key": lambda shop, key: {"authorization": basic(shop, key), "moe-appkey": "other"},
}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_the_door_answers_as_the_case_says(site: Site, path: Path) -> None:
    await cases.run(site, cases.read(path), CREDENTIALS)


# -- the documented ways to call it ------------------------------------------------------------------------------------

BODY = {
    "customer_id": "ada@example.com",
    "experience_key": ["hero"],
    "utm_medium": "email",
    "DAY_OF_THE_WEEK": "Monday",
    "TIME_OF_THE_DAY": "09",
    "USER_IP_ADDRESS": "192.0.2.7",
    "USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("moengage")
    with serving(folder, Options(access_log=False)) as here:
        campaigns.start_on(
            here.url, here.key, "hero", {"Title": "Hello", "Discount": 15}, audience={"utm_medium": "email"}
        )
        yield here


def by_curl(url: str, headers: dict[str, str], body: Any) -> Any:
    told = [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    command = ["curl", "--silent", "--location", "--request", "POST", url, *told, "--data-raw", json.dumps(body)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=20).stdout)


def by_requests(url: str, headers: dict[str, str], body: Any) -> Any:
    without = {name: value for name, value in headers.items() if name != "Content-Type"}
    return requests.post(url, headers=without, json=body, timeout=20).json()


SCRIPT = """
const [url, headers, body] = process.argv.slice(1);
const answer = await fetch(url, { method: 'POST', headers: JSON.parse(headers), body });
console.log(JSON.stringify(await answer.json()));
"""


def by_node(url: str, headers: dict[str, str], body: Any) -> Any:
    command = ["node", "--input-type=module", "-e", SCRIPT, url, json.dumps(headers), json.dumps(body)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=20).stdout)


@pytest.mark.parametrize(("way", "program"), [(by_curl, "curl"), (by_requests, ""), (by_node, "node")])
def test_the_documented_ways_to_call_it_work(served: Served, way: Callable[..., Any], program: str) -> None:
    if program and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "Authorization": basic("shop", served.key),
        "MOE-APPKEY": "shop",
    }
    found = way(f"{served.url}/v1/experiences/fetch", headers, BODY)
    hero = found["experiences"]["hero"]
    assert hero["payload"]["Title"] == {"value": "Hello", "data_type": "string"}
    assert hero["payload"]["Discount"] == {"value": 15, "data_type": "number"}
    event = {
        "action": "MOE_PERSONALIZATION_MESSAGE_SHOWN",
        "moe_event_uuid": f"shown-{way.__name__}",
        "event_time": int(time.time()),
        "platform": "web",
        "attributes": hero["experience_context"],
    }
    told = {"elements": [{"customer_id": "ada@example.com", "user_timezone_offset": 19800, "actions": [event]}]}
    assert way(f"{served.url}/v1/experiences/events", headers, told)["status"] == "success"
    profile = requests.get(
        f"{served.url}/v1/profiles/ada@example.com", headers={"authorization": f"Bearer {served.key}"}, timeout=20
    ).json()
    assert profile["events"]["impression"]["count"] >= 1
    refused = way(f"{served.url}/v1/experiences/fetch", {**headers, "MOE-APPKEY": "other"}, BODY)
    assert refused["title"] == "Authentication required"


# -- keys, places, faults ----------------------------------------------------------------------------------------------


def head(site: Site, key: str = "") -> dict[str, str]:
    assert site.project is not None
    return {"authorization": basic(site.project.key, key or site.key), "moe-appkey": site.project.id}


async def fetch(site: Site, body: Any, **more: Any) -> Any:
    return await site.ask("POST", "/v1/experiences/fetch", key="", headers=head(site, **more), json=body)


async def orders(site: Site) -> None:
    await site.ask("POST", f"{campaigns.home(site)}/goals", json={"name": "Orders", "key": "orders", "event": "order"})


async def test_a_regenerated_key_stops_the_old_one_at_once_or_later_by_choice(site: Site) -> None:
    assert site.project is not None
    keys = f"/v1/projects/{site.project.id}/keys"
    made = (await site.ask("POST", keys, json={"client": "personalize", "scopes": ["decide", "record"]})).json()
    assert (await fetch(site, {}, key=made["secret"])).status_code == 200
    next_one = (await site.ask("POST", f"{keys}/{made['id']}/rotate", json={"overlap_seconds": 60})).json()
    assert (await fetch(site, {}, key=made["secret"])).status_code == 200
    site.now += 61_000
    assert (await fetch(site, {}, key=made["secret"])).status_code == 401
    last = (await site.ask("POST", f"{keys}/{next_one['id']}/rotate", json={"overlap_seconds": 0})).json()
    assert (await fetch(site, {}, key=next_one["secret"])).status_code == 401
    assert (await fetch(site, {}, key=last["secret"])).status_code == 200


async def test_the_visitors_address_tells_the_place(site: Site) -> None:
    site.runtime.locate = lambda address: Place("GB") if address == "192.0.2.7" else Place()
    await orders(site)
    await campaigns.start(site, "hero", "tea", audience={"@country": "GB"})
    there = await fetch(site, {"customer_id": "ada", "USER_IP_ADDRESS": "192.0.2.7"})
    elsewhere = await fetch(site, {"customer_id": "ada", "USER_IP_ADDRESS": "192.0.2.8"})
    assert (list(there.json()["experiences"]), elsewhere.json()["experiences"]) == (["hero"], {})


async def test_scopes_hold(site: Site) -> None:
    assert site.project is not None
    reads = await site.make_key(site.project, "read")
    assert (await fetch(site, {}, key=reads)).status_code == 401


async def test_a_store_that_is_away_is_500_and_says_when_to_try_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("The store is away.")

    monkeypatch.setattr(door, "record", away)
    told = {"elements": [{"customer_id": "a", "actions": []}]}
    answer = await site.ask("POST", "/v1/experiences/events", key="", headers=head(site), json=told)
    assert (answer.status_code, answer.headers["retry-after"]) == (500, "1")
    assert answer.json() == {"title": "Internal Server Error", "description": "The store is away."}


async def test_a_busy_key_is_429_with_the_wait(site: Site) -> None:
    assert site.project is not None
    slow = await site.make_key(site.project, "decide", rate=0.5, burst=1)
    assert (await fetch(site, {}, key=slow)).status_code == 200
    answer = await fetch(site, {}, key=slow)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert answer.json().keys() == {"title", "description"}


async def test_exposures_are_told_by_door_and_count_once_beside_reports(site: Site) -> None:
    await orders(site)
    await campaigns.start(site, "hero", "shown")
    shown = (await fetch(site, {"customer_id": "ada", "experience_key": "hero"})).json()["experiences"]["hero"]
    await site.settled()
    action = {
        "action": "MOE_PERSONALIZATION_MESSAGE_SHOWN",
        "moe_event_uuid": "e-1",
        "event_time": site.now // 1000,
        "attributes": shown["experience_context"],
    }
    told = {"elements": [{"customer_id": "ada", "actions": [action]}]}
    answer = await site.ask("POST", "/v1/experiences/events", key="", headers=head(site), json=told)
    assert answer.status_code == 200
    export = (await site.ask("GET", "/v1/profiles/ada/export")).json()
    assert [(row["campaign"], row["door"]) for row in export["exposures"]] == [
        (export["exposures"][0]["campaign"], "moengage")
    ]
    assert [event["source"] for event in export["events"]] == ["moengage"]


# -- whatever anybody sends --------------------------------------------------------------------------------------------

VALID: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/v1/experiences/fetch", BODY),
    ("POST", "/v1/experiences/fetch", {"identifiers": {"customer_id": "a", "user_identifiers": {"u_em": "b"}}}),
    (
        "POST",
        "/v1/experiences/events",
        {
            "elements": [
                {
                    "customer_id": "ada@example.com",
                    "user_attributes": {"plan": "gold"},
                    "user_timezone_offset": 19800,
                    "actions": [
                        {
                            "action": "MOE_PERSONALIZATION_MESSAGE_CLICKED",
                            "moe_event_uuid": "e-1",
                            "event_time": 1772452800,
                            "platform": "web",
                            "attributes": {"cid": f"{'0' * 24}_F_T_WP_AB_2_P_0_AU_5A", "b_id": "buy"},
                        }
                    ],
                }
            ]
        },
    ),
    ("GET", "/v1/experiences/metadata?status=Active", None),
)


async def test_whatever_is_sent_the_answer_has_the_protocols_form(site: Site) -> None:
    await orders(site)
    await campaigns.start(site, "hero", {"Title": "Hello"})

    async def ask(method: str, path: str, content: bytes) -> int:
        answer = await site.ask(method, path, key="", headers=head(site), content=content)
        assert answer.status_code in (200, 400), (answer.status_code, content)
        body = answer.json()
        if answer.status_code == 400:
            assert {"title", "description"} <= body.keys() <= {"title", "description", "code"}
        else:
            assert body.keys() & {"experiences", "status", "metadata"}
        return answer.status_code

    await mutations.throw(ask, VALID)
