"""Pictures of every page with the demo's data: ``python -m tests.console.screenshots FOLDER``.

The demo runs with an empty folder and a free port, and is stopped at the end.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from tests.chromium import MISSING, path
from tests.cli.commands import COMMAND, environment
from tests.console.conftest import FLAGS, PASSWORD

SCHEMES = (("light", 1440), ("dark", 390), ("dark", 1440), ("light", 390))
#: name of the picture → address in the project
PAGES = {
    "home": "",
    "campaigns": "campaigns",
    "campaign-new": "campaigns/new",
    "campaign-rules": "campaigns/home-hero",
    "campaign-audience": "campaigns/home-hero/audience",
    "campaign-goals": "campaigns/home-hero/goals",
    "campaign-settings": "campaigns/home-hero/settings",
    "campaign-preview": "campaigns/home-hero/preview",
    "campaign-results": "campaigns/newsletter-form/results",
    "campaign-versions": "campaigns/home-hero/versions",
    "results": "results",
    "audiences": "audiences",
    "audience": "audiences/high-spenders",
    "audience-new": "audiences/new",
    "templates": "templates",
    "template": "templates/free-delivery",
    "goals": "goals",
    "goal": "goals/order",
    "catalogue": "catalogue",
    "people": "people",
    "person": "people/17671",
    "events": "events",
    "keys": "keys",
    "connect": "connect",
    "history": "history",
    "settings": "settings",
}


class Demo:
    """A running demo whose owner has an account."""

    def __init__(self, address: str, key: str) -> None:
        self.address, self.key = address, key

    def ask(self, where: str, body: Any, **headers: str) -> Any:
        """A call from outside; the demo's key where no other header says who asks."""
        told = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}", **headers}
        request = urllib.request.Request(self.address + where, json.dumps(body).encode(), told)  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")


@contextmanager
def demo(folder: str) -> Iterator[Demo]:
    """`tailorbird demo` from its start to its end, with an owner's account."""
    words = [COMMAND, "demo", "--data", folder, "--port", "0"]
    process = subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        address = key = code = ""
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"address\s+(http://\S+)", line):
                address = found[1]
            elif found := re.search(r"key\s+(tb_\S+)", line):
                key = found[1]
            elif found := re.search(r"/setup#code=(\S+)", line):
                code = found[1]
                break
        made = Demo(address, key)
        owner = {"code": code, "name": "Ada", "email": "ada@example.org", "password": PASSWORD}
        made.ask("/v1/setup", owner, Authorization="", Origin=address)
        yield made
    finally:
        process.terminate()
        process.wait(30)


def enter(page: Page, demo: Demo) -> None:
    """Sign the owner in."""
    page.goto(f"{demo.address}/sign-in")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/p/"))


def settled(page: Page, name: str) -> None:
    """Everything that a page asks for is there."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    if name == "home":
        expect(page.get_by_text(re.compile(r"^[\d,]+ people")).first).to_be_visible()
    elif name == "campaign-results":
        expect(page.get_by_role("heading", name="Can it be trusted?")).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
    elif name == "campaign-rules":
        page.get_by_role("button", name=re.compile("^Newcomers")).click()
        page.get_by_role("button", name=re.compile("^Content of")).first.wait_for()
    elif name == "campaign-preview":
        page.get_by_text("Somebody who was seen").click()
        page.get_by_label("Id").first.fill("17671")
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page.get_by_role("region", name="What the backend gets")).to_be_visible()
        page.get_by_role("heading", level=1).click()
    page.wait_for_timeout(400)


def main(folder: Path) -> None:
    """Write every picture; says what is wider than its window."""
    program = path()
    if program is None:
        raise SystemExit(MISSING)
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory() as data, demo(data) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for scheme, width in SCHEMES:
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,  # type: ignore[arg-type]
                reduced_motion="reduce",
            )
            page = context.new_page()
            enter(page, server)
            for name, where in PAGES.items():
                page.goto(f"{server.address}/p/demo/{where}".rstrip("/"))
                settled(page, name)
                over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if over > 0:
                    sys.stderr.write(f"{name}, {scheme}, {width}: {over} px wider than the window\n")
                page.screenshot(path=folder / f"{name}-{scheme}-{width}.png", full_page=width < 1000)
            context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots"))
