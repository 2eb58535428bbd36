"""People, the catalogue, events and the history in the browser: looked up, imported, exported, erased, seen live."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Place, first_run, seed

PROJECT = "/v1/projects/shop"
CSV = "id,name,price,type\nmug-2,Green mug,5.5,Product\n,Nameless,1,Product\ncup-1,Cup,3,Cup\n"


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_somebody_is_looked_up_by_any_id_exported_and_erased(place: Place, page: Page, tmp_path: Path) -> None:
    first_run(page, place)
    seed(place)
    who = {"id": "visitor-6", "anonymous_id": "phone-of-six"}
    place.ask("POST", "/v1/events", {"events": [{"name": "login", "visitor": who, "attributes": {"plan": "gold"}}]})
    page.goto(f"{place.url}/p/shop/people")
    page.get_by_label("Any id").fill("phone-of-six")
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_role("heading", name="phone-of-six", level=1)).to_be_visible()
    expect(page.get_by_text("visitor-6", exact=True)).to_be_visible()

    # why they see what they see
    expect(page.get_by_role("link", name="Hero")).to_be_visible()
    expect(page.get_by_role("tabpanel")).to_contain_text(re.compile("Warm|Short|control group"))
    page.get_by_role("tab", name="Attributes").click()
    expect(page.get_by_role("row", name="plan")).to_contain_text("gold")
    page.get_by_role("tab", name="Events").click()
    for name in ("impression", "order", "login"):
        expect(page.get_by_role("cell", name=name, exact=True)).to_be_visible()
    page.get_by_role("tab", name="Exposures").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Hero"))
    expect(row).to_contain_text("Control" if arm_of(place) == "control" else arm_of(place))

    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export").click()
    waiting.value.save_as(tmp_path / "person.json")
    whole = json.loads((tmp_path / "person.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in whole["events"]} == {"impression", "order", "login"}

    page.get_by_role("button", name="Erase").click()
    page.get_by_role("dialog").get_by_role("button", name="Erase", exact=True).click()
    expect(page.get_by_role("heading", name="People", level=1)).to_be_visible()
    assert place.server.call("GET", "/v1/profiles/visitor-6", place.key)[0] == 404
    page.goto(f"{place.url}/p/shop/history")
    expect(page.get_by_text("ada@example.org · erase · person")).to_be_visible()
    expect(page.get_by_text("visitor-6")).to_have_count(0)


def arm_of(place: Place) -> str:
    """What the person of the test was drawn into: the name of the experience, or control."""
    held = place.ask("GET", "/v1/profiles/visitor-6")["exposures"]["hero"]["arm"]
    body = place.ask("GET", f"{PROJECT}/campaigns/hero")["body"]
    names = {one["id"]: one["name"] for rule in body["rules"] for one in rule["experiences"]}
    return str(names.get(held, held))


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_catalogue_is_imported_with_an_error_for_each_line_that_is_wrong(
    place: Place, page: Page, tmp_path: Path
) -> None:
    first_run(page, place)
    page.goto(f"{place.url}/p/shop/catalogue")
    (tmp_path / "items.csv").write_text(CSV, encoding="utf-8")
    page.get_by_role("button", name="Import").first.click()
    form = page.get_by_role("dialog")
    form.locator("input[type=file]").set_input_files(tmp_path / "items.csv")
    expect(form.get_by_text("2 items are ready, 1 line cannot be read")).to_be_visible()
    form.get_by_role("button", name="Import").click()
    expect(form.get_by_role("alert")).to_contain_text("2 items are in the catalogue")
    expect(form.get_by_role("alert")).to_contain_text("line 3")
    form.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row").filter(has_text="Green mug")).to_contain_text("price 5.5")

    # what the server refuses is told line by line, and the rest of the file goes in
    items = [{"id": f"item-{n}", "name": f"Item {n}"} for n in range(1_200)]
    items[700] = {"id": "x" * 300, "name": "Too long an id"}
    (tmp_path / "items.json").write_text(json.dumps(items), encoding="utf-8")
    page.get_by_role("button", name="Import").click()
    form.locator("input[type=file]").set_input_files(tmp_path / "items.json")
    form.get_by_role("button", name="Import").click()
    expect(form.get_by_role("alert")).to_contain_text("1,199 items are in the catalogue")
    expect(form.get_by_role("alert")).to_contain_text("item 701: id: expected text of 1 to 200 characters")
    page.goto(f"{place.url}/p/shop/history")
    entry = page.get_by_text("ada@example.org · put items · catalogue")
    expect(entry).to_have_count(1)
    page.get_by_role("button", name="What “put items” changed in catalogue").click()
    expect(page.get_by_role("cell", name="1201", exact=True)).to_be_visible()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_ten_thousand_rows_are_imported_with_every_error_told_once(place: Place, page: Page, tmp_path: Path) -> None:
    first_run(page, place)
    page.goto(f"{place.url}/p/shop/catalogue")
    rows = [f"sku-{n:05},Größe {n},{n / 10}" for n in range(10_000)]
    for number in range(0, 10_000, 100):
        rows[number] = f"{'x' * 300}{number},too long,1"
    rows[1], rows[3] = ",no id,1", "sku-00002,twice,1"
    rows[5_000] = "sku-05000,a cell too few"
    (tmp_path / "items.csv").write_text("\n".join(["id,name,price", *rows]), encoding="utf-8")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" and one.url.endswith("items") else None)
    page.get_by_role("button", name="Import").first.click()
    form = page.get_by_role("dialog")
    form.locator("input[type=file]").set_input_files(tmp_path / "items.csv")
    expect(form.get_by_text("9,997 items are ready, 3 lines cannot be read.")).to_be_visible()
    expect(form.get_by_text("line 5: its id sku-00002 stands in line 4 already")).to_be_visible()
    form.get_by_role("button", name="Import").click()
    told = form.get_by_role("alert")
    expect(told).to_contain_text("9,898 items are in the catalogue", timeout=60_000)
    expect(told.get_by_role("listitem").first).to_contain_text("line 2: id: expected text of 1 to 200 characters")
    assert len(sent) <= 2 * 20
    with page.expect_download() as waiting:
        told.get_by_role("button", name="Save all 102 errors").click()
    waiting.value.save_as(tmp_path / "errors.csv")
    lines = (tmp_path / "errors.csv").read_text(encoding="utf-8").splitlines()
    assert (len(lines), lines[0], lines[-1].split(",")[0]) == (103, "line,error", "9902")
    form.get_by_role("button", name="Done").click()

    # an item is found by its id, looked at as a whole, and deleted
    page.get_by_label("From id").fill("sku-04999")
    expect(page.get_by_role("row").nth(1)).to_contain_text("Größe 4999")
    page.get_by_role("button", name="All of sku-04999").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Größe 5001")
    assert place.server.call("GET", f"{PROJECT}/items/sku-04999", place.key)[0] == 404


@pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)
def test_events_are_seen_as_they_arrive_filtered_and_refused_with_the_reason(place: Place, page: Page) -> None:
    first_run(page, place)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/events?" in request.url else None)
    page.goto(f"{place.url}/p/shop/events")
    expect(page.get_by_text("No event yet")).to_be_visible()

    def send(name: str, who: str) -> None:
        place.ask("POST", "/v1/events", {"events": [{"name": name, "visitor": {"id": who}}]})

    send("view", "ann")
    expect(page.get_by_role("cell", name="view", exact=True)).to_be_visible()
    page.wait_for_timeout(3_000)
    assert len(asked) <= 5, "one question stays open until there is something to tell"
    send("order", "ben")
    expect(page.get_by_role("cell", name="order", exact=True)).to_be_visible()

    page.get_by_label("Visitor").fill("ann")
    expect(page.get_by_role("cell", name="order", exact=True)).to_have_count(0)
    expect(page.get_by_role("cell", name="view", exact=True)).to_be_visible()
    send("basket", "ben")
    send("search", "ann")
    expect(page.get_by_role("cell", name="search", exact=True)).to_be_visible()
    expect(page.get_by_role("cell", name="basket", exact=True)).to_have_count(0)
    page.get_by_label("Visitor").fill("")
    expect(page.get_by_role("cell", name="basket", exact=True)).to_be_visible()

    page.get_by_role("switch", name="Live").click()
    send("late", "ann")
    page.wait_for_timeout(1_500)
    expect(page.get_by_role("cell", name="late", exact=True)).to_have_count(0)
    page.get_by_role("switch", name="Live").click()
    expect(page.get_by_role("cell", name="late", exact=True)).to_be_visible()

    old = {"name": "refund", "visitor": {"id": "ann"}, "time": "1999-01-01T00:00:00Z"}
    assert len(place.ask("POST", "/v1/events", {"events": [old]})["rejected"]) == 1
    page.get_by_role("tab", name="Refused").click()
    row = page.get_by_role("row").filter(has_text="refund")
    expect(row).to_contain_text("time")
    expect(row).to_contain_text("a time since 2000-01-01")
    odd = '{"events": [{"name": "checkout", "visitor": {"id": "ann"}, "properties": "4111 1111"}, [1, "4111"]]}'
    place.ask("POST", "/v1/events", json.loads(odd))
    expect(page.get_by_role("row").filter(has_text="checkout")).to_contain_text('"properties":"text(9)"')
    expect(page.get_by_role("row").filter(has_text="no name")).to_contain_text("11 bytes")
    expect(page.get_by_text("4111")).to_have_count(0)
    page.get_by_role("tab", name="What arrives").click()
    expect(page.get_by_role("row").filter(has_text="search")).to_be_visible()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_home_tells_what_runs_and_what_needs_somebody_in_one_question(place: Place, page: Page) -> None:
    first_run(page, place)
    seed(place)
    at = place.ask("GET", f"{PROJECT}/campaigns/hero")["at"] + 1
    for prefix, arm, size in (("a", "Warm", 400), ("b", "control", 400)):  # a fifth of them should be control
        many = [
            {"visitor": {"id": f"{prefix}{n}"}, "campaign": "hero", "experience": arm, "time": at} for n in range(size)
        ]
        assert place.ask("POST", "/v1/exposures:import", {"exposures": many})["rejected"] == []
    for known in ("ann", "ben"):
        visitor = {"id": known, "anonymous_id": "shared-phone"}
        place.ask("POST", "/v1/events", {"events": [{"name": "login", "visitor": visitor}]})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(place.url)))
    page.goto(f"{place.url}/p/shop")
    expect(page.get_by_role("img", name="People per day")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile(r"^860 people · Order"))).to_be_visible()
    expect(page.get_by_text("Shares are off")).to_be_visible()
    warnings = page.get_by_role("region", name="Warnings")
    expect(warnings).to_contain_text("Hero: people do not fall on the arms as the shares say")
    expect(warnings).to_contain_text("1 identity conflict")
    of_project = {one.split("?")[0] for one in asked if one.startswith("/v1/projects/shop/")}
    assert of_project == {"/v1/projects/shop/overview"}, "nothing else is asked for"
    warnings.get_by_role("link", name="Hero").click()
    expect(page).to_have_url(re.compile("/campaigns/hero/results"))
