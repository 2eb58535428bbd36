"""The command line, and the one place where everything is put together."""

from __future__ import annotations


def main() -> None:
    """The ``tailorbird`` command."""
    from tailorbird.cli.app import run

    raise SystemExit(run())
