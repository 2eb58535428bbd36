"""The reference of the settings, made from the struct itself.

``python -m tailorbird.settings.reference`` writes docs/configuration.md; a test keeps it fresh.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from tailorbird.settings.reading import variable
from tailorbird.settings.settings import Settings
from tailorbird.web.notes import field_notes

HEAD = """# Configuration

Every setting of a server. Made from the settings themselves by `python -m tailorbird.settings.reference`: change
`src/tailorbird/settings/settings.py`, not this page.

Each setting is an option of `tailorbird serve` and an environment variable. What is typed wins over the environment,
that over the default. A value that cannot be is refused at the start, in a sentence that names it, with exit code 2.
Changing a setting takes a restart. The commands beside `serve` take `--data` and `--database`, or their variables: see
[the command line](cli.md).

An environment file, as `deploy/tailorbird.service` reads it, holds a line for each setting that is not its default:

```ini
TAILORBIRD_HOST=0.0.0.0
TAILORBIRD_TRUSTED_PROXIES=10.0.0.0/8,192.168.1.7
TAILORBIRD_METRICS_TOKEN=a-long-random-text
TAILORBIRD_ACCESS_LOG=off
```

The switches of one project (time zone, origins, retention, consent, …) are no settings of the server: see
[operating](guides/operating.md#settings).
"""

_PLAIN = {bool: "`on` or `off`", int: "a whole number", float: "a number", str: "a text", Path: "a path"}
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def document() -> str:
    """The whole page."""
    return f"{HEAD}\n" + "\n".join(_sections())


def _sections() -> Iterator[str]:
    notes = field_notes(Settings)
    for field in msgspec.structs.fields(Settings):
        note = notes[field.name].replace("``", "`")
        yield f"## `{variable(field.name)}`\n"
        yield f"{note[:1].upper()}{note[1:]}.\n"
        yield f"Takes {takes(field.type)}. Default: {_default(field.default)}. Option: `{_option(field)}`.\n"


def takes(kind: Any) -> str:
    """What a setting of this type may be, in words: ``a whole number, at least 0, at most 65535``."""
    if get_origin(kind) is Annotated:
        plain, *metas = get_args(kind)
        bounds = [
            f"{word} {getattr(meta, name)}"
            for meta in metas
            for name, word in _BOUNDS.items()
            if getattr(meta, name) is not None
        ]
        return ", ".join([takes(plain), *bounds])
    if get_origin(kind) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(kind))
    if get_origin(kind) is tuple:
        return "texts, separated by commas"
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(takes(part) for part in get_args(kind) if part is not type(None))
    return _PLAIN[kind]


def _default(value: Any) -> str:
    if value is None or value in ("", ()):
        return "none"
    return f"`{('off', 'on')[value]}`" if isinstance(value, bool) else f"`{value}`"


def _option(field: Any) -> str:
    name = field.name.replace("_", "-")
    return f"--{name}` or `--no-{name}" if field.type is bool else f"--{name}"


def main() -> None:
    """Write the page to the path that is named, docs/configuration.md where none is."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/configuration.md")
    path.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
