"""Results at the command line: a table, JSON or CSV, from the data here or from a running server."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.commands import serving, tailorbird, told

FILE = """
tailorbird: 1
goals:
  order: {name: Order, event: order}
campaigns:
  hero:
    name: "Hero [bold]"
    status: running
    control: 50
    goals: [{goal: order, role: primary}]
    rules:
      - {name: Everybody, audience: everyone, experiences: [{name: A, content: {body: 1}}]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of a campaign that helped."""
    here = tmp_path_factory.mktemp("results")
    (here / "shop.yaml").write_text(FILE, encoding="utf-8")
    told("project", "create", "My shop", "--json", cwd=here)
    secret = told("key", "create", "my-shop", "--scope", "record,read,manage", cwd=here)["secret"]
    (here / "secret").write_text(secret, encoding="utf-8")
    assert tailorbird("apply", "shop.yaml", "--project", "my-shop", "--yes", cwd=here).code == 0
    with serving("--data", str(here / "tailorbird-data")) as server:
        for arm, people, buying in (("A", 300, 90), ("control", 300, 45)):
            exposures = [
                {"visitor": {"id": f"{arm}-{n}"}, "campaign": "hero", "experience": arm, "time": "2026-01-10"}
                for n in range(people)
            ]
            events = [
                {"id": f"{arm}-{n}", "name": "order", "visitor": {"id": f"{arm}-{n}"}, "time": "2026-01-11"}
                for n in range(buying)
            ]
            assert server.call("POST", "/v1/exposures:import", secret, {"exposures": exposures})[0] == 200
            assert server.call("POST", "/v1/events", secret, {"events": events})[0] == 200
        refused = tailorbird("results", "hero", "--url", server.address, "--project", "my-shop", "--key", "x", cwd=here)
        assert (refused.code, refused.out) == (1, "")
        words = ("results", "hero", "--url", server.address, "--project", "my-shop", "--key", secret)
        asked = told(
            *words, "--goal", "order", "--filter", "device=mobile", "--filter", "country=GB", "--json", cwd=here
        )
        assert (asked["people"], asked["exploratory"]) == (0, ["FILTER"])
    return here


def test_a_table_tells_people_lift_and_verdict(folder: Path) -> None:
    done = tailorbird("results", "hero", cwd=folder, COLUMNS="80")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Hero [bold] (hero), running; 600 people, 2026-01-10 00:00 UTC")
    (line,) = (line for line in done.out.splitlines() if line.startswith("A  "))
    for part in ("300", "90", "30.00%", "+100.0%"):
        assert part in line
    assert "A: decided, better" in done.out
    assert "To find a lift of 10%" in done.out


def test_json_and_csv_are_for_scripts(folder: Path) -> None:
    report = told("results", "hero", "--project", "my-shop", "--json", cwd=folder)
    assert (report["people"], report["goals"][0]["campaign"]["verdict"]["outcome"]) == (600, "better")
    table = [*csv.DictReader(io.StringIO(tailorbird("results", "hero", "--csv", cwd=folder).out))]
    assert [(row["arm"], row["conversions"]) for row in table] == [("control", "45"), ("A", "90")]


def test_a_breakdown_is_exploratory_and_says_so(folder: Path) -> None:
    done = tailorbird("results", "hero", "--by", "device", "--baseline", "A", cwd=folder, COLUMNS="200")
    assert done.code == 0
    assert "unknown (600 people): Order, primary goal" in done.out
    assert "Exploratory (BREAKDOWN, BASELINE)" in done.out


def test_what_cannot_be_meant_is_one_line(folder: Path) -> None:
    for words, said in (
        (("nope",), "nope"),
        (("hero", "--by", "colour"), "--by"),
        (("hero", "--attribution", "touch"), "--attribution takes view or click"),
        (("hero", "--url", "http://127.0.0.1:1"), "--project"),
    ):
        done = tailorbird("results", *words, cwd=folder)
        assert done.code in (1, 2)
        assert said in done.err
        assert "Traceback" not in done.err


def test_json_is_the_report_of_the_api(folder: Path) -> None:
    text = tailorbird("results", "hero", "--json", cwd=folder).out
    assert {"campaign", "arms", "goals", "sample_ratio", "crossed", "notes"} <= json.loads(text).keys()
