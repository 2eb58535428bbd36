"""What the code has, the documentation names; where the documentation leads, there is something.

Operators, facts, content, routes, problems and commands are checked beside their code (``GUARDED`` says where).
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from tailorbird.domain.definitions import ProjectSettings
from tailorbird.domain.reasons import Reason
from tailorbird.engine.breaker import Breaker
from tailorbird.engine.limits import Limits
from tailorbird.engine.metrics import Metrics
from tailorbird.settings import Settings
from tailorbird.web.observe import Observer
from tests.architecture import pages
from tests.architecture.sources import ROOT
from tests.architecture.tables import project_rows, settings_rows

DOCS = ROOT / "docs"
SEMANTICS, OPERATING = DOCS / "semantics.md", DOCS / "guides" / "operating.md"
#: pages made from code, or checked against it name by name → the folder of the tests that do so
GUARDED = {
    "conditions.md": "unit/targeting",
    "content.md": "unit/templates",
    "openapi.json": "web",
    "errors.md": "web",
    "cli.md": "cli",
}

#: words that sell, and words that promise what is not there
REFUSED = (
    *("blazing", "seamless", "effortless", "powerful", "cutting-edge", "world-class", "state-of-the-art", "leverag"),
    *("game-chang", "robust and", "next-generation", "best-in-class", "revolution", "supercharge", "unleash the"),
    *("to" + "do:", "fix" + "me", "lorem ipsum", "coming soon", "stay tuned"),
)


def missing(names: Iterator[str] | list[str] | tuple[str, ...], page: Path) -> list[str]:
    """The names that a page does not show as code."""
    text = pages.read(page)
    found = set(re.findall(r"`([^`\n]+)`", text))
    words = {word for span in found for word in re.split(r"[\s,|()\[\]{}:\"]+", span)} | found
    return [name for name in names if name not in words]


# -- what the code has ------------------------------------------------------------------------------------------------


def test_the_search_for_undocumented_names_finds_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('Use `$in`, or `{"$nin": []}`; $size is prose.\n', encoding="utf-8")
    assert missing(["$in", "$nin", "$size", "$i"], page) == ["$size", "$i"]


def test_every_setting_is_in_the_operating_guide_with_its_default() -> None:
    text = pages.read(OPERATING)
    wrong = [row for row in settings_rows(Settings) if row not in text.splitlines()]
    assert not wrong, "put these rows into docs/guides/operating.md:\n" + "\n".join(wrong)


def test_every_project_setting_is_in_the_operating_guide_with_its_default() -> None:
    lines = pages.read(OPERATING).splitlines()
    wrong = [row for row in project_rows(ProjectSettings) if not any(line.startswith(row) for line in lines)]
    assert not wrong


def test_every_metric_is_in_the_operating_guide() -> None:
    metrics = Metrics(Breaker(time.monotonic))
    Observer(metrics.registry, access_log=False)
    families = list(_families(metrics.registry))
    assert len(families) > 5
    assert not missing(families, OPERATING)


def _families(registry: CollectorRegistry) -> Iterator[str]:
    for family in registry.collect():
        yield f"{family.name}_total" if family.type == "counter" else family.name


def test_limits_in_the_operating_guide_are_those_of_the_code() -> None:
    text = pages.read(OPERATING)
    limits = Limits()
    for what, number in {
        "events in one call": limits.batch,
        "one event": limits.event_bytes,
        "campaigns and groups named in a call": limits.names,
        "nesting of attributes and properties": limits.depth,
        "values in one item": limits.members,
        "a text value": limits.text,
        "members of a list audience": limits.list_members,
        "catalogue items in one call": limits.items,
    }.items():
        assert re.search(rf"^\| {re.escape(what)} \| {number:,}\b", text, re.MULTILINE), what


def test_every_reason_is_explained() -> None:
    assert not missing([reason.value for reason in Reason], SEMANTICS)


@pytest.mark.parametrize(("page", "folder"), GUARDED.items())
def test_pages_made_from_code_are_checked_beside_it(page: str, folder: str) -> None:
    assert (DOCS / page).is_file()
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / folder).glob("test_*.py")]
    assert any(Path(page).stem in text for text in tests), "a page that nobody checks grows stale"


# -- where it leads ---------------------------------------------------------------------------------------------------

PAGES = pages.written()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert not [target for target in pages.links(page) if not _leads(page, target)]


def _leads(page: Path, target: str) -> bool:
    if re.match(r"^(https?|mailto):", target):
        return True
    path, _, anchor = target.partition("#")
    aim = (page.parent / path).resolve() if path else page
    if not aim.exists() or not aim.is_relative_to(ROOT):
        return False
    return not anchor or aim.suffix != ".md" or anchor in pages.anchors(aim)


def test_a_dead_link_is_noticed(tmp_path: Path) -> None:
    page = ROOT / "docs" / "adr" / "README.md"
    assert _leads(page, "0001-draws.md")
    assert _leads(page, "../semantics.md#draws")
    assert not _leads(page, "../semantics.md#drawn")
    assert not _leads(page, "0000-nothing.md")


def test_every_decision_on_record_is_in_the_index_and_has_its_parts() -> None:
    records = sorted(path for path in (DOCS / "adr").glob("[0-9]*.md"))
    assert len(records) >= 10
    index = pages.links(DOCS / "adr" / "README.md")
    assert [path.name for path in records if path.name not in index] == []
    parts = ("Status: ", "## Context", "## Decision", "## Considered", "## Consequences")
    assert [path.name for path in records if not all(f"\n{part}" in pages.read(path) for part in parts)] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or not page.is_relative_to(ROOT):
            continue
        seen.add(page)
        aims = (
            (page.parent / target.partition("#")[0]).resolve() for target in pages.links(page) if "://" not in target
        )
        waiting += [aim for aim in aims if aim.suffix == ".md" and aim.exists()]
    assert not [str(page.relative_to(ROOT)) for page in PAGES if page not in seen]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_say_what_it_does_and_nothing_else(page: Path) -> None:
    text = pages.read(page).lower()
    assert not [word for word in REFUSED if word in text]
