"""`tailorbird import` as it is typed: into the data, through a server, killed in between, with rows that are wrong."""

import csv
import gzip
import json
import shutil
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import COMMAND, Done, Server, environment, serving, tailorbird, told
from tests.cli.test_import_rows import parquet

SCOPES = "decide,record,read,manage"
REJECTED = 4


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with a project, and the secret of its key."""
    folder = tmp_path_factory.mktemp("made") / "data"
    told("project", "create", "My shop", "--data", str(folder), "--json")
    return folder, told("key", "create", "my-shop", "--scope", SCOPES, "--data", str(folder))["secret"]


class Shop:
    """A copy of that folder, and short forms of what is done with it."""

    def __init__(self, folder: Path, secret: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.secret = secret

    def file(self, name: str, text: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    def run(self, kind: str, *words: str) -> Done:
        return tailorbird("import", kind, *words, "--project", "my-shop", "--data", "data", cwd=self.folder)

    def told(self, kind: str, *words: str, code: int = 0) -> Any:
        done = self.run(kind, *words, "--json")
        assert (done.code, done.err) == (code, ""), done.err
        return json.loads(done.out)

    def counts(self, answer: Any) -> tuple[int, int, int, int]:
        return answer["rows"], answer["accepted"], answer["duplicates"], answer["rejected"]

    def select(self, sql: str) -> list[Any]:
        connection = sqlite3.connect(self.data / "tailorbird.db")
        found = connection.execute(sql).fetchall()
        connection.close()
        return found

    def people(self) -> dict[str, dict[str, Any]]:
        """Known id → attributes."""
        profiles = [json.loads(body) for (body,) in self.select("SELECT body FROM profiles")]
        return {name: profile.get("attributes", {}) for profile in profiles for name in profile.get("ids", [])}

    def events(self) -> list[str]:
        return [row[0] for row in self.select("SELECT id FROM events ORDER BY seq")]

    def items(self) -> dict[str, Any]:
        return {name: json.loads(body) for name, body in self.select("SELECT id, body FROM items")}

    def rejected(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def shop(tmp_path: Path, made: tuple[Path, str]) -> Shop:
    shutil.copytree(made[0], tmp_path / "data")
    return Shop(tmp_path, made[1])


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


# -- through a server ------------------------------------------------------------------------------------------------


def through(shop: Shop, server: Server, kind: str, *words: str, secret: str = "", project: str = "my-shop") -> Done:
    return tailorbird(
        "import", kind, *words, "--project", project, "--url", server.address,
        cwd=shop.folder, TAILORBIRD_KEY=secret or shop.secret,
    )  # fmt: skip


def test_everything_goes_through_a_running_server_too(shop: Shop) -> None:
    rows = [{"id": "a"}, {"id": "c", "attributes": [1]}, {"id": "b" * 201}, {"id": "d", "title": "Cap"}]
    items = shop.file("items.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    people = shop.file("people.csv", "id,plan\nann,gold\n,x\nbob,silver\n")
    with serving("--data", str(shop.data)) as server:
        refused = shop.run("people", people)
        assert (refused.code, refused.out) == (1, "")
        assert "Import through it: --url" in refused.err
        done = through(shop, server, "people", people, "--json")
        assert (done.code, shop.counts(json.loads(done.out))) == (REJECTED, (3, 2, 0, 1))
        done = through(shop, server, "items", items, "--json")
        assert (done.code, shop.counts(json.loads(done.out))) == (REJECTED, (4, 2, 0, 2))
        flaws = [
            json.loads(line)["rejected"] for line in (shop.folder / "items.rejected.jsonl").read_text().splitlines()
        ]
        assert [(flaw["line"], flaw["field"]) for flaw in flaws] == [(2, "attributes"), (3, "id")]
        assert server.good("GET", "/v1/profiles/ann", shop.secret)["attributes"] == {"plan": "gold"}
        assert server.good("GET", "/v1/projects/my-shop/items/d", shop.secret)["attributes"] == {"title": "Cap"}


def test_a_wrong_key_or_project_is_said_before_anything_is_read(shop: Shop) -> None:
    name = shop.file("people.csv", "id,plan\nann,gold\n")
    record = told("key", "create", "my-shop", "--scope", "record", "--client", "etl", "--data", str(shop.data))
    with serving("--data", str(shop.data)) as server:
        for more, status in (({"secret": "tb_wrong"}, 401), ({"project": "other"}, 404)):
            done = through(shop, server, "people", name, **more)
            assert (done.code, done.out) == (1, "")
            assert f": {status} " in done.err
            assert done.err.count("\n") == 1
        assert through(shop, server, "people", name, secret=record["secret"]).code == 0


def test_a_server_that_takes_less_gets_smaller_calls(shop: Shop) -> None:
    rows = [{"id": f"e{n}", "name": "view", "visitor_id": "ann", "text": "x" * 300} for n in range(40)]
    rows[7]["text"] = "x" * 5_000
    events = shop.file("events.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    items = shop.file("items.jsonl", "".join(json.dumps({"id": row["id"], "text": row["text"]}) + "\n" for row in rows))
    limits = {"TAILORBIRD_EVENTS_LIMIT": "4096", "TAILORBIRD_UPLOAD_LIMIT": "4096"}
    with serving("--data", str(shop.data), **limits) as server:
        for kind, name in (("events", events), ("items", items)):
            done = through(shop, server, kind, name, "--json")
            assert (done.code, shop.counts(json.loads(done.out))) == (REJECTED, (40, 39, 0, 1))
        server.stop()
    assert len(shop.events()) == len(shop.items()) == 39


def test_an_import_waits_for_a_limited_key(shop: Shop) -> None:
    name = shop.file("people.csv", "id\n" + "".join(f"p{n}\n" for n in range(12)))
    with serving("--data", str(shop.data), TAILORBIRD_KEY_RATE="2", TAILORBIRD_KEY_BURST="3") as server:
        done = through(shop, server, "people", name, "--batch", "3", "--json")
        assert (done.code, shop.counts(json.loads(done.out))) == (0, (12, 12, 0, 0))


# -- killed, and gone on with ----------------------------------------------------------------------------------------

ROWS = 6_000


def feed(shop: Shop) -> tuple[str, set[str], list[str]]:
    """A file whose every 50th row is wrong; the ids of the good ones, the lines of the others."""
    lines = ["id,visitor_id,name,time,total"]
    for n in range(ROWS):
        lines.append(f"e{n},v{n % 97},order,{'soon' if n % 50 == 49 else 1767323045 + n},{n}")
    good = {f"e{n}" for n in range(ROWS) if n % 50 != 49}
    return shop.file("events.csv", "\n".join(lines) + "\n"), good, [str(n + 2) for n in range(49, ROWS, 50)]


def killed(shop: Shop, at: int, *words: str, **more: str) -> None:
    """Run an import and kill it once it notes that so many rows are done."""
    state = shop.folder / "events.rejected.csv.state"
    process = subprocess.Popen(
        [COMMAND, "import", "events", *words, "--project", "my-shop", "--batch", "100", "--json"],
        cwd=shop.folder, env=environment(**more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None:
        if state.exists() and json.loads(state.read_bytes())["rows"] >= at:
            break
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it was still at work"


def whole(shop: Shop, answer: Any, good: set[str], flaws: list[str]) -> None:
    assert answer["rows"] == ROWS
    assert answer["accepted"] + answer["duplicates"] == len(good)
    assert answer["rejected"] == len(flaws)
    assert Counter(shop.events()) == Counter(good), "nothing is lost, nothing doubled"
    assert [flaw["rejected.line"] for flaw in shop.rejected("events.rejected.csv")] == flaws
    counted = [json.loads(body)["counters"]["order"][0] for (body,) in shop.select("SELECT body FROM profiles")]
    assert sum(counted) == len(good)


def test_killed_again_and_again_nothing_is_lost_or_doubled(shop: Shop) -> None:
    name, good, flaws = feed(shop)
    for at in (300, 1_500, 3_000):
        killed(shop, at, name, "--data", "data")
    done = shop.run("events", name, "--batch", "100", "--json")
    assert done.code == REJECTED
    answer = json.loads(done.out)
    assert answer["files"][0]["resumed"] is True
    whole(shop, answer, good, flaws)


def test_killed_between_the_rejected_rows_and_the_note_of_progress(shop: Shop) -> None:
    name, good, flaws = feed(shop)
    killed(shop, 1_000, name, "--data", "data")
    with (shop.folder / "events.rejected.csv").open("a") as file:
        file.write("9999,,written before the kill and not noted,,,\n")
    whole(shop, shop.told("events", name, code=REJECTED), good, flaws)


def test_killed_on_the_way_to_a_server_and_the_server_too(shop: Shop) -> None:
    name, good, flaws = feed(shop)
    with serving("--data", str(shop.data)) as server:
        port = server.address.rpartition(":")[2]
        words = (name, "--url", server.address)
        killed(shop, 1_000, *words, TAILORBIRD_KEY=shop.secret)
        with importing(shop, *words) as process:
            while json.loads((shop.folder / "events.rejected.csv.state").read_bytes())["rows"] < 2_000:
                time.sleep(0.002)
            server.process.kill()
            server.process.communicate()
            command = [COMMAND, "serve", "--port", port, "--data", str(shop.data)]
            again = subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            try:
                out, _ = process.communicate(timeout=60)
            finally:
                again.terminate()
                assert again.wait(30) == 0
            assert process.returncode == REJECTED
    whole(shop, json.loads(out), good, flaws)


class importing:  # noqa: N801 - used like a function
    """An import that runs beside, killed at the end when it still does."""

    def __init__(self, shop: Shop, *words: str) -> None:
        self._process = subprocess.Popen(
            [COMMAND, "import", "events", *words, "--project", "my-shop", "--batch", "100", "--json"],
            cwd=shop.folder, env=environment(TAILORBIRD_KEY=shop.secret), stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> "subprocess.Popen[str]":
        return self._process

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def test_an_unfinished_import_is_not_gone_on_with_in_another_way(shop: Shop) -> None:
    name, good, _ = feed(shop)
    killed(shop, 1_000, name, "--data", "data")
    other = shop.run("events", name, "--map", "total=properties.sum")
    assert (other.code, other.out) == (2, "")
    assert "was begun in another way" in other.err
    answer = shop.told("events", name, "--map", "total=properties.sum", "--restart", code=REJECTED)
    assert answer["rows"] == ROWS
    assert set(shop.events()) == good


def test_a_file_that_changed_begins_anew(shop: Shop) -> None:
    name, good, flaws = feed(shop)
    killed(shop, 1_000, name, "--data", "data")
    with (shop.folder / name).open("a") as file:
        file.write("more,v1,order,1767323045,1\n")
    answer = shop.told("events", name, code=REJECTED)
    assert (answer["rows"], answer["files"][0].get("resumed", False)) == (ROWS + 1, False)
    assert Counter(shop.events()) == Counter({*good, "more"})
    assert [flaw["rejected.line"] for flaw in shop.rejected("events.rejected.csv")] == flaws


def test_a_large_file_is_read_in_constant_memory(shop: Shop) -> None:
    import psutil

    def lines() -> Iterator[bytes]:
        for n in range(60_000):
            yield b'{"id": "e%d", "text": "%s", "visitor_id": "v%d"}\n' % (n, b"x" * 400, n % 50)

    peaks = []
    for count in (2_000, 60_000):
        with (shop.folder / f"n{count}.jsonl").open("wb") as file:
            for number, line in enumerate(lines()):
                if number == count:
                    break
                file.write(line)
        process = psutil.Popen(
            [COMMAND, "import", "events", f"n{count}.jsonl", "--project=my-shop", "--set=name=x", "--data=data"],
            cwd=shop.folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        peak = 0
        while process.poll() is None:
            try:
                peak = max(peak, process.memory_info().rss)
            except psutil.Error:
                break
            time.sleep(0.01)
        assert process.wait() == 0
        peaks.append(peak)
    assert len(shop.events()) == 60_000
    assert peaks[1] - peaks[0] < 60 << 20, peaks
