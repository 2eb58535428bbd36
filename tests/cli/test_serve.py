"""A server from the command line: what it says, what it refuses, and how it ends."""

import signal
import socket
import time
from pathlib import Path

import pytest

from tests.cli.commands import serving, tailorbird, told


def test_an_empty_server_says_what_comes_next_and_learns_of_it_while_it_runs(tmp_path: Path) -> None:
    data = str(tmp_path)
    with serving("--data", data) as server:
        assert server.process.stderr is not None
        assert server.greeting[0].endswith(f"(documentation: {server.address}/docs), data in {data}.")
        following = [server.process.stderr.readline().strip() for _ in range(3)]
        assert following == [
            "It has no project yet. In another terminal:",
            f'tailorbird project create "My shop" --data {data}',
            f"tailorbird key create my-shop --scope decide,record,manage --data {data}",
        ]
        told("project", "create", "My shop", "--json", "--data", data)
        key = told("key", "create", "my-shop", "--scope", "decide,record,manage", "--data", data)
        deadline = time.monotonic() + 10
        while server.call("GET", "/v1/projects", key["secret"])[0] != 200:
            assert time.monotonic() < deadline, "the new key was not noticed"
            time.sleep(0.1)
        answer = server.good("POST", "/v1/decide", key["secret"], {"visitor": {"id": "anna"}})
        assert answer == {"decisions": [], "degraded": False}
        tailorbird("key", "revoke", "my-shop", key["id"], "--data", data)
        deadline = time.monotonic() + 10
        while server.call("GET", "/v1/projects", key["secret"])[0] != 401:
            assert time.monotonic() < deadline, "the revoked key still opens"
            time.sleep(0.1)
        assert server.stop() == 0


def test_a_server_with_a_project_and_no_key_asks_for_one(tmp_path: Path) -> None:
    told("project", "create", "Shop", "--json", "--data", str(tmp_path))
    with serving("--data", str(tmp_path)) as server:
        assert server.process.stderr is not None
        assert server.process.stderr.readline().strip() == "It has no key yet. In another terminal:"
        assert "tailorbird key create shop" in server.process.stderr.readline()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_acknowledged_and_noted_is_there_after_a_stop(tmp_path: Path, number: int) -> None:
    data = str(tmp_path)
    told("project", "create", "Shop", "--json", "--data", data)
    secret = told("key", "create", "shop", "--scope", "record,read", "--data", data)["secret"]
    with serving("--data", data) as server:
        events = [{"id": f"e{n}", "name": "order", "visitor": {"id": "anna"}} for n in range(3)]
        assert server.good("POST", "/v1/events", secret, {"events": events})["accepted"] == 3
        assert server.stop(number) == 0
    with serving("--data", data) as server:
        assert server.good("GET", "/v1/profiles/anna", secret)["events"]["order"]["count"] == 3
        # kept in memory until it is flushed: the stop did that
        seen = server.good("GET", "/v1/projects/shop/schema", secret)["items"]
        assert [(row["name"], row["count"]) for row in seen if row["kind"] == "event"] == [("order", 3)]
        assert told("key", "list", "shop", "--json", "--data", data)[0]["last_used_at"] > 0


def test_two_servers_on_one_folder_are_refused(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path)) as server:
        for words in (("serve",), ("serve", "--database", f"sqlite:///{tmp_path / 'tailorbird.db'}")):
            second = tailorbird(*words, "--port", "0", "--data", str(tmp_path))
            assert (second.code, second.out) == (1, "")
            assert second.err.startswith("tailorbird: Another Tailorbird server uses this database.")
            assert second.err.count("\n") == 1
        assert server.stop() == 0
    with serving("--data", str(tmp_path)) as server:
        assert server.stop() == 0


def test_several_workers_need_postgresql(tmp_path: Path) -> None:
    typed = tailorbird("serve", "--workers", "2", "--data", str(tmp_path))
    for done in (typed, tailorbird("serve", "--data", str(tmp_path), TAILORBIRD_WORKERS="2")):
        assert done.code == 2
        assert "SQLite serves exactly one process" in done.err
        assert "PostgreSQL" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = tailorbird("serve", "--data", str(tmp_path), "--port", str(port))
    assert done.code == 1
    assert done.err == (
        f"tailorbird: Port {port} of 127.0.0.1 is taken. Stop what listens there, or choose another: --port.\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--port", "99999"), "--port: expected a whole number <= 65535, got '99999'."),
        (("--log-level", "loud"), 'Invalid value "loud" for --log-level.'),
        (("--geo", "/nowhere.mmdb"), "/nowhere.mmdb: "),
        (("--trusted-proxies", "me"), "trusted_proxies: expected"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    done = tailorbird("serve", "--data", str(tmp_path), *words)
    assert done.code == 2
    assert done.err.startswith(f"tailorbird: {sentence}")
    assert done.err.count("\n") == 1


def test_a_wrong_variable_is_named() -> None:
    done = tailorbird("serve", TAILORBIRD_PORT="abc")
    assert (done.code, done.err) == (2, "tailorbird: TAILORBIRD_PORT: expected a whole number, got 'abc'.\n")
