"""The guides about moving data and about backups do what they say, command by command."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tailorbird.settings import Settings
from tests.architecture import pages
from tests.architecture.pages import Block
from tests.guides.shell import Shell, server, shell
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


def test_a_wrong_answer_in_a_guide_is_noticed(tmp_path: Path) -> None:
    shown = Block("text", 1, "one\n")
    with shell(tmp_path) as terminal:
        check(Path("x"), Block("sh", 1, "echo one\n"), shown, terminal)
        with pytest.raises(AssertionError):
            check(Path("x"), Block("sh", 1, "echo two\n"), shown, terminal)
