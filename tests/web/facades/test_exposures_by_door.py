"""Whoever reports what was shown in a vendor's own way counts no exposure and no display a second time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest

from tests.web.conftest import Site
from tests.web.facades import campaigns
from tests.web.facades.cases import basic

#: asks for the campaigns ``hero``, ``held`` (all control) and ``once``; returns what is handed back, by key
Ask = Callable[[Site], Awaitable[dict[str, Any]]]
#: reports an impression of some campaigns under an id
Report = Callable[[Site, dict[str, Any], str], Awaitable[int]]
KEYS = ["hero", "held", "once"]


async def told(site: Site, path: str, body: Any, **headers: str) -> Any:
    assert site.project is not None
    head = {"authorization": basic(site.project.key, site.key), "moe-appkey": site.project.key, **headers}
    answer = await site.ask("POST", path, key="", headers=head, json=body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


# -- MoEngage: contexts ------------------------------------------------------------------------------------------------


async def moengage_asks(site: Site) -> dict[str, Any]:
    found = await told(site, "/v1/experiences/fetch", {"customer_id": "ada", "experience_key": KEYS})
    return {key: one["experience_context"] for key, one in found["experiences"].items()}


async def moengage_asks_for_all(site: Site) -> dict[str, Any]:
    found = await told(site, "/v1/experiences/fetch", {"identifiers": {"customer_id": "ada"}})
    return {key: one["experience_context"] for key, one in found["experiences"].items()}


async def moengage_reports(site: Site, handles: dict[str, Any], event_id: str) -> int:
    actions = [
        {
            "action": "MOE_PERSONALIZATION_MESSAGE_SHOWN",
            "moe_event_uuid": f"{event_id}-{key}",
            "event_time": site.now // 1000,
            "platform": "WEB",
            "attributes": context,
        }
        for key, context in handles.items()
    ]
    await told(site, "/v1/experiences/events", {"elements": [{"customer_id": "ada", "actions": actions}]})
    return len(actions)


# -- Salesforce: statistics --------------------------------------------------------------------------------------------


async def salesforce_asks(site: Site) -> dict[str, Any]:
    found = await told(site, "/api2/authevent/shop", {"user": {"id": "ada"}, "source": {"channel": "Server"}})
    return {one["campaignName"]: one for one in found["campaignResponses"]}


async def salesforce_reports(site: Site, handles: dict[str, Any], event_id: str) -> int:
    stats = [
        {"experienceId": one["experienceId"], "stat": "Impression", "control": one["userGroup"] == "Control"}
        for one in handles.values()
    ]
    source = {"channel": "Server", "time": site.now, "application": event_id}  # the same event again counts once
    body = {"user": {"id": "ada"}, "source": source, "campaignStats": stats, "flags": {"noCampaigns": True}}
    await told(site, "/api2/authevent/shop", body)
    return len(stats)


# -- Intempt: tracked views --------------------------------------------------------------------------------------------


async def intempt_asks(site: Site) -> dict[str, Any]:
    path = "/v1/acme/projects/shop/optimization/choose-api"
    found = await told(site, path, {"identification": {"userId": "ada"}, "names": KEYS})
    return {one["name"]: one["body"] for one in found["choices"]}


async def intempt_reports(site: Site, handles: dict[str, Any], event_id: str) -> int:
    items = [{"eventId": event_id, "userId": "ada", "timestamp": site.now, "data": {"name": key}} for key in handles]
    await told(site, "/v1/acme/projects/shop/sources/7/track", {"track": [{"name": "impression", "payload": items}]})
    return len(items)


# -- OFREP: tokens -----------------------------------------------------------------------------------------------------

ADA = {"context": {"targetingKey": "ada"}}


def bearer(site: Site) -> dict[str, str]:
    return {"authorization": f"Bearer {site.key}"}


async def ofrep_asks(site: Site) -> dict[str, Any]:
    flags = [await told(site, f"/ofrep/v1/evaluate/flags/{key}", ADA, **bearer(site)) for key in KEYS]
    return tokens(flags)


async def ofrep_asks_for_all(site: Site) -> dict[str, Any]:
    found = await told(site, "/ofrep/v1/evaluate/flags", ADA, **bearer(site))
    return tokens(found["flags"])


def tokens(flags: Iterable[Any]) -> dict[str, Any]:
    return {flag["key"]: flag["metadata"]["token"] for flag in flags if "token" in flag["metadata"]}


async def ofrep_reports(site: Site, handles: dict[str, Any], event_id: str) -> int:
    for key, token in handles.items():
        body = {**ADA, "trackingEventName": "impression", "id": f"{event_id}-{key}", "token": token}
        await told(site, "/ofrep/v1/track", body, **bearer(site))
    return len(handles)


# -- the same for all --------------------------------------------------------------------------------------------------

#: name of the door → ask, report, and what is exposed before anything was reported
WAYS: dict[str, tuple[str, Ask, Report, set[str]]] = {
    "MoEngage, named": ("moengage", moengage_asks, moengage_reports, set(KEYS)),
    "MoEngage, all": ("moengage", moengage_asks_for_all, moengage_reports, set()),
    "Salesforce": ("salesforce", salesforce_asks, salesforce_reports, set()),
    "Intempt": ("intempt", intempt_asks, intempt_reports, set(KEYS)),
    "OFREP, single": ("ofrep", ofrep_asks, ofrep_reports, set(KEYS)),
    "OFREP, bulk": ("ofrep", ofrep_asks_for_all, ofrep_reports, set()),
}


async def start(site: Site) -> dict[str, str]:
    """The campaigns; their keys by id."""
    await site.ask("POST", f"{campaigns.home(site)}/goals", json={"name": "Orders", "key": "orders", "event": "order"})
    made = [
        await campaigns.start(site, "hero", "shown"),
        await campaigns.start(site, "held", "never", control=100),
        await campaigns.start(site, "once", "seen", cap="once"),
    ]
    return {one["body"]["id"]: one["body"]["key"] for one in made}


async def exposures(site: Site, keys: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Arm and door by campaign: one row each."""
    await site.settled()
    answer = await site.ask("GET", "/v1/profiles/ada/export")
    rows = answer.json()["exposures"] if answer.status_code == 200 else []
    found = {keys[row["campaign"]]: ("control" if row["arm"] == "control" else "shown", row["door"]) for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("way", WAYS)
async def test_an_exposure_counts_once_beside_the_vendors_own_reports(site: Site, way: str) -> None:
    door, ask, report, at_decision = WAYS[way]
    keys = await start(site)
    handles = await ask(site)
    assert set(await exposures(site, keys)) == at_decision
    reported = await report(site, handles, "first")
    shown = {"hero": ("shown", door), "once": ("shown", door)}
    seen = await exposures(site, keys)
    expected = {**shown, "held": ("control", door)} if "held" in at_decision | handles.keys() else shown
    assert seen == expected
    await report(site, handles, "first")
    site.now += 60_000
    reported += await report(site, handles, "second")
    assert await exposures(site, keys) == seen
    found = (await site.ask("GET", "/v1/profiles/ada")).json()
    assert found["events"]["impression"]["count"] == reported == 2 * len(handles)
    if at_decision:
        assert {display["count"] for display in found["displays"].values()} == {1}


async def test_the_first_door_counts_whatever_others_say_later(site: Site) -> None:
    keys = await start(site)
    for door, ask, report, _ in WAYS.values():
        await report(site, await ask(site), door)
    assert await exposures(site, keys) == {
        "hero": ("shown", "moengage"),
        "held": ("control", "moengage"),
        "once": ("shown", "moengage"),
    }
