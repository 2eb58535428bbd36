"""`tailorbird import` through a server, and killed in between: nothing is lost, nothing doubled."""

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests import postgres
from tests.cli.commands import COMMAND, Done, Server, environment, serving, tailorbird, told
from tests.cli.import_shop import REJECTED, Shop

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


def test_it_goes_into_postgresql_beside_a_running_server(shop: Shop) -> None:
    url = postgres.server()
    if url is None:
        pytest.skip("There is no PostgreSQL here, and none in a wheel for this Python.")
    name = shop.file("people.csv", "id,plan\nann,gold\n,x\nbob,silver\n")
    with postgres.database(url) as database:
        where = ("--database", database, "--data", str(shop.folder / "other"))
        told("migrate", "--json", *where)
        told("project", "create", "My shop", "--json", *where)
        secret = told("key", "create", "my-shop", "--scope", "read", *where)["secret"]
        with serving(*where) as server:
            done = tailorbird("import", "people", name, "--project", "my-shop", "--json", *where, cwd=shop.folder)
            assert (done.code, shop.counts(json.loads(done.out))) == (REJECTED, (3, 2, 0, 1))
            assert server.good("GET", "/v1/profiles/bob", secret)["attributes"] == {"plan": "silver"}
            server.stop()


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
