"""The editor: what is wrong beside its field, rules in order by mouse and keyboard, nothing that is typed is lost."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.console.conftest import Place, barriers, first_run, seed, sign_in

PROJECT = "/v1/projects/shop"
pytestmark = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


def _three_rules(place: Place) -> None:
    """A campaign that tries A, then B, then C."""
    content = {"body": {"headline": "Hello"}}
    rules = [
        {"name": name, "audience": {"plan": name}, "experiences": [{"name": f"{name}1", "content": content}]}
        for name in "ABC"
    ]
    place.ask("POST", f"{PROJECT}/campaigns", {"name": "Three", "key": "three", "rules": rules})


def _order(page: Page) -> list[str]:
    found = page.get_by_role("button", name=re.compile("^Drag .")).all()
    return [(one.get_attribute("aria-label") or "").split()[1] for one in found]


def _kept(place: Place, key: str) -> list[str]:
    body = place.ask("GET", f"{PROJECT}/campaigns/{key}/unpublished")["body"]
    return [rule["name"] for rule in body["rules"]]


def _saved(page: Page) -> None:
    expect(page.get_by_text("Draft saved")).to_be_visible()


def _select_all(page: Page, editor: Locator, text: str) -> None:
    editor.click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def _open(page: Page, name: str) -> Locator:
    region = page.get_by_role("region", name=name, exact=True)
    content = region.get_by_role("button", name=f"Content of {name}", exact=True)
    if content.get_attribute("aria-expanded") == "false":
        content.click()
    return region


def _barriers_in_both_schemes(page: Page) -> list[str]:
    found = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_timeout(300)
        found += [f"{scheme}: {one}" for one in barriers(page)]
    return found


def test_what_is_wrong_stands_beside_its_field_and_every_mention_leads_there(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns/hero")
    warm = _open(page, "Warm")
    warm.get_by_label("Value of headline").fill("Hello {{ user.first_name")
    expect(warm.get_by_label("Value of headline")).to_have_attribute("aria-invalid", "true")
    told = warm.get_by_text(re.compile("^Line 1"))
    expect(told).to_be_visible()
    warm.get_by_label("Value of headline").fill("Hello {{ user.first_name }}")
    expect(told).to_have_count(0)
    warm.get_by_label("Value of headline").fill("Hello {% if user.first_name %}")
    expect(warm.get_by_label("Value of headline")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("tab", name="Settings").click()
    page.get_by_label("Selector").fill("Not a key!")
    expect(page.get_by_text(re.compile("got Not a key!"))).to_be_visible()
    page.get_by_label("From", exact=True).fill("2031-05-02T10:00")
    page.get_by_label("Until", exact=True).fill("2031-05-01T10:00")
    expect(page.get_by_label("Until", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="3 to put right")).to_be_visible()

    found = _barriers_in_both_schemes(page)
    page.get_by_role("tab", name="Rules and experiences").click()
    _open(page, "Warm")
    found += _barriers_in_both_schemes(page)

    page.get_by_role("button", name="Publish…").click()
    plan = page.get_by_role("dialog", name="Publish these changes?")
    expect(plan.get_by_role("button", name="Publish", exact=True)).to_be_disabled()
    found += _barriers_in_both_schemes(page)
    assert found == []
    plan.get_by_role("button", name=re.compile("^Gold, Warm, content")).click()
    expect(plan).to_be_hidden()
    expect(page.get_by_role("region", name="Warm", exact=True).get_by_label("Value of headline")).to_be_focused()
    page.get_by_role("button", name="3 to put right").click()
    page.get_by_role("menuitem", name=re.compile("^schedule")).click()
    expect(page.get_by_label("Until", exact=True)).to_be_focused()
    page.get_by_label("Until", exact=True).fill("2031-06-01T10:00")
    page.get_by_label("Selector").fill("hero")
    expect(page.get_by_role("button", name="1 to put right")).to_be_visible()


def test_json_and_conditions_are_marked_where_they_are_wrong(place: Place, page: Page) -> None:
    first_run(page, place)
    _three_rules(place)
    page.goto(f"{place.url}/p/shop/campaigns/three")
    card = page.get_by_role("region", name="A", exact=True)
    card.get_by_role("button", expanded=False).first.click()
    experience = _open(page, "A1")
    body = experience.locator(".cm-content")
    _select_all(page, body, '{\n  "headline": "Hello",\n  "text": "{{ user.name"\n}')
    expect(experience.locator(".cm-lint-marker-error")).to_have_count(1)
    expect(experience.get_by_text(re.compile("^Line 1"))).to_be_visible()
    marked = experience.locator(".cm-lintRange-error")
    expect(marked).to_have_text('"{{ user.name"')
    _select_all(page, body, '{"headline": }')
    expect(experience.locator(".cm-lint-marker-error")).to_have_count(1)
    _select_all(page, body, '{"headline": "Hello"}')
    expect(experience.locator(".cm-lint-marker-error")).to_have_count(0)

    card.get_by_role("tab", name="Audience").click()
    card.get_by_label("Comparison", exact=True).click()
    page.get_by_role("option", name="matches the pattern", exact=True).click()
    card.get_by_label("Value").fill("(gold")
    row = card.locator("[data-field='rules[0].audience.plan']")
    expect(row.get_by_role("alert")).to_contain_text("(gold")
    card.get_by_text("JSON", exact=True).click()
    expect(card.locator(".cm-lintRange-error")).to_have_text('"(gold"')
    card.get_by_text("Who…").click()
    card.get_by_label("Value").fill("gold")
    expect(row.get_by_role("alert")).to_have_count(0)
    expect(card.get_by_text(re.compile("of 0 known people"))).to_be_visible()


def test_rules_are_ordered_by_mouse_and_by_keyboard(place: Place, page: Page) -> None:
    first_run(page, place)
    _three_rules(place)
    page.goto(f"{place.url}/p/shop/campaigns/three")
    expect(page.get_by_role("button", name="Drag A to another place")).to_be_visible()
    grip, target = (page.get_by_role("button", name=f"Drag {name} to another place") for name in "AC")
    begin, end = grip.bounding_box(), target.bounding_box()
    assert begin is not None
    assert end is not None
    page.mouse.move(begin["x"] + 8, begin["y"] + 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 8, end["y"] - 10, steps=8)
    page.mouse.move(end["x"] + 8, end["y"] + 14, steps=4)
    page.mouse.up()
    expect(page.get_by_role("button", name="Move A down")).to_be_disabled()
    assert _order(page) == ["B", "C", "A"]
    _saved(page)
    assert _kept(place, "three") == ["B", "C", "A"]

    page.get_by_role("button", name="Move A up").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Move A up")).to_be_focused()
    assert _order(page) == ["B", "A", "C"]
    page.keyboard.press("Enter")
    assert _order(page) == ["A", "B", "C"]
    expect(page.get_by_role("button", name="Move A down")).to_be_focused()

    page.get_by_role("button", name="Drag B to another place").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text(re.compile("^B is (picked up from|over) place 2"))).to_be_attached()
    for _ in range(10):  # what was picked up listens a moment later; beyond the last place there is none
        page.keyboard.press("ArrowDown")
        with contextlib.suppress(AssertionError):
            expect(page.get_by_text("B is over place 3 of 3.")).to_be_attached(timeout=1_500)
            break
    expect(page.get_by_text("B is over place 3 of 3.")).to_be_attached()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Move B down")).to_be_disabled()
    expect(page.get_by_role("button", name="Drag B to another place")).to_be_focused()
    assert _order(page) == ["A", "C", "B"]
    page.keyboard.press("ControlOrMeta+Z")
    expect(page.get_by_role("button", name="Move C down")).to_be_disabled()
    expect(page.get_by_text("No unpublished changes")).to_be_visible()
    page.keyboard.press("ControlOrMeta+Shift+Z")
    _saved(page)
    assert _kept(place, "three") == ["A", "C", "B"]


def test_a_new_rule_is_written_without_losing_the_place(place: Place, page: Page) -> None:
    first_run(page, place)
    _three_rules(place)
    page.goto(f"{place.url}/p/shop/campaigns/three")
    page.get_by_role("button", name="Add rule").click()
    new = page.get_by_role("region", name="Rule 4")
    new.get_by_label("Name", exact=True).click()
    page.keyboard.type("Newcomers")
    new = page.get_by_role("region", name="Newcomers")
    expect(new.get_by_label("Name", exact=True)).to_be_focused()
    new.get_by_text("Everyone", exact=True).click()
    expect(new.get_by_role("tab", name="Audience")).to_have_attribute("aria-selected", "true")
    new.get_by_role("tab", name="Experiences").click()
    new.get_by_role("button", name="Needs setup").click()
    page.get_by_role("menuitem", name=re.compile("What to show", re.IGNORECASE)).click()
    expect(new.get_by_role("button", name="Content of Variant")).to_have_attribute("aria-expanded", "true")
    new.get_by_role("button", name="Add experience").click()
    new.get_by_label("Weight of Variant 2").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("3")
    expect(new.get_by_role("img", name="Control 5.00 %, Variant 23.8 %, Variant 2 71.2 %").first).to_be_visible()
    page.get_by_role("button", name="Move Newcomers up").click()
    expect(new.get_by_label("Weight of Variant 2")).to_have_value("3")
    _saved(page)
    assert _kept(place, "three") == ["A", "B", "Newcomers", "C"]


def _state(page: Page, name: str) -> Locator:
    """The badge beside the title."""
    return page.get_by_role("main").get_by_text(name, exact=True).first


def test_pausing_shows_at_once_is_taken_back_when_refused_and_keeps_the_draft(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns/hero/settings")
    name = page.get_by_role("textbox", name="Name", exact=True)
    name.fill("Hero with a draft")
    _saved(page)
    held: list[Route] = []
    page.route("**/campaigns/hero/pause", lambda route: held.append(route))
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(_state(page, "Paused")).to_be_visible()
    assert place.ask("GET", f"{PROJECT}/campaigns/hero")["body"]["status"] == "running"
    held[0].fulfill(status=503, json={"title": "Away", "status": 503, "detail": "Try again."})
    expect(_state(page, "Running")).to_be_visible()
    page.unroute("**/campaigns/hero/pause")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(_state(page, "Paused")).to_be_visible()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_have_count(0)
    expect(name).to_have_value("Hero with a draft")
    name.fill("Hero that was paused")
    _saved(page)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.reload()
    expect(name).to_have_value("Hero that was paused")
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("No unpublished changes")).to_be_visible()
    found = place.ask("GET", f"{PROJECT}/campaigns/hero")["body"]
    assert (found["name"], found["status"]) == ("Hero that was paused", "paused")


def test_what_was_typed_before_leaving_meets_what_others_wrote_since(
    place: Place, page: Page, chromium: Browser
) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns/hero/settings")
    name = page.get_by_role("textbox", name="Name", exact=True)
    expect(name).to_have_value("Hero")
    page.route("**/campaigns/hero/unpublished", lambda route: route.abort())
    name.fill("Typed and not sent")
    expect(page.get_by_text("Kept here; the server is away")).to_be_visible()
    page.goto(f"{place.url}/p/shop/audiences")
    page.unroute("**/campaigns/hero/unpublished")

    other = chromium.new_context().new_page()
    sign_in(other, place)
    other.goto(f"{place.url}/p/shop/campaigns/hero/settings")
    other.get_by_role("textbox", name="Name", exact=True).fill("Written by the other one")
    expect(other.get_by_text("Draft saved")).to_be_visible()
    other.context.close()

    page.goto(f"{place.url}/p/shop/campaigns/hero/settings")
    conflict = page.get_by_role("alert").filter(has_text="Somebody else changed this draft")
    expect(conflict).to_contain_text("Typed and not sent")
    expect(conflict).to_contain_text("Written by the other one")
    page.get_by_role("button", name="Go on with yours").click()
    _saved(page)
    assert place.ask("GET", f"{PROJECT}/campaigns/hero/unpublished")["body"]["name"] == "Typed and not sent"


def test_a_version_published_by_others_is_taken_or_shown_beside_what_was_typed(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    wrong: list[Any] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(f"{place.url}/p/shop/campaigns/hero/settings")
    name = page.get_by_role("textbox", name="Name", exact=True)
    expect(name).to_have_value("Hero")
    assert wrong == [], "a campaign without a draft is nothing to complain about"
    body = place.ask("GET", f"{PROJECT}/campaigns/hero")["body"]
    _publish(place, {**body, "name": "Published"})
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(name).to_have_value("Published")
    name.fill("Typed over it")
    _saved(page)
    _publish(place, {**body, "name": "Published again"})
    page.reload()
    conflict = page.get_by_role("alert").filter(has_text="Somebody else changed this draft")
    expect(conflict).to_contain_text("Published again")
    expect(name).to_have_value("Typed over it")
    page.get_by_role("button", name="Take the other one").click()
    expect(name).to_have_value("Published again")
    expect(page.get_by_text("No unpublished changes")).to_be_visible()


def _publish(place: Place, body: dict[str, Any]) -> None:
    """A new version from outside."""
    written = {name: value for name, value in body.items() if name != "status"}
    headers = {"Authorization": f"Bearer {place.key}", "If-Match": "*"}
    httpx.put(f"{place.url}{PROJECT}/campaigns/hero", json=written, headers=headers).raise_for_status()
