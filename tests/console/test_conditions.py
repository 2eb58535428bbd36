"""The condition builder, clicked: every kind of row writes what the server compiles, and shows what it counts."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Place, first_run, seed

PROJECT = "/v1/projects/shop"
pytestmark = pytest.mark.parametrize("place", ["sqlite"], indirect=True)

Steps = Callable[[Page], None]


def _field(within: Page | Locator, label: str) -> Locator:
    """The last field of a name; lists of choices have the names of their fields too."""
    return within.locator(f"input[aria-label='{label}'], textarea[aria-label='{label}']").last


def _choose(page: Page, within: Page | Locator, label: str, option: str) -> None:
    _field(within, label).click()
    page.get_by_role("option", name=option, exact=True).click()


def _add(page: Page, what: str) -> None:
    page.get_by_role("button", name=what, exact=True).first.click()


def _more(page: Page, what: str) -> None:
    page.get_by_role("button", name="More", exact=True).last.click()
    page.get_by_role("menuitem", name=what).click()


def _attribute(page: Page, name: str, operator: str = "") -> None:
    _add(page, "Attribute")
    _field(page, "Attribute or fact").fill(name)
    page.keyboard.press("Escape")
    if operator:
        _field(page, "Comparison").click()
        page.get_by_role("option", name=operator, exact=True).click()


def _is_text(page: Page) -> None:
    _attribute(page, "plan")
    _field(page, "Value").fill("go")
    page.get_by_role("option", name="gold", exact=True).click()


def _is_one_of(page: Page) -> None:
    _attribute(page, "plan", "is one of")
    for value in ("gold", "silver"):
        _field(page, "Value").fill(value)
        page.keyboard.press("Enter")


def _is_between(page: Page) -> None:
    _attribute(page, "@visits", "is at least")
    _field(page, "Value").fill("2")
    page.get_by_role("button", name="Add a comparison of the same attribute").click()
    _field(page, "Comparison").click()
    page.get_by_role("option", name="is at most", exact=True).click()
    _field(page, "Value").fill("9")


def _is_known(page: Page) -> None:
    _attribute(page, "plan", "is known")
    _choose(page, page, "Value", "no")


def _is_true(page: Page) -> None:
    _attribute(page, "@new")
    _choose(page, page, "Value", "true")


def _is_of_type(page: Page) -> None:
    _attribute(page, "plan", "is of type")
    _choose(page, page, "Value", "number")


def _is_version(page: Page) -> None:
    _attribute(page, "app", "is at least version")
    _field(page, "Value").fill("1.10.0")


def _is_on_list(page: Page) -> None:
    _attribute(page, "code", "is on the list")
    _choose(page, page, "Value", "Staff")


def _has_element(page: Page) -> None:
    _attribute(page, "tags", "has an element that")
    _field(page, "Value").fill('{"$in": ["a"]}')


def _size(page: Page) -> None:
    _attribute(page, "tags", "has as many elements as")
    _field(page, "Value").fill("3")


def _device(page: Page) -> None:
    _more(page, "Device, country, time…")
    _field(page, "Value").fill("mob")
    page.get_by_role("option", name="mobile", exact=True).click()


def _audiences(page: Page) -> None:
    _add(page, "Audience")
    _choose(page, page, "Membership", "is in none of")
    _field(page, "Audiences").click()
    page.get_by_role("option", name="Good customers").click()
    page.get_by_role("option", name="Staff").click()
    page.keyboard.press("Escape")


def _groups(page: Page) -> None:
    _attribute(page, "plan")
    _field(page, "Value").fill("gold")
    page.keyboard.press("Escape")
    _more(page, "Group: any of")
    group = page.get_by_role("group", name="Any of these")
    _field(group, "Attribute or fact").fill("a")
    _field(group, "Value").fill("x")
    _choose(page, group, "How the rows of this group go together", "Not all of these together")


def _event(page: Page, how: str, period: str = "", times: str = "") -> None:
    _add(page, "What they did")
    _field(page, "Event").fill("order")
    page.keyboard.press("Escape")
    if how:
        _choose(page, page, "How often", how)
    if times:
        _field(page, "Times").fill(times)
    if period:
        _choose(page, page, "Period", period)


def _figure(figure: str, comparison: str, value: str) -> Steps:
    def steps(page: Page) -> None:
        _event(page, figure, "ever")
        _field(page, "Property").fill("total")
        page.keyboard.press("Escape")
        _choose(page, page, "Comparison", comparison)
        _field(page, "Value").fill(value)

    return steps


def _at_least(page: Page) -> None:
    _event(page, "at least … times", "in the last … hours", "3")
    _field(page, "Number of hours").fill("48")


def _since_where(page: Page) -> None:
    _event(page, "", "since a date")
    _field(page, "Since").fill("2026-01-01")
    page.get_by_text("only where…").click()
    attribute = page.get_by_role("button", name="Attribute", exact=True)
    expect(attribute).to_have_count(2)  # that of the event comes before that of the whole
    attribute.first.click()
    _field(page, "Attribute or fact").fill("tot")
    page.get_by_role("option", name="total", exact=True).click()
    _choose(page, page, "Comparison", "is greater than")
    _field(page, "Value").fill("30")


def _likes(page: Page) -> None:
    _more(page, "What they like most")
    _field(page, "Event").fill("order")
    page.keyboard.press("Escape")
    _field(page, "Property").fill("category")
    _field(page, "Value").fill("shoes")
    _choose(page, page, "How much of it", "at least … % about")
    _field(page, "Share").fill("40")
    _field(page, "At least so many events").fill("5")


def _last(spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"$event": {"name": "order", "within": {"days": 30}, **spec, **more}}


def _of(figure: str, wanted: Any) -> dict[str, Any]:
    return {"$event": {"name": "order", figure: {"of": "total", "is": wanted}}}


CASES: list[tuple[Steps, dict[str, Any]]] = [
    (_is_text, {"plan": "gold"}),
    (_is_one_of, {"plan": {"$in": ["gold", "silver"]}}),
    (_is_between, {"@visits": {"$gte": 2, "$lte": 9}}),
    (_is_known, {"plan": {"$exists": False}}),
    (_is_true, {"@new": True}),
    (_is_of_type, {"plan": {"$type": "number"}}),
    (_is_version, {"app": {"$vgte": "1.10.0"}}),
    (_is_on_list, {"code": {"$inGroup": "staff"}}),
    (_has_element, {"tags": {"$elemMatch": {"$in": ["a"]}}}),
    (_size, {"tags": {"$size": 3}}),
    (_device, {"@device": "mobile"}),
    (_audiences, {"$audience": {"$nin": ["good", "staff"]}}),
    (_groups, {"plan": "gold", "$not": {"a": "x"}}),
    (lambda page: _event(page, ""), _last({})),
    (lambda page: _event(page, "never"), _last({"count": 0})),
    (lambda page: _event(page, "at most … times", times="4"), _last({"count": {"$lte": 4}})),
    (lambda page: _event(page, "exactly … times", times="2"), _last({"count": 2})),
    (_at_least, _last({"count": {"$gte": 3}}, within={"hours": 48})),
    (_since_where, {"$event": {"name": "order", "since": "2026-01-01", "where": {"total": {"$gt": 30}}}}),
    (_figure("sum of …", "is at least", "100"), _of("sum", {"$gte": 100})),
    (_figure("average of …", "is less than", "25"), _of("average", {"$lt": 25})),
    (_figure("lowest …", "is greater than", "5"), _of("min", {"$gt": 5})),
    (_figure("highest …", "is at most", "90"), _of("max", {"$lte": 90})),
    (_figure("first …", "is", "20"), _of("first", 20)),
    (_figure("last …", "is not", "77"), _of("last", {"$ne": 77})),
    (
        _likes,
        {
            "$affinity": {
                "event": "order",
                "property": "category",
                "is": "shoes",
                "share": 0.4,
                "minimum": 5,
                "within": {"days": 30},
            }
        },
    ),
]


def _until_seen(place: Place, name: str) -> None:
    """What arrives is known a moment later."""
    end = time.monotonic() + 90
    while name not in {one["name"] for one in place.ask("GET", f"{PROJECT}/schema")["items"]}:
        assert time.monotonic() < end, f"{name} is not known"
        time.sleep(0.5)


def test_every_kind_of_row_writes_what_the_server_takes(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    attributes = {"attributes": {"plan": "gold"}}
    place.ask("POST", "/v1/events", {"events": [{"name": "seen", "visitor": {"id": "anna"}, **attributes}]})
    _until_seen(place, "order.total")
    for number, (steps, expected) in enumerate(CASES):
        page.goto(f"{place.url}/p/shop/audiences/new")
        page.get_by_role("textbox", name="Name", exact=True).fill(f"Case {number}")
        steps(page)
        expect(page.get_by_text(re.compile(r"of \d+ known people")), str(expected)).to_be_visible()
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_role("heading", name=f"Case {number}", level=1)).to_be_visible()
        made = place.ask("GET", f"{PROJECT}/audiences/case-{number}")["body"]["condition"]
        assert made == expected
        page.reload()
        expect(page.get_by_text(re.compile(r"of \d+ known people"))).to_be_visible()
        page.get_by_text("JSON", exact=True).click()
        expect(page.locator(".cm-content")).to_contain_text(next(iter(expected)))


def test_the_count_is_that_of_the_people_and_names_some(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    page.goto(f"{place.url}/p/shop/audiences/new")
    page.get_by_role("textbox", name="Name", exact=True).fill("Buyers")
    _event(page, "at least once", "ever")
    count = page.get_by_text("20 of 60 known people")
    expect(count).to_be_visible()
    count.hover()
    expect(page.get_by_role("link", name=re.compile("^visitor-")).first).to_be_visible()
    _field(page, "Event").fill("nothing")
    expect(page.get_by_text("0 of 60 known people")).to_be_visible()


def test_a_condition_that_is_not_whole_says_so_beside_its_row(place: Place, page: Page) -> None:
    first_run(page, place)
    page.goto(f"{place.url}/p/shop/audiences/new")
    page.get_by_role("textbox", name="Name", exact=True).fill("Half")
    _event(page, "sum of …")
    expect(page.get_by_role("alert")).to_contain_text("the name of an event property")
    _field(page, "Property").fill("total")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_text("0 of 0 known people")).to_be_visible()
    _attribute(page, "plan", "matches the pattern")
    _field(page, "Value").fill("(")
    expect(page.get_by_role("alert")).to_have_count(1)
    page.get_by_role("button", name="Remove this row").last.click()
    expect(page.get_by_role("alert")).to_have_count(0)
