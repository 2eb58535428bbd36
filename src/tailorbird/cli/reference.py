"""The reference of the command line, made from the commands' own help.

``python -m tailorbird.cli.reference`` writes docs/cli.md; a test keeps it fresh.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App

from tailorbird.cli.app import build

WIDTH = 100
HEAD = """# The command line

What `tailorbird COMMAND --help` prints, in one place. Made by `python -m tailorbird.cli.reference`: change the
commands, not this page.
"""


def paths(app: App, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command as the words that name it, in the order in which help lists them; the app itself first."""
    yield path
    for name in sorted((n for n in app if not n.startswith("-")), key=lambda n: app[n].sort_key):
        yield from paths(app[name], (*path, name))


def help_of(app: App, path: tuple[str, ...]) -> str:
    """What ``tailorbird`` and these words with ``--help`` print, without colours."""
    from rich.console import Console

    text = io.StringIO()
    console = Console(file=text, width=WIDTH, force_terminal=False, color_system=None, legacy_windows=False)
    app.help_print(list(path), console=console)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()).strip("\n")


def document() -> str:
    """The whole page."""
    app = build()
    parts = [HEAD]
    for path in paths(app):
        title = " ".join(("tailorbird", *path))
        parts.append(f"## `{title}`\n\n```text\n{help_of(app, path)}\n```\n")
    return "\n".join(parts)


def main() -> None:
    """Write the page to the path that is named, docs/cli.md where none is."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/cli.md")
    path.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
