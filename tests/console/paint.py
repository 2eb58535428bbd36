"""How soon the console shows something: ``python -m tests.console.paint``.

Chromium on the same machine, nothing throttled, nothing cached (each time a browser's context of its own, with the
session's cookie alone), the demo's data. Told are milliseconds from the beginning of the navigation: the first thing
that was painted, the page's main content, and on pages with figures of the lake, those; the median and the slowest.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.chromium import MISSING, path
from tests.console.conftest import FLAGS
from tests.console.screenshots import Demo, demo, enter

TIMES = 7
#: page → address in the project, what its main content is, and its figures
PAGES: dict[str, tuple[str, str, str]] = {
    "home": ("", "main a[href*='/results']", "main svg[role=img]"),
    "campaigns": ("campaigns", "main table a", ""),
    "campaign": ("campaigns/home-hero", "main [role=tabpanel] input", ""),
    "results": ("campaigns/newsletter-form/results", "main h1", "main [role=tabpanel] h2"),
    "events": ("events", "main table tbody tr", ""),
    "people": ("people", "main a[href*='/people/']", ""),
}
#: notes when each of the selectors first finds something that is seen
WATCH = """selectors => {
  const seen = (window.__seen = {});
  const look = () => {
    for (const one of selectors) {
      const found = one && !(one in seen) && document.querySelector(one);
      if (found && found.getClientRects().length > 0) seen[one] = performance.now();
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def visit(browser: Browser, server: Demo, state: Any, name: str) -> list[float]:
    """First paint, main content, figures, of one cold visit."""
    where, content, figures = PAGES[name]
    wanted = [one for one in (content, figures) if one]
    context = browser.new_context(storage_state=state, viewport={"width": 1440, "height": 900})
    page: Page = context.new_page()
    page.add_init_script(f"({WATCH})({wanted!r})")
    page.goto(f"{server.address}/p/demo/{where}".rstrip("/"))
    page.wait_for_function("count => Object.keys(window.__seen).length === count", arg=len(wanted), timeout=60_000)
    seen = page.evaluate("window.__seen")
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    return [first, *(seen[one] for one in wanted)]


def main() -> None:
    """Print one line for each page."""
    program = path()
    if program is None:
        raise SystemExit(MISSING)
    with tempfile.TemporaryDirectory() as data, demo(data) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        context = browser.new_context()
        enter(context.new_page(), server)
        state = context.storage_state()
        context.close()
        sys.stdout.write(
            f"{'page':12}{'first paint':>16}{'content':>16}{'figures':>16}   ms: median (slowest) of {TIMES}\n"
        )
        for name in PAGES:
            told = zip(*(visit(browser, server, state, name) for _ in range(TIMES)), strict=True)
            cells = [f"{statistics.median(one):.0f} ({max(one):.0f})" for one in told]
            sys.stdout.write(f"{name:12}" + "".join(f"{cell:>16}" for cell in cells) + "\n")
        browser.close()


if __name__ == "__main__":
    main()
