"""Accounts at the command line, and the link to the first one that a server prints."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.commands import COMMAND, SECONDS, Done, environment, serving, tailorbird, told

PASSWORD = "a long enough password"


def typed(password: str, *words: str) -> Done:
    """A command that reads a password from standard input."""
    done = subprocess.run(
        [COMMAND, *words], env=environment(), input=password, capture_output=True, text=True, timeout=SECONDS
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def data(tmp_path: Path) -> str:
    told("project", "create", "My shop", "--data", str(tmp_path), "--json")
    return str(tmp_path)


def posted(url: str, body: Any) -> Any:
    answer = httpx.post(url, json=body, timeout=30)
    assert answer.is_success, answer.text
    return answer.json()


def test_a_server_prints_a_link_to_the_first_account_until_there_is_one(data: str) -> None:
    with serving("--data", data) as server:
        first = _link(server)
        assert server.stop() == 0
    with serving("--data", data) as server:
        assert _link(server) != first
        body = {"email": "ada@example.org", "name": "Ada", "password": PASSWORD}
        code = first.partition("#code=")[2]  # of the start before: it outlives the restart
        made = posted(f"{server.address}/v1/setup", {"code": code, **body})
        assert made["account"]["owner"] is True
        assert server.stop() == 0
    with serving("--data", data) as server:
        server.process.terminate()
        assert "setup#code" not in server.process.communicate(timeout=60)[1]


def _link(server: Any) -> str:
    for line in server.process.stderr:
        if "/setup#code=" in line:
            link = str(line.split()[-1])
            assert link.startswith(server.address)
            return link
    raise AssertionError("no link was printed")


def test_the_first_account_is_an_owner_and_others_are_not(data: str) -> None:
    for name, owner in (("ada", True), ("ben", False)):
        done = typed(f"{PASSWORD}\n", "account", "create", f"{name}@example.org", name, "--json", "--data", data)
        assert json.loads(done.out)["owner"] is owner
    again = typed(f"{PASSWORD}\n", "account", "create", "ADA@example.org", "Ada", "--data", data)
    assert (again.code, "already" in again.err) == (1, True)
    short = typed("short\n", "account", "create", "cid@example.org", "Cid", "--data", data)
    assert (short.code, "short" in short.err) == (2, False)
    listed = told("account", "list", "--data", data, "--json")
    assert [one["email"] for one in listed] == ["ada@example.org", "ben@example.org"]
    assert "ben@example.org" in tailorbird("account", "list", "--data", data).out


def test_a_role_is_given_and_taken(data: str) -> None:
    typed(f"{PASSWORD}\n", "account", "create", "ada@example.org", "Ada", "--data", data)
    for role in ("editor", "none"):
        assert tailorbird("account", "role", "ada@example.org", "my-shop", role, "--data", data).code == 0
    assert tailorbird("account", "role", "ada@example.org", "my-shop", "king", "--data", data).code == 2
    assert tailorbird("account", "role", "eve@example.org", "my-shop", "editor", "--data", data).code == 1
    assert tailorbird("account", "role", "ada@example.org", "nowhere", "editor", "--data", data).code == 1


def test_an_operator_sets_a_password(data: str) -> None:
    typed(f"{PASSWORD}\n", "account", "create", "ada@example.org", "Ada", "--data", data)
    done = typed("another long password\n", "account", "password", "ada@example.org", "--data", data)
    assert (done.code, "everywhere" in done.out) == (0, True)
    with serving("--data", data) as server:
        body = {"email": "ada@example.org", "password": "another long password"}
        with httpx.Client(base_url=server.address, timeout=30) as browser:
            assert browser.post("/v1/session", json=body).json()["account"]["name"] == "Ada"
            entries = browser.get("/v1/history").json()["items"]
    assert [(one["author"], one["action"], one["key"]) for one in entries] == [
        ("tailorbird account", "set password", "ada@example.org"),
        ("tailorbird account", "create", "ada@example.org"),
    ]


def test_a_code_is_printed_until_there_is_an_account(data: str) -> None:
    done = tailorbird("account", "reset-setup", "--url", "https://tailorbird.example/", "--data", data)
    assert done.out.startswith("https://tailorbird.example/setup#code=")
    typed(f"{PASSWORD}\n", "account", "create", "ada@example.org", "Ada", "--data", data)
    refused = tailorbird("account", "reset-setup", "--data", data)
    assert (refused.code, "account" in refused.err) == (1, True)
