"""``tailorbird backup``, ``restore`` and ``erasures``: copies of everything, and how those who were erased stay so."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from tailorbird.cli.errors import Usage
from tailorbird.cli.options import DATA, Command, Data, Database, Json
from tailorbird.cli.place import Place, place
from tailorbird.cli.progress import progress
from tailorbird.cli.tool import print_json, quiet, with_engine

if TYPE_CHECKING:
    from tailorbird.cli.restoring import Restored

Out = Annotated[
    Path,
    Parameter(
        name=("--out", "-o"),
        help="File to write; in a folder it gets a name with the time. Its checksum is put beside it.",
    ),
]
Log = Annotated[Path, Parameter(name=("--out", "-o"), help="Log to add to; made where it is missing.")]
Source = Annotated[
    Path | None,
    Parameter(
        help="A backup. Without one, what another tool restored (pg_restore, a snapshot of the disk) is finished.",
        show_default=False,
    ),
]
Force = Annotated[bool, Parameter(help="Replace what is there.", show_default=False)]
Erasures = Annotated[
    tuple[Path, ...],
    Parameter(
        name="--erasures",
        help="Logs of erasures to repeat, beside the one in --data: those of other replicas, or one that was kept"
        " elsewhere.",
        consume_multiple=True,
        show_default=False,
    ),
]


def backup(*, out: Out, force: Force = False, data: Data = DATA, database: Database = "", json: Json = False) -> None:
    """Copy the whole database into one file, while the server runs, and check the copy.

    It holds personal data and signing secrets: keep it where only few can read it. For PostgreSQL use pg_dump.
    """
    from tailorbird.store.sqlite.backup import back_up, checksum_file

    quiet()
    where = _sqlite(data, database, "pg_dump --format=custom")
    where.must_exist()
    target = out / _dated_name() if out.is_dir() else out
    if target.exists() and not force:
        raise Usage(f"{target} exists. Choose another --out, or say --force to replace it.")
    began = time.monotonic()
    with progress("Backup", shown=not json) as advance:
        made = back_up(where.file, target, advance)
    seconds = round(time.monotonic() - began, 3)
    if json:
        print_json(
            {"file": str(target), "bytes": made.bytes, "sha256": made.sha256, "schema": made.schema, "seconds": seconds}
        )
    else:
        print(f"{target}: {made.bytes:,} bytes, schema {made.schema}, checked; {checksum_file(target).name} beside it.")


def restore(
    source: Source = None,
    /,
    *,
    force: Force = False,
    erasures: Erasures = (),
    data: Data = DATA,
    database: Database = "",
    json: Json = False,
) -> None:
    """Put a backup in place of the database, and erase again whom it brings back although they were erased.

    The server must be stopped. The database that was there is kept beside it. Erasures are taken from the log in the
    data folder, from the database that is replaced, and from --erasures.
    """
    from tailorbird.cli import restoring

    quiet()
    for path in erasures:
        if not path.is_file():
            raise Usage(f"--erasures: there is no file {path}.")
    if source is None:
        where = place(data, database)
        where.must_exist()
        done = restoring.finish(where, erasures)
    else:
        where = _sqlite(data, database, "pg_restore, then this command without a file")
        done = restoring.restore(where, source, erasures, force=force)
    _tell(where, done, json)


def erasures(*, out: Log, data: Data = DATA, database: Database = "", json: Json = False) -> None:
    """Add every erasure that the database notes to a log, to be repeated after a restore. The log names nobody.

    A server keeps such a log in its data folder by itself; this writes one for elsewhere.
    """
    from tailorbird.engine import erasurelog

    where = place(data, database)
    where.must_exist()

    async def work(runtime: Any) -> Any:
        return await runtime.store.erasures()

    noted = with_engine(where, work)
    out.touch(mode=0o600)
    known = {erasure.name for erasure in erasurelog.read(out).erasures}
    fresh = [erasure for erasure in noted if erasure.name not in known]
    erasurelog.append(out, fresh)
    if json:
        print_json({"file": str(out), "erasures": len(noted), "added": len(fresh)})
    else:
        print(f"{out}: {len(fresh):,} of {len(noted):,} erasures added.")


def _sqlite(data: Path, database: str, instead: str) -> Place:
    """The place of a SQLite database; ``Usage`` for another one."""
    if database.startswith("postgres"):
        raise Usage(f"This copies SQLite files. For PostgreSQL use {instead}: see docs/guides/backup.md.")
    return place(data, database)


def _dated_name() -> str:
    return f"tailorbird-{datetime.now(UTC):%Y%m%d-%H%M%S}.db"


def _tell(where: Place, done: Restored, json: bool) -> None:
    for warning in done.warnings:
        print(f"tailorbird: {warning}", file=sys.stderr)
    if json:
        print_json(
            {
                "data": str(where.folder),
                "schema": done.schema,
                "incarnation": done.incarnation,
                "erasures": done.replayed.unknown,
                "erased_again": done.replayed.people,
                "replaced": str(done.replaced) if done.replaced else None,
                "warnings": done.warnings,
            }
        )
        return
    print(
        f"Restored into {where.folder}: {done.replayed.unknown:,} erasures repeated,"
        f" {done.replayed.people:,} people erased again."
    )
    if done.replaced:
        print(f"What was there is kept as {done.replaced}. It holds personal data: remove it when it is not needed.")


COMMANDS = (
    Command(
        "backup",
        backup,
        "tailorbird backup --out /backups/\ntailorbird backup --out shop.db --data /var/lib/tailorbird --json",
    ),
    Command(
        "restore",
        restore,
        """tailorbird restore /backups/tailorbird-20310131-020000.db --data /var/lib/tailorbird
tailorbird restore shop.db --force --erasures other-replica/erasures.log
tailorbird restore --database postgresql://shop@db/tailorbird --erasures /backups/erasures.log""",
    ),
    Command("erasures", erasures, "tailorbird erasures --out /backups/erasures.log"),
)
