"""`POST /v1/exposures:import`: history from another tool, judged item by item, counted once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import NOON, Site

PATH = "/v1/exposures:import"
JANUARY = 1_768_469_400_000
DAY = 86_400_000


def item(**more: Any) -> dict[str, Any]:
    told = {"visitor": {"id": "ada"}, "campaign": "home-hero", "experience": "Delivery", "time": JANUARY}
    return {**told, **more}


async def bring(site: Site, *items: Any, **more: Any) -> Any:
    answer = await site.ask("POST", PATH, json={"exposures": list(items)}, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def exposures(site: Site, who: str) -> list[dict[str, Any]]:
    """The first exposures of a person, from the export of all that is stored of it."""
    told = (await site.ask("GET", f"/v1/profiles/{who}/export")).json()
    return [row for row in told["exposures"] if "door" in row]


async def test_history_is_taken_over_and_sent_again_changes_nothing(shop: Site) -> None:
    items = [item(facts={"country": "GB"}), item(visitor={"anonymous_id": "d-7"}, experience="control")]
    assert await bring(shop, *items) == {"accepted": 2, "duplicates": 0, "rejected": []}
    assert await bring(shop, *items) == {"accepted": 0, "duplicates": 2, "rejected": []}
    (row,) = await exposures(shop, "ada")
    assert (row["time"], row["door"], row["facts"]) == (JANUARY, "import", {"country": "GB"})
    (row,) = await exposures(shop, "d-7")
    assert row["arm"] == "control"


async def test_times_are_text_or_milliseconds(shop: Site) -> None:
    await bring(shop, item(time="2026-01-15T10:30:00+01:00"), item(time=JANUARY, visitor={"id": "ben"}))
    assert (await exposures(shop, "ada"))[0]["time"] == (await exposures(shop, "ben"))[0]["time"] == JANUARY


async def test_the_earliest_of_a_call_counts_and_what_is_there_stays(shop: Site) -> None:
    await bring(shop, item(time=JANUARY + 5), item(time=JANUARY, experience="Discount"), item(time=JANUARY + 9))
    (first,) = await exposures(shop, "ada")
    assert first["time"] == JANUARY
    assert (await bring(shop, item(time=JANUARY - 5)))["duplicates"] == 1
    assert await exposures(shop, "ada") == [first]


async def test_a_decision_that_was_recorded_is_not_replaced(shop: Site) -> None:
    asked = {"visitor": {"id": "ada"}, "campaigns": ["home-hero"], "context": {"attributes": {"plan": "gold"}}}
    await shop.decide(asked)
    await shop.settled()
    (decided,) = await exposures(shop, "ada")
    assert decided["time"] == NOON
    assert (await bring(shop, item()))["duplicates"] == 1
    (after,) = await exposures(shop, "ada")
    assert {**after, "days": decided["days"]} == decided
    assert {day for days in after["days"].values() for day in days} == {JANUARY // DAY, NOON // DAY}, "both were seen"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"visitor": {}}, "visitor"),
        ({"visitor": {"id": 7}}, "visitor.id"),
        ({"campaign": "nope"}, "campaign"),
        ({"experience": "Nope"}, "experience"),
        ({"rule": "Nope"}, "rule"),
        ({"version": 99}, "version"),
        ({"version": "x"}, "version"),
        ({"time": "soon"}, "time"),
        ({"time": NOON + 3_600_000}, "time"),
        ({"time": "1999-12-31"}, "time"),
        ({"facts": []}, "facts"),
        ({"facts": {"a": {"b": "x" * 10_001}}}, "facts.a.b"),
        ({"expereince": "A"}, "expereince"),
    ],
)
async def test_what_is_wrong_is_refused_alone_with_its_index_and_field(
    shop: Site, wrong: dict[str, Any], field: str
) -> None:
    told = await bring(shop, item(), item(visitor={"id": "ben"}) | wrong, item(visitor={"id": "cid"}))
    assert told["accepted"] == 2
    assert [(each["index"], each["field"]) for each in told["rejected"]] == [(1, field)]
    assert told["rejected"][0]["error"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"exposures": 1}', b'{"exposures": [], "more": 1}', b'{"exposures": [1']
)
async def test_a_call_of_the_wrong_form_is_refused(shop: Site, body: bytes) -> None:
    assert (await shop.ask("POST", PATH, content=body)).status_code == 400


async def test_a_call_takes_a_thousand(shop: Site) -> None:
    many = [item(visitor={"id": f"v{number}"}) for number in range(1_001)]
    refused = await shop.ask("POST", PATH, json={"exposures": many})
    assert refused.status_code == 413
    assert (await bring(shop, *many[:1_000]))["accepted"] == 1_000


async def test_it_needs_the_scope_manage_and_stays_in_its_project(shop: Site) -> None:
    assert shop.project is not None
    recorder = await shop.make_key(shop.project, "record", "decide", client="backend")
    assert (await shop.ask("POST", PATH, json={"exposures": []}, key=recorder)).status_code == 403
    _, stranger = await shop.another_project("Theirs")
    told = await bring(shop, item(), key=stranger)
    assert [(each["index"], each["field"]) for each in told["rejected"]] == [(0, "campaign")]
    assert (await shop.ask("GET", "/v1/profiles/ada")).status_code == 404
