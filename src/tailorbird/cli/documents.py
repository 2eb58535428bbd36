"""The commands that tell or prepare: ``migrate``, ``openapi``, ``version``."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tailorbird import __version__
from tailorbird.cli.options import DATA, Command, Data, Database, Json
from tailorbird.cli.place import Place, place
from tailorbird.cli.tool import print_json, quiet

if TYPE_CHECKING:
    from tailorbird.store.revision import Revision

Output = Annotated[
    Path | None,
    Parameter(name=("--output", "-o"), help="File to write instead of standard output.", show_default=False),
]


def migrate(*, data: Data = DATA, database: Database = "", json: Json = False) -> None:
    """Bring a database to this version's schema, making it where there is none. Back up first.

    On SQLite `serve` does the same when it starts; on PostgreSQL nothing but this command changes a schema. A newer
    schema stays as it is: that is well where this version works with it, and refused where it does not.
    """
    from tailorbird.store.migrate import HEAD

    quiet()
    where = place(data, database)
    before = _migrate_postgres(where.url) if where.shared else _migrate_file(where)
    if json:
        told = {} if where.shared else {"file": str(where.file)}
        print_json({**told, "before": before.version or None, "after": max(before.version, HEAD)})
    elif before.is_newer:
        print(f"{where.called} has a newer schema ({before.version}), with which this version works ({HEAD}).")
    elif before.version == HEAD:
        print(f"{where.called} has this version's schema already ({HEAD}).")
    else:
        print(f"{where.called}: schema {before.version or 'none'} -> {HEAD}.")


def _migrate_file(where: Place) -> Revision:
    import sqlite3

    from tailorbird.store.revision import Revision
    from tailorbird.store.sqlite.file import prepare, revision

    before = Revision(version="")
    if where.exists:
        with contextlib.suppress(sqlite3.Error):  # prepare says in words what is wrong with it
            before = revision(where.file)
    prepare(where.file)
    return before


def _migrate_postgres(url: str) -> Revision:
    import asyncio

    from tailorbird.store.migrate import migrate
    from tailorbird.store.postgres.database import revision_at, too_new

    before = asyncio.run(revision_at(url))
    if before.is_too_new:
        raise too_new(before)
    migrate(url)
    return before


def openapi(*, output: Output = None) -> None:
    """Print the OpenAPI 3.1 document of everything that the server answers to."""
    from tailorbird.web.openapi import text

    if output is None:
        print(text())
    else:
        output.write_text(text() + "\n", encoding="utf-8")
        print(f"Wrote {output}.")


def version(*, json: Json = False) -> None:
    """Print the version, and what it runs on."""
    import platform
    import sqlite3

    from tailorbird.store.migrate import HEAD

    told = {
        "tailorbird": __version__,
        "schema": HEAD,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    if json:
        print_json(told)
    else:
        print(f"tailorbird {__version__} (schema {HEAD}, Python {told['python']}, SQLite {told['sqlite']})")


COMMANDS = (
    Command(
        "migrate",
        migrate,
        "tailorbird migrate --data /var/lib/tailorbird\ntailorbird migrate --database postgresql://shop@db/tailorbird",
    ),
    Command("openapi", openapi, "tailorbird openapi --output openapi.json"),
    Command("version", version, "tailorbird version --json"),
)
