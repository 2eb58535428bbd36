"""Every page, for everybody: nothing that keeps people out, also in the dark and on a telephone; nothing breaks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Place, barriers, first_run, seed

PAGES = (
    "",
    "campaigns",
    "campaigns/new",
    "campaigns/hero",
    "campaigns/hero/audience",
    "campaigns/hero/goals",
    "campaigns/hero/settings",
    "campaigns/hero/preview",
    "campaigns/hero/results",
    "campaigns/hero/versions",
    "results",
    "audiences",
    "audiences/good",
    "audiences/staff",
    "audiences/new",
    "templates",
    "templates/greeting",
    "templates/new",
    "goals",
    "goals/order",
    "catalogue",
    "people",
    "people/visitor-3",
    "events",
    "keys",
    "connect",
    "history",
    "settings",
)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_no_page_has_a_barrier_in_light_or_dark_wide_or_narrow(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    found: list[str] = []
    for scheme, width in (("light", 1440), ("dark", 390)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 900})
        for name in (*(f"/p/shop/{one}".rstrip("/") for one in PAGES), "/account"):
            page.goto(place.url + name)
            settled(page)
            found += [f"{scheme} {width} {name}: {one}" for one in barriers(page)]
            for narrower in (width, 360) if width < 1000 else (width,):
                page.set_viewport_size({"width": narrower, "height": 900})
                over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if over > 0:
                    found.append(f"{scheme} {narrower} {name}: {over} pixels wider than the window")
            page.set_viewport_size({"width": width, "height": 900})
    assert found == [], "\n".join(found)


def settled(page: Page) -> None:
    """The page has its heading, and nothing is being loaded any more."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.get_by_text("Computing")).to_have_count(0)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_what_does_not_exist_says_so_and_leads_home(place: Place, page: Page) -> None:
    first_run(page, place)
    page.goto(f"{place.url}/p/shop/nothing-here")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    page.get_by_role("link", name="Go home").click()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
    page.goto(f"{place.url}/p/shop/campaigns/no-such-campaign")
    expect(page.get_by_role("alert")).to_contain_text("no-such-campaign")


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_everything_is_reached_by_keyboard(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop")
    settled(page)
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Campaigns", level=1)).to_be_visible()
    page.keyboard.press("ControlOrMeta+k")
    expect(page.get_by_placeholder("Pages and campaigns…")).to_be_focused()
    page.keyboard.type("Hero")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Hero", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    skip.focus()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
