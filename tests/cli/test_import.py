"""`tailorbird import` as it is typed, into the data: what comes out, and what becomes of rows that are wrong."""

import gzip
import json
import time
from typing import Any

import pytest

from tests.cli.commands import tailorbird
from tests.cli.import_shop import REJECTED, Shop
from tests.cli.test_import_rows import parquet

# -- into the data ---------------------------------------------------------------------------------------------------


def test_people_come_from_csv_with_types_and_nesting(shop: Shop) -> None:
    name = shop.file("people.csv", "id,plan,age,zip,home.city\nann,gold,42,1010,Wien\nbob,,17,0815,\n")
    answer = shop.told("people", name)
    assert shop.counts(answer) == (2, 2, 0, 0)
    assert answer["files"][0]["columns"]["age"] == "attributes.age:number"
    assert shop.people() == {
        "ann": {"plan": "gold", "age": 42, "zip": "1010", "home": {"city": "Wien"}},
        "bob": {"age": 17, "zip": "0815"},
    }
    assert not (shop.folder / "people.rejected.csv").exists()


def test_people_are_written_in_batches_not_one_by_one(shop: Shop) -> None:
    name = shop.file("people.csv", "id,n\n" + "".join(f"p{n},{n}\n" for n in range(2_500)))
    began = time.monotonic()
    assert shop.counts(shop.told("people", name)) == (2_500, 2_500, 0, 0)
    assert len(shop.people()) == 2_500
    state = json.loads((shop.folder / "people.rejected.csv.state").read_text())
    assert state["done"] is True
    assert time.monotonic() - began < 60


def test_the_same_file_again_is_known_and_a_changed_one_is_new(shop: Shop) -> None:
    for plan, counts in (("gold", (1, 1, 0, 0)), ("silver", (1, 1, 0, 0)), ("gold", (1, 1, 0, 0))):
        name = shop.file("people.csv", f"id,plan\nann,{plan}\n")
        assert shop.counts(shop.told("people", name)) == counts
        assert shop.people()["ann"]["plan"] == plan
    again = shop.run("people", "people.csv")
    assert again.code == 0
    assert again.out == ("people.csv: all of it was imported before (1 rows, 1 taken). To do it again: --restart.\n")
    assert shop.counts(shop.told("people", "people.csv", "--restart")) == (1, 1, 0, 0)


def test_events_come_from_json_lines_and_a_repeated_row_is_counted_once(shop: Shop) -> None:
    rows = [
        {"id": "e1", "name": "order", "time": "2026-01-02", "visitor": {"id": "ann"}, "properties": {"total": 5}},
        {"id": "e1", "name": "order", "time": "2026-01-02", "visitor": {"id": "ann"}, "properties": {"total": 5}},
        {"name": "view", "time": 1767323045, "visitor_id": 7, "sku": "a"},
        {"name": "view", "time": 1767323045, "visitor_id": 7, "sku": "a"},
    ]
    name = shop.file("events.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert shop.counts(shop.told("events", name)) == (4, 2, 2, 0)
    other = shop.file("other.jsonl", (shop.folder / name).read_bytes())
    assert shop.counts(shop.told("events", other)) == (4, 0, 4, 0), "whatever the file is called"
    assert len(shop.events()) == 2
    assert shop.select("SELECT time, properties FROM events WHERE name = 'view'") == [
        (1_767_323_045_000, b'{"sku":"a"}')
    ]


def test_events_come_from_parquet_and_compressed_csv_in_a_zone(shop: Shop) -> None:
    from datetime import datetime

    parquet(
        shop.folder / "a.parquet", {"visitor_id": [1, 2], "time": [datetime(2026, 7, 1, 12)] * 2, "total": [1.5, 2.5]}
    )
    shop.file("b.csv.gz", gzip.compress(b"visitor_id;time;total\n1;2026-07-01 12:00;1.5\n3;2026-07-01 13:00;3\n"))
    answer = shop.told(
        "events", "a.parquet", "b.csv.gz", "--set", "name=order", "--time-zone", "Europe/Vienna", "--rejects", "out"
    )
    assert shop.counts(answer) == (4, 3, 1, 0), "one row stands in both"
    noon = 1_782_900_000_000
    assert sorted(shop.select("SELECT visitor_id, time FROM events")) == [
        ("1", noon), ("2", noon), ("3", noon + 3_600_000),
    ]  # fmt: skip
    assert sorted(path.name for path in (shop.folder / "out").iterdir()) == [
        "a.rejected.jsonl.state", "b.rejected.csv.state",
    ]  # fmt: skip


def test_items_are_inserted_and_replaced(shop: Shop) -> None:
    shop.told("items", shop.file("items.jsonl", '{"id": "mug", "title": "Mug", "attributes": {"price": 7}}\n'))
    name = shop.file("more.csv", "id,type,title,price\nmug,Product,Blue mug,7.5\ncap,Hat,Cap,9\n")
    assert shop.counts(shop.told("items", name)) == (2, 2, 0, 0)
    assert shop.items() == {
        "mug": {"id": "mug", "type": "Product", "attributes": {"title": "Blue mug", "price": 7.5}},
        "cap": {"id": "cap", "type": "Hat", "attributes": {"title": "Cap", "price": 9}},
    }


def test_an_import_shows_in_the_schema_of_what_arrived(shop: Shop) -> None:
    shop.told("people", shop.file("people.csv", "id,plan\nann,gold\n"))
    assert shop.select("SELECT kind, name, type, count FROM schema_seen WHERE kind = 'attribute'") == [
        ("attribute", "plan", "text", 1)
    ]


# -- rows that are wrong ---------------------------------------------------------------------------------------------


def test_rows_that_are_wrong_are_told_and_can_be_corrected_and_imported(shop: Shop) -> None:
    text = "id,age\nann,1\n" + '"open,2\n' + ",3\n" + "x" * 300 + ",4\n" + "bob,5,6\n" + "eve,7\n"
    done = shop.run("people", shop.file("people.csv", text))
    assert done.code == REJECTED
    assert done.out.startswith("people.csv: 6 rows, 2 taken, 4 rejected, see people.rejected.csv; ")
    assert "people.csv: id -> visitor.id, age -> attributes.age:number" in done.err
    flaws = shop.rejected("people.rejected.csv")
    assert [(flaw["rejected.line"], flaw["rejected.field"]) for flaw in flaws] == [
        ("3", ""), ("4", "visitor"), ("5", "visitor.id"), ("6", ""),
    ]  # fmt: skip
    assert "1 to 256 characters" in flaws[2]["rejected.error"] or "256" in flaws[2]["rejected.error"]
    corrected = (shop.folder / "people.rejected.csv").read_text().splitlines()
    shop.file("people.rejected.csv", "\n".join([corrected[0], '4,visitor,x,"dan",3', "5,visitor.id,x,fay,4"]) + "\n")
    assert shop.counts(shop.told("people", "people.rejected.csv")) == (2, 2, 0, 0)
    assert shop.people() == {name: {"age": age} for name, age in (("ann", 1), ("eve", 7), ("dan", 3), ("fay", 4))}


def test_a_cell_that_does_not_fit_its_column_is_rejected_and_can_be_mapped(shop: Shop) -> None:
    text = "id,zip\n" + "".join(f"p{n},{1000 + n}\n" for n in range(1_000)) + "late,0815\n"
    answer = shop.told("people", shop.file("people.csv", text), code=REJECTED)
    assert shop.counts(answer) == (1_001, 1_000, 0, 1)
    (flaw,) = shop.rejected("people.rejected.csv")
    assert (flaw["rejected.line"], flaw["rejected.field"], flaw["zip"]) == ("1002", "attributes.zip", "0815")
    answer = shop.told("people", "people.csv", "--map", "zip=attributes.zip:text")
    assert shop.counts(answer) == (1_001, 1_001, 0, 0)
    assert shop.people()["late"] == {"zip": "0815"}
    assert not (shop.folder / "people.rejected.csv").exists(), "nothing is rejected any more"


def test_events_are_judged_like_those_of_the_api(shop: Shop) -> None:
    rows: list[Any] = [
        {"id": "good", "name": "view", "visitor_id": "ann"},
        {"id": "old", "name": "view", "visitor_id": "ann", "time": "1999-01-01"},
        {"id": "control", "name": "view", "visitor_id": "an\nn"},
        {"id": "huge", "name": "view", "visitor_id": "ann", "text": "x" * 70_000},
        {"id": "many", "name": "view", "visitor_id": "ann", "properties": {str(n): n for n in range(600)}},
        {"id": "surrogate", "name": "view", "visitor_id": "ann", "text": "HALF"},
        {"id": "unnamed", "visitor_id": "ann"},
        {"id": "last", "name": "view", "visitor_id": "ann"},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows).replace("HALF", "\\ud800") + "not json\n"
    answer = shop.told("events", shop.file("events.jsonl", text), "--batch", "3", code=REJECTED)
    assert shop.counts(answer) == (9, 2, 0, 7)
    flaws = [json.loads(line) for line in (shop.folder / "events.rejected.jsonl").read_text().splitlines()]
    assert [flaw["rejected"]["line"] for flaw in flaws] == [2, 3, 4, 5, 6, 7, 9]
    assert [flaw.get("id") for flaw in flaws] == ["old", "control", "huge", "many", None, "unnamed", None]
    fields = [flaw["rejected"]["field"] for flaw in flaws]
    assert fields[:4] == ["time", "visitor.id", "properties.text", "properties"]
    assert flaws[5]["rejected"]["field"] == "name"
    assert shop.events() == ["good", "last"]


def test_items_that_cannot_be_kept_do_not_lose_the_others(shop: Shop) -> None:
    rows = [{"id": "a"}, {"id": ""}, {"id": "b" * 201}, {"type": "x"}, {"id": "c", "attributes": "x"}, {"id": "d"}]
    name = shop.file("items.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert shop.counts(shop.told("items", name, code=REJECTED)) == (6, 2, 0, 4)
    assert sorted(shop.items()) == ["a", "d"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("people", "none.csv"), 2, "There is no file none.csv"),
        (("people",), 2, "Name the files to import"),
        (("people", "a.txt"), 2, "Say --format csv, jsonl or parquet"),
        (("people", "no-id.csv"), 2, "No column leads to visitor.id or visitor.anonymous_id"),
        (("people", "a.csv", "--map", "nope=id"), 2, "--map names columns that are not there: nope"),
        (("people", "a.csv", "--time-zone", "Mars"), 2, "--time-zone takes a name such as Europe/Vienna"),
        (("people", "a.csv", "--encoding", "klingon"), 2, "--encoding takes a name"),
        (("people", "a.csv", "--encoding", "utf-16"), 2, "convert the file"),
        (("people", "a.csv", "--batch", "1001"), 2, "--batch takes 1 to 1,000"),
        (("people", "a.csv", "--delimiter", "::"), 2, "--delimiter takes one character"),
        (("people", "a.csv", "--url", "http://127.0.0.1:9"), 2, "--url needs a --key"),
        (("people", "a.csv", "--url", "ftp://x", "--key", "k"), 2, "--url takes an address"),
        (("people", "a.csv", "--rejects", "a.csv"), 2, "cannot be its own file of rejected rows"),
        (("people", "list.jsonl"), 1, "is one list"),
        (("people", "wide.csv"), 1, "is UTF-16"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    shop: Shop, words: tuple[str, ...], code: int, sentence: str
) -> None:
    for name, text in (("a.csv", "id\nann\n"), ("a.txt", "id\n"), ("no-id.csv", "age\n1\n"), ("list.jsonl", "[{}]")):
        shop.file(name, text)
    shop.file("wide.csv", "id\nann\n".encode("utf-16"))
    done = shop.run(*words)
    assert (done.code, done.out) == (code, "")
    assert sentence in done.err
    assert done.err.count("\n") == 1
    assert shop.people() == {}


def test_an_unknown_project_is_said_at_once(shop: Shop) -> None:
    shop.file("a.csv", "id\nann\n")
    done = tailorbird("import", "people", "a.csv", "--project", "nope", "--data", "data", cwd=shop.folder)
    assert (done.code, done.out) == (1, "")
    assert "There is no project 'nope'" in done.err
