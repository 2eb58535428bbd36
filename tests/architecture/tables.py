"""Rows of reference tables as the code has them, for the pages that must say the same."""

import json
from pathlib import Path
from typing import Any

import msgspec

from tailorbird.settings import variable
from tailorbird.web.notes import field_notes


def settings_rows(struct: type[Any]) -> list[str]:
    """A row per server setting: its variable, its default, and the sentence over the field."""
    return [f"| `{variable(name)}` | {default} | {note} |" for name, default, note in _fields(struct)]


def project_rows(struct: type[Any]) -> list[str]:
    """How the row of each project setting begins: its name and its default."""
    return [f"| `{name}` | {default} | " for name, default, _ in _fields(struct)]


def _fields(struct: type[Any]) -> list[tuple[str, str, str]]:
    notes = field_notes(struct)  # type: ignore[arg-type]
    return [
        (field.name, _default(field), notes.get(field.name, "").replace("``", "`"))
        for field in msgspec.structs.fields(struct)
    ]


def _default(field: Any) -> str:
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if value is None or value in ("", ()):
        return "–"
    return (
        f"`{json.dumps(value) if isinstance(value, bool) else value}`" if not isinstance(value, Path) else f"`{value}`"
    )
