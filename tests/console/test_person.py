"""One person in the browser: page by page, and why they see what they see in words; and what was done to accounts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Place, barriers, first_run, seed

PROJECT = "/v1/projects/shop"
ANNA = {"id": "anna@example.org"}


def test_events_of_a_person_come_page_by_page(place: Place, page: Page) -> None:
    first_run(page, place)
    sent = [
        {"id": f"e{number}", "name": "order" if number % 10 == 0 else "view", "visitor": ANNA, "session_id": "s-1"}
        for number in range(120)
    ]
    place.ask("POST", "/v1/events", {"events": sent})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/v1/profiles/" in request.url else None)
    page.goto(f"{place.url}/p/shop/people/anna@example.org")
    main = page.locator("main")
    expect(main.get_by_text("120", exact=True)).to_be_visible()
    assert not any("events" in url for url in asked), "the count is there before the events are"

    page.get_by_role("tab", name="Events").click()
    expect(main.get_by_text("50 of 120 events")).to_be_visible()
    page.get_by_role("button", name="Load more").click()
    expect(main.get_by_text("100 of 120 events")).to_be_visible()
    page.get_by_role("button", name="Load more").click()
    expect(main.get_by_text("120 of 120 events")).to_be_visible()
    expect(page.get_by_role("button", name="Load more")).to_have_count(0)
    page.get_by_role("combobox", name="Event").click()
    page.get_by_role("option", name="order (12)").click()
    expect(main.get_by_text("12 of 12 events")).to_be_visible()
    expect(page.get_by_role("cell", name="view", exact=True)).to_have_count(0)
    expect(page.get_by_role("cell", name="order", exact=True)).to_have_count(12)

    page.get_by_role("tab", name="Visits").click()
    expect(main.get_by_text("Visits are kept one by one for 14 days")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="s-1")).to_have_count(1)
    assert not any("/export" in url for url in asked)
    with page.expect_download():
        page.get_by_role("button", name="Export").click()
    assert any("/export" in url for url in asked)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_why_is_told_in_the_words_of_the_campaign(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    place.ask("POST", "/v1/events", {"events": [{"name": "view", "visitor": ANNA, "attributes": {"plan": "silver"}}]})
    rows = [{"name": "headline", "value": "Hello"}]
    arms = [{"name": "Plain", "content": {"messages": [{"target": "top", "rows": rows}]}}]
    rules = [
        {"name": "Grown-ups", "audience": {"age": {"$gte": 18}}, "experiences": arms},
        {"audience": {"$audience": "good"}, "experiences": arms},
        {"name": "Silver", "audience": {"plan": "silver"}, "experiences": arms},
    ]
    banner = {"name": "Banner", "key": "banner", "control": 0, "rules": rules}
    banner["goals"] = [{"goal": "order", "role": "primary"}]
    place.ask("POST", f"{PROJECT}/campaigns", banner)
    place.ask("POST", f"{PROJECT}/campaigns/banner/start")

    page.goto(f"{place.url}/p/shop/people/anna@example.org")
    panel = page.get_by_role("tabpanel")
    hero = panel.locator("div", has=page.get_by_role("link", name="Hero", exact=True)).last.locator("..")
    expect(hero).to_contain_text("No rule matches")
    expect(hero).to_contain_text("“Gold” asks: plan is “gold”; found: “silver”")
    sees = panel.locator("div", has=page.get_by_role("link", name="Banner", exact=True)).last.locator("..")
    expect(sees).to_contain_text("sees “Plain”")
    expect(sees).to_contain_text("“Grown-ups” asks: age is at least 18; found: unknown")
    expect(sees).to_contain_text("Rule 2 asks: is in good (did “order” within 30 days); found: 0")
    path = hero.get_by_text("rules[0].audience.plan").first
    expect(path).to_be_hidden()
    hero.get_by_text("For engineers").click()
    expect(path).to_be_visible()
    expect(hero.get_by_text("DEFAULT", exact=True)).to_be_visible()
    assert barriers(page) == []

    page.goto(f"{place.url}/p/shop/campaigns/hero/preview")
    page.get_by_role("button", name="Show", exact=True).click()
    why = page.locator("main").get_by_text("asks: plan is “gold”; found: unknown")
    expect(why).to_be_visible()
    page.get_by_role("textbox", name="Attributes").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type('{"plan": "gold"}')
    page.get_by_role("button", name="Show", exact=True).click()
    drawn = re.compile("“Gold” matches, and the draw (gives “(Warm|Short)”, which has 50|puts this person)")
    expect(page.locator("main").get_by_text(drawn)).to_be_visible()
    expect(why).to_have_count(0)

    # somebody who was seen is found by the id of a device as well; who was not is nobody
    event = {"name": "view", "visitor": {"anonymous_id": "phone"}, "attributes": {"plan": "bronze"}}
    place.ask("POST", "/v1/events", {"events": [event]})
    page.get_by_text("Somebody who was seen").click()
    page.get_by_role("combobox", name="Id").or_(page.get_by_role("textbox", name="Id")).first.fill("phone")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("main").get_by_text("asks: plan is “gold”; found: “bronze”")).to_be_visible()
    page.get_by_role("combobox", name="Id").or_(page.get_by_role("textbox", name="Id")).first.fill("nobody")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Nobody was seen under this id.")).to_be_visible()


def test_owners_read_what_was_done_to_accounts(place: Place, page: Page) -> None:
    first_run(page, place)
    link = invitation(page)
    page.context.clear_cookies()
    page.goto(link)
    page.get_by_label("Your name").fill("Ben")
    page.get_by_label("E-mail").fill("ben@example.org")
    page.get_by_role("textbox", name="Password").fill("a password of ben's")
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
    page.goto(f"{place.url}/account")
    expect(page.get_by_role("heading", name="Ben", level=1)).to_be_visible()
    expect(page.get_by_role("region", name="History of accounts")).to_have_count(0)

    page.context.clear_cookies()
    page.goto(f"{place.url}/sign-in")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_role("textbox", name="Password").fill("seven green feathers")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/p/"))
    page.goto(f"{place.url}/account")
    history = page.get_by_role("region", name="History of accounts")
    lines = history.get_by_role("listitem")
    expect(lines).to_have_count(2)
    expect(lines.nth(0)).to_contain_text("made the account")
    expect(lines.nth(0)).to_contain_text("invited by ada@example.org")
    bens = page.get_by_role("row").filter(has=page.get_by_role("button", name="Change"), has_text="ben@example.org")
    for item, words in (
        ("Link to a new password", "made a link to a new password"),
        ("Make an owner", "made an owner"),
        ("Disable, and sign out everywhere", "disabled, and signed out everywhere"),
    ):
        bens.get_by_role("button", name="Change").click()
        page.get_by_role("menuitem", name=item).click()
        expect(lines.nth(0)).to_contain_text(words)
        expect(lines.nth(0)).to_contain_text("ada@example.org")
        expect(lines.nth(0)).to_contain_text("ben@example.org")
    expect(lines).to_have_count(5)
    assert barriers(page) == []

    page.evaluate(
        """async () => {
             const {csrf} = await (await fetch("/v1/me")).json();
             const headers = {"x-csrf-token": csrf, "content-type": "application/json"};
             for (let n = 0; n < 20; n++)
               await fetch("/v1/me", {method: "PATCH", headers, body: JSON.stringify({name: `Ada ${n}`})});
           }"""
    )
    page.reload()
    expect(lines).to_have_count(20)
    expect(lines.nth(0)).to_contain_text("“Ada 18” → “Ada 19”")
    history.get_by_role("button", name="Show older ones").click()
    expect(lines).to_have_count(25)
    expect(history.get_by_role("button", name="Show older ones")).to_have_count(0)


def invitation(page: Page) -> str:
    """A link into the project for whoever has it."""
    told = page.evaluate(
        """async () => {
             const {csrf} = await (await fetch("/v1/me")).json();
             const made = await fetch("/v1/projects/shop/invitations", {
               method: "POST", headers: {"x-csrf-token": csrf, "content-type": "application/json"},
               body: JSON.stringify({role: "editor"})});
             return (await made.json()).link;
           }"""
    )
    return str(told)
