"""The first calls that the console offers do what they say, as they stand; and its first steps turn green by them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.cli.commands import environment
from tests.console.conftest import Place, first_run, seed

HELLO = {"greeting": "Hello"}
#: what a call of each door answers where somebody is shown the campaign
ANSWERED: dict[str, Callable[[Any], bool]] = {
    "Tailorbird": lambda told: told["decisions"][0]["payload"] == HELLO,
    "OpenFeature": lambda told: (told["key"], told["value"]) == ("everybody", HELLO),
    "MoEngage Personalize": lambda told: told["experiences"]["everybody"]["payload"]["greeting"]["value"] == "Hello",
    "Intempt Optimization": lambda told: (
        [(one["name"], one["body"]) for one in told["choices"]] == [("everybody", HELLO)]
    ),
    "Interaction Studio Event API": lambda told: (
        [one["campaignName"] for one in told["campaignResponses"]] == ["Everybody"]
    ),
}


def greet_everybody(place: Place) -> None:
    """A campaign that says hello to whoever comes."""
    arms = [{"name": "Warm", "content": {"body": HELLO}}]
    rules = [{"name": "All", "audience": "everyone", "experiences": arms}]
    goals = [{"goal": "order", "role": "primary"}]
    body = {"name": "Everybody", "key": "everybody", "control": 0, "rules": rules, "goals": goals}
    place.ask("POST", "/v1/projects/shop/campaigns", body)
    place.ask("POST", "/v1/projects/shop/campaigns/everybody/start")


def step(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_text(re.compile(f"^{name}")))


def snippet(page: Page) -> str:
    return page.get_by_role("tabpanel").locator("pre").inner_text()


def curl(text: str, key: str = "") -> list[Any]:
    """What the calls of a snippet answer, one after the other; each has to be accepted."""
    if shutil.which("curl") is None:
        pytest.skip("There is no curl here.")
    found = []
    for call in re.split(r"\n\n", text):
        words = call.replace("curl ", "curl -sS --fail-with-body -m 30 ", 1)
        done = subprocess.run(
            ["sh", "-c", words], env=environment(TAILORBIRD_KEY=key), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, call + done.stdout + done.stderr
        found.append(json.loads(done.stdout) if done.stdout else None)
    return found


@pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)
def test_the_first_steps_turn_green_by_the_calls_that_stand_beside_them(place: Place, page: Page) -> None:
    first_run(page, place)
    page.goto(f"{place.url}/p/shop/connect")
    for name in ("The first decision", "The first event"):
        expect(step(page, name)).to_contain_text("Waiting")
        expect(step(page, name)).not_to_contain_text("done")
    expect(step(page, "A key")).to_contain_text("done")

    page.get_by_label("Key", exact=True).fill(place.key)
    decide, report = snippet(page).split("\n\n")
    (reported,) = curl(report)
    assert (reported["accepted"], reported["rejected"]) == (1, [])
    expect(step(page, "The first event")).to_contain_text("“order” arrived")
    expect(step(page, "The first decision")).to_contain_text("Waiting")
    (decided,) = curl(decide)
    assert len(decided["decisions"]) == 1
    expect(step(page, "The first decision")).to_contain_text("done")


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_the_python_code_decides_and_reports(place: Place, page: Page, tmp_path: Path) -> None:
    first_run(page, place)
    seed(place)
    place.ask("POST", "/v1/projects/shop/campaigns/hero/pause")
    greet_everybody(place)
    page.goto(f"{place.url}/p/shop/connect")
    expect(page.get_by_text("everybody", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Python").click()
    (tmp_path / "first.py").write_text(snippet(page), encoding="utf-8")
    for _ in range(3):  # it gives up on an answer after 0.3 s, which a busy machine may take
        done = subprocess.run(
            [sys.executable, str(tmp_path / "first.py")],
            env=environment(TAILORBIRD_KEY=place.key),
            capture_output=True,
            text=True,
            timeout=60,
        )
        if "Timeout" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    assert done.stdout == "TARGETING_MATCH {'greeting': 'Hello'}\n"
    events = place.ask("GET", "/v1/projects/shop/events?visitor=anna@example.org")["items"]
    assert sorted(one["name"] for one in events) == ["impression", "order"]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_each_door_answers_the_call_that_is_offered_for_it(place: Place, page: Page) -> None:
    first_run(page, place)
    place.ask("POST", "/v1/projects/shop/goals", {"name": "Order", "event": "order"})
    greet_everybody(place)
    page.goto(f"{place.url}/p/shop/keys")
    for name, fits in ANSWERED.items():
        page.get_by_role("tab", name=name, exact=True).click()
        (told,) = curl(snippet(page), key=place.key)
        assert fits(told), (name, told)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_who_may_not_see_keys_is_told_whom_to_ask(place: Place, page: Page) -> None:
    first_run(page, place)
    link = page.evaluate(
        """async () => {
             const {csrf} = await (await fetch("/v1/me")).json();
             const made = await fetch("/v1/projects/shop/invitations", {
               method: "POST", headers: {"x-csrf-token": csrf, "content-type": "application/json"},
               body: JSON.stringify({role: "editor"})});
             return (await made.json()).link;
           }"""
    )
    page.context.clear_cookies()
    page.goto(link)
    page.get_by_label("Your name").fill("Ben")
    page.get_by_label("E-mail").fill("ben@example.org")
    page.get_by_role("textbox", name="Password").fill("a password of ben's")
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
    page.goto(f"{place.url}/p/shop/keys")
    expect(page.get_by_text("Only admins of the project see its keys and make new ones.")).to_be_visible()
    expect(page.get_by_role("heading", name="Doors", exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.goto(f"{place.url}/p/shop/connect")
    expect(step(page, "A key")).to_contain_text("ask one of them")
    expect(page.get_by_role("link", name="Create a key")).to_have_count(0)
