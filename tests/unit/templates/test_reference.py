"""``docs/content.md`` names everything that content may use, and its examples work."""

import json
import re
from typing import Any

import msgspec
import pytest

from tailorbird.domain.campaign import Content
from tailorbird.templates import compile_content, limits
from tailorbird.templates.roots import EVENT_PARTS, PROFILE_FACTS, REQUEST_FACTS, REQUEST_FIELDS, ROOTS
from tailorbird.templates.sandbox import DIALECT
from tests.architecture.sources import ROOT

TEXT = (ROOT / "docs" / "content.md").read_text(encoding="utf-8")
#: how python-liquid files what is no tag, and ``raw``, which its scanner knows
NO_TAGS = {"content", "illegal", "output"}
EXAMPLES = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Tags and filters", {*DIALECT.filters, *DIALECT.tags, "raw"} - NO_TAGS),
        ("What can be read", {*REQUEST_FACTS, *PROFILE_FACTS, *REQUEST_FIELDS, *ROOTS, *EVENT_PARTS}),
    ],
)
def test_every_name_is_listed(title: str, names: set[str]) -> None:
    listed = set(re.findall(r"[\w#]+", " ".join(re.findall(r"`([^`]*)`", section(title)))))
    assert names
    assert not names - listed


def test_no_filter_is_listed_that_does_not_exist() -> None:
    table = [line for line in section("Tags and filters").splitlines() if line.startswith("|")]
    listed = set(re.findall(r"`(\w+)`", " ".join(table)))
    assert listed == set(DIALECT.filters)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_compile(example: str) -> None:
    content: Any = json.loads(example)
    assert compile_content(msgspec.convert(content, Content)).static is None


def test_the_limits_are_told() -> None:
    told = {int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", section("Limits"))}
    assert told >= {
        value
        for name, value in vars(limits).items()
        if name.isupper() and name not in ("MAX_INDENT", "MAX_PARTIALS", "MAX_REASONS", "MAX_REASON")
    }
