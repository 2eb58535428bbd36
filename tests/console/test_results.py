"""Every way to look at results: each choice stands in the address, is called exploratory, and comes back by a link."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Place, first_run

PROJECT = "/v1/projects/shop"
DAY = 86_400_000


def told(place: Place) -> None:
    """A campaign of two experiences and control, with 1,200 people, orders, clicks and items that were shown."""
    place.ask("POST", f"{PROJECT}/goals", {"name": "Order", "event": "order"})
    revenue = {"event": "order", "aggregate": "sum", "property": "amount", "currency": "GBP"}
    place.ask("POST", f"{PROJECT}/goals", {"name": "Revenue", **revenue})
    place.ask("POST", f"{PROJECT}/items", {"items": [{"id": "mug", "attributes": {"name": "Blue mug"}}]})
    arms = [{"name": name, "content": {"body": {"say": name}}} for name in ("Warm", "Short")]
    goals = [{"goal": "order", "role": "primary"}, {"goal": "revenue", "role": "secondary"}]
    rules = [{"name": "All", "audience": "everyone", "experiences": arms}]
    body = {"name": "Hero", "key": "hero", "control": 34, "rules": rules, "goals": goals}
    place.ask("POST", f"{PROJECT}/campaigns", body)
    started = place.ask("POST", f"{PROJECT}/campaigns/hero/start")["at"]
    exposures: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for number in range(1_200):
        arm, visitor = ("control", "Warm", "Short")[number % 3], {"id": f"v{number}"}
        at = started + 1 + number
        device = ("mobile", "desktop")[number % 2]
        exposures.append(
            {"visitor": visitor, "campaign": "hero", "experience": arm, "time": at, "facts": {"device": device}}
        )
        if number % 100 < (21 if arm == "control" else 37):
            properties = {"amount": 10 + number % 7, "currency": "GBP", "items": [{"id": "mug", "price": 5}]}
            events.append({"name": "order", "visitor": visitor, "time": at + 5, "properties": properties})
        shown = {"campaign": "hero", "items": ["mug"]}
        events.append({"name": "impression", "visitor": visitor, "time": at + 1, "properties": shown})
        if number % 4 == 0:
            events.append({"name": "click", "visitor": visitor, "time": at + 2, "properties": shown})
    for start in range(0, len(exposures), 1_000):
        kept = place.ask("POST", "/v1/exposures:import", {"exposures": exposures[start : start + 1_000]})
        assert kept["rejected"] == []
    for start in range(0, len(events), 1_000):
        assert place.ask("POST", "/v1/events", {"events": events[start : start + 1_000]})["rejected"] == []


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_results_are_looked_at_in_every_way_and_a_link_shows_the_same(place: Place, page: Page, tmp_path: Path) -> None:
    first_run(page, place)
    told(place)
    page.goto(f"{place.url}/p/shop/campaigns/hero/results")
    expect(page.get_by_role("heading", name="Order")).to_be_visible(timeout=30_000)

    # the figures that were fixed at the start: lift, interval bars, chance, loss, verdict, what is needed, posterior
    report = place.ask("GET", f"{PROJECT}/campaigns/hero/results")
    lift = report["goals"][0]["campaign"]
    expect(page.get_by_text(f"+{100 * lift['lift']:.1f} %").first).to_be_visible()
    assert lift["verdict"]["outcome"] == "better"
    expect(page.get_by_text("It helps")).to_be_visible()
    expect(page.get_by_text("Chance to win").first).to_be_visible()
    expect(page.get_by_text("expected loss").first).to_be_visible()
    expect(page.get_by_text("To find a lift of")).to_be_visible()
    expect(page.get_by_role("img", name="Chance to win")).to_be_visible()
    expect(page.get_by_role("columnheader", name="95 % interval")).to_be_visible()
    expect(page.get_by_role("heading", name="Can it be trusted?")).to_be_visible()
    expect(page.get_by_text("The groups are as large as they should be")).to_be_visible()
    expect(page.get_by_text("met more than one experience")).to_be_visible()
    expect(page.get_by_text("Exploratory", exact=True)).to_have_count(0)

    # every choice is exploratory, and in the address
    page.get_by_text("After clicking").click()
    expect(page).to_have_url(re.compile("attribution=click"))
    expect(page.get_by_role("alert").filter(has_text="another attribution")).to_be_visible()
    page.get_by_label("Break down by").first.click()
    page.get_by_role("option", name="Device", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="a breakdown")).to_be_visible()
    expect(page.get_by_text("mobile", exact=False).first).to_be_visible()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("textbox", name="Window").fill("3")
    page.get_by_label("Compared with").first.click()
    page.get_by_role("option", name="Short").click()
    page.keyboard.press("Escape")
    page.get_by_role("radiogroup", name="Measure").get_by_text("People", exact=True).click()
    page.get_by_role("radiogroup", name="Step").get_by_text("Hours").click()
    page.get_by_role("button", name="Revenue · secondary").click()
    for part in (
        "attribution=click",
        "by=device",
        "window_days=3",
        "baseline=",
        "measure=people",
        "step=hour",
        "goal=",
    ):
        expect(page).to_have_url(re.compile(part))

    # who opens the link sees the same
    link, other = page.url, page.context.new_page()
    other.goto(link)
    expect(other.get_by_role("heading", name="Revenue").first).to_be_visible(timeout=30_000)
    for choice in ("another attribution", "a breakdown", "another window", "another baseline"):
        expect(other.get_by_role("alert").filter(has_text=choice)).to_be_visible()
    expect(other.get_by_role("radiogroup", name="Measure").get_by_label("People")).to_be_checked()
    expect(other.get_by_role("radiogroup", name="Step").get_by_label("Hours")).to_be_checked()
    other.get_by_role("button", name="Back to what was fixed at the start").click()
    expect(other.get_by_text("Exploratory", exact=True)).to_have_count(0)

    # what is exported is what is shown
    other.get_by_role("button", name="Export").click()
    with other.expect_download() as waiting:
        other.get_by_role("menuitem", name="Table (CSV)").click()
    waiting.value.save_as(tmp_path / "table.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text(encoding="utf-8"))))
    assert {row["arm"] for row in rows} >= {"Warm", "Short"}
    other.get_by_role("button", name="Export").click()
    with other.expect_download() as waiting:
        other.get_by_role("menuitem", name="Everything (JSON)").click()
    waiting.value.save_as(tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))["people"] == 1_200

    # beside the others, with the items that were promoted
    other.goto(f"{place.url}/p/shop/results")
    row = other.get_by_role("row").filter(has=other.get_by_role("link", name="Hero"))
    expect(row).to_contain_text("1,200")
    expect(row).to_contain_text("It helps")
    item = other.get_by_role("row").filter(has_text="Blue mug")
    expect(item).to_contain_text("1,200")
    other.close()
