"""What is typed stays what it was: numbers, unfinished JSON, values of what nobody has seen; first steps; phones."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.console.conftest import PASSWORD, Place, first_run, seed

PROJECT = "/v1/projects/shop"
HERO = f"{PROJECT}/campaigns/hero"
pytestmark = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


def _hero(page: Page, place: Place, tab: str) -> Locator:
    """The one rule of the seeded campaign, opened at one of its pages."""
    page.goto(f"{place.url}/p/shop/campaigns/hero")
    card = page.get_by_role("region", name="Gold")
    card.get_by_role("tab", name=tab).click()
    return card


def _draft(place: Place) -> Any:
    return place.ask("GET", f"{HERO}/unpublished")["body"]


def _saved(page: Page) -> None:
    expect(page.get_by_role("status").filter(has_text="Draft saved")).to_be_visible()


def test_a_number_is_told_to_be_wrong_and_never_changed_unseen(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns/hero")
    control = page.get_by_label("Control group")
    control.fill("150")
    control.blur()
    expect(page.get_by_text("Expected 0 to 100 percent")).to_be_visible()
    expect(control).to_have_value("150 %")
    page.reload()
    expect(control).to_have_value("150 %")
    expect(page.get_by_role("button", name="1 to put right")).to_be_visible()
    page.get_by_role("button", name="Publish…").click()
    expect(page.get_by_role("dialog").get_by_text("control: Expected 0 to 100 percent")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Go on editing").click()
    control.fill("30")
    expect(page.get_by_role("button", name="1 to put right")).to_have_count(0)
    control.fill("")
    expect(control).to_have_value("")
    control.blur()
    expect(control).to_have_value("30 %")
    _saved(page)
    assert _draft(place)["control"] == 30


def test_json_that_is_not_finished_outlives_a_reload_and_is_not_published_without(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    card = _hero(page, place, "Audience")
    card.get_by_text("JSON", exact=True).click()
    editor = card.locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" and silver")
    said = card.get_by_text("This text is not finished")
    expect(said).to_be_visible()
    page.get_by_role("tab", name="Goals").click()
    page.reload()
    page.get_by_role("tab", name=re.compile("^Rules and experiences")).click()
    page.get_by_role("button", name="1 to put right").click()
    page.get_by_role("menuitem", name=re.compile("Gold, audience")).click()
    expect(editor).to_contain_text("} and silver")
    page.get_by_label("Control group").fill("30")
    page.get_by_role("button", name="Publish…").click()
    expect(
        page.get_by_role("dialog").get_by_text(re.compile("Gold, audience: This text is not finished"))
    ).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Go on editing").click()
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text('{"plan": "silver"}')
    expect(said).to_have_count(0)
    _saved(page)
    page.reload()
    expect(page.get_by_role("region", name="Gold")).to_contain_text("plan is “silver”")
    assert _draft(place)["rules"][0]["audience"] == {"plan": "silver"}


def test_an_answer_that_is_lost_is_no_conflict_with_oneself(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    lost: list[int] = []

    def lose(route: Route) -> None:
        """The server has it, and nobody hears of that."""
        if route.request.method != "PUT" or lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/campaigns/hero/unpublished", lose)
    page.goto(f"{place.url}/p/shop/campaigns/hero/settings")
    name = page.get_by_role("textbox", name="Name", exact=True)
    name.fill("Sent")
    expect(page.get_by_text("Kept here; the server is away")).to_be_visible()
    name.fill("Sent and typed on")
    _saved(page)
    assert (lost, _draft(place)["name"]) == ([200], "Sent and typed on")


def test_two_tabs_of_one_browser_keep_what_each_typed(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    where = f"{place.url}/p/shop/campaigns/hero/settings"
    other = page.context.new_page()
    both = [one.get_by_role("textbox", name="Name", exact=True) for one in (page, other)]
    for one, name in zip((page, other), both, strict=True):
        one.goto(where)
        expect(name).to_have_value("Hero")
    both[0].fill("Of the first")
    _saved(page)
    both[1].fill("Of the second")
    told = other.get_by_text("Somebody else changed this draft meanwhile")
    expect(told).to_be_visible()
    both[1].fill("Of the second, typed on")
    both[0].fill("Of the first again")
    expect(page.get_by_text("Typing…").or_(page.get_by_text("Saving…"))).to_be_visible()
    _saved(page)
    other.reload()
    expect(both[1]).to_have_value("Of the second, typed on")
    expect(told).to_be_visible()
    expect(other.get_by_text('"name": "Of the first again"')).to_be_visible()
    other.get_by_role("button", name="Go on with yours").click()
    _saved(other)
    assert _draft(place)["name"] == "Of the second, typed on"


def test_an_audience_without_a_row_is_not_everybody(place: Place, page: Page) -> None:
    first_run(page, place)
    page.goto(f"{place.url}/p/shop/campaigns/new")
    page.get_by_label("Name").fill("Plain")
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("Plain")
    page.get_by_role("button", name="Create").click()
    rule = page.get_by_role("region", name="Rule 1")
    rule.get_by_text("Everyone", exact=True).click()
    expect(rule.get_by_role("button", name=re.compile("^Rule 1"))).to_contain_text("Everyone")
    rule.get_by_text("Who…").click()
    said = rule.get_by_text("Nobody is chosen before there is a row.")
    expect(said).to_be_visible()
    expect(rule.get_by_role("button", name=re.compile("^Rule 1"))).to_contain_text("Nobody chosen yet")
    rule.get_by_role("button", name="Attribute", exact=True).click()
    rule.get_by_role("combobox", name="Attribute or fact").fill("plan")
    expect(said).to_have_count(0)
    rule.get_by_role("button", name="Remove this row").click()
    expect(said).to_be_visible()
    expect(rule.get_by_role("button", name="Needs setup: what is missing")).to_be_visible()
    page.goto(f"{place.url}/p/shop/campaigns/new")
    expect(page.get_by_label("Name")).to_have_value("")


def test_the_type_of_what_nobody_has_seen_is_shown_and_chosen(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    card = _hero(page, place, "Audience")
    card.get_by_role("button", name="Attribute", exact=True).click()
    card.get_by_role("combobox", name="Attribute or fact").last.fill("shoe_size")
    kind = card.get_by_role("combobox", name="Taken as").last
    value = card.get_by_role("combobox", name="Value", exact=True).last
    for text, named, said in (("042", "Text", "“042”"), ("true", "True / false", "true"), ("42", "Number", "42")):
        value.fill(text)
        expect(kind).to_have_value(named)
        expect(card).to_contain_text(f"shoe_size is {said}")
    _saved(page)
    assert _draft(place)["rules"][0]["audience"]["shoe_size"] == 42
    kind.click()
    page.get_by_role("option", name="Text").click()
    expect(card).to_contain_text("shoe_size is “42”")
    value.fill("43")
    expect(card).to_contain_text("shoe_size is “43”")
    _saved(page)
    assert _draft(place)["rules"][0]["audience"]["shoe_size"] == "43"
    page.reload()
    page.get_by_role("region", name="Gold").get_by_role("tab", name="Audience").click()
    expect(kind).to_have_value("Text")


def test_on_a_phone_every_row_and_the_open_tab_are_in_sight(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{place.url}/p/shop/campaigns")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Hero", exact=True))
    expect(row.locator("[aria-busy=true]")).to_have_count(0)
    for part in (row.get_by_text("Running"), row.get_by_role("button", name="What can be done with Hero")):
        expect(part).to_be_in_viewport(ratio=0.9)
    page.goto(f"{place.url}/p/shop/campaigns/hero/versions")
    expect(page.get_by_role("tab", name="Versions")).to_be_in_viewport(ratio=0.9)
    page.goto(f"{place.url}/p/shop/campaigns/hero")
    expect(page.get_by_role("tab", name="Rules and experiences")).to_be_in_viewport(ratio=0.9)


def test_a_wrong_setup_code_is_told_beside_it_and_the_first_page_asks_for_a_project(place: Place, page: Page) -> None:
    page.goto(f"{place.url}/")
    code = page.get_by_label("Setup code")
    code.fill("wrong")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    expect(code).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("This is not the setup code.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    code.fill(place.code)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Your first project")).to_be_visible()
    page.get_by_label("New project").fill("Shop")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Welcome to Tailorbird")).to_be_visible()
