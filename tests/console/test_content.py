"""What an experience shows, written in the browser: rows in all experiences, dynamic values, JSON, templates."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Place, first_run, seed

GREETING = 'Hello {{ user.first_name | default: "stranger" }}'


def _opened(page: Page, name: str) -> Locator:
    """The region of one experience with its content shown."""
    region = page.get_by_role("region", name=name, exact=True)
    content = region.get_by_role("button", name=f"Content of {name}", exact=True)
    if content.get_attribute("aria-expanded") == "false":
        content.click()
    expect(content).to_have_attribute("aria-expanded", "true")
    return region


def _draft(place: Place) -> list[dict[str, Any]]:
    """The experiences as the server keeps them."""
    kept = place.ask("GET", "/v1/projects/shop/campaigns/hero/unpublished")
    experiences: list[dict[str, Any]] = kept["body"]["rules"][0]["experiences"]
    return experiences


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_dynamic_value_is_chosen_and_copied_to_all_experiences_and_deleted_from_all(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns/hero")
    warm = _opened(page, "Warm")
    value = warm.get_by_label("Value of headline")
    value.fill("Hello ")
    warm.get_by_role("button", name="Dynamic +").click()
    menu = page.get_by_role("dialog")
    menu.get_by_label("Value", exact=True).first.fill("user.first_name")
    menu.get_by_role("textbox", name="When it is missing").fill("stranger")
    menu.get_by_role("button", name="Insert").click()
    expect(value).to_have_value(GREETING)
    warm.get_by_role("button", name="What can be done with the row headline").click()
    page.get_by_role("menuitem", name="Copy to all experiences").click()
    expect(_opened(page, "Short").get_by_label("Value of headline")).to_have_value(GREETING)
    expect(page.get_by_text("Draft saved")).to_be_visible()
    assert [one["content"]["messages"][0]["rows"][0]["value"] for one in _draft(place)] == [GREETING, GREETING]
    page.get_by_role("button", name="What can be done with the row headline").click()
    page.get_by_role("menuitem", name="Delete from all").click()
    expect(page.get_by_label("Value of headline")).to_have_count(0)
    expect(_opened(page, "Warm").get_by_role("button", name="Add row")).to_be_visible()
    expect(page.get_by_label("Value of headline")).to_have_count(0)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_label("Value of headline")).to_have_value(GREETING)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_an_experience_is_cloned_written_in_json_and_saved_as_a_template(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns/hero")
    page.get_by_role("button", name="What can be done with Warm", exact=True).click()
    page.get_by_role("menuitem", name="Clone").click()
    copy = _opened(page, "Warm copy")
    copy.get_by_text("JSON", exact=True).click()
    page.get_by_role("button", name="Begin anew").click()
    editor = copy.locator(".cm-content")
    editor.click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text('{"banner": "Hello"}')
    expect(page.get_by_text("Draft saved")).to_be_visible()
    assert [one["name"] for one in _draft(place)] == ["Warm", "Warm copy", "Short"]
    copy.get_by_role("button", name="Template").click()
    page.get_by_role("menuitem", name="Save as template…").click()
    form = page.get_by_role("dialog", name="Save as template")
    form.get_by_label("Name").fill("Banner")
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()
    saved = place.ask("GET", "/v1/projects/shop/templates/banner")
    assert saved["body"]["content"]["body"] == {"banner": "Hello"}
    page.goto(f"{place.url}/p/shop/templates")
    expect(page.get_by_role("link", name="Banner")).to_be_visible()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_liquid_is_completed_in_json_as_it_is_typed(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/templates/new")
    page.get_by_role("textbox", name="Name", exact=True).fill("Banner")
    page.get_by_text("JSON", exact=True).click()
    editor = page.locator(".cm-content")
    editor.click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text('{"text": "Hello "}')
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    page.keyboard.type("{{ event.order.c")
    offered = page.locator(".cm-tooltip-autocomplete")
    expect(offered.get_by_role("option", name="event.order.count")).to_be_visible()
    page.wait_for_timeout(150)  # the editor takes no choice that is made before anybody can have read it
    page.keyboard.press("Enter")
    page.keyboard.type(" | def")
    expect(offered.get_by_role("option", name="default")).to_be_visible()
    page.wait_for_timeout(150)
    page.keyboard.press("Enter")
    page.keyboard.type(" }}")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Banner", level=1)).to_be_visible()
    text = place.ask("GET", "/v1/projects/shop/templates/banner")["body"]["content"]["body"]["text"]
    assert re.fullmatch(r'Hello \{\{ event\.order\.count \| default: "" *\}\}\}?\}?', text), text


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_an_experience_starts_from_a_template_and_has_content_for_a_language(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    content = {"messages": [{"target": "hero", "rows": [{"name": "headline", "value": "From the template"}]}]}
    place.ask("POST", "/v1/projects/shop/templates", {"name": "Other", "content": content})
    page.goto(f"{place.url}/p/shop/campaigns/hero")
    warm = _opened(page, "Warm")
    warm.get_by_role("button", name="Template").click()
    page.get_by_role("menuitem", name="Other").click()
    value = warm.get_by_label("Value of headline")
    expect(value).to_have_value("From the template")
    expect(warm.get_by_text("Copied from the template other, version 1")).to_be_visible()
    warm.get_by_role("button", name="Language").click()
    language = page.get_by_role("textbox", name="Language")
    language.fill("German")
    expect(page.get_by_text("Two or three letters, with a region behind a dash")).to_be_visible()
    language.fill("de-AT")
    language.press("Enter")
    value.fill("Aus der Vorlage")
    warm.get_by_text("Default", exact=True).click()
    warm.get_by_role("button", name="Language").click()
    language.fill("de_AT")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(value).to_have_value("Aus der Vorlage")
    warm.get_by_text("Default", exact=True).click()
    expect(value).to_have_value("From the template")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    kept = _draft(place)[0]
    assert kept["template"] == {"template": "other", "version": 1}
    assert kept["locales"]["de-AT"]["messages"][0]["rows"][0]["value"] == "Aus der Vorlage"
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("No unpublished changes")).to_be_visible()
    answers = []
    for locale in ("de-AT", "fr"):
        asked = {"context": {"attributes": {"plan": "gold"}, "locale": locale}, "experience": "Warm"}
        answers.append(place.ask("POST", "/v1/projects/shop/campaigns/hero/preview", asked)["payload"])
    rows = [answer["messages"][0]["values"]["headline"] for answer in answers]
    assert rows == ["Aus der Vorlage", "From the template"]
