"""Who may do what, two people at once, and a server that goes away for a moment."""

from __future__ import annotations

import re
import signal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import Place, first_run, seed, sign_in, watched


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_who_was_invited_as_viewer_looks_and_changes_nothing(place: Place, page: Page, chromium: Browser) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/settings")
    page.get_by_role("tab", name="Members").click()
    page.get_by_role("button", name="Invite").click()
    form = page.get_by_role("dialog")
    form.get_by_label("E-mail").fill("ben@example.org")
    form.get_by_label("Role").click()
    page.get_by_role("option", name="viewer").click()
    form.get_by_role("button", name="Make the link").click()
    link = page.locator("pre, code").filter(has_text=re.compile("/invite#token=")).inner_text()

    other = chromium.new_context().new_page()
    wrong = watched(other)
    other.goto(link)
    other.get_by_label("Your name").fill("Ben")
    other.get_by_role("textbox", name="Password").fill("a password of ben's")
    other.get_by_role("button", name="Join", exact=True).click()
    expect(other.get_by_role("heading", name="Home", level=1)).to_be_visible()
    other.goto(f"{place.url}/p/shop/campaigns")
    expect(other.get_by_role("link", name="Hero", exact=True)).to_be_visible()
    expect(other.get_by_role("link", name="New campaign")).to_have_count(0)
    other.get_by_role("link", name="Hero", exact=True).click()
    expect(other.get_by_role("button", name="Pause")).to_be_disabled()
    expect(other.get_by_label("Control group")).to_be_disabled()
    told = other.evaluate(
        """async () => {
             const {csrf} = await (await fetch("/v1/me")).json();
             const answer = await fetch("/v1/projects/shop/campaigns/hero/pause",
                                        {method: "POST", headers: {"x-csrf-token": csrf}});
             return [answer.status, (await answer.json()).detail];
           }"""
    )
    assert told[0] == 403
    assert "publisher" in told[1]
    assert wrong == []
    other.context.close()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_signing_out_ends_it_and_signing_in_leads_back(place: Place, page: Page) -> None:
    first_run(page, place)
    page.goto(f"{place.url}/p/shop/goals")
    page.get_by_role("button", name="Account of Ada").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{place.url}/p/shop/goals")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_role("textbox", name="Password").fill("not her password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    sign_in(page, place)
    page.goto(f"{place.url}/p/shop/goals")
    expect(page.get_by_role("heading", name="Goals", level=1)).to_be_visible()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_two_who_type_at_once_see_both_versions_and_choose(place: Place, page: Page, chromium: Browser) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns/hero/settings")
    name = page.get_by_role("textbox", name="Name", exact=True)
    expect(name).to_have_value("Hero")

    other = chromium.new_context().new_page()
    sign_in(other, place)
    other.goto(f"{place.url}/p/shop/campaigns/hero/settings")
    other.get_by_role("textbox", name="Name", exact=True).fill("Hero of the other one")
    expect(other.get_by_text("Draft saved")).to_be_visible()
    other.context.close()

    name.fill("Hero of this one")
    conflict = page.get_by_role("alert").filter(has_text="Somebody else changed this draft")
    expect(conflict).to_contain_text("Hero of the other one")
    expect(conflict).to_contain_text("Hero of this one")
    page.get_by_role("button", name="Take the other one").click()
    expect(name).to_have_value("Hero of the other one")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(name).to_have_value("Hero of this one")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    kept = place.ask("GET", "/v1/projects/shop/campaigns/hero/unpublished")
    assert kept["body"]["name"] == "Hero of this one"


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_what_is_typed_outlives_a_server_that_is_away_and_a_reload(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/campaigns/hero/settings")
    name = page.get_by_role("textbox", name="Name", exact=True)
    expect(name).to_have_value("Hero")
    place.server.process.send_signal(signal.SIGSTOP)
    try:
        page.context.set_offline(True)
        name.fill("Typed while it was away")
        expect(page.get_by_text("Kept here; the server is away")).to_be_visible()
    finally:
        place.server.process.send_signal(signal.SIGCONT)
        page.context.set_offline(False)
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.reload()
    expect(name).to_have_value("Typed while it was away")
