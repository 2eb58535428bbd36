"""The list of campaigns: found, filtered, paged, paused together, archived and taken back, begun in three ways."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.console.conftest import Place, first_run, seed

PROJECT = "/v1/projects/shop"
pytestmark = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def _names(page: Page) -> list[str]:
    return page.get_by_role("row").get_by_role("link").all_inner_texts()


def _choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).or_(page.get_by_role("textbox", name=label)).first.click()
    page.get_by_role("option", name=re.compile(option)).click()


def test_campaigns_are_paged_and_found_on_the_server(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    for number in range(30):
        made = {"name": f"Draft {number:02}", "key": f"draft-{number:02}", "groups": ["cellar"] if number == 3 else []}
        place.ask("POST", f"{PROJECT}/campaigns", made)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/campaigns?" in request.url else None)
    page.goto(f"{place.url}/p/shop/campaigns")
    expect(page.get_by_role("row")).to_have_count(26)
    assert _names(page)[0] == "Draft 29"
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("row")).to_have_count(32)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    assert _names(page)[-1] == "Hero"
    assert all("limit=25" in url for url in asked)
    page.get_by_label("Search campaigns").fill("draft 1")
    expect(page.get_by_role("row")).to_have_count(11)
    page.get_by_label("Search campaigns").fill("")
    _choose(page, "Group", "cellar")
    expect(page.get_by_role("row")).to_have_count(2)
    assert _names(page) == ["Draft 03"]
    page.reload()
    expect(page.get_by_role("row")).to_have_count(2)
    page.goto(f"{place.url}/p/shop/campaigns")
    _choose(page, "Status", "Running .1.")
    expect(page.get_by_role("row")).to_have_count(2)
    page.goto(f"{place.url}/p/shop/campaigns?q=nothing-like-that")
    expect(page.get_by_text("No campaign is like that")).to_be_visible()


def test_a_row_tells_owner_dates_and_what_it_brought(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns/new")
    page.get_by_label("Name").fill("Of Ada")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Of Ada", level=1)).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/results" in request.url else None)
    page.goto(f"{place.url}/p/shop/campaigns")
    hero = _row(page, "Hero")
    told = hero.get_by_role("cell").nth(3)
    expect(told).to_contain_text(re.compile(r"[+−][\d.]+\s%|too few people", re.IGNORECASE), timeout=30_000)
    expect(hero).to_contain_text("tests")
    assert len(asked) == 1, "one request for the whole page"
    ada = _row(page, "Of Ada")
    expect(ada).to_contain_text("ada@example.org")
    expect(ada).to_contain_text("Not started")
    _choose(page, "Owner", "ada@example.org")
    expect(page.get_by_role("row")).to_have_count(2)


def test_several_are_paused_at_once_and_who_could_not_be_is_told(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    place.ask("POST", f"{PROJECT}/campaigns/hero/clone", {"name": "Second"})
    page.goto(f"{place.url}/p/shop/campaigns")
    page.get_by_label("Mark all that are shown").check()
    page.get_by_role("button", name="Pause 2").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text("1 of 2 paused")).to_be_visible()
    expect(page.get_by_text(re.compile("second: A campaign that is draft cannot pause"))).to_be_visible()
    expect(_row(page, "Hero")).to_contain_text("Paused")
    expect(_row(page, "Second")).to_contain_text("Draft")
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)


def test_archiving_is_taken_back_and_asked_about_only_where_visitors_see_it(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns")
    menu = page.get_by_role("button", name="What can be done with Hero")
    held: list[Route] = []
    page.route("**/campaigns/hero/pause", lambda route: held.append(route))
    menu.click()
    page.get_by_role("menuitem", name="Pause").click()
    expect(_row(page, "Hero")).to_contain_text("Paused")
    held[0].continue_()
    page.unroute("**/campaigns/hero/pause")
    menu.click()
    expect(page.get_by_role("menuitem", name="Resume")).to_be_visible()
    page.get_by_role("menuitem", name="Archive").click()
    expect(page.get_by_text("Hero is archived")).to_be_visible()
    expect(_row(page, "Hero")).to_have_count(0)
    with page.expect_response("**/campaigns/hero/restore"):
        page.get_by_role("button", name="Undo").click()
    expect(_row(page, "Hero")).to_contain_text("Paused")
    versions = place.ask("GET", f"{PROJECT}/campaigns/hero/versions")["items"]
    assert [one["action"] for one in versions][:3] == ["restore", "archive", "pause"]
    assert versions[0]["body"]["status"] == "paused"
    menu.click()
    page.get_by_role("menuitem", name="Resume").click()
    expect(_row(page, "Hero")).to_contain_text("Running")
    menu.click()
    page.get_by_role("menuitem", name="Archive").click()
    page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    expect(_row(page, "Hero")).to_have_count(0)
    assert place.ask("GET", f"{PROJECT}/campaigns/hero")["body"]["status"] == "archived"
    page.goto(f"{place.url}/p/shop/campaigns/hero")
    page.get_by_role("button", name="More that can be done").click()
    page.get_by_role("menuitem", name="Restore as it was").click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    assert place.ask("GET", f"{PROJECT}/campaigns/hero")["body"]["status"] == "running"


@pytest.mark.parametrize(("kind", "control", "arms"), [("personalization", 5, 1), ("experiment", 0, 2)])
def test_a_campaign_begins_from_a_template(place: Place, page: Page, kind: str, control: int, arms: int) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns/new")
    page.get_by_label("Name").fill("From saved content")
    page.get_by_role("radio", name=re.compile(kind)).check()
    page.get_by_role("radio", name="From a template").check()
    _choose(page, "Template", "Greeting")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="From saved content", level=1)).to_be_visible()
    body: dict[str, Any] = place.ask("GET", f"{PROJECT}/campaigns/from-saved-content")["body"]
    experiences = body["rules"][0]["experiences"]
    assert (body["kind"] if kind == "experiment" else kind, body.get("control", 5), len(experiences)) == (
        kind,
        control,
        arms,
    )
    assert all(one["content"]["messages"][0]["rows"][0]["name"] == "headline" for one in experiences)


def test_a_campaign_begins_as_a_copy(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns/new")
    page.get_by_label("Name").fill("Hero again")
    expect(page.get_by_role("radio", name="An experiment")).to_be_visible()
    page.get_by_role("radio", name="As a copy of a campaign").check()
    expect(page.get_by_role("radio", name="An experiment")).to_have_count(0)
    _choose(page, "Campaign", "Hero")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Hero again", level=1)).to_be_visible()
    copy, hero = (place.ask("GET", f"{PROJECT}/campaigns/{key}")["body"] for key in ("hero-again", "hero"))
    assert (copy["rules"][0]["name"], copy.get("status", "draft")) == ("Gold", "draft")
    assert copy["salt"] != hero["salt"]
    page.goto(f"{place.url}/p/shop/campaigns")
    page.get_by_role("button", name="What can be done with Hero again").click()
    page.get_by_role("menuitem", name="Clone").click()
    expect(page.get_by_role("heading", name="Hero again (copy)", level=1)).to_be_visible()
