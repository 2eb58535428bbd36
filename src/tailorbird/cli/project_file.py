"""``tailorbird export`` and ``apply``: campaigns as code, on the data of this machine or on a running server."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from tailorbird.cli.errors import Drift, Usage
from tailorbird.cli.options import DATA, PREFIX, Command, Data, Database, Json, Project
from tailorbird.cli.place import Place, place
from tailorbird.cli.tool import with_engine

if TYPE_CHECKING:
    from tailorbird.cli.remote import Remote
    from tailorbird.domain.errors import Invalid
    from tailorbird.engine.project_file import FileText, Plan

STDIO = Path("-")
#: the author of what is applied to the data of this machine by nobody in particular
AUTHOR = "tailorbird apply"

Out = Annotated[
    Path,
    Parameter(
        name=("--out", "-o"),
        help="File to write, or folder for a file named like the project; - prints it.",
        allow_leading_hyphen=True,
    ),
]
File = Annotated[
    Path,
    Parameter(
        help="File that `export` wrote, or that was written by hand; - reads it from a pipe.",
        allow_leading_hyphen=True,
    ),
]
Members = Annotated[
    bool, Parameter(help="Write the members of list audiences too: they are personal data.", show_default=False)
]
Into = Annotated[str, Parameter(help="Key or id of the project; the file's own when absent.", show_default=False)]
Check = Annotated[
    bool,
    Parameter(help="Show what differs and change nothing; ends with 3 when something does.", show_default=False),
]
Yes = Annotated[bool, Parameter(name=("--yes", "-y"), help="Do not ask before acting.", show_default=False)]
Prune = Annotated[
    bool,
    Parameter(
        help="Delete what the file does not have, of the sections that the file has (campaigns, goals, …).",
        show_default=False,
    ),
]
Author = Annotated[
    str,
    Parameter(help="Who is named in the audit. Over --url that is the client of the key.", show_default=False),
]
Url = Annotated[
    str,
    Parameter(help="Address of a running server to ask instead of the data of this machine.", show_default=False),
]
Key = Annotated[
    str,
    Parameter(env_var=f"{PREFIX}KEY", help="Secret of a key for --url, with the scope manage.", show_default=False),
]


def export(
    project: Project,
    /,
    *,
    out: Out = STDIO,
    members: Members = False,
    url: Url = "",
    key: Key = "",
    data: Data = DATA,
    database: Database = "",
) -> None:
    """Write a project as YAML: settings, audiences, goals, templates and campaigns, with ids, salts and ranges.

    People, events, items and keys are not in it.
    """
    where = _where(url, key, data, database)
    if isinstance(where, Place):

        async def work(runtime: Any) -> str:
            from tailorbird.engine.project_file import export_text

            return await export_text(runtime, project, members=members)

        text = with_engine(where, work)
    else:
        text = where.project("GET", project, "export", members=_word(members)).decode()
    if out == STDIO:
        print(text, end="")
        return
    file = out / f"{project}.yaml" if out.is_dir() else out
    if not file.parent.is_dir():
        raise Usage(f"There is no folder {file.parent}.")
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, file)
    print(f"Wrote {file}.")


def apply(
    file: File,
    /,
    *,
    project: Into = "",
    check: Check = False,
    yes: Yes = False,
    prune: Prune = False,
    author: Author = "",
    url: Url = "",
    key: Key = "",
    data: Data = DATA,
    database: Database = "",
    json: Json = False,
) -> None:
    """Bring a project to what a file says. First the plan is shown: what changes, and which share of visitors moves.

    All of it is checked before anything is written, and written in one transaction or not at all.
    A campaign that the project has keeps its draws: weights and content change, never old ranges.
    A campaign that is new to it takes over the ids, the salt and the ranges of the file.
    """
    where = _where(url, key, data, database)
    if author and not isinstance(where, Place):
        raise Usage("--author is for the data of this machine: over --url the client of the key is the author.")
    if json and not (check or yes):
        raise Usage("--json asks nothing: say --check to look, or --yes to act.")
    text = _read(file)
    named = text.value.get("project", "") if isinstance(text.value, dict) else ""
    target = _Target(where, file, text, project or str(named), prune, author or AUTHOR)
    plan = target.plan(dry_run=True)
    if json and (check or not plan.differs):
        _print(plan)
    elif not json:
        _show(plan)
    if check and plan.differs:
        raise Drift(f"{plan.project} is not as {file} says.")
    if check or not plan.differs:
        return
    if not yes:
        _ask(plan.project)
    done = target.plan(dry_run=False, base=plan.base)
    if json:
        _print(done)
    else:
        print("Applied.")


class _Target:
    """The project that a file is applied to."""

    def __init__(
        self, where: Place | Remote, file: Path, text: FileText, project: str, prune: bool, author: str
    ) -> None:
        if not project:
            raise Usage(f"{file} names no project. Say --project.")
        self._where = where
        self._file = file
        self._text = text
        self._project = project
        self._prune = prune
        self._author = author

    def plan(self, *, dry_run: bool, base: int = 0) -> Plan:
        """What applying it does, or did; all that is wrong with the file is printed with its line."""
        from tailorbird.domain.errors import Invalid

        try:
            if isinstance(self._where, Place):
                return self._here(self._where, dry_run, base)
            return self._there(self._where, dry_run, base)
        except Invalid as error:
            raise _wrong(error, self._file, self._text) from None

    def _here(self, where: Place, dry_run: bool, base: int) -> Plan:
        async def work(runtime: Any) -> Plan:
            from tailorbird.engine.project_file import apply

            return await apply(
                runtime, self._project, self._text, self._author, dry_run=dry_run, prune=self._prune, base=base
            )

        return with_engine(where, work)

    def _there(self, where: Remote, dry_run: bool, base: int) -> Plan:
        from tailorbird.engine.project_file import Plan

        query = {"dry_run": _word(dry_run), "prune": _word(self._prune), "base": str(base)}
        answer = where.project("POST", self._project, "apply", msgspec.json.encode(self._text.value), **query)
        return msgspec.json.decode(answer, type=Plan)


def _where(url: str, key: str, data: Path, database: str) -> Place | Remote:
    if url:
        from tailorbird.cli.remote import Remote

        return Remote(url, key)
    where = place(data, database)
    where.must_exist()
    return where


def _read(file: Path) -> FileText:
    from tailorbird.domain.errors import Invalid
    from tailorbird.engine.project_file import FileText, read_json, read_yaml

    body = sys.stdin.buffer.read() if file == STDIO else file.read_bytes()
    try:
        return read_json(body) if file.suffix == ".json" else read_yaml(body)
    except Invalid as error:
        raise _wrong(error, file, FileText(None)) from None


def _wrong(error: Invalid, file: Path, text: FileText) -> Usage:
    """Prints every problem with its place; what remains to be said is how many there are."""
    from tailorbird.engine.project_file import located

    problems = located(error, text).problems
    for problem in problems:
        print(f"{file}: {' '.join(problem.detail.split())}", file=sys.stderr)
    if not problems:
        return Usage(f"{file}: {error.detail}")
    things = "1 thing is" if len(problems) == 1 else f"{len(problems)} things are"
    return Usage(f"{things} wrong with {file}. Nothing was changed.")


def _ask(project: str) -> None:
    if not sys.stdin.isatty():
        raise Usage("Nobody is there to be asked: say --yes to apply it, or --check to look only.")
    try:
        reply = input(f"Apply this to {project}? [y/N] ")
    except EOFError:
        reply = ""
    if reply.strip().lower() not in ("y", "yes"):
        raise Drift("Nothing was changed.")


def _show(plan: Plan) -> None:
    from tailorbird.cli.plan_text import plan_lines

    for line in plan_lines(plan):
        print(line)


def _print(plan: Plan) -> None:
    print(msgspec.json.encode(plan).decode())


def _word(switch: bool) -> str:
    return "true" if switch else "false"


COMMANDS = (
    Command(
        "export",
        export,
        """tailorbird export my-shop --out campaigns.yaml
tailorbird export my-shop --url https://tailorbird.example > campaigns.yaml""",
    ),
    Command(
        "apply",
        apply,
        """tailorbird apply campaigns.yaml
tailorbird apply campaigns.yaml --check --url https://tailorbird.example
tailorbird apply campaigns.yaml --yes --prune --project my-shop""",
    ),
)
