"""The documentation as the tests read it: pages, links, anchors and fenced blocks."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.architecture.sources import ROOT

_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})(?P<info>.*)$")
_HEADING = re.compile(r"^#{1,6} +(?P<text>.*?) *#*$")


class Block(NamedTuple):
    """A fenced block: the words after the fence, the line it begins at, and what stands in it."""

    info: str
    line: int
    text: str


def written() -> list[Path]:
    """Every page: those at the top, and all in docs/."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@cache
def read(page: Path) -> str:
    """The text of a page."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [part for part in _parts(read(page)) if isinstance(part, Block)]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return "\n".join(part for part in _parts(read(page)) if isinstance(part, str))


def links(page: Path) -> list[str]:
    """Where a page's links lead, as written."""
    return [match["target"] for match in _LINK.finditer(prose(page))]


def anchors(page: Path) -> set[str]:
    """The anchors that the headings of a page make."""
    found: set[str] = set()
    for line in prose(page).splitlines():
        heading = _HEADING.match(line)
        if heading is not None:
            found.add(_anchor(heading["text"]))
    return found


def _anchor(heading: str) -> str:
    text = _LINK.sub(lambda match: match["text"], heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def _parts(text: str) -> Iterator[str | Block]:
    """Lines outside fences, and blocks."""
    opened: tuple[str, str, int] | None = None
    inside: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.match(line)
        if opened is None:
            if fence is None:
                yield line
            else:
                opened, inside = (fence["fence"], fence["info"].strip(), number), []
        elif fence is not None and fence["fence"].startswith(opened[0]) and not fence["info"].strip():
            yield Block(opened[1], opened[2], "\n".join(inside) + "\n")
            opened = None
        else:
            inside.append(line)
    if opened is not None:
        yield Block(opened[1], opened[2], "\n".join(inside) + "\n")
