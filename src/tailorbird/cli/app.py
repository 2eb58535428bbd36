"""All commands under one roof. Their modules are cheap to import: what is heavy is imported when a command runs."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Sequence
from typing import Any

from cyclopts import App, CycloptsError, Parameter

from tailorbird.cli import (
    accounts,
    backup,
    demo,
    documents,
    importing,
    keys,
    lake,
    project_file,
    projects,
    results,
    serve,
)
from tailorbird.cli.errors import FAILED, INTERRUPTED, Usage, report
from tailorbird.cli.options import Command

HELP = (
    "Personalization and experimentation that you host yourself: a web backend asks what a visitor should see,"
    " and tells what the visitor did."
)

EPILOGUE = """Begin here:

  tailorbird demo                           a year of real shop data, served
  tailorbird project create "My shop"       a project, in ./tailorbird-data
  tailorbird key create my-shop             a key for its backend
  tailorbird serve                          http://127.0.0.1:8790, see /docs

An option can also be given as the environment variable that its help names;
what is typed wins. A command ends with 0 when it worked, with 2 when it was
typed wrongly, and with 1 when something else was in the way."""


#: commands are listed in the order in which they are added
_ORDER = itertools.count()


def _app(name: str, help: str, epilogue: str = "", **more: Any) -> App:
    return App(
        name=name,
        help=help,
        help_epilogue=epilogue,
        help_format="plaintext",
        version_flags=[],
        default_parameter=Parameter(negative=(), show_default=True),
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
        **more,
    )


def build() -> App:
    """The whole command line."""
    app = _app("tailorbird", HELP, EPILOGUE)
    _add(app, *serve.COMMANDS, *demo.COMMANDS)
    for name, help, commands in (
        ("project", "Projects: create and list.", projects.COMMANDS),
        ("key", "API keys: create, list, rotate, revoke.", keys.COMMANDS),
        ("account", "Accounts of people: create, list, password, role; the code for the first one.", accounts.COMMANDS),
        ("lake", "The lake of facts for analysis: status, compact, rebuild.", lake.COMMANDS),
        ("import", "Import people, events and items from files.", importing.COMMANDS),
    ):
        group = _app(name, help, sort_key=next(_ORDER))
        _add(group, *commands)
        app.command(group)
    _add(app, *results.COMMANDS, *backup.COMMANDS, *project_file.COMMANDS, *documents.COMMANDS)
    return app


def _add(app: App, *commands: Command) -> None:
    for command in commands:
        examples = "\n".join(f"  {line}" for line in command.examples.splitlines())
        app.command(command.run, name=command.name, help_epilogue=f"Examples:\n\n{examples}", sort_key=next(_ORDER))


def run(tokens: Sequence[str] | None = None) -> int:
    """Do what ``tokens`` (else the process's arguments) say; the exit code."""
    try:
        told = build()(tokens, result_action="return_value")
    except CycloptsError as error:
        return report(Usage(f"{error} Try --help."))
    except KeyboardInterrupt:
        print("tailorbird: stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has gone: nothing is left to say, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 - the border: what was foreseen becomes one line, the rest is raised again
        return report(error)
    return told if isinstance(told, int) else 0
