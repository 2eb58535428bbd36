"""The console as people use it: a real server with an empty database, and real Chromium."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tailorbird.web.console import Console
from tests import postgres
from tests.chromium import MISSING, path
from tests.cli.commands import Server, serving, tailorbird

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PASSWORD = "seven green feathers"
AXE = Path(__file__).parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
#: rules of WCAG 2.2, levels A and AA
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


class Place:
    """A server whose console was built, and who is signed in to it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = server.address
        self.key = ""

    @property
    def code(self) -> str:
        """The setup code that the server printed."""
        assert self.server.process.stderr is not None
        while True:
            line = self.server.process.stderr.readline()
            found = re.search(r"/setup#code=(\S+)", line)
            if found:
                return found[1]
            assert line, "the server printed no setup code"

    def ask(self, method: str, where: str, body: Any = None) -> Any:
        """A call from outside, with the project's key."""
        return self.server.good(method, where, self.key, body)

    def decided(self, campaign: str, visitor: dict[str, str], attributes: dict[str, Any]) -> Any:
        """What is decided for somebody. Where the machine is so busy that the store counts as away, a little later."""
        asked = {"visitor": visitor, "campaigns": [campaign], "context": {"attributes": attributes}}
        for _ in range(40):
            answer = self.ask("POST", "/v1/decide", asked)
            if not answer["degraded"]:
                break
            time.sleep(0.5)
        return answer["decisions"][0]


@pytest.fixture
def chromium() -> Iterator[Browser]:
    program = path()
    if program is None:
        pytest.skip(MISSING)
    if not Console().built:
        pytest.skip("The console is not built: make console")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A server that nobody has signed in to yet."""
    with ExitStack() as until:
        words = ["--data", str(tmp_path / "data")]
        if request.param == "postgresql":
            url = postgres.server()
            if url is None:
                pytest.skip("There is no PostgreSQL to be had here.")
            made = until.enter_context(postgres.database(url))
            done = tailorbird("migrate", "--database", made)
            assert done.code == 0, done.err
            words += ["--database", made]
        yield Place(until.enter_context(serving(*words)))


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    made = chromium.new_context(viewport={"width": 1440, "height": 900}, permissions=["clipboard-read"])
    made.set_default_timeout(45_000)
    expect.set_options(timeout=45_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which nothing goes wrong unseen: every error that the browser tells fails the test."""
    made = context.new_page()
    wrong = watched(made)
    yield made
    assert wrong == []


def watched(page: Page) -> list[str]:
    """What the browser complains about from here on; refused requests are answers like others."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))

    def note(message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            found.append(message.text)

    page.on("console", note)
    return found


def first_run(page: Page, place: Place) -> None:
    """Make the owner in the browser, a project, and a key for calls from outside."""
    page.goto(f"{place.url}/setup#code={place.code}")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    page.get_by_label("New project").fill("Shop")
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("heading", name="Welcome to Tailorbird")).to_be_visible()
    page.goto(f"{place.url}/p/shop/keys")
    page.get_by_role("button", name="Create the first key").click()
    page.get_by_label("Client").fill("tests")
    for scope in ("Read", "Manage"):
        page.get_by_role("checkbox", name=scope).check()
    page.get_by_role("button", name="Create key").click()
    place.key = page.locator("pre", has_text=re.compile("^tb_")).inner_text()


def sign_in(page: Page, place: Place, email: str = "ada@example.org", password: str = PASSWORD) -> None:
    page.goto(f"{place.url}/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/p/|/account"))


def barriers(page: Page) -> list[str]:
    """What axe finds on the page as it stands: the rule, and the element."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    told = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES)
    return [f"{one['id']}: {node['html'][:200]}" for one in told["violations"] for node in one["nodes"]]


def seed(place: Place) -> None:
    """Something on every page, brought through the API."""
    project = "/v1/projects/shop"
    place.ask("POST", f"{project}/goals", {"name": "Order", "event": "order"})
    condition = {"plan": {"$in": ["gold", "silver"]}, "$event": {"name": "order", "within": {"days": 30}}}
    place.ask("POST", f"{project}/audiences", {"name": "Good customers", "key": "good", "condition": condition})
    place.ask("POST", f"{project}/audiences", {"name": "Staff", "key": "staff", "type": "list"})
    rows = [{"name": "headline", "value": 'Hello {{ user.first_name | default: "friend" }}'}]
    content = {"messages": [{"target": "hero", "rows": rows}]}
    place.ask("POST", f"{project}/templates", {"name": "Greeting", "content": content})
    place.ask("POST", f"{project}/items", {"items": [{"id": "mug-1", "attributes": {"name": "Mug", "price": 4.5}}]})
    arms = [{"name": name, "content": content} for name in ("Warm", "Short")]
    rules = [{"name": "Gold", "audience": {"plan": "gold"}, "experiences": arms}]
    goals = [{"goal": "order", "role": "primary"}]
    hero = {"name": "Hero", "key": "hero", "control": 20, "rules": rules, "goals": goals, "groups": ["home"]}
    place.ask("POST", f"{project}/campaigns", hero)
    place.ask("POST", f"{project}/campaigns/hero/start")
    events: list[dict[str, Any]] = []
    for number in range(60):
        visitor = {"id": f"visitor-{number}"}
        decision = place.decided("hero", visitor, {"plan": "gold"})
        events.append({"name": "impression", "visitor": visitor, "token": decision["token"]})
        if number % 3 == 0:
            events.append({"name": "order", "visitor": visitor, "properties": {"total": 20 + number}})
    place.ask("POST", "/v1/events", {"events": events})
