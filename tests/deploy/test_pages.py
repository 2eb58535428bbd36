"""Configuration, privacy and security pages say what is so."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import msgspec
import pytest

from tailorbird.domain.definitions import ProjectSettings
from tailorbird.engine import disk, erasurelog
from tailorbird.settings import Settings, read, reference, variable
from tailorbird.store.schema import metadata
from tests.architecture import pages
from tests.architecture.sources import PACKAGE, ROOT
from tests.cli.commands import COMMAND, Server, environment
from tests.deploy.shop import Shop, open_shop, start_campaign

DOCS = ROOT / "docs"
PRIVACY = DOCS / "privacy.md"
CONFIGURATION = DOCS / "configuration.md"

# -- configuration ----------------------------------------------------------------------------------------------------


def test_the_reference_of_settings_is_fresh() -> None:
    assert CONFIGURATION.read_text(encoding="utf-8") == reference.document(), (
        "make it again: python -m tailorbird.settings.reference"
    )


def test_every_setting_is_in_the_reference_with_what_it_means() -> None:
    text = reference.document()
    for field in msgspec.structs.fields(Settings):
        (part,) = re.findall(rf"^## `{variable(field.name)}`\n\n(.+?)\n\nTakes (.+?)\.", text, re.MULTILINE | re.DOTALL)
        assert all(len(sentence) > 5 for sentence in part), field.name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("port", "a whole number, at least 0, at most 65535"),
        ("key_rate", "a number, above 0"),
        ("geo", "a path"),
        ("access_log", "`on` or `off`"),
        ("log_level", "`debug` or `info` or `warning` or `error`"),
        ("trusted_proxies", "texts, separated by commas"),
    ],
)
def test_what_a_setting_takes_is_told_from_its_type(name: str, told: str) -> None:
    (kind,) = (field.type for field in msgspec.structs.fields(Settings) if field.name == name)
    assert reference.takes(kind) == told


def test_the_example_of_an_environment_file_is_understood() -> None:
    (block,) = (block for block in pages.blocks(CONFIGURATION) if block.info == "ini")
    settings = read(dict(line.split("=", 1) for line in block.text.splitlines()))
    changed = {name for name in Settings.__struct_fields__ if getattr(settings, name) != getattr(Settings(), name)}
    assert changed == {"host", "trusted_proxies", "metrics_token", "access_log"}


# -- privacy ----------------------------------------------------------------------------------------------------------


def first_cells(page: Path) -> set[str]:
    """The names in the first column of a page's tables."""
    rows = re.findall(r"^\| ([^|]+) \|", pages.read(page), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_table_has_a_class_and_an_end() -> None:
    told = {name for name in first_cells(PRIVACY) if re.fullmatch(r"[a-z_]+", name)}
    switches = set(ProjectSettings.__struct_fields__)
    assert set(metadata.tables) - told == set()
    assert told - set(metadata.tables) - switches == set()


def test_every_file_is_told() -> None:
    assert {disk.FILE, erasurelog.FILE, "tailorbird.db"} <= first_cells(PRIVACY)


class Observed:
    """A shop that was used, what lies in its folder and what its server logged."""

    def __init__(self, shop: Shop, log: str) -> None:
        self.stored = b"".join(path.read_bytes() for path in sorted(shop.folder.iterdir()))
        self.logged = log


ADDRESS, AGENT, QUERY = "203.0.113.77", "Browser/77.4 (Kept Nowhere)", "query-kept-nowhere"
VISITOR, PROPERTY, ATTRIBUTE = "visitor-77", "property-77", "attribute-kept-nowhere-" + "x" * 64


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    shop = open_shop(tmp_path_factory.mktemp("observed"))
    log = tmp_path_factory.mktemp("log") / "log.txt"
    with log.open("w", encoding="utf-8") as sink:
        process = subprocess.Popen(
            [COMMAND, "serve", "--port", "0", "--log-level", "debug", "--data", str(shop.folder)],
            env=environment(),
            stdout=sink,
            stderr=subprocess.PIPE,
            text=True,
        )
        server = Server(process)
        try:
            assert process.stderr is not None
            server.address = process.stderr.readline().partition(" answers on ")[2].split()[0]
            start_campaign(server, shop)
            use(server, shop)
            assert server.stop() == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
    return Observed(shop, log.read_text(encoding="utf-8"))


def use(server: Server, shop: Shop) -> None:
    """A page view and an order, with everything that a backend may tell, and two mistakes."""
    context = {"ip": ADDRESS, "user_agent": AGENT, "url": f"https://shop.example/?q={QUERY}"}
    asked = {"visitor": {"id": VISITOR}, "campaigns": ["hero"], "attributes": {"note": ATTRIBUTE}, "context": context}
    server.good("POST", "/v1/decide", shop.secret, asked)
    event = {"id": "e1", "name": "order", "visitor": {"id": VISITOR}, "properties": {"title": PROPERTY}}
    server.good("POST", "/v1/events", shop.secret, {"events": [event]})
    server.good("GET", f"/v1/profiles/{VISITOR}?q={QUERY}", shop.secret)
    assert server.call("GET", f"/v1/profiles/{VISITOR}-unknown", shop.secret)[0] == 404
    assert server.call("POST", "/v1/events", "tb_wrong", {"events": [event]})[0] == 401


def test_what_is_said_to_be_stored_is_found(observed: Observed) -> None:
    assert VISITOR.encode() in observed.stored
    assert PROPERTY.encode() in observed.stored


@pytest.mark.parametrize("text", [ADDRESS, AGENT, QUERY, ATTRIBUTE])
def test_what_is_said_not_to_be_stored_is_not(observed: Observed, text: str) -> None:
    assert text.encode() not in observed.stored


def test_the_log_names_routes_and_nobody(observed: Observed) -> None:
    lines = [msgspec.json.decode(line) for line in observed.logged.splitlines()]
    routes = [line["route"] for line in lines if line.get("event") == "request"]
    assert {"/v1/decide", "/v1/events"} <= set(routes)
    assert sum("/v1/profiles/" in route for route in routes) == 2
    for text in (VISITOR, PROPERTY, ADDRESS, AGENT, QUERY, ATTRIBUTE, "tb_"):
        assert text not in observed.logged, text


# -- security ---------------------------------------------------------------------------------------------------------

#: what opens connections to others; the command line may, when somebody types so
CALLERS = {"aiohttp", "ftplib", "http.client", "httpx", "requests", "smtplib", "urllib.request", "urllib3"}


def imported(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_the_server_calls_nobody() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)}: {module}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for module in sorted(imported(ast.parse(path.read_text(encoding="utf-8"))) & CALLERS)
        if path.relative_to(PACKAGE).parts[0] != "cli"
    ]
    assert not wrong, "docs/security.md says that the server opens no connection but to its database"


def test_a_caller_would_be_found() -> None:
    assert imported(ast.parse("from urllib import request")) & CALLERS
    assert imported(ast.parse("def f():\n    import http.client")) & CALLERS
    assert not imported(ast.parse("from urllib.parse import quote")) & CALLERS
