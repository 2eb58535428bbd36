"""From what was typed to the imports, one file after the other, and what is told about them at the end."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from tailorbird.cli.alone import alone
from tailorbird.cli.errors import Usage
from tailorbird.cli.importing.doors import Door, EngineDoor, HttpDoor
from tailorbird.cli.importing.mapping import Kind, told_constants, told_targets
from tailorbird.cli.importing.rows import format_of
from tailorbird.cli.importing.run import Plan, Summary, import_file
from tailorbird.cli.options import PREFIX
from tailorbird.cli.place import place
from tailorbird.cli.tool import print_json, with_engine

if TYPE_CHECKING:
    from tailorbird.cli.importing import How


def everything(kind: Kind, files: Sequence[Path], how: How) -> int:
    """Import all files; the number of rows that were rejected."""
    plan = _plan(kind, files, how)
    told = _through_server(files, plan, how) if how.url else _into_data(files, plan, how)
    if how.json:
        print_json(_totals(kind, told))
    else:
        for one in told:
            print(_sentence(one))
    return sum(one.rejected for one in told)


def _plan(kind: Kind, files: Sequence[Path], how: How) -> Plan:
    from tailorbird.cli.importing import MOST

    for file in files:
        if not file.is_file():
            raise Usage(f"There is no file {file}.")
        format_of(file, how.format)
    if not 1 <= how.batch <= MOST:
        raise Usage(f"--batch takes 1 to {MOST:,}, not {how.batch:,}.")
    _check_text(how)
    if how.rejects is not None and len(files) > 1:
        how.rejects.mkdir(parents=True, exist_ok=True)
    return Plan(
        kind=kind,
        told=told_targets(kind, how.map),
        constants=told_constants(kind, how.set),
        zone=how.time_zone,
        batch=how.batch,
        format=how.format,
        delimiter=how.delimiter.replace("\\t", "\t"),
        encoding=how.encoding,
        restart=how.restart,
        rejects=how.rejects,
        silent=how.json,
    )


def _check_text(how: How) -> None:
    try:
        ZoneInfo(how.time_zone)
    except (ValueError, OSError, KeyError):
        raise Usage(f"--time-zone takes a name such as Europe/Vienna, not {how.time_zone!r}.") from None
    try:
        ascii_too = "a,\n".encode(how.encoding) == b"a,\n"
        codecs.lookup(how.encoding)
    except LookupError:
        raise Usage(f"--encoding takes a name such as utf-8 or cp1252, not {how.encoding!r}.") from None
    if not ascii_too:
        raise Usage(f"--encoding {how.encoding}: convert the file: iconv -f {how.encoding} -t UTF-8.")
    if len(how.delimiter.replace("\\t", "\t")) > 1:
        raise Usage(f"--delimiter takes one character, not {how.delimiter!r}.")


def _through_server(files: Sequence[Path], plan: Plan, how: How) -> list[Summary]:
    if not how.key:
        raise Usage(f"--url needs a --key, or the variable {PREFIX}KEY.")
    return asyncio.run(_all(files, plan, HttpDoor(how.url, how.key, how.project)))


def _into_data(files: Sequence[Path], plan: Plan, how: How) -> list[Summary]:
    where = place(how.data, how.database)
    where.must_exist()

    async def work(runtime: Any) -> list[Summary]:
        from tailorbird.engine.jobs import flush_schema
        from tailorbird.engine.refresh import drain

        try:
            return await _all(files, plan, EngineDoor(runtime, how.project))
        finally:
            await drain(runtime)
            await flush_schema(runtime)

    with alone(where, "Import through it: --url with its address and --key with the secret of a key."):
        return with_engine(where, work)


async def _all(files: Sequence[Path], plan: Plan, door: Door) -> list[Summary]:
    await door.open()
    return [await import_file(file, plan, door) for file in files]


def _totals(kind: Kind, told: Sequence[Summary]) -> dict[str, Any]:
    names = ("rows", "accepted", "duplicates", "rejected")
    return {
        "kind": kind,
        **{name: sum(getattr(one, name) for one in told) for name in names},
        "files": [msgspec.to_builtins(one) for one in told],
    }


def _sentence(one: Summary) -> str:
    parts = [f"{one.rows:,} rows", f"{one.accepted:,} taken"]
    if one.duplicates:
        parts.append(f"{one.duplicates:,} known before")
    if one.rejected:
        parts.append(f"{one.rejected:,} rejected, see {one.rejects}")
    if one.already:
        return f"{one.file}: all of it was imported before ({', '.join(parts)}). To do it again: --restart."
    return f"{one.file}: {', '.join(parts)}; {one.seconds:.1f} s."
