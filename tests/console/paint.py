"""How soon the console shows something: ``python -m tests.console.paint [bench/CONSOLE.md]``.

Chromium on the same machine, nothing throttled, nothing cached (each time a browser's context of its own, with the
session's cookie alone), the demo's data. Told are milliseconds from the beginning of the navigation: the first thing
that was painted, the page's main content, and on pages with figures of the lake, those; the median and the slowest.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench import machine
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


STORY = """Milliseconds from the beginning of the navigation until the first paint, the page's main content (promised:
within 1,000), and the figures that the lake computes: the median, and in brackets the slowest, of {times} visits with
an empty cache, each in a browser's context of its own. Chromium {version} and the server with the demo's data share the
machine; nothing is throttled. The slowest figures are those of the first visit, for which the process that computes
them may have to be started. Where the machine does other work meanwhile, all of this stretches with its load, which
stands below."""


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


def main(words: list[str]) -> None:
    """Measure, and write the page to the file that is named, else print it."""
    program = path()
    if program is None:
        raise SystemExit(MISSING)
    rows: list[tuple[str, ...]] = []
    on = machine.facts()
    with tempfile.TemporaryDirectory() as data, demo(data) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        version = browser.version
        context = browser.new_context()
        enter(context.new_page(), server)
        state = context.storage_state()
        context.close()
        for name in PAGES:
            told = list(zip(*(visit(browser, server, state, name) for _ in range(TIMES)), strict=True))
            cells = [f"{statistics.median(one):.0f} ({max(one):.0f})" for one in told]
            rows.append((name, *cells, *[""] * (3 - len(cells))))
        browser.close()
    text = document(rows, version, on)
    if words:
        Path(words[0]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def document(rows: list[tuple[str, ...]], version: str, on: list[tuple[str, str]]) -> str:
    """The page with the figures, what they mean, and the machine."""
    today = datetime.now(UTC).date().isoformat()
    lines = [
        "# How soon the console shows something",
        "",
        f"{today}, by `python -m tests.console.paint bench/CONSOLE.md`. Written by the run; do not edit.",
        "",
        STORY.format(times=TIMES, version=version),
        "",
        "| page | first paint | main content | figures |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        "## Machine",
        "",
        "|  |  |",
        "| --- | --- |",
        *(f"| {name} | {which} |" for name, which in on),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
