"""The ``#:`` lines over a struct's fields, so that documents say what the code says."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from typing import Any


@cache
def field_notes(struct: type[Any]) -> dict[str, str]:
    """Field name → the text of the ``#:`` lines over it; fields without any are absent. Inherited fields included."""
    notes: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if hasattr(base, "__struct_fields__") and base.__module__ != "msgspec":
            notes |= _own_notes(base)
    return notes


def _own_notes(struct: type[Any]) -> dict[str, str]:
    try:
        source = inspect.getsource(struct)
    except (OSError, TypeError):
        return {}
    lines = source.splitlines()
    found: dict[str, str] = {}
    (body,) = ast.parse(textwrap.dedent(source)).body
    for node in body.body if isinstance(body, ast.ClassDef) else ():
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        above: list[str] = []
        number = node.lineno - 2
        while number >= 0 and (text := lines[number].strip()).startswith("#:"):
            above.insert(0, text[2:].strip())
            number -= 1
        if above:
            found[node.target.id] = " ".join(above)
    return found
