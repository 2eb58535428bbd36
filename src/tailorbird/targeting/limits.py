"""How large a condition may be. Checked before anything else, so that all later steps meet bounded input."""

from __future__ import annotations

from typing import Any

from tailorbird.domain.errors import Invalid, join_path

MAX_DEPTH = 20
MAX_NODES = 2_000
MAX_VALUES = 10_000
MAX_TEXT = 10_000
MAX_REGEX = 1_000
MAX_NAME = 1_000
#: levels of one condition together with those of the audiences it names
MAX_HEIGHT = 100


class _Count:
    def __init__(self, root: str) -> None:
        self.root = root
        self.nodes = 0

    def add(self, number: int) -> None:
        self.nodes += number
        if self.nodes > MAX_NODES:
            raise Invalid.field(self.root, f"a condition of at most {MAX_NODES:,} parts", "more")


def check_limits(tree: Any, path: str) -> None:
    """Raise ``Invalid`` with the path of the first part that is over a limit."""
    _check(tree, path, 0, _Count(path))


def _check(tree: Any, path: str, depth: int, count: _Count) -> None:
    if isinstance(tree, str):
        if len(tree) > MAX_TEXT:
            raise Invalid.field(path, f"a text of at most {MAX_TEXT:,} characters", f"{len(tree):,} characters")
        return
    if not isinstance(tree, dict | list):
        return
    if depth >= MAX_DEPTH:
        raise Invalid.field(path, f"at most {MAX_DEPTH} levels of nesting", "more")
    if isinstance(tree, dict):
        count.add(len(tree))
        for key, value in tree.items():
            if not isinstance(key, str) or len(key) > MAX_NAME:
                raise Invalid.field(path, f"names of at most {MAX_NAME:,} characters", key)
            _check(value, join_path(path, key), depth + 1, count)
        return
    if len(tree) > MAX_VALUES:
        expected = f"a list of at most {MAX_VALUES:,} values; for more, upload a list and name it with $inGroup"
        raise Invalid.field(path, expected, f"{len(tree):,} values")
    count.add(sum(isinstance(value, dict | list) for value in tree))
    for index, value in enumerate(tree):
        # a list does not nest by itself: only lists directly inside lists, and objects, do
        _check(value, f"{path}[{index}]", depth + isinstance(value, list), count)
