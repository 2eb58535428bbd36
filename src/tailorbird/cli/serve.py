"""``tailorbird serve``: one server. Its options are the settings, one for one."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import msgspec
from cyclopts import Parameter

from tailorbird import __version__
from tailorbird.cli.errors import Usage
from tailorbird.cli.options import Command
from tailorbird.cli.place import Place, place
from tailorbird.settings import Settings, read, variable

if TYPE_CHECKING:
    from tailorbird.engine.runtime import Runtime

#: said at the command line, the notes on the settings being written for both
_SEVERAL = ("trusted_proxies",)


def _fields() -> Iterator[tuple[str, Any, Any]]:
    """Every setting as an optional option, with the sentence that stands over it and its variable."""
    from tailorbird.web.notes import field_notes

    notes = field_notes(Settings)
    for field in msgspec.structs.fields(Settings):
        kind = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
        if field.name in _SEVERAL:
            kind = str
        name = "--" + field.name.replace("_", "-")
        parameter = Parameter(
            name=name,
            negative=f"--no-{name[2:]}" if kind is bool else (),
            show_default=False,
            help=_help(notes.get(field.name, ""), field.name, field.default),
        )
        yield field.name, Annotated[kind | None, parameter], dataclasses.field(default=None, kw_only=True)


def _help(note: str, name: str, default: Any) -> str:
    text = f"{note[:1].upper()}{note[1:]}.".replace("``", "")
    shown = {True: "on", False: "off"}.get(default) if isinstance(default, bool) else default
    told = "" if shown in (None, "", ()) else f" [default: {shown}]"
    return f"{text}{told} [env var: {variable(name)}]"


Given = dataclasses.make_dataclass("Given", list(_fields()), kw_only=True, namespace={"__module__": __name__})


def serve(*, given: Annotated[Given | None, Parameter(name="*")] = None) -> None:  # type: ignore[valid-type]
    """Answer what visitors should see, and record what they did, until it is told to stop."""
    settings = settings_of(vars(given or Given()))
    where = place(settings.data, settings.database)
    _log(settings)

    from tailorbird.cli.server import run

    run(settings, where, functools.partial(_greet, where, settings.public_url))


async def _greet(where: Place, public_url: str, runtime: Runtime, base: str) -> bool:
    said = [greeting(runtime, where, base), await setup_link(runtime, public_url or base)]
    with contextlib.suppress(OSError):  # a full disk under the log is no reason to stop
        print("\n".join(filter(None, said)), file=sys.stderr, flush=True)
    return True


async def setup_link(runtime: Runtime, base: str) -> str:
    """Where the first account is made, with a code that works once; empty where there is one, or no database."""
    from tailorbird.domain.errors import Conflict, Unavailable
    from tailorbird.engine.accounts import new_setup_code

    try:
        code = await new_setup_code(runtime)
    except (Conflict, Unavailable):
        return ""
    return f"Nobody can sign in yet. Make the first account: {base.rstrip('/')}/setup#code={code}"


def settings_of(given: dict[str, Any]) -> Settings:
    """What was typed, else what the environment says, else the defaults; ``Usage`` in the words of the command line."""
    from tailorbird.domain.errors import Invalid

    told: dict[str, Any] = {
        name: [part.strip() for part in value.split(",") if part.strip()]
        if name in _SEVERAL and value is not None
        else value
        for name, value in given.items()
    }
    try:
        return read(os.environ, **told)
    except Invalid as error:
        lines = [
            problem.detail.replace(problem.field, "--" + problem.field.replace("_", "-"), 1)
            if problem.field in told
            else problem.detail
            for problem in error.problems
        ]
        raise Usage(" ".join(lines)) from None


def greeting(runtime: Runtime, where: Place, base: str) -> str:
    """What a server says when it is up; where nothing can be asked yet, what comes next."""
    lines = [f"Tailorbird {__version__} answers on {base} (documentation: {base}/docs), data in {where.folder}."]
    option = "" if where.folder == Path("tailorbird-data") else f" --data {where.folder}"
    if where.shared:
        option = " --database …"
    if not runtime.project_ids:
        lines.append("It has no project yet. In another terminal:")
        lines.append(f'  tailorbird project create "My shop"{option}')
        lines.append(f"  tailorbird key create my-shop --scope decide,record,manage{option}")
    elif not runtime.keys:
        name = next(iter(runtime.project_ids))
        lines.append("It has no key yet. In another terminal:")
        lines.append(f"  tailorbird key create {name} --scope decide,record,manage{option}")
    return "\n".join(lines)


def _log(settings: Settings) -> None:
    from tailorbird.web.observe import configure

    configure(settings.log_level)


COMMANDS = (
    Command(
        "serve",
        serve,
        """tailorbird serve
tailorbird serve --data /var/lib/tailorbird --host 0.0.0.0 --trusted-proxies 10.0.0.0/8
tailorbird serve --database postgresql://shop:secret@db/tailorbird --workers 4
TAILORBIRD_PORT=9000 TAILORBIRD_LOG_LEVEL=warning tailorbird serve""",
    ),
)
