"""What is typed is not lost, and what must not happen by mistake is asked for."""

from __future__ import annotations

import json
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Place, first_run, seed

PROJECT = "/v1/projects/shop"
pytestmark = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


def changed_elsewhere(place: Place, what: str, **change: str) -> None:
    """Somebody else saves another version."""
    found = place.ask("GET", f"{PROJECT}/{what}")
    told = {
        "Authorization": f"Bearer {place.key}",
        "Content-Type": "application/json",
        "If-Match": f'"{found["version"]}"',
    }
    body = json.dumps({**found["body"], **change}).encode()
    request = urllib.request.Request(f"{place.url}{PROJECT}/{what}", body, told, method="PUT")  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        assert answer.status == 200


def test_what_is_typed_outlives_a_reload_and_both_versions_are_shown_after_a_conflict(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/goals/order")
    page.get_by_label("Description").fill("Paid ones")
    expect(page.get_by_label("Description")).to_have_value("Paid ones")
    page.reload()
    expect(page.get_by_label("Description")).to_have_value("Paid ones")
    expect(page.get_by_text("What you typed before and did not save is here again.")).to_be_visible()

    changed_elsewhere(place, "goals/order", name="Order of theirs")
    page.get_by_role("button", name="Save").click()
    told = page.get_by_role("alert").filter(has_text="Somebody else changed this meanwhile")
    expect(told).to_contain_text("Paid ones")
    expect(told).to_contain_text("Order of theirs")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    told.get_by_role("button", name="Go on with yours").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Order is saved, version 3")).to_be_visible()
    body = place.ask("GET", f"{PROJECT}/goals/order")["body"]
    assert (body["name"], body["description"]) == ("Order", "Paid ones")
    page.reload()
    expect(page.get_by_label("Description")).to_have_value("Paid ones")
    expect(page.get_by_text("is here again")).to_have_count(0)

    page.goto(f"{place.url}/p/shop/audiences/good")
    page.get_by_label("Name").fill("Mine")
    changed_elsewhere(place, "audiences/good", name="Theirs")
    page.reload()
    page.get_by_role("button", name="Take the other one").click()
    expect(page.get_by_label("Name")).to_have_value("Theirs")


def test_what_is_wrong_with_a_goal_stands_beside_its_field(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/goals/order")
    editor = page.locator(".cm-content")
    editor.click()
    page.keyboard.insert_text('{"shop": {"$like": 1}}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Expected an operator")).to_be_visible()
    editor.click()
    page.keyboard.insert_text(" nonsense")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This is no JSON yet")).to_be_visible()


def test_lists_are_searched_by_the_server(place: Place, page: Page) -> None:
    first_run(page, place)
    for number in range(60):
        place.ask("POST", f"{PROJECT}/goals", {"name": f"Goal {number:02}", "event": "order"})
    page.goto(f"{place.url}/p/shop/goals")
    expect(page.get_by_role("row")).to_have_count(51)
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("row")).to_have_count(61)
    page.get_by_label("Find goals").fill("goal-59")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_label("Find goals").fill("nothing")
    expect(page.get_by_text("None has “nothing” in its name or key.")).to_be_visible()


def test_settings_ask_before_events_are_removed_and_know_the_global_goals(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/settings")
    page.get_by_label("Keep events for").fill("30")
    page.get_by_role("button", name="Save settings").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("Keep events for 30 days only?")
    asked.get_by_role("button", name="Cancel").click()
    expect(asked).to_have_count(0)
    assert "retention_days" not in place.ask("GET", f"{PROJECT}/settings")["body"]
    page.get_by_role("button", name="Save settings").click()
    asked.get_by_role("button", name="Save and remove them").click()
    expect(page.get_by_text("Settings are saved")).to_be_visible()
    assert place.ask("GET", f"{PROJECT}/settings")["body"]["retention_days"] == 30

    page.get_by_role("combobox", name="Make a goal global").click()
    page.get_by_role("option", name="Order").click()
    page.get_by_role("button", name="Remove Order from the global goals").click()
    expect(page.get_by_text("None so far.")).to_be_visible()
    goal = place.ask("GET", f"{PROJECT}/goals/order")
    assert (goal["version"], goal["body"].get("global", False)) == (3, False)
