"""One person, page by page: the summary counts what the pages bring, and each page is of that person alone."""

from __future__ import annotations

from typing import Any

import pytest

from tailorbird.engine.refresh import refresh
from tests.web.conftest import ALL, Site
from tests.web.people import person

ANNA = "/v1/profiles/anna@example.org"
MINUTE = 60_000


async def several(site: Site, many: int, visitor: dict[str, str], **more: Any) -> None:
    sent = [
        {"id": f"e{number}", "name": "order" if number % 3 == 0 else "view", "visitor": visitor, **more}
        for number in range(many)
    ]
    assert (await site.send(*sent)).is_success


async def walked(site: Site, **query: Any) -> list[str]:
    """Ids of the events of every page, one after the other."""
    found: list[str] = []
    while True:
        page = (await site.ask("GET", f"{ANNA}/events", params=query)).json()
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            return found
        assert len(page["items"]) == query["limit"]
        query["before"] = page["next"]


async def test_the_summary_counts_what_the_pages_bring(site: Site) -> None:
    await several(site, 10, {"id": "anna@example.org"})
    told = (await site.ask("GET", ANNA)).json()
    assert (told["event_count"], {name: one["count"] for name, one in told["events"].items()}) == (
        10,
        {"order": 4, "view": 6},
    )
    assert await walked(site, limit=4) == [f"e{number}" for number in reversed(range(10))]
    assert await walked(site, limit=3, name="order") == ["e9", "e6", "e3", "e0"]
    assert await walked(site, limit=5, name="letter") == []


async def test_events_under_every_id_of_a_person_are_theirs(site: Site) -> None:
    await site.send({"id": "a", "name": "view", "visitor": {"anonymous_id": "device-1"}})
    await site.send({"id": "b", "name": "view", "visitor": {"id": "anna@example.org"}})
    await site.send({"id": "c", "name": "view", "visitor": {"id": "ben"}})
    assert await walked(site, limit=10) == ["b"]
    await site.send({"id": "d", "name": "view", "visitor": {"id": "anna@example.org", "anonymous_id": "device-1"}})
    assert await walked(site, limit=10) == ["d", "b", "a"]
    of_device = (await site.ask("GET", "/v1/profiles/device-1/events?kind=anonymous")).json()["items"]
    assert [one["id"] for one in of_device] == ["d", "b", "a"]
    assert (await site.ask("GET", "/v1/profiles/device-1/events?kind=known")).status_code == 404


async def test_visits_are_told_one_by_one(site: Site) -> None:
    anna = {"id": "anna@example.org"}
    began = site.now
    await site.send({"name": "view", "visitor": anna, "session_id": "s1"})
    site.now += 50 * MINUTE
    await site.send({"name": "view", "visitor": anna, "session_id": "s1"})
    site.now += 120 * MINUTE
    await site.send({"name": "view", "visitor": anna})
    told = (await site.ask("GET", ANNA)).json()
    assert told["recent_visits"] == [
        {"started_at": site.now, "ended_at": site.now, "session_id": None},
        {"started_at": began, "ended_at": began + 50 * MINUTE, "session_id": "s1"},
    ]
    assert (told["visits"], told["older_visits"]) == (2, 0)
    site.now += 30 * 24 * 60 * MINUTE
    await refresh(site.runtime)  # keys that were not confirmed for a day open nothing
    await site.send({"name": "view", "visitor": anna})
    told = (await site.ask("GET", ANNA)).json()
    assert (told["visits"], told["older_visits"], len(told["recent_visits"])) == (3, 2, 1)
    assert (await site.ask("GET", f"{ANNA}/export")).json()["profile"] == told


async def test_another_project_has_none_of_it(site: Site) -> None:
    await several(site, 3, {"id": "anna@example.org"})
    second, key = await site.another_project("Second")
    assert (await site.ask("GET", f"{ANNA}/events", key=key)).status_code == 404
    await site.send({"id": "theirs", "name": "view", "visitor": {"id": "anna@example.org"}}, key=key)
    theirs = (await site.ask("GET", f"{ANNA}/events", key=key)).json()["items"]
    assert [one["id"] for one in theirs] == ["theirs"]
    assert await walked(site, limit=10) == ["e2", "e1", "e0"]
    stranger = await person(site, "stranger", second="admin")
    assert (await stranger.ask("GET", f"{ANNA}/events?project=shop")).status_code == 404
    assert (await stranger.ask("GET", f"{ANNA}/events?project={second.key}")).status_code == 200


@pytest.mark.parametrize(
    ("query", "field"), [("limit=0", "limit"), ("limit=1001", "limit"), ("before=-1", "before"), ("before=x", "before")]
)
async def test_a_page_that_cannot_be_is_refused_with_its_field(shop: Site, query: str, field: str) -> None:
    refused = await shop.ask("GET", f"{ANNA}/events?{query}")
    assert refused.status_code == 400
    assert [one["field"] for one in refused.json()["errors"]] == [field]
    assert (await shop.ask("GET", f"{ANNA}/events?limit=1000&before=1")).status_code == 200


async def test_nobody_has_no_events_to_page_through(shop: Site) -> None:
    assert (await shop.ask("GET", "/v1/profiles/nobody/events")).status_code == 404


async def test_events_of_a_person_take_the_scope_read(shop: Site) -> None:
    assert shop.project is not None
    lacking = await shop.make_key(shop.project, *(one for one in ALL if one not in ("read", "manage")), client="app")
    assert (await shop.ask("GET", f"{ANNA}/events", key=lacking)).status_code == 403
    assert (await shop.ask("GET", f"{ANNA}/events")).status_code == 200
