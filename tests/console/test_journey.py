"""From an empty server to a campaign that was published, measured, changed and rolled back, all in the browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.console.conftest import Place, first_run


def test_from_the_first_account_to_results_and_back_a_version(place: Place, page: Page) -> None:
    first_run(page, place)
    _create(page, place)
    _fill(page)
    _publish(page)
    _preview(page, place)
    _start(page, place)
    _measure(page, place)
    _reorder_and_roll_back(page, place)


def _create(page: Page, place: Place) -> None:
    page.goto(f"{place.url}/p/shop/campaigns")
    page.get_by_role("link", name="Create the first one").click()
    page.get_by_label("Name").fill("Home hero")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Home hero", level=1)).to_be_visible()


def _fill(page: Page) -> None:
    """Two rules with three experiences, an audience, a control group and a goal."""
    page.get_by_label("Control group").fill("20")
    gold = page.get_by_role("region", name="Rule 1")
    gold.get_by_role("tab", name="Audience").click()
    gold.get_by_text("Who…").click()
    gold.get_by_role("button", name="Attribute", exact=True).click()
    gold.get_by_placeholder("attribute").fill("plan")
    gold.get_by_label("Value").fill("gold")
    gold.get_by_label("Name", exact=True).fill("Gold")
    gold = page.get_by_role("region", name="Gold")
    gold.get_by_role("tab", name="Experiences").click()
    _write(gold.get_by_role("region", name="Variant"), "headline", "Welcome back")
    gold.get_by_role("button", name="Add experience").click()
    _write(gold.get_by_role("region", name="Variant 2"), "headline", "Good to see you")
    page.get_by_role("button", name="Gold", expanded=True).click()
    page.get_by_role("button", name="Add rule").click()
    rest = page.get_by_role("region", name="Rule 2")
    rest.get_by_role("tab", name="Audience").click()
    rest.get_by_text("Everyone", exact=True).click()
    rest.get_by_role("tab", name="Experiences").click()
    _write(rest.get_by_role("region", name="Variant"), "headline", "Hello")
    page.get_by_role("tab", name="Goals").click()
    page.get_by_role("button", name="Create a goal").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Order")
    form.get_by_label("Event").fill("order")
    form.get_by_role("button", name="Create goal").click()
    expect(form).to_be_hidden()
    expect(page.get_by_role("radiogroup", name="Part of Order").get_by_label("Primary")).to_be_checked()
    expect(page.get_by_text("Draft saved")).to_be_visible()


def _write(experience, name: str, value: str) -> None:  # type: ignore[no-untyped-def]
    """One message with one row."""
    content = experience.get_by_role("button", name=re.compile("^Content of"))
    if content.get_attribute("aria-expanded") == "false":
        content.click()
    experience.get_by_role("button", name="Add message").click()
    experience.get_by_role("button", name="Add row").click()
    experience.get_by_label("Name of the row").fill(name)
    experience.get_by_label(f"Value of {name}").fill(value)


def _publish(page: Page) -> None:
    page.get_by_role("button", name="Publish…").click()
    plan = page.get_by_role("dialog", name="Publish these changes?")
    plan.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("No unpublished changes")).to_be_visible()


def _preview(page: Page, place: Place) -> None:
    """A gold customer and somebody else see different things, and why."""
    page.get_by_role("tab", name="Preview").click()
    for attributes, headline in (('{"plan": "gold"}', r"Welcome back|Good to see you"), ("{}", "Hello")):
        editor = page.get_by_role("textbox", name="Attributes")
        editor.click()
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.press("Delete")
        page.keyboard.type(attributes)
        page.get_by_role("button", name="Show", exact=True).click()
        shown = page.locator("pre, code").filter(has_text=re.compile(headline)).first
        control = page.get_by_text("is in the control group")
        expect(shown.or_(control).first).to_be_visible()


def _start(page: Page, place: Place) -> None:
    with page.expect_response(lambda answer: answer.url.endswith("/start")):  # the page does not wait for it
        page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def _measure(page: Page, place: Place) -> None:
    """What is decided and reported from outside is seen in Events, and in Results."""
    told = []
    for number in range(30):
        visitor = {"id": f"visitor-{number}"}
        decision = place.decided("home-hero", visitor, {"plan": "gold"})
        assert decision["reason"] in ("SPLIT", "CONTROL")
        told.append({"name": "impression", "visitor": visitor, "token": decision["token"]})
    told.append({"name": "order", "visitor": {"id": "visitor-7"}, "properties": {"total": 30}})
    place.ask("POST", "/v1/events", {"events": told})
    page.goto(f"{place.url}/p/shop/events")
    expect(page.get_by_role("link", name="visitor-7", exact=True).first).to_be_visible()
    expect(page.get_by_role("cell", name="order", exact=True)).to_be_visible()
    page.goto(f"{place.url}/p/shop/campaigns/home-hero/results")
    expect(page.get_by_role("heading", name="Order")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Not yet decided")).to_be_visible()
    shown = page.get_by_role("heading", name="Shown and clicked").locator("xpath=following::table[1]")
    people = shown.locator("tbody tr td.num:nth-of-type(3)").all_inner_texts()
    assert sum(int(one) for one in people) == 30


def _reorder_and_roll_back(page: Page, place: Place) -> None:
    page.goto(f"{place.url}/p/shop/campaigns/home-hero")
    page.get_by_role("button", name="Move Gold down").click()
    _publish(page)
    rules = place.ask("GET", "/v1/projects/shop/campaigns/home-hero")["body"]["rules"]
    assert [rule.get("name", "") for rule in rules] == ["", "Gold"]
    page.get_by_role("tab", name="Versions").click()
    page.get_by_role("button", name="Go back to it").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Go back", exact=True).click()
    page.get_by_role("tab", name="Rules and experiences").click()
    expect(page.get_by_role("button", name="Move Gold up")).to_be_disabled()
    rules = place.ask("GET", "/v1/projects/shop/campaigns/home-hero")["body"]["rules"]
    assert [rule.get("name", "") for rule in rules] == ["Gold", ""]
